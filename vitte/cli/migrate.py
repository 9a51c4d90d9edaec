"""``vitte migrate``: brings the schema up to date, and back."""

import argparse
from typing import Any

from vitte.cli import command
from vitte.errors import NoSuchMigration

EXPLAINED = """\
Brings the schema of the database up to date. Only one process migrates at a time,
and none waits long for a lock that people's messages need.

  vitte migrate                 apply what is pending
  vitte migrate --dry-run       say what would be applied
  vitte migrate status          every migration, and when it was applied
  vitte migrate rollback        take the last one back
  vitte migrate rollback --to 0003.settings    back to just after that one"""


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "migrate", run, explained=EXPLAINED)
    parser.add_argument("what", nargs="?", choices=("apply", "status", "rollback"), default="apply")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, do nothing")
    parser.add_argument("--steps", type=int, default=1, help="rollback: how many (default 1)")
    parser.add_argument("--to", metavar="NAME", help="rollback: back to just after this one")
    command.takes_config(parser)
    command.takes_json(parser)


def run(given: argparse.Namespace) -> int:
    """Apply, show or take back."""
    url = command.read_config(given).config.database.url.reveal()
    match given.what:
        case "status":
            return _status(url, given)
        case "rollback":
            return _rollback(url, given)
        case _:
            return _apply(url, given)


def _migrations() -> Any:
    from vitte.store import migrations  # noqa: PLC0415  # yoyo is slow to import

    return migrations


def _apply(url: str, given: argparse.Namespace) -> int:
    done = _migrations().pending(url) if given.dry_run else _migrations().apply(url)
    if given.json:
        command.print_json({"pending" if given.dry_run else "applied": done})
    elif not done:
        print("The schema is up to date.")
    else:
        print("Would be applied:" if given.dry_run else "Applied:", *done, sep="\n  ")
    return 0


def _rollback(url: str, given: argparse.Namespace) -> int:
    if given.dry_run:
        applied = [step.id for step in _migrations().status(url) if step.applied_at]
        if given.to and given.to not in applied:
            raise NoSuchMigration(given.to)
        keep = applied.index(given.to) + 1 if given.to in applied else len(applied) - given.steps
        done = applied[keep:][::-1]
    else:
        done = _migrations().rollback(url, steps=given.steps, to=given.to)
    if given.json:
        command.print_json({"pending" if given.dry_run else "rolled_back": done})
    else:
        print("Would be taken back:" if given.dry_run else "Taken back:", *done, sep="\n  ")
    return 0


def _status(url: str, given: argparse.Namespace) -> int:
    steps = _migrations().status(url)
    if given.json:
        command.print_json(steps)
        return 0
    for step in steps:
        applied = f"{step.applied_at:%Y-%m-%d %H:%M:%S %Z}" if step.applied_at else "pending"
        print(f"{step.id:<24} {applied}")
    return 0
