"""Processes that run jobs in virtual time: each a leader and workers of its own, on one real database.

Nothing sleeps here: the test moves the time and lets each process have its turn.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import anyio

from vitte.actors.batches import Batches
from vitte.actors.cron import LEASE, Cron
from vitte.actors.jobs import Job
from vitte.actors.lease import Lease
from vitte.actors.worker import Worker
from vitte.store import runs
from vitte.store.pool import Database
from vitte.store.runs import Run

# Read from the disk here, as the house does for its own: not in the loop.
ZONES = [
    ZoneInfo(name)
    for name in ("UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Europe/Moscow")
]
START = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class World:
    """The time that all share: what a wall shows, and the seconds that really pass."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now
        self.seconds = 1_000.0

    def pass_by(self, time: timedelta) -> None:
        self.now += time
        self.seconds += time.total_seconds()


class Chore:
    """Notes for which times it was run, and by whom; may be told to fail, or to do more."""

    def __init__(self) -> None:
        self.ran: list[datetime] = []
        self.fault: Exception | None = None
        self.also: Callable[[Batches], Awaitable[None]] | None = None

    async def __call__(self, batches: Batches, now: datetime) -> None:
        self.ran.append(now)
        if self.also is not None:
            await self.also(batches)
        if self.fault is not None:
            raise self.fault


def job(chore: Chore, expression: str = "0 * * * *", zone: str = "UTC", **rules: object) -> Job:
    given = {"name": "test-job", "expression": expression, "timezone": zone, "work": chore}
    return Job(**given | rules)  # pyright: ignore[reportArgumentType]  # as the test says


class Node:
    """A process: its own wall clock, its own place in the queue for the lease."""

    def __init__(
        self, name: str, world: World, database: Database, *jobs: Job, workers: int = 2
    ) -> None:
        self.offset = timedelta(0)
        self.name, self.jobs = name, jobs
        self._world = world
        self.lease = Lease(LEASE, database=database, node=name, watch=lambda: world.seconds)
        self.cron = Cron(
            jobs=jobs,
            database=database,
            lease=self.lease,
            node=name,
            workers=[],
            clock=self.clock,
            watch=lambda: world.seconds,
        )
        self.workers = [
            Worker(jobs=jobs, database=database, node=f"{name}/{number}", clock=self.clock)
            for number in range(workers)
        ]

    def clock(self) -> datetime:
        return self._world.now + self.offset

    async def turn(self) -> None:
        """See what is due, and work until nothing is left."""
        await self.cron.turn()
        async with anyio.create_task_group() as group:
            for worker in self.workers:
                group.start_soon(_work, worker)

    async def lives(self, time: timedelta, step: timedelta = 10 * MINUTE) -> None:
        """Let time pass in steps, with a turn after each."""
        for _ in range(time // step):
            self._world.pass_by(step)
            await self.turn()


async def _work(worker: Worker) -> None:
    while await worker.work():
        pass


async def ledger(database: Database, name: str = "test-job") -> list[Run]:
    """The rows of a job, the oldest occurrence first."""
    return (await runs.list_latest(database, name, limit=2_000))[::-1]


async def told(database: Database) -> list[tuple[str, str]]:
    """The rows as a person reads them: the time, and the state or the reason."""
    return [
        (f"{run.scheduled_for:%d %H:%M}", run.reason or run.state) for run in await ledger(database)
    ]
