"""The overview: what each minute brought, written down, summed up, drawn."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from tests.admin.conftest import Panel
from tests.store.people import ANNA, BORIS, NOW, VERA, register
from vitte.actors.minutes import Minutes, count, percentile, told
from vitte.admin import plot
from vitte.admin.plot import Line, Plot
from vitte.admin.rooms import overview
from vitte.house import utc_now
from vitte.runtime import ONE_FOR_ONE, Child, Supervisor, start, within
from vitte.store import minutes
from vitte.store.minutes import Minute
from vitte.store.pool import Database, PoolLimits

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_minute(at: datetime = NOON, **given: float | bool | None) -> Minute:
    quiet = dict.fromkeys(set(Minute.__struct_fields__) - {"minute", "redis_away"}, 0)
    return Minute(minute=at, **(quiet | {"redis_away": False} | given))  # pyright: ignore[reportArgumentType]


def a_plot(kind: str, *values: list[float | None]) -> Plot:
    return Plot(
        title="T",
        kind=kind,
        lines=[Line(name=f"line {number}", values=each) for number, each in enumerate(values)],
        steps=["a", "b", "c"],
        sum_up="all",
        written=str,
        none="nobody knows",
        numbers="numbers",
        when="when",
    )


async def test_minutes_of_all_processes_make_one_picture(database: Database) -> None:
    await minutes.add(database, "one", a_minute(received=2, most_within=0.1))
    await minutes.add(database, "two", a_minute(received=3, most_within=0.4, redis_away=True))
    await minutes.add(database, "one", a_minute(NOON + 2 * MINUTE, received=1, most_within=None))

    by_one = await minutes.list_all(database, NOON, NOON + 3 * MINUTE, MINUTE)
    [by_three] = await minutes.list_all(database, NOON, NOON + 3 * MINUTE, 3 * MINUTE)

    assert [(each.minute, each.received) for each in by_one] == [(NOON, 5), (NOON + 2 * MINUTE, 1)]
    assert by_one[0].most_within == pytest.approx(0.4)
    assert (by_three.received, by_three.redis_away) == (6, True)


async def test_the_same_minute_once_more_adds_to_it(database: Database) -> None:
    for _ in range(2):
        await minutes.add(database, "one", a_minute(received=2, in_hand=7))

    [found] = await minutes.list_all(database, NOON, NOON + MINUTE, MINUTE)

    assert (found.received, found.in_hand) == (4, 7)


async def test_what_is_old_is_forgotten(database: Database) -> None:
    await minutes.add(database, "one", a_minute())

    assert await minutes.drop(database, NOON) == 0
    assert await minutes.drop(database, NOON + MINUTE) == 1


async def test_people_are_counted_by_language_and_plan(database: Database) -> None:
    await register(database, ANNA, BORIS, VERA)

    crowd = await minutes.count_people(database, NOW)

    assert (crowd.total, crowd.russian, crowd.premium, crowd.unreachable) == (3, 2, 1, 0)


def written_by(database: Database, clock: Callable[[], datetime]) -> Supervisor:
    """A tree that writes minutes of a fiftieth of a second; its first fall would end it."""
    actor = Child(
        "minutes", lambda: Minutes(database=database, clock=clock, process="me", every=0.02)
    )
    return Supervisor("all", ONE_FOR_ONE, within(0, minutes=1), [actor])


async def a_minute_is_there(database: Database, since: datetime) -> None:
    while not await minutes.list_all(database, since - MINUTE, since + 2 * MINUTE, MINUTE):  # noqa: ASYNC110  # PostgreSQL tells nobody
        await anyio.sleep(0.01)


async def test_a_process_writes_its_minutes_down(database: Database) -> None:
    with anyio.fail_after(5):
        async with start(written_by(database, utc_now)):
            await a_minute_is_there(database, utc_now())


async def test_without_postgresql_the_numbers_wait(database_url: str) -> None:
    away = Database(database_url, PoolLimits(kept=1, most=1, wait_seconds=1))
    asked, often = 0, anyio.Event()

    def clock() -> datetime:
        nonlocal asked
        asked += 1
        if asked == 7:  # twice a minute: three of them could not be written
            often.set()
        return utc_now()

    with anyio.fail_after(5):
        async with start(written_by(away, clock)):
            await often.wait()
            await away.open()
            await a_minute_is_there(away, utc_now())
        await away.close()


async def test_the_page_shows_what_happened(panel: Panel) -> None:
    boris = panel.vitte.telegram.person("Boris", language_code="en")
    before = count()
    await boris.writes("/start")
    await boris.hears()
    await panel.vitte.settled()
    minute = told(panel.clock(), before, count(), panel.vitte.running)
    await minutes.add(panel.database, "me", minute)
    browser = await panel.inside("anna", "read")

    page = await browser.get("/overview")

    assert minute.received == minute.answered == 1
    assert minute.most_within is not None
    assert re.search(r"Updates 1 in all", page.plain)
    assert re.search(r"New people 1 in all", page.plain)
    assert page.text.count("<svg") == 8
    for span in ("day", "month", "x'\"><script>"):
        assert (await browser.get(f"/overview?span={span}")).status == 200


async def test_an_empty_overview_says_what_to_wait_for(panel: Panel) -> None:
    browser = await panel.inside("anna", "read")

    page = (await browser.get("/overview?span=day")).plain

    assert "Nobody has written to the bot yet" in page
    assert "written each minute while the process runs" in page


@pytest.mark.parametrize("name", overview.SPANS)
def test_a_span_ends_with_the_step_that_is_now(name: str) -> None:
    span = overview.SPANS[name]

    begins, ends = overview.bounds(NOON + timedelta(seconds=61), span)

    assert begins + span.back == ends
    assert ends - span.step <= NOON + timedelta(seconds=61) < ends


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 1), (0.03, 0.05), (1, 1), (1.1, 2), (7, 10), (10, 10), (4321, 5000)]
)
def test_an_axis_ends_at_a_round_number(highest: float, top: float) -> None:
    assert plot.ceiling(highest) == pytest.approx(top)


def test_bars_stand_upon_one_another_within_the_picture() -> None:
    drawn = plot.draw(a_plot("bars", [6.0, None, 1.0], [4.0, 0.0, 9.0]))

    heights = [float(each) for each in re.findall(r'<rect[^>]* height="([\d.]+)"', drawn)]
    assert heights == [72.0, 12.0, 48.0, 108.0]
    assert min(float(each) for each in re.findall(r'<rect[^>]* y="([-\d.]+)"', drawn)) == 0


def test_a_line_has_a_gap_where_nobody_knows() -> None:
    drawn = plot.draw(a_plot("lines", [5.0, None, 10.0]))

    [path] = re.findall(r' d="([^"]+)"', drawn)
    assert path.count("M") == 2


def test_what_nobody_knows_is_said_and_not_drawn() -> None:
    drawn = plot.draw(a_plot("bars", [None, None, None]))

    assert "<svg" not in drawn
    assert "nobody knows" in drawn


def test_a_percentile_of_nothing_is_unknown() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({1.0: 0}, 0.5) is None
