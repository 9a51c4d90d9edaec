"""A worker: takes a run in hand that is due, works on it, and takes the next.

Owns the run that it has in hand, and nothing else: several stand side by side, in
this process and in others, and the ledger gives each run to one of them. A fall
leaves its run marked as running; the next life finds it and has it begun again.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, TypeAlias

import anyio
from msgspec import Struct

from vitte import metrics
from vitte.actors import jobs
from vitte.actors.attempt import Attempt
from vitte.actors.jobs import Job
from vitte.errors import Contradiction, VitteError
from vitte.runtime import Life, MailboxFull, Ref, ShutdownAsked
from vitte.store import runs
from vitte.store.pool import Database
from vitte.store.runs import Run

GLANCE_SECONDS: Final = 2.0

_log = logging.getLogger("vitte.cron")


class Wake(Struct, frozen=True, kw_only=True):
    """There may be something to do."""


Message: TypeAlias = Wake


def wake(worker: Ref[Message]) -> None:
    """Have a worker look for something to do; it looks now and then by itself."""
    with suppress(MailboxFull):
        worker.tell_now(Wake())


class Worker:
    """One life, from a start to the next fall.

    ``forget`` drops what is kept ready of what people see, after a job that changes it.
    """

    def __init__(
        self,
        *,
        jobs: Sequence[Job],
        database: Database,
        node: str,
        clock: Callable[[], datetime],
        forget: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._database = database
        self._node = node
        self._clock = clock
        self._forget = forget
        self._clean = False
        self._stopping = False

    async def run(self, life: Life[Message]) -> None:
        """Work on what is due, for ever. A stop gives back what is in hand."""
        life.trap_exit()
        life.ready()
        try:
            while not self._stopping:
                if not await self.work(life):
                    with anyio.move_on_after(GLANCE_SECONDS):
                        await life.receive()
        except ShutdownAsked:
            return

    async def work(self, life: Life[Message] | None = None) -> bool:
        """Take a run in hand and make an attempt at it; False when none is due."""
        try:
            run = await self._claim()
        except VitteError:
            return False  # PostgreSQL is away: who leads has said so
        if run is None:
            return False
        job = self._jobs[run.job]
        attempt = Attempt(job, run, database=self._database, clock=self._clock)
        async with anyio.create_task_group() as group:
            if life is not None:
                group.start_soon(self._give_back_at_a_stop, life, attempt)
            try:
                await attempt.make()
            except VitteError as problem:
                _log.warning("The end of job %s cannot be written: %s", run.job, problem)
            group.cancel_scope.cancel()
        if job.is_seen and attempt.rows and self._forget is not None:
            await self._forget()
        return True

    async def _claim(self) -> Run | None:
        if not self._clean:
            await self._leave_nothing_behind()
            self._clean = True
        try:
            return await runs.claim(self._database, [*self._jobs], self._node, self._clock())
        except Contradiction:
            return None  # another one was quicker with a run of the same job

    async def _leave_nothing_behind(self) -> None:
        """Have begun again what the life before had in hand: its name was the same as ours."""
        for run in await runs.list_running(self._database):
            if run.node == self._node:
                now = self._clock()
                if await runs.end(self._database, run, jobs.lost(run, now), now):
                    metrics.cron_runs.labels(run.job, "lost").inc()
                    _log.warning("Job %s lost its worker and is begun again", run.job)

    async def _give_back_at_a_stop(self, life: Life[Message], attempt: Attempt) -> None:
        await life.shutdown_asked()
        self._stopping = True
        attempt.give_back()
