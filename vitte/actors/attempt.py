"""One attempt at a run: the chore under its time limit, a heartbeat beside it, and how it ended.

Owns nothing but the run it was given. Whatever the chore raises is written into
the ledger and not passed on: a broken job is a row, not a fall. When another one
has the run by now, because this one looked dead, it stops and writes nothing.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from os import getpid
from socket import gethostname
from typing import Final

import anyio

from vitte import log, metrics, redaction
from vitte.actors import jobs
from vitte.actors.batches import Batches
from vitte.actors.jobs import Job
from vitte.errors import Contradiction, JobFailed, JobRuns, RunTaken, VitteError
from vitte.runtime import RuntimeFault
from vitte.store import runs
from vitte.store.audit import Author
from vitte.store.pool import Database, Transaction
from vitte.store.runs import Ending, Run

BEAT_SECONDS: Final = 5.0
# How long the end of a run may wait for a database that is away; then the run is lost.
CLOSE_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 1.0
# What a stop gives back is not for the workers beside, who are stopped next.
HANDOVER: Final = timedelta(seconds=2)
# Half of the time belongs to others.
REST: Final = 1.0

_log = logging.getLogger("vitte.cron")


class Attempt:
    """A run in hand, from its claim to its end."""

    def __init__(
        self,
        job: Job,
        run: Run,
        *,
        database: Database,
        clock: Callable[[], datetime],
        told: Callable[[int], None] | None = None,
    ) -> None:
        self._job = job
        self._run = run
        self._database = database
        self._clock = clock
        self._batches = Batches(database, most=job.rows, note=self._note, rest=REST, told=told)
        self._scope = anyio.CancelScope()
        self._given_back = False
        self._taken = False

    @property
    def rows(self) -> int:
        """How many rows this attempt has touched."""
        return self._batches.rows

    def give_back(self) -> None:
        """Stop: the process ends, and another one shall go on."""
        self._given_back = True
        self._scope.cancel()

    async def make(self, *, by_hand: bool = False) -> Ending | None:
        """Run the chore and close the run; None when it was another's by then.

        ``by_hand``: who asked is there and decides; a failure is not tried again.

        Raises:
            VitteError: Its end could not be written for long; it will be found lost.
        """
        job, run = self._job, self._run
        began = time.monotonic()
        if run.attempt == 1:
            late = (self._clock() - run.scheduled_for).total_seconds()
            metrics.cron_lateness.labels(job.name).observe(max(0.0, late))
        with log.about(job=job.name, scheduled_for=run.scheduled_for.isoformat()):
            ending = await self._end_of_chore()
            if by_hand and ending is not None and ending.state == "due" and ending.failed:
                ending = Ending(state="failed", error=ending.error, failed=True)
            if ending is None or not await self._close(ending):
                _log.warning("Job %s is another's by now, attempt %d stops", job.name, run.attempt)
                return None
            self._tell(ending, time.monotonic() - began)
        return ending

    async def _end_of_chore(self) -> Ending | None:
        """Run the chore with a heartbeat beside it; None when the run is another's."""
        ending = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._beat)
            ending = await self._chore()
            group.cancel_scope.cancel()
        return None if self._taken else ending

    async def _chore(self) -> Ending | None:
        job, now = self._job, self._run.scheduled_for
        problem: Exception | None = None
        limit = anyio.move_on_after(job.limit.total_seconds())
        with self._scope, limit:
            try:
                await job.work(self._batches, now)
            except RunTaken:
                self._taken = True
            except Exception as raised:  # noqa: BLE001  # a job's fault is a row, not our fall
                problem = raised
        if self._given_back:
            return Ending(
                state="due", error="given back at a stop", not_before=self._clock() + HANDOVER
            )
        if limit.cancelled_caught:
            error = f"it took longer than its limit of {job.limit.total_seconds():.0f} s"
            return jobs.failed(job, self._run, error, self._clock())
        if problem is not None:
            return jobs.failed(job, self._run, self._explain(problem), self._clock())
        return Ending(state="ok")

    async def _beat(self) -> None:
        """Show again and again that this process lives, and stop when the run is another's."""
        while True:
            await anyio.sleep(BEAT_SECONDS)
            try:
                ours = await runs.beat(self._database, self._run, self._clock())
            except VitteError:
                continue  # a batch holds the row, or PostgreSQL is away: the next one counts
            if not ours:
                self._taken = True
                self._scope.cancel()
                return

    async def _note(self, transaction: Transaction, rows: int) -> None:
        if not await runs.beat(transaction, self._run, self._clock(), rows=rows):
            raise RunTaken(self._job.name)

    async def _close(self, ending: Ending) -> bool:
        patience = time.monotonic() + CLOSE_SECONDS
        while True:
            try:
                with anyio.CancelScope(shield=True):
                    return await runs.end(self._database, self._run, ending, self._clock())
            except VitteError:
                if self._given_back or time.monotonic() > patience:
                    raise
            await anyio.sleep(PAUSE_SECONDS)

    def _tell(self, ending: Ending, seconds: float) -> None:
        job, batches = self._job, self._batches
        outcome = "retried" if ending.failed and ending.state == "due" else ending.state
        outcome = "given back" if self._given_back else outcome
        metrics.cron_runs.labels(job.name, outcome).inc()
        metrics.cron_seconds.labels(job.name).observe(seconds)
        fields = {
            "state": outcome,
            "attempt": self._run.attempt,
            "rows": batches.rows,
            "seconds": round(seconds, 3),
            "longest_batch_ms": round(batches.longest * 1000),
        }
        if ending.state == "ok":
            metrics.cron_last_success.labels(job.name).set(self._clock().timestamp())
            _log.info("Job %s done", job.name, extra=fields)
        else:
            _log.warning("Job %s %s: %s", job.name, outcome, ending.error, extra=fields)

    def _explain(self, problem: Exception) -> str:
        """What a fault says, in a line; the log has its stack where it is none of ours."""
        if isinstance(problem, VitteError | RuntimeFault):
            return str(problem)
        _log.error("Job %s broke", self._job.name, exc_info=problem)
        return f"{type(problem).__name__}: {redaction.say(problem)}".removesuffix(": ")


async def by_hand(  # noqa: PLR0913  # what, when, where, who asks, and who hears of it
    job: Job,
    at: datetime,
    *,
    database: Database,
    author: Author,
    clock: Callable[[], datetime],
    told: Callable[[int], None] | None = None,
) -> int:
    """Run an occurrence now, in this process, whatever became of it before; gives the rows.

    Raises:
        JobRuns: A run of the job is in hand.
        JobFailed: It failed; it is not tried again.
        RunTaken: Another process took it over.
    """
    node = f"{author.who}@{gethostname()}:{getpid()}"
    try:
        async with database.transaction() as transaction:
            run = await runs.begin(transaction, job.name, at, node=node, author=author, now=clock())
    except Contradiction:
        run = None
    if run is None:
        raise JobRuns(job.name)
    attempt = Attempt(job, run, database=database, clock=clock, told=told)
    try:
        ending = await attempt.make(by_hand=True)
    except anyio.get_cancelled_exc_class():
        with anyio.move_on_after(PAUSE_SECONDS, shield=True):
            stopped = Ending(state="failed", error=f"stopped by {author.who}", failed=True)
            await runs.end(database, run, stopped, clock())
        raise
    if ending is None:
        raise RunTaken(job.name)
    if ending.state != "ok":
        raise JobFailed(job.name, ending.error or "")
    return attempt.rows


async def dry(
    job: Job, at: datetime, *, database: Database, told: Callable[[int], None] | None = None
) -> int:
    """Try a job and keep nothing of it; gives the rows it would touch."""
    batches = Batches(database, most=job.rows, dry=True, rest=REST, told=told)
    with anyio.move_on_after(job.limit.total_seconds()) as limit:
        await job.work(batches, at)
    if limit.cancelled_caught:
        raise JobFailed(job.name, "it takes longer than its limit")
    return batches.rows
