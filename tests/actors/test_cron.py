"""A cron on trio's virtual clock: days pass in milliseconds, and the wall clock may jump."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
import trio.testing

from tests.fragile import counted
from vitte.actors import cron
from vitte.actors.cron import Cron, Job
from vitte.errors import DatabaseAway
from vitte.runtime import (
    ONE_FOR_ONE,
    Child,
    Mailbox,
    Ref,
    Running,
    Supervisor,
    start,
    within,
)

START = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}


class Wall:
    """The clock on the wall, which somebody may set."""

    def __init__(self, now: datetime = START) -> None:
        self._zero = now - timedelta(seconds=trio.current_time())

    def __call__(self) -> datetime:
        return self._zero + timedelta(seconds=trio.current_time())

    def jump(self, by: timedelta) -> None:
        self._zero += by


class Chore:
    """Notes when it was run, and for which time."""

    def __init__(self, wall: Wall) -> None:
        self.wall = wall
        self.asked_for: list[datetime] = []
        self.ran_at: list[datetime] = []
        self.fault: Exception | None = None
        self.seconds = 0.0

    async def __call__(self, at: datetime) -> int:
        self.asked_for.append(at)
        self.ran_at.append(self.wall())
        await anyio.sleep(self.seconds)
        if self.fault is not None:
            raise self.fault
        return 7


@pytest.fixture
async def wall() -> Wall:
    return Wall()


@pytest.fixture
async def chore(wall: Wall) -> Chore:
    return Chore(wall)


@asynccontextmanager
async def going(
    chore: Chore,
    expression: str = "0 * * * *",
    zone: str = "UTC",
    wall: Callable[[], datetime] | None = None,
) -> AsyncGenerator[tuple[Ref[cron.Message], Running]]:
    box = Mailbox[cron.Message]("test-job")
    job = Job(name="test-job", expression=expression, timezone=zone, chore=chore)

    def begin() -> Cron:
        return Cron(job=job, clock=wall or chore.wall)

    child = Child("cron", begin, mailbox=box)
    async with start(Supervisor("test", ONE_FOR_ONE, within(3, minutes=1), [child])) as running:
        yield box.ref, running


def hour(number: int, day: int = 20) -> datetime:
    return datetime(2026, 11, day, number, tzinfo=UTC)


async def test_it_runs_at_each_of_its_times_and_is_told_which(chore: Chore) -> None:
    async with going(chore):
        await anyio.sleep(3 * 3600)

    assert chore.asked_for == [hour(13), hour(14), hour(15)]
    late = [ran - due for ran, due in zip(chore.ran_at, chore.asked_for, strict=True)]
    assert all(timedelta(0) <= by < timedelta(seconds=1) for by in late)


async def test_a_night_in_berlin_without_two_oclock_runs_once() -> None:
    wall = Wall(datetime(2026, 3, 28, 12, tzinfo=UTC))
    chore = Chore(wall)
    async with going(chore, "30 2 * * *", "Europe/Berlin"):
        await anyio.sleep(36 * 3600)

    assert chore.asked_for == [datetime(2026, 3, 29, 1, tzinfo=UTC)]


async def test_a_night_in_berlin_with_two_oclock_twice_runs_once() -> None:
    wall = Wall(datetime(2026, 10, 24, 12, tzinfo=UTC))
    chore = Chore(wall)
    async with going(chore, "30 2 * * *", "Europe/Berlin"):
        await anyio.sleep(24 * 3600)

    assert chore.asked_for == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


async def test_a_clock_set_forward_runs_what_was_passed_once(chore: Chore, wall: Wall) -> None:
    async with going(chore):
        await anyio.sleep(60)
        wall.jump(3 * HOUR)  # past 13, 14 and 15 o'clock
        await anyio.sleep(61)
        assert chore.asked_for == [hour(13)]

        await anyio.sleep(3600)

    assert chore.asked_for == [hour(13), hour(16)]


async def test_a_clock_set_back_a_little_repeats_nothing(chore: Chore, wall: Wall) -> None:
    async with going(chore):
        await anyio.sleep(3600)
        assert chore.asked_for == [hour(13)]

        wall.jump(-timedelta(minutes=10))  # it is 12:50 again
        await anyio.sleep(1800)

    assert chore.asked_for == [hour(13)]


async def test_a_clock_that_steps_back_during_a_run_repeats_nothing(
    chore: Chore, wall: Wall
) -> None:
    chore.seconds = 60.0
    async with going(chore):
        await anyio.sleep(3572)
        assert chore.asked_for == [hour(13)]
        wall.jump(-timedelta(seconds=30))
        await anyio.sleep(1800)

    assert chore.asked_for == [hour(13)]


async def test_a_clock_that_was_years_ahead_is_followed_when_it_is_put_right() -> None:
    wall = Wall(START + 1000 * DAY)
    chore = Chore(wall)
    async with going(chore):
        await anyio.sleep(3600)
        assert len(chore.asked_for) == 1
        wall.jump(-1000 * DAY)

        await anyio.sleep(3600)

    assert chore.asked_for[1:] == [hour(14)]


async def test_a_clock_that_is_ahead_at_the_start_is_followed_when_it_is_put_right() -> None:
    wall = Wall(START + 1000 * DAY)
    chore = Chore(wall)
    async with going(chore, "0 3 * * *"):
        wall.jump(-1000 * DAY)

        await anyio.sleep(86_400)

    assert chore.asked_for == [hour(3, day=21)]


async def test_a_run_that_fails_is_logged_counted_and_waits_for_its_next_time(
    chore: Chore, caplog: pytest.LogCaptureFixture
) -> None:
    chore.fault = DatabaseAway("gone")
    before = counted("cron_runs_total", name="test-job", state="failed")
    async with going(chore) as (_, running):
        await anyio.sleep(3600)
        chore.fault = None
        await anyio.sleep(3600)

        assert running.statistics("test/cron")[0].restarts == 0
    assert chore.asked_for == [hour(13), hour(14)]
    assert "Job test-job failed: gone" in caplog.text
    assert counted("cron_runs_total", name="test-job", state="failed") == before + 1


async def test_a_fall_repeats_nothing_and_goes_on_at_the_next_time(chore: Chore) -> None:
    chore.fault = ZeroDivisionError()
    async with going(chore) as (_, running):
        await anyio.sleep(3600)
        assert running.statistics("test/cron")[0].restarts == 1
        chore.fault = None

        await anyio.sleep(3600)

    assert chore.asked_for == [hour(13), hour(14)]


async def test_it_runs_out_of_turn_when_told_and_its_next_time_stands(chore: Chore) -> None:
    async with going(chore) as (ref, _):
        assert await cron.run_now(ref) == 7
        assert chore.asked_for == chore.ran_at

        await anyio.sleep(3600)

    assert chore.asked_for[1:] == [hour(13)]


async def test_who_told_it_to_run_hears_that_it_failed(chore: Chore) -> None:
    chore.fault = DatabaseAway("gone")
    async with going(chore) as (ref, running):
        with pytest.raises(DatabaseAway):
            await cron.run_now(ref)

        assert running.statistics("test/cron")[0].restarts == 0


async def test_a_run_longer_than_the_pause_between_two_skips_what_it_outlasted(
    chore: Chore,
) -> None:
    chore.seconds = 1.5 * 3600
    async with going(chore):
        await anyio.sleep(5 * 3600)

    assert chore.asked_for == [hour(13), hour(15), hour(17)]


async def test_a_job_tells_its_next_times_in_its_own_zone() -> None:
    job = Job(name="x", expression="0 9 * * *", timezone="Europe/Moscow", chore=lambda _: never())

    times = job.times(START, 2)

    assert [time.isoformat() for time in times] == [
        "2026-11-21T09:00:00+03:00",
        "2026-11-22T09:00:00+03:00",
    ]


async def never() -> int:
    raise AssertionError
