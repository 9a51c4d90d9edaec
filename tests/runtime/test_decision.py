"""The decision of a supervisor, as a table and as laws."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitte.runtime import (
    ALL_SIGNIFICANT,
    ANY_SIGNIFICANT,
    NEVER,
    ONE_FOR_ALL,
    ONE_FOR_ONE,
    PERMANENT,
    REST_FOR_ONE,
    TEMPORARY,
    TRANSIENT,
    AutoShutdown,
    Backoff,
    Restart,
    Strategy,
    decision,
    within,
)

THREE = (PERMANENT, PERMANENT, PERMANENT)
MIXED = (TRANSIENT, TEMPORARY, PERMANENT)


@pytest.mark.parametrize(
    ("restart", "normal", "again"),
    [
        (PERMANENT, True, True),
        (PERMANENT, False, True),
        (TRANSIENT, True, False),
        (TRANSIENT, False, True),
        (TEMPORARY, True, False),
        (TEMPORARY, False, False),
    ],
)
def test_who_is_started_again(restart: Restart, *, normal: bool, again: bool) -> None:
    assert decision.starts_again(restart, normal=normal) is again


@pytest.mark.parametrize(
    ("strategy", "fallen", "children", "stop", "start"),
    [
        (ONE_FOR_ONE, 1, THREE, (), (1,)),
        (ONE_FOR_ALL, 0, THREE, (2, 1), (0, 1, 2)),
        (ONE_FOR_ALL, 1, THREE, (2, 0), (0, 1, 2)),
        (ONE_FOR_ALL, 2, THREE, (1, 0), (0, 1, 2)),
        (REST_FOR_ONE, 0, THREE, (2, 1), (0, 1, 2)),
        (REST_FOR_ONE, 1, THREE, (2,), (1, 2)),
        (REST_FOR_ONE, 2, THREE, (), (2,)),
        (ONE_FOR_ALL, 2, MIXED, (1, 0), (0, 2)),
        (REST_FOR_ONE, 0, MIXED, (2, 1), (0, 2)),
    ],
)
def test_whom_a_fall_concerns(
    strategy: Strategy,
    fallen: int,
    children: tuple[Restart, ...],
    stop: tuple[int, ...],
    start: tuple[int, ...],
) -> None:
    assert decision.plan(strategy, fallen, children) == decision.Plan(stop, start)


@pytest.mark.parametrize(
    ("rule", "significant", "others", "ends"),
    [
        (NEVER, True, False, False),
        (ANY_SIGNIFICANT, True, True, True),
        (ANY_SIGNIFICANT, False, False, False),
        (ALL_SIGNIFICANT, True, True, False),
        (ALL_SIGNIFICANT, True, False, True),
        (ALL_SIGNIFICANT, False, False, False),
    ],
)
def test_when_a_supervisor_ends_by_itself(
    rule: AutoShutdown, *, significant: bool, others: bool, ends: bool
) -> None:
    assert decision.shuts_down(rule, significant=significant, others_live=others) is ends


@settings(deadline=None)
@given(
    limit=st.integers(0, 5),
    period=st.floats(0.5, 10),
    steps=st.lists(st.floats(0, 5), max_size=30),
)
def test_the_window_slides(limit: int, period: float, steps: list[float]) -> None:
    window = decision.Window(within(limit, seconds=period))
    now, past = 0.0, list[float]()
    for step in steps:
        now += step
        past.append(now)
        recent = [at for at in past if now - at <= period]

        assert window.allows_one_more(now) is (len(recent) <= limit)
        assert window.count(now) == len(recent)


def test_a_window_that_begins_anew_would_allow_this() -> None:
    window = decision.Window(within(3, seconds=60))
    answers = [window.allows_one_more(at) for at in (50.0, 55.0, 59.0, 61.0)]

    assert answers == [True, True, True, False]


def test_without_back_off_there_is_no_delay() -> None:
    assert decision.delay(None, 3, random.Random(1)) == 0


def test_the_delay_grows_to_its_maximum() -> None:
    backoff = Backoff(minimum=1, maximum=10, factor=2, jitter=0)

    delays = [decision.delay(backoff, falls, random.Random(1)) for falls in (1, 2, 3, 4, 5, 5000)]

    assert delays == [1, 2, 4, 8, 10, 10]


@settings(deadline=None)
@given(falls=st.integers(1, 100), seed=st.integers())
def test_the_jitter_adds_at_most_its_part(falls: int, seed: int) -> None:
    still = Backoff(minimum=1, maximum=10, jitter=0)
    shaky = Backoff(minimum=1, maximum=10, jitter=0.5)
    base = decision.delay(still, falls, random.Random(seed))

    assert base <= decision.delay(shaky, falls, random.Random(seed)) <= base * 1.5
