"""A job: what runs by the clock, when, and what is decided of each of its occurrences.

Owns nothing: pure functions of a given time. What they decide the ledger keeps
(``vitte.store.runs``), and ``vitte.actors.cron`` carries out.
"""

import zlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice, pairwise
from typing import Final, Literal, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct

from vitte import config
from vitte.actors.batches import Batches
from vitte.runtime import schedule
from vitte.store.runs import Ending, Planned, Reason, Run

# An occurrence is on time while the next one of a schedule by the minute cannot have come.
ON_TIME: Final = timedelta(seconds=59)
LONGEST_PAUSE: Final = timedelta(hours=1)
# A run whose worker died so often is not begun again: it may be what kills it.
MOST_LOSSES: Final = 3

# What a job does at a given time, in the batches of its run.
Work: TypeAlias = Callable[[Batches, datetime], Awaitable[None]]


class Chore(Protocol):
    """What a job is written as: a plain function of the database, in batches, and the time."""

    def __call__(
        self, batches: Batches, now: datetime, *, settings: config.Cron
    ) -> Awaitable[None]:
        """Do it for the occurrence at ``now``; once more does no harm."""
        ...


class Job(Struct, frozen=True, kw_only=True):
    """A job: its name, its schedule (five fields, in a timezone), its rules, what it does, and why.

    ``is_seen``: it changes what the API shows and keeps ready, which is forgotten after a run.
    """

    name: str
    expression: str
    timezone: str
    work: Work
    catch_up: Literal["none", "once", "all"] = "once"
    lateness: timedelta = timedelta(days=1)
    overlap: Literal["skip", "queue"] = "skip"
    limit: timedelta = timedelta(hours=1)
    retries: int = 5
    pause: timedelta = timedelta(minutes=1)
    jitter: timedelta = timedelta(0)
    rows: int = 100_000
    is_seen: bool = False
    note: str = ""

    @property
    def schedule(self) -> str:
        """Expression and timezone: another one is another schedule."""
        return f"{self.expression} {self.timezone}"

    def next(self, now: datetime) -> datetime:
        """The next time it falls due."""
        return schedule.next_after(self.expression, self.timezone, now)

    def times(self, now: datetime, count: int) -> list[datetime]:
        """The next times it falls due, as its own timezone shows them."""
        zone = ZoneInfo(self.timezone)
        found = schedule.occurrences(self.expression, self.timezone, now, count)
        return [time.astimezone(zone) for time in found]

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """The times it falls due later than ``after`` and not later than ``until``."""
        return schedule.between(self.expression, self.timezone, after, until)


def declared(
    settings: config.Cron, name: str, chore: Chore, note: str, *, is_seen: bool = False
) -> Job:
    """The job of this name, as its section of the configuration has it."""
    given: config.Job = getattr(settings, name.replace("-", "_"))
    return Job(
        name=name,
        expression=given.schedule,
        timezone=given.timezone or settings.timezone,
        work=partial(chore, settings=settings),
        catch_up=given.catch_up,
        lateness=timedelta(seconds=given.late_seconds),
        overlap=given.overlap,
        limit=timedelta(seconds=given.limit_seconds),
        retries=given.retries,
        pause=timedelta(seconds=given.retry_seconds),
        jitter=timedelta(seconds=given.jitter_seconds),
        rows=given.rows,
        is_seen=is_seen,
        note=note,
    )


def decide(  # noqa: PLR0913  # all that a decision rests on
    job: Job, after: datetime, now: datetime, *, paused: bool, busy: bool, most: int
) -> list[Planned]:
    """Decide of the occurrences later than ``after`` up to ``now``, the oldest first.

    ``busy``: a run of the job waits or is in hand. Gives at most ``most``; when it gives as
    many there may be more, later than the last of them.
    """
    # One more than is decided: whether an occurrence is the latest shows in the one after it.
    times = list(islice(job.between(after, now), most + 1))
    pairs = pairwise([*times, None])
    return [
        _planned(job, time, _reason(job, now - time, last=later is None, paused=paused, busy=busy))
        for time, later in islice(pairs, most)
        if time is not None
    ]


def _reason(  # noqa: PLR0911  # a table, a line a rule
    job: Job, late: timedelta, *, last: bool, paused: bool, busy: bool
) -> Reason | None:
    """Why an occurrence is skipped, or None."""
    on_time = late <= ON_TIME
    if paused:
        return "paused"
    if not on_time and job.catch_up == "none":
        return "missed"
    if late > max(job.lateness, ON_TIME):
        return "late"
    if not last and job.catch_up == "once":
        return "missed"
    if not on_time and job.catch_up == "all":
        return None  # all that was missed is made up for, one after the other
    if busy and job.overlap == "skip":
        return "overlap"
    return None


def _planned(job: Job, time: datetime, reason: Reason | None) -> Planned:
    start = None if reason else time + job.jitter * _chance(job.name, time)
    return Planned(scheduled_for=time, not_before=start, reason=reason)


def _chance(name: str, time: datetime) -> float:
    """A number from 0 to 1 that is the same in every process: jitter that can be told beforehand."""
    return zlib.crc32(f"{name} {time.timestamp():.0f}".encode()) / 2**32


def failed(job: Job, run: Run, error: str, now: datetime) -> Ending:
    """What follows from a failure: another try after a pause, or the end."""
    if run.failures >= job.retries:
        return Ending(state="failed", error=error, failed=True)
    pause = min(job.pause * 2**run.failures, LONGEST_PAUSE)
    return Ending(state="due", error=error, not_before=now + pause, failed=True)


def lost(run: Run, now: datetime) -> Ending:
    """What follows from the death of a worker: another one takes the run, but not for ever."""
    error = f"{run.node} did not live to end it"
    again = now if run.losses + 1 < MOST_LOSSES else None
    return Ending(state="lost", error=error, not_before=again, lost=True)
