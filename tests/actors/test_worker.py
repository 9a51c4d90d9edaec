"""The cron and its workers as actors: quick at the slot, orderly at a stop, back after a fall."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from tests.actors.nodes import HOUR, Chore, job, ledger
from tests.fragile import killed, living
from vitte.actors import cron, lease, worker
from vitte.actors.batches import Batches
from vitte.actors.cron import Cron
from vitte.actors.jobs import Job
from vitte.actors.worker import Worker
from vitte.runtime import Child, Mailbox, Running
from vitte.store import leases, runs
from vitte.store.audit import SHELL
from vitte.store.pool import Database
from vitte.store.runs import Run


class Wall:
    """A clock that shows a time shortly before the full hour at its start, and then goes on."""

    def __init__(self, seconds: float) -> None:
        self._ahead = datetime(2026, 11, 20, 13, tzinfo=UTC) - timedelta(seconds=seconds)
        self._ahead -= datetime.now(UTC) - datetime(1970, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self._ahead + (datetime.now(UTC) - datetime(1970, 1, 1, tzinfo=UTC))


@asynccontextmanager
async def going(
    database: Database,
    *jobs: Job,
    seconds: float = 0.3,
    name: str = "a",
    workers: int = 2,
    forget: Callable[[], Awaitable[None]] | None = None,
) -> AsyncGenerator[tuple[Running, Mailbox[cron.Message]]]:
    """The actors of one process, whose clock shows so many seconds to one."""
    wall = Wall(seconds)
    boxes = [Mailbox[worker.Message](f"worker-{number}") for number in range(workers)]
    box = Mailbox[cron.Message]("cron")

    def begin(number: int) -> Worker:
        node = f"{name}/{number}"
        return Worker(jobs=jobs, database=database, node=node, clock=wall, forget=forget)

    def lead() -> Cron:
        return Cron(
            jobs=jobs,
            database=database,
            lease=lease.Lease(cron.LEASE, database=database, node=name),
            node=name,
            workers=[each.ref for each in boxes],
            clock=wall,
        )

    children = [
        Child(f"worker-{number}", lambda number=number: begin(number), mailbox=each)
        for number, each in enumerate(boxes)
    ]
    async with living(*children, Child("cron", lead, mailbox=box)) as running:
        yield running, box


async def one(database: Database, state: str) -> Run:
    """Wait until the one run is in a state."""
    with anyio.fail_after(20):
        while True:
            rows = await ledger(database)
            if rows and rows[0].state == state:
                return rows[0]
            await anyio.sleep(0.01)


async def leads(database: Database, name: str) -> None:
    """Wait until a process leads."""
    with anyio.fail_after(10):
        while (await leases.ask(database, cron.LEASE)).holder != name:  # noqa: ASYNC110  # PostgreSQL tells nobody
            await anyio.sleep(0.01)


async def test_a_run_begins_within_a_moment_of_its_slot(database: Database) -> None:
    chore = Chore()
    async with going(database, job(chore)):
        run = await one(database, "ok")

    assert run.started_at is not None
    late = (run.started_at - run.scheduled_for).total_seconds()
    assert 0 <= late < 0.7  # without a wake it would be the worker's glance, two seconds
    assert chore.ran == [run.scheduled_for]


@pytest.mark.parametrize(("is_seen", "rows"), [(True, 3), (True, 0), (False, 3)])
async def test_after_a_job_that_changes_what_people_see_it_is_forgotten(
    database: Database, *, is_seen: bool, rows: int
) -> None:
    forgotten = 0

    async def forget() -> None:
        nonlocal forgotten
        forgotten += 1

    async def touch(batches: Batches) -> None:
        async with batches.next() as batch:
            batch.rows = rows

    chore = Chore()
    chore.also = touch
    async with going(database, job(chore, is_seen=is_seen), forget=forget):
        await one(database, "ok")

    assert forgotten == (1 if is_seen and rows else 0)


async def test_a_stop_gives_back_what_is_in_hand_and_another_process_goes_on_at_once(
    database: Database,
) -> None:
    chore = Chore()

    async def sleep(_: Batches) -> None:
        await anyio.sleep(60)

    chore.also = sleep
    async with going(database, job(chore)):
        await one(database, "running")

    given_back = await one(database, "due")
    assert (given_back.failures, given_back.losses) == (0, 0)
    assert (await leases.ask(database, cron.LEASE)).holder is None
    chore.also = None
    async with going(database, job(chore), seconds=-5, name="b"):
        run = await one(database, "ok")
    assert (run.attempt, run.node and run.node[0]) == (2, "b")


async def test_a_worker_that_is_killed_takes_its_run_up_again(database: Database) -> None:
    chore = Chore()

    async def sleep(_: Batches) -> None:
        await anyio.sleep(60)

    chore.also = sleep
    async with going(database, job(chore), workers=1) as (running, _):
        await one(database, "running")
        chore.also = None

        await killed(running, "test/worker-0")

        run = await one(database, "ok")
    assert (run.attempt, run.losses) == (2, 1)


async def test_a_cron_that_is_killed_goes_on_where_it_was(database: Database) -> None:
    chore = Chore()
    async with going(database, job(chore), seconds=2) as (running, _):
        await leads(database, "a")

        await killed(running, "test/cron")

        await one(database, "ok")
    assert len(chore.ran) == 1


async def test_what_is_asked_for_is_begun_at_once(database: Database) -> None:
    chore = Chore()
    at = datetime(2026, 11, 20, 3, tzinfo=UTC)
    async with going(database, job(chore), seconds=1_800) as (_, box):
        await anyio.sleep(0.3)
        await runs.ask_for(
            database, "test-job", at, author=SHELL, now=datetime(2026, 11, 20, 12, tzinfo=UTC)
        )
        began = anyio.current_time()
        await cron.look(box.ref)

        await one(database, "ok")

    assert anyio.current_time() - began < 1.5
    assert chore.ran == [at]


async def test_when_the_leader_stops_another_one_leads_at_once(database: Database) -> None:
    chore = Chore()
    async with going(database, job(chore), seconds=1_800, name="a"):
        await leads(database, "a")
    began = anyio.current_time()
    async with going(database, job(chore), seconds=1_800, name="b"):
        await leads(database, "b")
    assert anyio.current_time() - began < 1.0


async def test_who_stands_by_plans_nothing(database: Database) -> None:
    chore = Chore()
    async with going(database, job(chore), seconds=HOUR.total_seconds(), name="a"):
        await leads(database, "a")
        async with going(database, job(chore), seconds=2, name="b"):
            await anyio.sleep(0.5)
            assert (await leases.ask(database, cron.LEASE)).holder == "a"
        # "b" never led: what its clock showed is not in the ledger.
        assert await ledger(database) == []
