"""What is decided of each occurrence: tables for the rules, properties for what always holds."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.actors.nodes import DAY, HOUR, MINUTE, START, Chore, job
from vitte.actors import jobs
from vitte.store.runs import Run, RunId

SECOND = timedelta(seconds=1)
MOSCOW, BERLIN, HAVANA = "Europe/Moscow", "Europe/Berlin", "America/Havana"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def decided(
    late: timedelta, slots: int = 1, *, paused: bool = False, busy: bool = False, **rules: Any
) -> list[str]:
    """What is decided of hourly slots, the last of which was at noon, so long after noon."""
    after = NOON - slots * HOUR
    planned = jobs.decide(
        job(Chore(), **rules), after, NOON + late, paused=paused, busy=busy, most=100
    )
    assert [each.scheduled_for for each in planned] == [
        after + (number + 1) * HOUR for number in range(slots)
    ]
    return [each.reason or "due" for each in planned]


@pytest.mark.parametrize(
    ("catch_up", "late", "slots", "expected"),
    [
        ("none", 0 * SECOND, 1, ["due"]),
        ("none", 59 * SECOND, 1, ["due"]),
        ("none", 10 * MINUTE, 1, ["missed"]),
        ("none", 1 * SECOND, 3, ["missed", "missed", "due"]),
        ("once", 10 * MINUTE, 1, ["due"]),
        ("once", 10 * MINUTE, 3, ["missed", "missed", "due"]),
        ("once", 1 * SECOND, 3, ["missed", "missed", "due"]),
        ("all", 10 * MINUTE, 3, ["due", "due", "due"]),
        ("all", 1 * SECOND, 10, ["due"] * 10),
    ],
)
def test_what_was_missed_is_made_up_for_as_the_job_says(
    catch_up: str, late: timedelta, slots: int, expected: list[str]
) -> None:
    assert decided(late, slots, catch_up=catch_up) == expected


@pytest.mark.parametrize(
    ("catch_up", "lateness", "expected"),
    [
        ("once", 5 * MINUTE, ["late", "late", "late"]),
        ("once", 10 * MINUTE, ["late", "late", "due"]),
        ("all", 80 * MINUTE, ["late", "due", "due"]),
        ("none", 5 * MINUTE, ["missed", "missed", "missed"]),
    ],
)
def test_nothing_begins_later_than_the_job_allows(
    catch_up: str, lateness: timedelta, expected: list[str]
) -> None:
    assert decided(10 * MINUTE, 3, catch_up=catch_up, lateness=lateness) == expected


def test_a_lateness_shorter_than_a_minute_does_not_skip_what_is_on_time() -> None:
    assert decided(30 * SECOND, lateness=SECOND) == ["due"]


@pytest.mark.parametrize(
    ("overlap", "catch_up", "late", "expected"),
    [
        ("skip", "once", SECOND, ["overlap"]),
        ("queue", "once", SECOND, ["due"]),
        ("skip", "once", 10 * MINUTE, ["overlap"]),
        ("skip", "all", SECOND, ["overlap"]),
        ("skip", "all", 10 * MINUTE, ["due"]),
    ],
)
def test_while_the_one_before_runs_the_next_is_skipped_or_waits(
    overlap: str, catch_up: str, late: timedelta, expected: list[str]
) -> None:
    assert decided(late, busy=True, overlap=overlap, catch_up=catch_up) == expected


def test_a_job_that_rests_skips_whatever_comes() -> None:
    assert decided(10 * MINUTE, 3, paused=True, catch_up="all") == ["paused"] * 3


def test_more_than_is_decided_at_once_is_left_for_the_next_time() -> None:
    test_job = job(Chore(), "* * * * *")

    def some(after: datetime) -> list[datetime]:
        planned = jobs.decide(test_job, after, NOON + SECOND, paused=False, busy=False, most=100)
        assert [each.reason for each in planned[:-1]] == ["missed"] * (len(planned) - 1)
        assert planned[-1].reason == (None if len(planned) < 100 else "missed")
        return [each.scheduled_for for each in planned]

    first = some(NOON - 150 * MINUTE)
    second = some(first[-1])

    assert len(first) == 100
    assert first + second == [NOON - number * MINUTE for number in range(149, -1, -1)]


# The clocks of three places on the days when they are changed, by catch-up or not.
@pytest.mark.parametrize(
    ("zone", "expression", "day", "runs"),
    [
        (BERLIN, "30 2 * * *", "2026-03-29", ["01:00"]),  # 02:30 does not exist: at 03:00
        (BERLIN, "30 2 * * *", "2026-10-25", ["00:30"]),  # 02:30 comes twice: the first
        (BERLIN, "*/30 2 * * *", "2026-03-29", ["01:00"]),
        (BERLIN, "*/30 2 * * *", "2026-10-25", ["00:00", "00:30"]),
        (HAVANA, "15 0 * * *", "2026-03-08", ["05:00"]),  # from midnight to one
        (HAVANA, "15 0 * * *", "2026-11-01", ["04:15"]),  # from one back to midnight
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03", ["15:30"]),  # by half an hour
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04", ["14:45"]),
        (MOSCOW, "30 2 * * *", "2026-03-28", ["23:30"]),  # no clock is changed
    ],
)
def test_a_time_that_does_not_exist_runs_next_and_one_that_comes_twice_runs_once(
    zone: str, expression: str, day: str, runs: list[str]
) -> None:
    begins = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    test_job = job(Chore(), expression, zone, catch_up="all", lateness=2 * DAY)

    found = list(test_job.between(begins - SECOND, begins + DAY - SECOND))
    planned = jobs.decide(
        test_job, begins - SECOND, begins + DAY - SECOND, paused=False, busy=False, most=100
    )

    assert [f"{time:%H:%M}" for time in found] == runs
    assert [each.scheduled_for for each in planned] == found
    assert {each.reason for each in planned} == {None}


EXPRESSIONS = ["* * * * *", "*/7 * * * *", "30 2 * * *", "0 0 1 * *", "*/30 1-3 * * *"]
ZONES = ["UTC", BERLIN, HAVANA, "Australia/Lord_Howe", "Asia/Kathmandu"]
CatchUp = Literal["none", "once", "all"]


@settings(max_examples=150, deadline=None)
@given(
    expression=st.sampled_from(EXPRESSIONS),
    zone=st.sampled_from(ZONES),
    catch_up=st.sampled_from(["none", "once", "all"]),
    overlap=st.sampled_from(["skip", "queue"]),
    lateness=st.timedeltas(timedelta(0), 2 * DAY),
    # Around every change of clocks of the year, and elsewhere.
    begins=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001  # hypothesis asks for it
    gap=st.timedeltas(timedelta(0), 2 * DAY),
    cuts=st.lists(st.floats(0, 1), max_size=4),
    busy=st.booleans(),
)
def test_every_occurrence_is_decided_of_once_however_the_time_is_cut(  # noqa: PLR0913, PLR0917  # drawn
    expression: str,
    zone: str,
    catch_up: CatchUp,
    overlap: str,
    lateness: timedelta,
    begins: datetime,
    gap: timedelta,
    cuts: list[float],
    *,
    busy: bool,
) -> None:
    begins = begins.replace(tzinfo=UTC)
    rules = {"catch_up": catch_up, "overlap": overlap, "lateness": lateness}
    test_job = job(Chore(), expression, zone, **rules)
    moments = [begins, *(begins + gap * cut for cut in sorted(cuts)), begins + gap]

    planned = [
        (each, now)
        for after, now in pairwise(moments)
        for each in jobs.decide(test_job, after, now, paused=False, busy=busy, most=10_000)
    ]

    times = [each.scheduled_for for each, _ in planned]
    assert times == list(test_job.between(begins, begins + gap))
    for each, now in planned:
        if each.reason is None:
            assert each.not_before == each.scheduled_for
            assert now - each.scheduled_for <= max(lateness, jobs.ON_TIME)
            assert catch_up != "none" or now - each.scheduled_for <= jobs.ON_TIME
        else:
            assert each.not_before is None
    if catch_up == "once":
        for moment in set(moments):
            assert sum(each.reason is None for each, now in planned if now == moment) <= 1


def test_jitter_is_bounded_and_the_same_in_every_process() -> None:
    rules: dict[str, Any] = {"jitter": 10 * MINUTE, "catch_up": "all", "lateness": 9 * DAY}

    def starts(name: str) -> list[timedelta]:
        planned = jobs.decide(
            job(Chore(), **rules, name=name),
            NOON - 2 * DAY,
            NOON,
            paused=False,
            busy=False,
            most=100,
        )
        return [each.not_before - each.scheduled_for for each in planned if each.not_before]

    assert starts("one") == starts("one")
    assert starts("one") != starts("two")
    assert all(timedelta(0) <= start <= 10 * MINUTE for start in starts("one"))
    assert len(set(starts("one"))) > 40


def run_with(**fields: Any) -> Run:
    nothing = dict.fromkeys(Run.__struct_fields__)
    usual = {"id": RunId(1), "job": "test-job", "attempt": 1, "failures": 0, "losses": 0}
    return Run(**nothing | usual | fields)  # pyright: ignore[reportArgumentType]  # as the test says


def test_a_failure_is_tried_again_after_pauses_that_grow_and_then_no_more() -> None:
    test_job = job(Chore(), retries=8, pause=MINUTE)

    endings = [
        jobs.failed(test_job, run_with(failures=number), "gone", NOON) for number in range(9)
    ]

    pauses = [each.not_before - NOON for each in endings if each.not_before is not None]
    assert [pause / MINUTE for pause in pauses] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [each.state for each in endings] == ["due"] * 8 + ["failed"]


def test_a_run_that_kills_its_worker_is_not_begun_for_ever() -> None:
    endings = [jobs.lost(run_with(losses=number, node="a/1"), NOON) for number in range(3)]

    assert [each.state for each in endings] == ["lost"] * 3
    assert [each.not_before for each in endings] == [NOON, NOON, None]


def test_a_job_tells_its_next_times_in_its_own_zone() -> None:
    times = job(Chore(), "0 9 * * *", MOSCOW).times(START, 2)

    assert [time.isoformat() for time in times] == [
        "2026-11-21T09:00:00+03:00",
        "2026-11-22T09:00:00+03:00",
    ]
