"""``vitte job``: what runs by the clock, what became of it, and by hand."""

import argparse
import os
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from vitte.cli import command, job_tables, stores
from vitte.config import Config
from vitte.errors import NoSuchJob, NothingRuns, RedisAway, VitteError

if TYPE_CHECKING:
    from vitte.actors.jobs import Job
    from vitte.store.jobs import Standing
    from vitte.store.pool import Database

EXPLAINED = """\
Shows the jobs that run by the clock and what became of their runs; runs one by
hand, lets one rest, lets it run again.

  vitte job list                          each job, its next times, its last run
  vitte job history                       the last twenty runs of all
  vitte job history clean-messages        the last twenty of one
  vitte job run clean-messages            run it now
  vitte job run user-stats --at 2026-03-01T00:30   as if it were that time
  vitte job run clean-messages --dry-run  try it, keep nothing, say what it would do
  vitte job pause remind-expiring         its times are skipped from now on
  vitte job resume remind-expiring

A job may be run again for the same time without harm. Times are those of the job's
own timezone. A run by hand stands in the ledger as well, with who asked for it."""


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "job", run, explained=EXPLAINED)
    parser.add_argument("what", choices=("list", "history", "run", "pause", "resume"))
    parser.add_argument("name", nargs="?", help="which job")
    parser.add_argument(
        "--at", type=datetime.fromisoformat, metavar="TIME", help="run: as if it were that time"
    )
    parser.add_argument("--dry-run", action="store_true", help="run: keep nothing of what it does")
    parser.add_argument("--limit", type=int, default=20, help="history: how many (default 20)")
    command.takes_config(parser)
    command.takes_json(parser)


def run(given: argparse.Namespace) -> int:
    """List the jobs, show what became of their runs, run one, let one rest or go on."""
    from vitte import house  # noqa: PLC0415  # the greater part of the program

    config = _config(given)
    jobs = house.House(config).jobs
    match given.what:
        case "list":
            return _list(config, jobs, given)
        case "history":
            return _history(config, jobs, given)
        case "run":
            return _run(config, _named(jobs, given.name), given)
        case _:
            return _pause(config, _named(jobs, given.name), given)


def _config(given: argparse.Namespace) -> Config:
    """The configuration; where it names no database, that of the ``vitte dev`` that runs here.

    A list needs neither: without a database it shows the schedules alone.
    """
    known = {**command.NOWHERE, **os.environ}
    config = command.load(given.config, known).config
    if _has_database(config):
        return command.read_config(given).config
    from vitte.dev import stores as embedded  # noqa: PLC0415  # where nothing else is

    for folder in (config.data, ".vitte"):
        try:
            found = embedded.find(Path(folder)).database_url
        except NothingRuns:
            continue
        return command.load(given.config, {**known, "VITTE_DATABASE_URL": found}).config
    # Else what is missing is named, but for a list.
    return config if given.what == "list" else command.read_config(given).config


def _has_database(config: Config) -> bool:
    return config.database.url.reveal() != command.NOWHERE["VITTE_DATABASE_URL"]


def _named(jobs: "tuple[Job, ...]", name: str | None) -> "Job":
    for job in jobs:
        if job.name == name:
            return job
    raise NoSuchJob(name or "", [job.name for job in jobs])


def _list(config: Config, jobs: "tuple[Job, ...]", given: argparse.Namespace) -> int:
    from vitte.store import jobs as ledger  # noqa: PLC0415  # as above

    standing: dict[str, Standing] = {}
    away = None if _has_database(config) else "no database is configured"
    try:
        if away is None:
            names = [job.name for job in jobs]
            rows = stores.ask(config, lambda database: ledger.list_standing(database, names))
            standing = {row.job: row for row in rows}
    except VitteError as problem:
        away = str(problem)
    if given.json:
        command.print_json(job_tables.as_fields(jobs, standing, datetime.now(UTC)))
        return 0
    if away is not None:
        print(f"vitte: the ledger cannot be read: {away}", file=sys.stderr)
    print(job_tables.overview(jobs, standing, datetime.now(UTC)))
    return 0


def _history(config: Config, jobs: "tuple[Job, ...]", given: argparse.Namespace) -> int:
    from vitte.store import runs  # noqa: PLC0415  # as above

    name = None if given.name is None else _named(jobs, given.name).name
    found = stores.ask(config, partial(runs.list_latest, job=name, limit=given.limit))
    if given.json:
        command.print_json(found)
    else:
        print(job_tables.history(found, jobs) or "Nothing has run yet.")
    return 0


def _run(config: Config, job: "Job", given: argparse.Namespace) -> int:
    from vitte import house  # noqa: PLC0415  # as above
    from vitte.actors import attempt  # noqa: PLC0415  # as above
    from vitte.store import audit, keyspace  # noqa: PLC0415  # as above

    at = house.utc_now() if given.at is None else given.at
    at = (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(job.timezone))).astimezone(UTC)
    progress, began = Progress(job.name), time.monotonic()

    async def work(database: "Database") -> int:
        if given.dry_run:
            return await attempt.dry(job, at, database=database, told=progress.tell)
        touched = await attempt.by_hand(
            job, at, database=database, author=audit.SHELL, clock=house.utc_now, told=progress.tell
        )
        if job.is_seen and touched:
            with suppress(RedisAway):  # then nobody keeps anything for longer than a moment
                await keyspace.empty_memories(config.redis)
        return touched

    try:
        rows = stores.ask(config, work)
    finally:
        progress.end()
    seconds = round(time.monotonic() - began, 3)
    if given.json:
        fields = {"job": job.name, "at": at, "rows": rows, "seconds": seconds}
        command.print_json({**fields, "dry_run": given.dry_run})
    elif given.dry_run:
        print(
            f"{job.name}: would touch {job_tables.rows(rows)}; nothing was kept ({seconds:.1f} s)."
        )
    else:
        print(f"{job.name}: done, {job_tables.rows(rows)} in {seconds:.1f} s.")
    return 0


def _pause(config: Config, job: "Job", given: argparse.Namespace) -> int:
    from vitte.store import audit, jobs  # noqa: PLC0415  # as above

    now = datetime.now(UTC)

    async def work(database: "Database") -> bool:
        async with database.transaction() as transaction:
            if given.what == "pause":
                return await jobs.pause(transaction, job.name, job.schedule, audit.SHELL, now)
            return await jobs.resume(transaction, job.name, audit.SHELL, now)

    changed = stores.ask(config, work)
    if given.what == "pause":
        words = "rests: its times are skipped until it is resumed" if changed else "rests already"
    else:
        words = f"runs again, next at {job.times(now, 1)[0]:%a %d %b %H:%M}"
        words = words if changed else "was not resting"
    if given.json:
        command.print_json({"job": job.name, "changed": changed})
    else:
        print(f"{job.name} {words}.")
    return 0


class Progress:
    """Says on standard error how far a long run has come."""

    EVERY: Final = timedelta(seconds=1)
    LINE_EVERY: Final = timedelta(seconds=10)

    def __init__(self, name: str) -> None:
        self._name = name
        self._terminal = sys.stderr.isatty()
        self._every = (self.EVERY if self._terminal else self.LINE_EVERY).total_seconds()
        self._told = time.monotonic()
        self._said = False

    def tell(self, rows: int) -> None:
        """Say it, if it was not said just now."""
        now = time.monotonic()
        if now - self._told >= self._every:
            self._told, self._said = now, True
            words = f"{self._name}: {rows:,} rows ..."
            print(f"\r{words}" if self._terminal else words, end="" if self._terminal else "\n",
                  file=sys.stderr, flush=True)  # fmt: skip

    def end(self) -> None:
        """Leave the line to what comes next."""
        if self._said and self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
