"""``vitte letters``: updates that failed as often as they may, and what to do with them."""

import argparse
from datetime import UTC, datetime

from vitte.cli import command, stores
from vitte.errors import NoSuchLetter
from vitte.store import updates
from vitte.store.pool import Database
from vitte.store.updates import Letter, UpdateId

MOST = 100

EXPLAINED = """\
An update that breaks the bot is tried three times; then it is put aside as a dead
letter, the person gets an apology, and the chat goes on. Here it is read, tried
again, or given up. The text that a person wrote is shown with --body alone.

  vitte letters                    the latest
  vitte letters show 123456        one, with when and why
  vitte letters show 123456 --body   and what Telegram wrote
  vitte letters requeue 123456     try it again (a running vitte takes it up at once)
  vitte letters drop 123456        give it up; it stays in the books"""


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(
        commands,
        "letters",
        run,
        explained=EXPLAINED,
    )
    parser.add_argument(
        "what", nargs="?", choices=("list", "show", "requeue", "drop"), default="list"
    )
    parser.add_argument("update", nargs="?", type=int, help="which one")
    parser.add_argument("--body", action="store_true", help="show: with what Telegram wrote")
    command.takes_config(parser)
    command.takes_json(parser)


def run(given: argparse.Namespace) -> int:
    """List, show, requeue or drop."""
    config = command.read_config(given).config
    if given.what == "list":
        return _list(
            stores.ask(config, lambda database: updates.list_letters(database, limit=MOST)), given
        )
    update = UpdateId(given.update or 0)
    match given.what:
        case "show":
            return _show(stores.ask(config, lambda database: _get(database, update)), given)
        case "requeue":
            done = stores.ask(config, lambda database: updates.requeue(database, update))
        case _:
            done = stores.ask(
                config, lambda database: updates.drop(database, update, datetime.now(UTC))
            )
    if not done:
        raise NoSuchLetter(update)
    print(f"{update}: {'will be tried again' if given.what == 'requeue' else 'given up'}.")
    return 0


async def _get(database: Database, update: UpdateId) -> Letter:
    letter = await updates.get_letter(database, update)
    if letter is None:
        raise NoSuchLetter(update)
    return letter


def _list(letters: list[Letter], given: argparse.Namespace) -> int:
    if given.json:
        command.print_json([_fields(letter, body=given.body) for letter in letters])
    elif not letters:
        print("No update has failed.")
    for letter in [] if given.json else letters:
        print(f"{letter.id:<12} {letter.done_at:%Y-%m-%d %H:%M}  {letter.kind:<16} {letter.reason}")
    return 0


def _show(letter: Letter, given: argparse.Namespace) -> int:
    fields = _fields(letter, body=given.body)
    if given.json:
        command.print_json(fields)
        return 0
    for name, value in fields.items():
        print(f"{name:<12} {value}")
    return 0


def _fields(letter: Letter, *, body: bool) -> dict[str, object]:
    names = [name for name in letter.__struct_fields__ if body or name != "body"]
    return {name: getattr(letter, name) for name in names}
