"""``vitte backup``: saves the database as one file, and proves that it can come back."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import vitte
from vitte.cli import command
from vitte.config import Config
from vitte.store import backups, saved
from vitte.store.programs import Programs
from vitte.store.saved import Backup

EXPLAINED = """\
Saves the whole database as one file (pg_dump's custom format), and beside it what is
in it: the rows of every table in that very moment, and a checksum. The service goes
on meanwhile. What is older than backup.keep_days goes; the latest three stay.

  vitte backup                 save
  vitte backup --verify        save, restore it into a scratch database, compare every table
  vitte backup --verify FILE   the same for one that is there; nothing is saved
  vitte backup --list          what is there

A backup holds all that people wrote: treat it as you treat the database, and keep
copies of it on another machine. Not in it: Redis, which holds nothing that cannot be
lost, and /etc/vitte, the configuration and the secrets. `vitte restore` brings it back."""


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "backup", run, explained=EXPLAINED)
    parser.add_argument(
        "--verify", nargs="?", const="", metavar="FILE", help="prove that it comes back"
    )
    parser.add_argument("--list", action="store_true", help="show what is there")
    parser.add_argument("--folder", type=Path, help="where to (default: backup.folder)")
    takes_programs(parser)
    command.takes_config(parser)
    command.takes_json(parser)


def takes_programs(parser: argparse.ArgumentParser) -> None:
    """Let a command be told where PostgreSQL's programs are."""
    parser.add_argument(
        "--programs",
        type=Path,
        metavar="FOLDER",
        help="where pg_dump and its kin are (default: the newest that is installed)",
    )


def run(given: argparse.Namespace) -> int:
    """Save, prove or show."""
    config = command.read_config(given).config
    folder = given.folder or Path(config.backup.folder)
    programs = Programs(config.database.url.reveal(), given.programs)
    if given.list:
        return _list(folder, as_json=given.json)
    if given.verify:
        backup = saved.read(Path(given.verify))
        backups.verify(programs, backup)
        return _show(backup, "Proven", given)
    return _save(programs, folder, config, given)


def _save(programs: Programs, folder: Path, config: Config, given: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    backup = backups.make(programs, folder, now=now, version=vitte.__version__)
    if given.verify is not None:
        backups.verify(programs, backup)
    # What is old goes only when the new one stands.
    gone = saved.prune(folder, keep_days=config.backup.keep_days, now=now)
    done = "Saved" if given.verify is None else "Saved and proven"
    code = _show(backup, done, given)
    for path in () if given.json else gone:
        print(f"Removed, as old as it is: {path}")
    return code


def _show(backup: Backup, done: str, given: argparse.Namespace) -> int:
    if given.json:
        command.print_json({"path": str(backup.path), "done": done, **as_fields(backup)})
        return 0
    rows = backup.contents.rows
    print(f"{done}: {backup.path}")
    print(f"  {sum(rows.values())} rows of {len(rows)} tables, {backup.contents.size} bytes")
    print("It holds all that people wrote; Redis and /etc/vitte are not in it.")
    return 0


def _list(folder: Path, *, as_json: bool) -> int:
    found = saved.listed(folder)
    if as_json:
        command.print_json([{"path": str(each.path), **as_fields(each)} for each in found])
        return 0
    for each in found:
        rows = sum(each.contents.rows.values())
        made = f"{each.contents.made_at:%Y-%m-%d %H:%M:%S}"
        print(f"{made}  {each.contents.size:>12} bytes  {rows:>10} rows  {each.path}")
    if not found:
        print(f"There is no backup in {folder}.")
    return 0


def as_fields(backup: Backup) -> dict[str, object]:
    """What a program reads of a backup."""
    contents = backup.contents
    return {
        "made_at": contents.made_at,
        "vitte": contents.vitte,
        "postgresql": contents.shape.server,
        "rows": contents.rows,
        "bytes": contents.size,
        "sha256": contents.sha256,
    }
