"""The cron: sees to it that every occurrence of every job is in the ledger, once.

Owns the times at which jobs fall due. Of several processes one leads: it holds a
lease, and a number that grows with each leader keeps one that was thought dead
from planning. It writes what is due or skipped, and finds the runs whose worker
is gone; who works on them is not its affair. All is read from the ledger anew,
each minute and when the clock jumps: a fall loses nothing.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import anyio
from msgspec import Struct

from vitte import metrics
from vitte.actors import jobs, worker
from vitte.actors.jobs import Job
from vitte.actors.lease import Lease, watch
from vitte.errors import VitteError
from vitte.runtime import Life, Ref, ShutdownAsked
from vitte.store import jobs as store
from vitte.store import leases, runs
from vitte.store.pool import Database
from vitte.store.runs import Run, RunId

LEASE: Final = "cron"
BEAT_SECONDS: Final = 0.75
GLANCE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 5.0
# A run whose heart has stood still for so long, by the leader's own watch, is lost.
LOST_SECONDS: Final = 30.0
AT_ONCE: Final = 100

_log = logging.getLogger("vitte.cron")


class Look(Struct, frozen=True, kw_only=True):
    """Something was asked for: have the workers look into the ledger."""


Message: TypeAlias = Look


async def look(cron: Ref[Message]) -> None:
    """Have what was asked for begun at once."""
    await cron.tell(Look())


class Cron:
    """One life, from a start to the next fall."""

    def __init__(  # noqa: PLR0913  # each is somebody else's
        self,
        *,
        jobs: Sequence[Job],
        database: Database,
        lease: Lease,
        node: str,
        workers: Sequence[Ref[worker.Message]],
        clock: Callable[[], datetime],
        watch: Callable[[], float] = watch,
    ) -> None:
        self._jobs = jobs
        self._database = database
        self._lease = lease
        self._node = node
        self._workers = workers
        self._clock = clock
        self._watch = watch
        self._due: dict[str, datetime] = {}
        self._pulse: dict[tuple[RunId, int], tuple[int, float]] = {}
        self._fence = 0
        self._last: datetime | None = None
        self._glanced = self._looked = float("-inf")
        self._away = False

    async def run(self, life: Life[Message]) -> None:
        """Lead, or wait to lead, for ever. A stop lets another one lead at once."""
        life.trap_exit()
        life.ready()
        for job in self._jobs:
            for state in ("ok", "failed", "lost"):
                metrics.cron_runs.labels(job.name, state)  # so that the first one is an increase
            metrics.cron_lateness.labels(job.name)
        try:
            while True:
                pause = await self.turn()
                with anyio.move_on_after(pause):
                    await life.receive()
                    self._wake()
        except ShutdownAsked:
            await self._resign()

    async def turn(self) -> float:
        """Do what is to be done now; gives the seconds until the next turn at the latest."""
        try:
            await self._lease.beat()
            if self._lease.held():
                await self._lead()
            elif self._fence:
                _log.info("Another process leads the jobs now")
                self._forget()
            self._away = False
        except VitteError as problem:
            if not self._away:
                _log.warning("The ledger of the jobs cannot be reached: %s", problem)
            self._away = True
        due = min(self._due.values(), default=None)
        pause = BEAT_SECONDS
        if due is not None:
            pause = min(pause, max(0.0, (due - self._clock()).total_seconds()))
        return BEAT_SECONDS if self._away else pause

    async def _resign(self) -> None:
        try:
            await self._lease.release()
        except VitteError as problem:
            _log.info("The lease could not be given back: %s", problem)

    def _forget(self) -> None:
        self._fence, self._last = 0, None
        self._due.clear()
        self._pulse.clear()
        self._glanced = self._looked = float("-inf")

    async def _lead(self) -> None:
        if self._fence != self._lease.fence:
            self._forget()
            self._fence = self._lease.fence
            _log.info("This process leads the jobs", extra={"fence": self._fence})
        now, glance = self._clock(), self._watch() - self._glanced >= GLANCE_SECONDS
        jumped = self._last is not None and now < self._last
        self._last = now
        for job in self._jobs:
            if glance or jumped or now >= self._due.get(job.name, now):
                await self._plan(job, now)
        if glance:
            self._glanced = self._watch()
            await self._show()
        if self._watch() - self._looked >= LOOK_SECONDS:
            self._looked = self._watch()
            await self._find_lost()

    # What is due.

    async def _plan(self, job: Job, now: datetime) -> None:
        """Account for every occurrence of a job up to now."""
        while await self._plan_some(job, now):
            pass
        self._due[job.name] = job.next(now)

    async def _plan_some(self, job: Job, now: datetime) -> bool:
        """Account for a hundred at the most; True when there may be more."""
        async with self._database.transaction() as transaction:
            if not await leases.hold(transaction, LEASE, self._node, self._fence):
                return False  # another one leads: the next beat tells
            late = await runs.give_up_late(transaction, job.name, now - job.lateness, now)
            known = await store.know(transaction, job.name, job.schedule, now)
            busy = await runs.has_unfinished(transaction, job.name)
            paused = known.paused_at is not None
            planned = jobs.decide(
                job, known.planned_until, now, paused=paused, busy=busy, most=AT_ONCE
            )
            written = await runs.plan(transaction, job.name, planned, now) if planned else []
            more = len(planned) == AT_ONCE
            until = planned[-1].scheduled_for if more else now
            await store.move(transaction, job.name, until, now)
        self._tell([*late, *written])
        return more

    def _tell(self, decided: Sequence[Run]) -> None:
        for run in decided:
            if run.state != "due":
                metrics.cron_runs.labels(run.job, run.state).inc()
                about = {"scheduled_for": run.scheduled_for.isoformat(), "reason": run.reason}
                _log.warning("Job %s %s", run.job, run.state, extra=about)
        if any(run.state == "due" for run in decided):
            self._wake()

    def _wake(self) -> None:
        for each in self._workers:
            worker.wake(each)

    # Who is gone.

    async def _find_lost(self) -> None:
        """Have begun again what nobody works on any more: its beat stands still."""
        asked = self._watch()
        running = await runs.list_running(self._database)
        answered = self._watch()
        seen, self._pulse = self._pulse, {}
        for run in running:
            key = run.id, run.attempt
            beat, since = seen.get(key, (run.beat, answered))
            if beat != run.beat:
                since = answered
            self._pulse[key] = run.beat, since
            if asked - since >= LOST_SECONDS:
                await self._lose(run)

    async def _lose(self, run: Run) -> None:
        now = self._clock()
        ending = jobs.lost(run, now)
        if await runs.end(self._database, run, ending, now, beat=run.beat):
            metrics.cron_runs.labels(run.job, "lost").inc()
            _log.warning("Job %s lost its worker", run.job, extra={"node": run.node})
            self._wake()

    # What is shown.

    async def _show(self) -> None:
        """Tell Prometheus when each job last went well, also before this process began."""
        for job in await store.list_standing(self._database, [job.name for job in self._jobs]):
            if job.succeeded_at is not None:
                metrics.cron_last_success.labels(job.job).set(job.succeeded_at.timestamp())
