"""``vitte broadcast``: something said to many, looked at before, and counted after."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from anyio import to_thread

from vitte.cli import command, stores
from vitte.cli.token import a_name
from vitte.config import Config
from vitte.errors import BroadcastUnfit, NoSuchBroadcast, NoSuchUser
from vitte.store import audit, broadcasts, outbox, users
from vitte.store.broadcasts import Action, Broadcast, Report, Segment
from vitte.store.pool import Database
from vitte.store.users import Language, UserId

EXPLAINED = """\
Says something to many people, by the running vitte and at the pace that Telegram
allows: some 25 a second, behind all replies. Each person gets it once, whatever falls.

  vitte broadcast create news --all \\
      --en 'Hello, { $name }! There is news.' --ru 'Привет, { $name }! Есть новости.'
  vitte broadcast try news --to 101     send both texts to yourself first
  vitte broadcast start news
  vitte broadcast show news             how far it is, and what became of it
  vitte broadcast pause news            nothing more is begun; some 60 words are on their way
  vitte broadcast resume news
  vitte broadcast cancel news           for good
  vitte broadcast list

The texts are Fluent, as in locales/, with { $name } for the first name and Telegram's
HTML; --en @news.en.txt reads one from a file. Both languages are wanted: each person
reads their own. To whom it goes is said once, and needs saying: --all, or any of
--plan, --language and --active-days together. Who has blocked the bot is left out. A
draft may be created anew under its name; what has started may not.

sent: Telegram took it. blocked: the person has blocked the bot or is gone, and is
written to no more. failed: Telegram refused it otherwise (vitte ledger says why)."""


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "broadcast", run, explained=EXPLAINED)
    parser.add_argument(
        "what",
        choices=("create", "try", "start", "show", "pause", "resume", "cancel", "list"),
    )
    parser.add_argument("name", nargs="?", type=a_name, help="which broadcast")
    for language in ("en", "ru"):
        parser.add_argument(
            f"--{language}", metavar="TEXT", help=f"create: the text, or @FILE ({language})"
        )
    parser.add_argument("--all", action="store_true", help="create: to everybody")
    parser.add_argument("--plan", choices=("free", "premium"), help="create: to people of a plan")
    parser.add_argument(
        "--language", choices=("ru", "en"), help="create: to people who read a language"
    )
    parser.add_argument(
        "--active-days",
        type=int,
        metavar="N",
        help="create: to people who wrote to a character within so many days",
    )
    parser.add_argument("--to", type=int, metavar="ID", help="try: to whom")
    command.takes_config(parser)
    command.takes_json(parser)
    parser.set_defaults(refuse=parser.error)


def run(given: argparse.Namespace) -> int:
    """Create, try, start, show, pause, resume, cancel or list."""
    if given.what != "list" and given.name is None:
        given.refuse(f"{given.what} needs a name")
    config = command.read_config(given).config
    match given.what:
        case "create":
            return _create(config, given)
        case "try":
            return _try(config, given)
        case "list" | "show":
            return _show(config, given)
        case _:
            return _change(config, given)


def _create(config: Config, given: argparse.Namespace) -> int:
    from vitte.actors import wording  # noqa: PLC0415  # aiohttp and more come with it

    segment = _segment(given)
    texts = _texts(given)
    shown = {language: read.html for language, read in wording.checked(texts).items()}
    now = datetime.now(UTC)

    async def create(database: Database) -> int:
        async with database.transaction() as transaction:
            made = await broadcasts.add(transaction, given.name, texts, segment, audit.SHELL, now)
        if made is None:
            state = (await _get(database, given.name)).state
            raise BroadcastUnfit(given.name, state, "be created anew")
        return await broadcasts.count_audience(database, segment, now)

    people = stores.ask(config, create)
    if given.json:
        command.print_json({"name": given.name, "audience": people, "texts": shown})
        return 0
    for language, text in shown.items():
        print(f"{language}:", *text.splitlines(), sep="\n  ")
    print(f"\n{given.name}: a draft, for {people} people now ({_described(segment)}).")
    print(f"Look at it with `vitte broadcast try {given.name} --to YOUR_ID`, then start it.")
    return 0


def _segment(given: argparse.Namespace) -> Segment:
    segment = Segment(plan=given.plan, language=given.language, active_days=given.active_days)
    if given.all == (segment != Segment()):
        given.refuse("say to whom: --all, or any of --plan, --language, --active-days")
    if given.active_days is not None and not 0 < given.active_days <= 36_500:  # noqa: PLR2004  # a hundred years
        given.refuse("--active-days is a whole number above 0")
    return segment


def _texts(given: argparse.Namespace) -> dict[Language, str]:
    texts: dict[Language, str] = {}
    written: dict[Language, str | None] = {"ru": given.ru, "en": given.en}
    for language, text in written.items():
        if text is None:
            given.refuse("create needs both texts: --ru and --en")
        texts[language] = _text(given, str(text))
    return texts


def _text(given: argparse.Namespace, text: str) -> str:
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        given.refuse(f"{text[1:]} cannot be read: {problem}")
        raise


def _try(config: Config, given: argparse.Namespace) -> int:
    if given.to is None:
        given.refuse("try needs --to ID: yours, for a start")
    now = datetime.now(UTC)

    async def send(database: Database) -> None:
        from vitte.actors import wording  # noqa: PLC0415  # as above

        broadcast = await _get(database, given.name)
        user = await users.get(database, UserId(given.to))
        if user is None:
            raise NoSuchUser(given.to)
        said = await to_thread.run_sync(wording.trial, broadcast, user)
        async with database.transaction() as transaction:
            await broadcasts.note_trial(transaction, broadcast, user.id, audit.SHELL, now)
            await outbox.add(transaction, said, now, taken=False)

    stores.ask(config, send)
    print(f"Both texts of {given.name} are on their way to {given.to}, if vitte runs.")
    return 0


def _change(config: Config, given: argparse.Namespace) -> int:
    action: Action = given.what
    now = datetime.now(UTC)

    async def change(database: Database) -> Broadcast:
        broadcast = await _get(database, given.name)
        people = None
        if action == "start":
            people = await broadcasts.count_audience(database, broadcast.segment, now)
        async with database.transaction() as transaction:
            changed = await broadcasts.change(
                transaction, given.name, action, audit.SHELL, now, audience=people
            )
        if changed is None:
            raise BroadcastUnfit(given.name, broadcast.state, action)
        return changed

    changed = stores.ask(config, change)
    if given.json:
        command.print_json(changed)
    elif action == "start":
        print(f"{changed.name} has started, for {changed.audience} people.")
    else:
        print(f"{changed.name} is {changed.state}.")
    return 0


def _show(config: Config, given: argparse.Namespace) -> int:
    name = given.name if given.what == "show" else None
    reports = stores.ask(config, lambda database: broadcasts.list_reports(database, name=name))
    if name is not None and not reports:
        raise NoSuchBroadcast(name)
    if given.json:
        command.print_json(reports[0] if name is not None else reports)
    elif not reports:
        print("There are no broadcasts: see vitte broadcast --help.")
    else:
        for report in reports:
            _print(report)
    return 0


def _print(report: Report) -> None:
    of = "" if report.audience is None else f" of some {report.audience}"
    print(f"{report.name}: {report.state}, to {_described(report.segment)}")
    print(
        f"  queued {report.queued}{of}: sent {report.sent}, blocked {report.blocked},"
        f" failed {report.failed}, waiting {report.waiting}"
    )


def _described(segment: Segment) -> str:
    parts: list[str] = []
    if segment.plan:
        parts.append(f"plan {segment.plan}")
    if segment.language:
        parts.append(f"language {segment.language}")
    if segment.active_days:
        parts.append(f"active within {segment.active_days} days")
    return ", ".join(parts) or "everybody"


async def _get(database: Database, name: str) -> Broadcast:
    broadcast = await broadcasts.get(database, name)
    if broadcast is None:
        raise NoSuchBroadcast(name)
    return broadcast
