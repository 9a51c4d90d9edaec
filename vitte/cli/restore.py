"""``vitte restore``: puts a backup in the database's place, and can take that back."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import anyio

from vitte.cli import command
from vitte.cli.backup import takes_programs
from vitte.config import Config, Redis
from vitte.errors import BackupUnfit, RedisAway
from vitte.store import backups, keyspace, saved
from vitte.store.programs import Programs

EXPLAINED = """\
Puts a backup in the database's place. It is restored beside it first, and compared
table by table; only then the two change their names. What was there before is kept
under another name. Nobody may be connected meanwhile, so stop vitte first:

  systemctl stop vitte
  vitte restore                FILE is the latest of backup.folder
  vitte restore FILE
  systemctl start vitte

  vitte restore --back         what the last restore put aside comes back
  vitte restore --forget       drop what restores have put aside

What Redis remembers of people is dropped with it. Words that waited to be sent in the
moment of the backup are sent again."""


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "restore", run, explained=EXPLAINED)
    parser.add_argument("file", nargs="?", type=Path, help="default: the latest backup")
    parser.add_argument("--back", action="store_true", help="undo the last restore")
    parser.add_argument("--forget", action="store_true", help="drop what was put aside")
    takes_programs(parser)
    command.takes_config(parser)


def run(given: argparse.Namespace) -> int:
    """Restore, take back or forget."""
    config = command.read_config(given).config
    programs = Programs(config.database.url.reveal(), given.programs)
    if given.forget:
        return _forget(programs)
    if given.back:
        return _back(programs, config)
    return _restore(programs, given.file, config)


def _restore(programs: Programs, file: Path | None, config: Config) -> int:
    folder = Path(config.backup.folder)
    backup = saved.read(file) if file else next(iter(saved.listed(folder)), None)
    if backup is None:
        raise BackupUnfit(folder, "there is no backup in it")
    aside = backups.restore(programs, backup, now=datetime.now(UTC))
    _empty_cache(config.redis)
    print(f"Restored: {backup.path}, as of {backup.contents.made_at:%Y-%m-%d %H:%M:%S} UTC")
    print(f"  {sum(backup.contents.rows.values())} rows, compared table by table")
    print(f"What was there before is kept as {aside}: vitte restore --back, or --forget.")
    return 0


def _back(programs: Programs, config: Config) -> int:
    found = backups.put_aside(programs)
    if not found:
        print("Nothing was put aside.")
        return 1
    other = backups.take_back(programs, found[0], now=datetime.now(UTC))
    _empty_cache(config.redis)
    print(f"{found[0]} is in its place again; the other is kept as {other}.")
    return 0


def _forget(programs: Programs) -> int:
    for name in backups.put_aside(programs):
        backups.forget(programs, name)
        print(f"Dropped {name}")
    return 0


def _empty_cache(redis: Redis) -> None:
    """Drop what Redis remembers of people: it may be newer than what was restored."""
    try:
        anyio.run(keyspace.forget_all, redis)
    except RedisAway as problem:
        print(
            f"What Redis remembers was not dropped ({problem}); it goes within an hour by itself."
        )
