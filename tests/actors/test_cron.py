"""The ledger in virtual time, on a real database: every occurrence runs once, or its row says why not."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from tests.actors.nodes import (
    DAY,
    HOUR,
    MINUTE,
    Chore,
    Node,
    World,
    job,
    ledger,
    told,
)
from tests.fragile import counted
from vitte import metrics
from vitte.actors.batches import Batches
from vitte.actors.worker import Worker
from vitte.errors import DatabaseAway
from vitte.store import audit, runs
from vitte.store import jobs as store
from vitte.store.audit import SHELL, Author
from vitte.store.pool import Database
from vitte.store.queries import Query

SECOND = timedelta(seconds=1)
FREEZE_LEASE = Query(
    name="freeze", intent="", statement=b"UPDATE leases SET holder = 'x', fence = fence + 1"
)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def chore() -> Chore:
    return Chore()


def hour(number: int, day: int = 20) -> datetime:
    return datetime(2026, 11, day, number, tzinfo=UTC)


async def test_it_runs_at_each_of_its_times_and_is_told_which(
    database: Database, world: World, chore: Chore
) -> None:
    node = Node("a", world, database, job(chore))
    await node.turn()

    await node.lives(3 * HOUR)

    assert chore.ran == [hour(13), hour(14), hour(15)]
    for run in await ledger(database):
        assert (run.state, run.attempt, run.node) in {("ok", 1, "a/0"), ("ok", 1, "a/1")}
        assert run.started_at is not None
        assert timedelta(0) <= run.started_at - run.scheduled_for <= MINUTE


async def test_prometheus_is_told_at_once_that_a_job_went_well(
    database: Database, world: World, chore: Chore
) -> None:
    node = Node("a", world, database, job(chore, name="just-done"))
    await node.turn()
    world.pass_by(HOUR)
    await node.turn()

    shown = metrics.REGISTRY.get_sample_value(
        "vitte_cron_last_success_timestamp_seconds", {"name": "just-done"}
    )
    assert shown == world.now.timestamp()  # the leader looks itself but once a minute


async def test_a_new_job_does_not_make_up_for_its_past(
    database: Database, world: World, chore: Chore
) -> None:
    old = Chore()
    node = Node("a", world, database, job(old, name="old-job", catch_up="all"))
    await node.turn()
    world.pass_by(DAY / 2)

    node = Node("a", world, database, job(old, name="old-job"), job(chore, catch_up="all"))
    await node.turn()
    await node.lives(HOUR)

    assert len(old.ran) == 2  # what was missed once, and what came since
    assert chore.ran == [hour(1, day=21)]


async def test_a_schedule_that_is_changed_does_not_make_up_for_what_it_would_have_been(
    database: Database, world: World, chore: Chore
) -> None:
    await Node("a", world, database, job(chore, "0 3 * * *")).turn()
    world.pass_by(DAY / 2)

    node = Node("a", world, database, job(chore, "*/10 * * * *", catch_up="all"))
    await node.turn()
    await node.lives(10 * MINUTE)

    assert chore.ran == [hour(0, day=21) + 10 * MINUTE]


@pytest.mark.parametrize(
    ("catch_up", "slots", "expected"),
    [
        ("none", 1, ["missed"]),
        ("once", 1, ["ok"]),
        ("all", 1, ["ok"]),
        ("none", 10, ["missed"] * 10),
        ("once", 10, ["missed"] * 9 + ["ok"]),
        ("all", 10, ["ok"] * 10),
    ],
)
async def test_down_over_one_and_over_ten_slots(  # noqa: PLR0913, PLR0917  # a table, and its scene
    database: Database,
    world: World,
    chore: Chore,
    catch_up: str,
    slots: int,
    expected: list[str],
) -> None:
    test_job = job(chore, catch_up=catch_up)
    await Node("before", world, database, test_job).turn()
    world.pass_by(slots * HOUR + 5 * MINUTE)

    node = Node("after", world, database, test_job)
    for _ in range(3):  # the lease of the one before must be seen to stand still first
        await node.turn()
        world.pass_by(4 * SECOND)

    assert [what for _, what in await told(database)] == expected
    assert chore.ran == sorted(chore.ran)
    assert len(chore.ran) == expected.count("ok")


async def test_down_for_longer_than_the_job_may_be_late(
    database: Database, world: World, chore: Chore
) -> None:
    test_job = job(chore, catch_up="all", lateness=3 * HOUR)
    node = Node("a", world, database, test_job)
    await node.turn()
    world.pass_by(6 * HOUR)

    await node.turn()

    assert [what for _, what in await told(database)] == ["late"] * 3 + ["ok"] * 3


async def test_a_run_that_waits_until_it_is_too_late_is_skipped(
    database: Database, world: World, chore: Chore
) -> None:
    idle = Node("idle", world, database, job(chore, lateness=2 * HOUR), workers=0)
    await idle.turn()
    await idle.lives(HOUR)
    assert await told(database) == [("20 13:00", "due")]

    await idle.lives(3 * HOUR)

    assert await told(database) == [
        ("20 13:00", "late"),
        ("20 14:00", "overlap"),
        ("20 15:00", "due"),
        ("20 16:00", "overlap"),
    ]


async def test_a_clock_two_hours_ahead_and_put_right_runs_each_time_once(
    database: Database, world: World, chore: Chore
) -> None:
    node = Node("a", world, database, job(chore))
    await node.turn()

    node.offset = 2 * HOUR
    await node.turn()
    assert await told(database) == [("20 13:00", "missed"), ("20 14:00", "ok")]
    await node.lives(2 * MINUTE, step=MINUTE)
    node.offset = timedelta(0)
    await node.lives(3 * HOUR)

    # What a wrong clock passed over is decided anew when its time comes; what ran has run.
    assert await told(database) == [
        ("20 13:00", "ok"),
        ("20 14:00", "ok"),
        ("20 15:00", "ok"),
    ]
    assert sorted(chore.ran) == [hour(13), hour(14), hour(15)]


async def test_a_clock_two_hours_back_and_put_right_repeats_nothing(
    database: Database, world: World, chore: Chore
) -> None:
    node = Node("a", world, database, job(chore))
    await node.turn()
    await node.lives(3 * HOUR)

    node.offset = -2 * HOUR
    await node.lives(HOUR)
    node.offset = timedelta(0)
    await node.lives(HOUR)

    assert chore.ran == [hour(13), hour(14), hour(15), hour(16), hour(17)]
    assert Counter(what for _, what in await told(database)) == {"ok": 5}


async def test_a_clock_that_was_years_ahead_is_followed_when_it_is_put_right(
    database: Database, world: World, chore: Chore
) -> None:
    node = Node("a", world, database, job(chore, "0 3 * * *"))
    node.offset = 400 * DAY
    await node.turn()
    await node.lives(DAY, step=HOUR)
    assert len(chore.ran) == 1

    node.offset = timedelta(0)
    await node.turn()
    await node.lives(2 * DAY, step=30 * MINUTE)

    assert chore.ran[1:] == [hour(3, day=22), hour(3, day=23)]


async def test_a_clock_jump_ends_nobodys_run(
    database: Database, world: World, chore: Chore
) -> None:
    node = Node("a", world, database, job(chore))
    await node.turn()

    async def jump(_: Batches) -> None:
        for offset in (2 * HOUR, -2 * HOUR, timedelta(0)):
            node.offset = offset
            await node.cron.turn()
            world.seconds += 10

    chore.also = jump
    await node.lives(HOUR)

    rows = await ledger(database)
    [run] = [row for row in rows if row.scheduled_for == hour(13)]
    assert (run.state, run.attempt) == ("ok", 1)
    assert {row.losses for row in rows} == {0}


@pytest.mark.parametrize(
    ("zone", "begins", "expression", "expected"),
    [
        ("Europe/Berlin", "2026-03-28T12:00", "30 2 * * *", ["29 01:00", "30 00:30"]),
        ("Europe/Berlin", "2026-10-24T12:00", "30 2 * * *", ["25 00:30", "26 01:30"]),
        ("America/Havana", "2026-03-07T12:00", "0 0 * * *", ["08 05:00", "09 04:00"]),
        ("America/Havana", "2026-10-31T12:00", "30 0 * * *", ["01 04:30", "02 05:30"]),
        ("Australia/Lord_Howe", "2026-10-03T01:00", "15 2 * * *", ["03 15:30", "04 15:15"]),
    ],
)
async def test_nights_in_which_clocks_are_changed(  # noqa: PLR0913, PLR0917  # as above
    database: Database, chore: Chore, zone: str, begins: str, expression: str, expected: list[str]
) -> None:
    world = World(datetime.fromisoformat(f"{begins}:30+00:00"))
    node = Node("a", world, database, job(chore, expression, zone))
    await node.turn()

    await node.lives(2 * DAY, step=30 * MINUTE)

    assert [f"{at:%d %H:%M}" for at in chore.ran] == expected
    assert await told(database) == [(time, "ok") for time in expected]


async def test_two_processes_at_one_slot_run_it_once(
    database: Database, world: World, chore: Chore
) -> None:
    nodes = [Node(name, world, database, job(chore)) for name in "ab"]
    for node in nodes:
        await node.turn()
    world.pass_by(HOUR)

    async with anyio.create_task_group() as group:
        for node in nodes:
            group.start_soon(node.turn)

    assert chore.ran == [hour(13)]
    assert await told(database) == [("20 13:00", "ok")]


@pytest.mark.timeout(300)
async def test_two_processes_never_double_a_run_in_a_thousand_slots(
    database: Database, world: World
) -> None:
    chores = {name: Chore() for name in ("one", "two")}
    given = [
        job(chores["one"], "* * * * *", name="one", catch_up="all"),
        job(chores["two"], "*/2 * * * *", name="two", catch_up="once", overlap="queue"),
    ]
    nodes = [Node(name, world, database, *given, workers=1) for name in "ab"]
    leaders = set[str]()
    for node in nodes:
        await node.turn()

    for number in range(700):
        world.pass_by(MINUTE)
        nodes[0].offset = timedelta(seconds=number % 7)  # clocks never quite agree
        awake = nodes if number % 2 else nodes[::-1]
        if number % 50 < 5:
            awake = [nodes[number // 50 % 2]]  # the other one hangs for some minutes
        async with anyio.create_task_group() as group:
            for node in awake:
                group.start_soon(node.turn)
        leaders |= {node.name for node in nodes if node.lease.held()}
    for node in nodes:
        await node.turn()

    assert leaders == {"a", "b"}  # it changed hands again and again
    for name, slots in (("one", 700), ("two", 350)):
        rows = await ledger(database, name)
        assert sorted(chores[name].ran) == [row.scheduled_for for row in rows]
        assert len(set(chores[name].ran)) == len(chores[name].ran) == slots
        assert {(row.state, row.attempt) for row in rows} == {("ok", 1)}


async def test_who_has_lost_the_lease_plans_nothing(
    database: Database, world: World, chore: Chore
) -> None:
    node = Node("a", world, database, job(chore))
    await node.turn()
    world.now += HOUR  # but for its own watch no time has passed: it believes that it leads
    await database.change(FREEZE_LEASE)

    assert node.lease.held()
    await node.cron._plan(node.jobs[0], world.now)  # pyright: ignore[reportPrivateUsage]  # without asking first

    assert await told(database) == []


async def test_a_worker_that_hangs_is_found_lost_and_writes_nothing_when_it_comes_back(
    database: Database, world: World, chore: Chore
) -> None:
    hung, other = (Node(name, world, database, job(chore), workers=1) for name in "ab")
    await hung.turn()
    world.pass_by(HOUR)
    kept = list[int]()

    async def hang(batches: Batches) -> None:
        chore.also = None
        async with batches.next() as batch:
            batch.rows = 5
        for _ in range(20):  # others find that its heart stands still
            world.pass_by(5 * SECOND)
            await other.turn()
        async with batches.next() as batch:
            batch.rows = 7
        kept.append(batches.rows)  # it never comes to this

    chore.also = hang
    await hung.turn()

    [run] = await ledger(database)
    assert (run.state, run.attempt, run.losses, run.rows_touched) == ("ok", 2, 1, 5)
    assert run.node == "b/0"
    assert chore.ran == [hour(13), hour(13)]
    assert kept == []


async def test_a_worker_that_falls_finds_its_run_again(
    database: Database, world: World, chore: Chore
) -> None:
    node = Node("a", world, database, job(chore), workers=1)
    await node.turn()
    world.pass_by(HOUR)
    await node.cron.turn()
    assert await runs.claim(database, ["test-job"], "a/0", node.clock())  # and then it fell

    again = Worker(jobs=node.jobs, database=database, node="a/0", clock=node.clock)
    await again.work()

    [run] = await ledger(database)
    assert (run.state, run.attempt, run.losses) == ("ok", 2, 1)


async def test_a_run_is_lost_three_times_and_then_left(
    database: Database, world: World, chore: Chore
) -> None:
    node = Node("a", world, database, job(chore), workers=0)
    await node.turn()
    world.pass_by(HOUR)
    for _ in range(3):
        await node.turn()
        assert await runs.claim(database, ["test-job"], "b/1", node.clock())
        for _ in range(8):
            world.pass_by(5 * SECOND)
            await node.turn()

    [run] = await ledger(database)
    assert (run.state, run.attempt, run.losses, run.not_before) == ("lost", 3, 3, None)
    await node.lives(HOUR)
    assert [what for _, what in await told(database)] == ["lost", "due"]


async def test_a_job_over_its_limit_is_stopped_and_counts_as_failed(
    database: Database, world: World, chore: Chore
) -> None:
    async def sleep(_: Batches) -> None:
        await anyio.sleep(60)

    chore.also = sleep
    test_job = job(chore, limit=timedelta(seconds=0.05), retries=1)
    node = Node("a", world, database, test_job)
    await node.turn()

    await node.lives(HOUR + 10 * MINUTE)

    [run] = await ledger(database)
    assert (run.state, run.attempt, run.failures) == ("failed", 2, 2)
    assert run.error == "it took longer than its limit of 0 s"


async def test_a_job_that_always_fails_is_tried_so_often_and_hurts_nobody(
    database: Database, world: World, chore: Chore, caplog: pytest.LogCaptureFixture
) -> None:
    well = Chore()
    chore.fault = ZeroDivisionError("a bug")
    rules: dict[str, Any] = {"retries": 2, "pause": MINUTE}
    node = Node("a", world, database, job(chore, **rules), job(well, name="well"), workers=1)
    before = counted("cron_runs_total", name="test-job", state="failed")
    await node.turn()

    await node.lives(HOUR + 10 * MINUTE, step=MINUTE)
    await node.lives(HOUR - 10 * MINUTE)

    rows = await ledger(database)
    assert [(row.state, row.attempt, row.error) for row in rows] == [
        ("failed", 3, "ZeroDivisionError: a bug"),
        ("due", 1, "ZeroDivisionError: a bug"),
    ]
    assert well.ran == [hour(13), hour(14)]
    assert counted("cron_runs_total", name="test-job", state="failed") == before + 1
    assert "Job test-job retried" in caplog.text


async def test_a_failure_that_passes_is_forgotten(
    database: Database, world: World, chore: Chore
) -> None:
    chore.fault = DatabaseAway("gone")
    node = Node("a", world, database, job(chore))
    await node.turn()
    await node.lives(HOUR)
    chore.fault = None

    await node.lives(2 * MINUTE, step=MINUTE)

    [run] = await ledger(database)
    assert (run.state, run.attempt, run.failures, run.error) == ("ok", 2, 1, None)
    assert chore.ran == [hour(13), hour(13)]


async def test_what_an_error_quotes_does_not_reach_the_ledger(
    database: Database, world: World, chore: Chore
) -> None:
    chore.fault = ValueError("not my secret")
    node = Node("a", world, database, job(chore, retries=0))
    await node.turn()
    await node.lives(HOUR)

    [run] = await ledger(database)
    assert run.error == "ValueError: [withheld]"


async def test_a_job_that_rests_is_skipped_and_goes_on_when_it_is_resumed(
    database: Database, world: World, chore: Chore
) -> None:
    test_job = job(chore, catch_up="all")
    node = Node("a", world, database, test_job)
    await node.turn()
    assert await store.pause(database, "test-job", test_job.schedule, SHELL, world.now)
    await node.lives(2 * HOUR)
    assert await store.resume(database, "test-job", SHELL, world.now)

    await node.lives(HOUR)

    assert await told(database) == [
        ("20 13:00", "paused"),
        ("20 14:00", "paused"),
        ("20 15:00", "ok"),
    ]
    assert not await store.resume(database, "test-job", SHELL, world.now)
    acts = await audit.list_all(database, limit=9)
    assert [(act.noun, act.action, act.subject, act.who) for act in acts] == [
        ("job", "resume", "test-job", "shell"),
        ("job", "pause", "test-job", "shell"),
    ]


async def test_four_workers_run_jobs_side_by_side_and_a_slow_one_delays_no_other(
    database: Database, world: World
) -> None:
    slow, quick = Chore(), Chore()
    done = anyio.Event()

    async def wait(_: Batches) -> None:
        with anyio.fail_after(5):
            await done.wait()

    async def note(_: Batches) -> None:
        done.set()

    slow.also, quick.also = wait, note
    given = [job(slow, name=f"slow-{name}") for name in "abc"]
    node = Node("a", world, database, *given, job(quick, name="quick"), workers=4)
    await node.turn()
    world.pass_by(HOUR)

    await node.turn()

    assert (len(slow.ran), len(quick.ran)) == (3, 1)


async def test_two_runs_of_one_job_never_go_side_by_side(
    database: Database, world: World, chore: Chore
) -> None:
    going, most = 0, 0

    async def busy(_: Batches) -> None:
        nonlocal going, most
        going += 1
        most = max(most, going)
        await anyio.sleep(0.01)
        going -= 1

    chore.also = busy
    nodes = [Node(name, world, database, job(chore, catch_up="all"), workers=4) for name in "ab"]
    for node in nodes:
        await node.turn()
    world.pass_by(8 * HOUR)

    async with anyio.create_task_group() as group:
        for node in nodes:
            group.start_soon(node.turn)
    await nodes[0].turn()

    assert most == 1
    assert chore.ran == [hour(13) + number * HOUR for number in range(8)]


async def test_the_rows_of_a_run_are_noted_with_each_batch(
    database: Database, world: World, chore: Chore
) -> None:
    seen = list[int]()

    async def work(batches: Batches) -> None:
        for _ in range(3):
            async with batches.next() as batch:
                batch.rows = 10
            [run] = await runs.list_running(database)
            seen.append(run.rows_touched)

    chore.also = work
    node = Node("a", world, database, job(chore))
    await node.turn()
    await node.lives(HOUR)

    assert seen == [10, 20, 30]
    assert (await ledger(database))[0].rows_touched == 30


async def test_what_was_asked_for_runs_at_the_next_turn_and_not_twice(
    database: Database, world: World, chore: Chore
) -> None:
    node = Node("a", world, database, job(chore))
    await node.turn()
    at = hour(3)
    assert await runs.ask_for(
        database, "test-job", at, author=Author(who="operator:vera"), now=world.now
    )
    assert not await runs.ask_for(
        database, "test-job", at, author=Author(who="operator:vera"), now=world.now
    )

    await node.turn()

    [run] = await ledger(database)
    assert (run.scheduled_for, run.state, run.asked_by) == (at, "ok", "operator:vera")
    [act] = await audit.list_all(database, limit=9)
    assert (act.action, act.subject, act.who) == ("run", "test-job", "operator:vera")
    assert act.new == {"scheduled_for": "2026-11-20T03:00:00Z"}


async def test_a_database_that_is_away_is_waited_for(
    database: Database, world: World, chore: Chore
) -> None:
    node = Node("a", world, database, job(chore))
    await node.turn()
    await database.close()
    world.pass_by(HOUR)
    await node.turn()
    await database.open()

    await node.turn()

    assert chore.ran == [hour(13)]
