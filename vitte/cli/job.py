"""``vitte job``: what runs by the clock, by hand."""

import argparse
import os
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from vitte.cli import command
from vitte.cli.run import in_the_loop
from vitte.config import Config
from vitte.errors import NoSuchJob

if TYPE_CHECKING:
    from vitte.actors.cron import Job
    from vitte.house import House

TIMES = 5

EXPLAINED = """\
Shows the jobs that run by the clock, and runs one by hand.

  vitte job list                          each job and the next times it runs
  vitte job run clean-messages            run it now
  vitte job run user-stats --at 2026-03-01T00:30   as if it were that time

A job may be run again for the same time without harm."""


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "job", run, explained=EXPLAINED)
    parser.add_argument("what", choices=("list", "run"))
    parser.add_argument("name", nargs="?", help="run: which job")
    parser.add_argument(
        "--at", type=datetime.fromisoformat, metavar="TIME", help="run: as if it were that time"
    )
    command.takes_config(parser)
    command.takes_json(parser)


def run(given: argparse.Namespace) -> int:
    """List the jobs, or run one."""
    if given.what == "run":
        return _run(command.read_config(given).config, given)
    # A list opens nothing: it needs no token and no stores, only the schedules.
    return _list(command.load(given.config, {**os.environ, **command.NOWHERE}).config, given)


def _list(config: Config, given: argparse.Namespace) -> int:
    from vitte import house  # noqa: PLC0415  # the greater part of the program

    now = house.utc_now()
    jobs = house.House(config).jobs
    times = {job.name: job.times(now, TIMES) for job in jobs}
    if given.json:
        command.print_json(
            [
                {"name": job.name, "schedule": job.expression, "timezone": job.timezone,
                 "note": job.note, "next": times[job.name]}
                for job in jobs
            ]
        )  # fmt: skip
        return 0
    for job in jobs:
        print(f"{job.name}: {job.note}")
        print(f"  schedule  {job.expression}  ({job.timezone})")
        print("  next     ", *(f"{time:%a %d %b %H:%M}" for time in times[job.name]), sep="  ")
    return 0


def _run(config: Config, given: argparse.Namespace) -> int:
    from vitte import house  # noqa: PLC0415  # as above

    home = house.House(config)
    job = next((job for job in home.jobs if job.name == given.name), None)
    if job is None:
        raise NoSuchJob(given.name or "", [job.name for job in home.jobs])
    zone = ZoneInfo(config.cron.timezone)
    at = house.utc_now() if given.at is None else given.at
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    rows = in_the_loop(_run_with_stores, home, job, at)
    if given.json:
        command.print_json({"job": job.name, "at": at, "rows": rows})
    else:
        print(f"{job.name}: done, {rows} rows.")
    return 0


async def _run_with_stores(home: "House", job: "Job", at: datetime) -> int:
    """Run a job with the database alone; what it wants said, the running vitte sends."""
    from vitte.actors import cron  # noqa: PLC0415  # as above

    await home.services.database.open()
    try:
        return await cron.run(job, at)
    finally:
        await home.services.database.close()
        await home.services.redis.aclose()
