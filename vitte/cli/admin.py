"""``vitte admin``: who may come into the admin panel, and what they may do there."""

import argparse
import getpass
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from vitte.admin import codes, passwords
from vitte.cli import command, stores
from vitte.config import Config
from vitte.errors import BadPassword, NoSuchOperator
from vitte.store import audit, operators, sessions
from vitte.store.operators import Operator, Role
from vitte.store.pool import Database

EXPLAINED = """\
Makes, lists, changes and disables the accounts of the admin panel. A password has 12 to
256 characters; it is asked for on a terminal, or else read from the first line of the
input. Beside it an account needs one-time codes: from an app, whose secret is printed
this once, or from the bot, which sends them to --telegram (who must have written
/start to it before).

  vitte admin create anna --role owner
  vitte admin create boris --role support --telegram 123456 --language ru
  vitte admin list
  vitte admin password anna             a new password; every session of hers ends
  vitte admin password anna --codes     and a new secret for the app
  vitte admin role boris --role read
  vitte admin disable boris             at once; enable takes it back
  vitte admin code anna                 the code that her app shows now

With --data it is the database of a running vitte dev:

  vitte admin create anna --role owner --data .vitte

roles: read looks on; support helps people as well; owner may do everything"""

NEED_NAME: Final = "needs a name: 1 to 32 of a-z 0-9 . _ -, the first a letter or digit"


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "admin", run, explained=EXPLAINED)
    what = ("create", "list", "password", "role", "disable", "enable", "code")
    parser.add_argument("what", choices=what)
    parser.add_argument("name", nargs="?", type=str.lower, help="whose account")
    parser.add_argument("--role", choices=operators.ROLES, help="create, role: what it may do")
    parser.add_argument(
        "--telegram",
        type=_positive,
        metavar="ID",
        help="create: the bot sends the codes to this id",
    )
    parser.add_argument(
        "--language", choices=("en", "ru"), default="en", help="create: of the pages (default: en)"
    )
    parser.add_argument(
        "--codes", action="store_true", help="password: a new secret for the app as well"
    )
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="of a running vitte dev")
    command.takes_config(parser)
    command.takes_json(parser)
    parser.set_defaults(refuse=parser.error)


def run(given: argparse.Namespace) -> int:
    """Do it."""
    if given.what != "list" and not operators.NAME.fullmatch(given.name or ""):
        given.refuse(f"{given.what} {NEED_NAME}")
    if given.what in {"create", "role"} and given.role is None:
        given.refuse(f"{given.what} needs --role: one of {', '.join(operators.ROLES)}")
    doing: dict[str, Callable[[argparse.Namespace], int]] = {
        "create": _create,
        "list": _list,
        "password": _password,
        "code": _code,
        "role": lambda given: _change(given, role=given.role),
        "disable": lambda given: _change(given, disabled=True),
        "enable": lambda given: _change(given, disabled=False),
    }
    return doing[given.what](given)


def _create(given: argparse.Namespace) -> int:
    config = _config(given)
    kept = passwords.make(_ask_password())
    secret = None if given.telegram else codes.new_secret()

    async def create(database: Database) -> Operator:
        now = datetime.now(UTC)
        async with database.transaction() as transaction:
            made = await operators.add(
                transaction,
                given.name,
                given.role,
                now,
                language=given.language,
                password=kept,
                totp_secret=secret,
                telegram_id=given.telegram,
            )
            await audit.add(
                transaction,
                audit.SHELL,
                "operator",
                "create",
                now,
                subject=made.name,
                new={"role": made.role},
            )
        return made

    made = stores.ask(config, create)
    _say_secret(given, made, secret)
    return 0


def _password(given: argparse.Namespace) -> int:
    config = _config(given)
    kept = passwords.make(_ask_password())
    secret = codes.new_secret() if given.codes else None

    async def change(database: Database) -> Operator:
        return await _changed(database, given.name, "password", password=kept, secret=secret)

    made = stores.ask(config, change)
    _say_secret(given, made, secret)
    return 0


def _change(
    given: argparse.Namespace, *, role: Role | None = None, disabled: bool | None = None
) -> int:
    config = _config(given)

    async def change(database: Database) -> Operator:
        return await _changed(database, given.name, given.what, role=role, disabled=disabled)

    made = stores.ask(config, change)
    if given.json:
        command.print_json(_fields(made))
    else:
        print(f"{made.name}: {_described(made)}. Every session of theirs has ended.")
    return 0


async def _changed(  # noqa: PLR0913  # what may be changed, each apart
    database: Database,
    name: str,
    what: str,
    *,
    role: Role | None = None,
    password: str | None = None,
    secret: bytes | None = None,
    disabled: bool | None = None,
) -> Operator:
    """Change an account, end its sessions and write it down, all or nothing.

    Raises:
        NoSuchOperator: There is none of that name.
    """
    now = datetime.now(UTC)
    async with database.transaction() as transaction:
        before = await operators.get(transaction, name)
        if before is None:
            raise NoSuchOperator(name)
        made = await operators.change(
            transaction,
            name,
            now,
            role=role,
            password=password,
            totp_secret=secret,
            disabled=disabled,
        )
        await sessions.end_all(transaction, name)
        old, new = ({"role": each.role, "disabled": each.disabled_at is not None} for each in (before, made))  # fmt: skip
        await audit.add(transaction, audit.SHELL, "operator", what, now, subject=name, old=old, new=new)  # fmt: skip
    return made


def _list(given: argparse.Namespace) -> int:
    found = stores.ask(_config(given), operators.list_all)
    if given.json:
        command.print_json([_fields(each) for each in found])
    elif not found:
        print("Nobody may come in yet: make an account with vitte admin create NAME --role owner.")
    else:
        for each in found:
            print(f"{each.name:<20} {_described(each)}")
    return 0


def _code(given: argparse.Namespace) -> int:
    """Print the code that counts now: who may read the database could compute it."""
    operator = stores.ask(_config(given), lambda database: operators.get(database, given.name))
    if operator is None:
        raise NoSuchOperator(given.name)
    if operator.totp_secret is None:
        print(f"{operator.name} has no app: the bot sends the codes.")
        return 1
    print(codes.hotp(operator.totp_secret, codes.step_at(datetime.now(UTC))))
    return 0


def _config(given: argparse.Namespace) -> Config:
    """The configuration, or that of a running vitte dev."""
    if given.data is None:
        return command.read_config(given).config
    from vitte.dev import stores as embedded  # noqa: PLC0415  # only here: the wheels are an extra

    found = {"VITTE_DATABASE_URL": embedded.find(given.data).database_url}
    return command.load(given.config, {**command.NOWHERE, **os.environ, **found}).config


def _described(operator: Operator) -> str:
    since = operator.disabled_at
    state = "in force" if since is None else f"disabled {since:%Y-%m-%d %H:%M}"
    where = "codes by app" if operator.telegram_id is None else f"codes to Telegram {operator.telegram_id}"  # fmt: skip
    return f"{operator.role}, {where}, {state}"


def _fields(operator: Operator) -> dict[str, object]:
    shown = ("name", "role", "language", "telegram_id", "disabled_at", "created_at", "updated_at")
    return {name: getattr(operator, name) for name in shown}


def _say_secret(given: argparse.Namespace, operator: Operator, secret: bytes | None) -> None:
    """Show what an app needs, this once."""
    link = None if secret is None else codes.as_link(secret, operator.name)
    if given.json:
        command.print_json(_fields(operator) | {"codes": link})
        return
    print(f"{operator.name}: {_described(operator)}.")
    if secret is not None and link is not None:
        print(f"\nFor the app that shows the codes (shown this once):\n  {codes.as_text(secret)}\n  {link}")  # fmt: skip


def _ask_password() -> str:
    """Ask for a password, twice on a terminal.

    Raises:
        BadPassword: The two differ.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password (12 characters or more): ")
    if getpass.getpass("Again: ") != first:
        raise BadPassword("the two passwords differ")
    return first


def _positive(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 2**63:
        return int(text)
    raise argparse.ArgumentTypeError("must be a whole number above 0")
