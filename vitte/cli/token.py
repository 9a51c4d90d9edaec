"""``vitte token``: who may ask the API, and for what."""

import argparse
import os
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from vitte.cli import command
from vitte.cli.run import in_the_loop
from vitte.store import tokens
from vitte.store.pool import Database, PoolLimits
from vitte.store.users import UserId

T = TypeVar("T")

FILE: Final = "api-token"
"""Where ``vitte dev`` keeps its token, in the data folder."""

EXPLAINED = f"""\
Makes, lists and revokes the tokens by which programs show the API who they are. A token
is printed once, when it is made: what is kept is its SHA-256.

  vitte token create billing --scope subscriptions:read --scope subscriptions:write
  vitte token create everything --scope all --days 30
  vitte token create anna --scope all --user 101     shows nothing but user 101
  vitte token list
  vitte token revoke billing      it is refused within five seconds

scopes: {", ".join((*tokens.SCOPES, tokens.ALL))}"""


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "token", run, explained=EXPLAINED)
    parser.add_argument("what", choices=("create", "list", "revoke"))
    parser.add_argument("name", nargs="?", type=a_name, help="create, revoke: which token")
    parser.add_argument(
        "--scope",
        action="append",
        choices=(*tokens.SCOPES, tokens.ALL),
        metavar="SCOPE",
        help="create: what it allows; may be said again",
    )
    parser.add_argument("--user", type=_positive, metavar="ID", help="create: for one person alone")
    parser.add_argument(
        "--days", type=_days, help="create: how long it is good (default: for ever)"
    )
    command.takes_config(parser)
    command.takes_json(parser)
    parser.set_defaults(refuse=parser.error)


def run(given: argparse.Namespace) -> int:
    """Make, list or revoke."""
    if given.what != "list" and given.name is None:
        given.refuse(f"{given.what} needs a name")
    if given.what == "create" and not given.scope:
        given.refuse("create needs at least one --scope; --scope all gives every one")
    url = command.read_config(given).config.database.url.reveal()
    match given.what:
        case "create":
            return _create(url, given)
        case "revoke":
            return _revoke(url, given)
        case _:
            return _list(url, given)


def ready(url: str, data: Path) -> str:
    """Give the token that ``vitte dev`` prints: the one kept in the data folder, or a new one."""
    kept = data / FILE
    if kept.exists():
        return kept.read_text(encoding="ascii").strip()
    now = datetime.now(UTC)
    # The name carries the moment: a file that was lost does not stand in its successor's way.
    name = f"dev-{now:%Y%m%d-%H%M%S-%f}"
    text, _ = _ask(url, lambda database: tokens.create(database, name, [tokens.ALL], now))
    handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{text}\n")
    return text


def forget(data: Path) -> None:
    """Drop the token of a data folder; its database is gone."""
    (data / FILE).unlink(missing_ok=True)


def _create(url: str, given: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    user = None if given.user is None else UserId(given.user)
    ends = None if given.days is None else now + timedelta(days=given.days)
    text, token = _ask(
        url,
        lambda database: tokens.create(
            database, given.name, given.scope, now, user=user, expires_at=ends
        ),
    )
    if given.json:
        command.print_json({"token": text, **_as_fields(token)})
    else:
        print(text)
        print(
            f"\nThis is {token.name}. It is shown this once; it allows", *token.scopes, sep="\n  "
        )
    return 0


def _revoke(url: str, given: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    token = _ask(url, lambda database: tokens.revoke(database, given.name, now))
    if given.json:
        command.print_json(_as_fields(token))
    else:
        print(f"{token.name} ({token.prefix}…) is revoked: refused within five seconds.")
    return 0


def _list(url: str, given: argparse.Namespace) -> int:
    found = _ask(url, tokens.list_all)
    if given.json:
        command.print_json([_as_fields(token) for token in found])
        return 0
    if not found:
        print("There are no tokens: make one with vitte token create.")
    now = datetime.now(UTC)
    for token in found:
        whose = "" if token.user_id is None else f"  user {token.user_id} alone"
        print(f"{token.name:<24} {token.prefix}…  {_state(token, now)}{whose}")
        print(f"  {' '.join(token.scopes)}")
    return 0


def _state(token: tokens.Token, now: datetime) -> str:
    if token.revoked_at is not None:
        return f"revoked {token.revoked_at:%Y-%m-%d %H:%M}"
    if token.expires_at is not None and token.expires_at <= now:
        return f"expired {token.expires_at:%Y-%m-%d %H:%M}"
    used = (
        "never used" if token.last_used_at is None else f"used {token.last_used_at:%Y-%m-%d %H:%M}"
    )
    return used if token.expires_at is None else f"{used}, expires {token.expires_at:%Y-%m-%d}"


def _as_fields(token: tokens.Token) -> dict[str, object]:
    return {name: getattr(token, name) for name in token.__struct_fields__ if name != "id"}


def _ask(url: str, question: Callable[[Database], Awaitable[T]]) -> T:
    """Ask the database one thing, in a loop of its own."""
    answers: list[T] = []

    async def ask() -> int:
        database = Database(url, PoolLimits(kept=1, most=1))
        await database.open()
        try:
            answers.append(await question(database))
        finally:
            await database.close()
        return 0

    in_the_loop(ask)
    return answers[0]


def a_name(text: str) -> str:
    """A name as an argument: letters, digits and three signs.

    Raises:
        ArgumentTypeError: It is none.
    """
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text):
        return text
    raise argparse.ArgumentTypeError("a name is 1 to 64 of A-Z a-z 0-9 . _ -")


def _positive(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 2**63:
        return int(text)
    raise argparse.ArgumentTypeError("must be a whole number above 0")


def _days(text: str) -> int:
    days = _positive(text)
    if days > 36_500:  # noqa: PLR2004  # a hundred years
        raise argparse.ArgumentTypeError("must be at most 36500, a hundred years")
    return days
