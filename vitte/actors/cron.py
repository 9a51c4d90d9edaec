"""A cron: waits for its next time, runs its job, and waits again.

Owns a schedule. The times are computed anew after each run and each minute, so
a clock that jumps is noticed: what it passed over is run once, what it shows a
second time is not run again. A job that fails is logged, counted and left until
its next time; a fall starts the waiting again and repeats nothing.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import anyio
from msgspec import Struct

from vitte import log, metrics
from vitte.errors import VitteError
from vitte.runtime import Life, Ref, Reply, RuntimeFault, schedule

GLANCE_SECONDS: Final = 60.0
# A clock that goes back by more was wrong before, and is believed now.
SET_BACK: Final = timedelta(hours=2)

_log = logging.getLogger(__name__)

# What a job does at a given time; it gives how many rows it touched.
Chore: TypeAlias = Callable[[datetime], Awaitable[int]]


class Job(Struct, frozen=True, kw_only=True):
    """A job: its name, when it runs (five fields), in which timezone, what it does, and why."""

    name: str
    expression: str
    timezone: str
    chore: Chore
    note: str = ""

    def next(self, now: datetime) -> datetime:
        """The next time it runs."""
        return schedule.next_after(self.expression, self.timezone, now)

    def times(self, now: datetime, count: int) -> list[datetime]:
        """The next times it runs, as its own timezone shows them."""
        zone = ZoneInfo(self.timezone)
        found = schedule.occurrences(self.expression, self.timezone, now, count)
        return [time.astimezone(zone) for time in found]


class RunNow(Struct, frozen=True, kw_only=True):
    """Run the job now, whatever its schedule says; the reply is the number of rows touched."""

    reply: Reply[int]


Message: TypeAlias = RunNow


async def run_now(cron: Ref[Message], within: float = 600.0) -> int:
    """Run a job out of turn and wait for its end; gives the rows it touched."""
    return await cron.ask(lambda reply: RunNow(reply=reply), within=within)


class Cron:
    """One life, from a start to the next fall."""

    def __init__(self, *, job: Job, clock: Callable[[], datetime]) -> None:
        self._job = job
        self._clock = clock
        self._done: datetime | None = None

    async def run(self, life: Life[Message]) -> None:
        """Wait and run, for ever."""
        life.ready()
        due = self._next()
        while True:
            pause = (due - self._clock()).total_seconds()
            order: RunNow | None = None
            with anyio.move_on_after(max(0.0, min(pause, GLANCE_SECONDS))):
                order = await life.receive()
            if order is not None:
                await self._serve(order)
            elif self._clock() >= due:
                await self._run_due(due)
                self._done = due
                due = self._next()
            else:
                due = self._next()

    def _next(self) -> datetime:
        """The next time to run at; one that was seen to does not come again with the clock."""
        now = self._clock()
        if self._done is not None and now < self._done < now + SET_BACK:
            now = self._done
        return self._job.next(now)

    async def _serve(self, order: RunNow) -> None:
        try:
            order.reply.send(await run(self._job, self._clock()))
        except (VitteError, RuntimeFault) as problem:
            order.reply.fail(problem)

    async def _run_due(self, due: datetime) -> None:
        try:
            await run(self._job, due)
        except (VitteError, RuntimeFault) as problem:
            _log.warning("Job %s failed: %s", self._job.name, problem)


async def run(job: Job, at: datetime) -> int:
    """Run a job for a time, with its log line and its metrics; gives the rows it touched.

    Raises:
        VitteError, RuntimeFault: A part that it needs is away.
    """
    began = time.monotonic()
    with log.about(job=job.name, scheduled_for=at.isoformat()):
        try:
            rows = await job.chore(at)
        except BaseException:
            metrics.cron_runs.labels(job.name, "failed").inc()
            raise
        seconds = time.monotonic() - began
        metrics.cron_runs.labels(job.name, "ok").inc()
        metrics.cron_last_success.labels(job.name).set_to_current_time()
        _log.info("Job %s done", job.name, extra={"rows": rows, "seconds": round(seconds, 3)})
        return rows
