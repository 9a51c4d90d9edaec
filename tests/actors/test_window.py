"""The sliding window in memory, beside a model too simple to be wrong."""

import math
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from vitte.actors.window import Verdict, Windows

LIMIT, SECONDS = 3, 60.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Model:
    """Every time at which somebody was let through, and up to when they were told to wait."""

    def __init__(self) -> None:
        self.spoken: defaultdict[str, list[float]] = defaultdict(list)
        self.told_until: dict[str, float] = {}

    def judge(self, key: str, now: float, *, take: bool) -> Verdict:
        recent = [at for at in self.spoken[key] if now < at + SECONDS]
        if len(recent) < LIMIT:
            self.spoken[key] += [now] * take
            return Verdict(allowed=True, left=LIMIT - len(recent) - take)
        free_at = recent[0] + SECONDS
        tell = take and now >= self.told_until.get(key, 0.0)
        if tell:
            self.told_until[key] = free_at
        return Verdict(allowed=False, left=0, wait_seconds=math.ceil(free_at - now), tell=tell)


STEPS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from([0.0, 0.1, 1.0, 7.3, 19.9, 20.0, 59.9, 60.0, 60.1])
        | st.floats(0, 100, allow_nan=False),
        st.booleans() | st.just(value=True),
    ),
    max_size=80,
)


@given(STEPS)
def test_it_judges_as_the_model_does(steps: list[tuple[str, float, bool]]) -> None:
    clock, model = Clock(), Model()
    windows = Windows(limit=LIMIT, seconds=SECONDS, clock=clock)

    for key, pause, take in steps:
        clock.now += pause

        assert windows.judge(key, take=take) == model.judge(key, clock.now, take=take)


@given(STEPS)
def test_whoever_is_refused_is_let_through_after_the_time_they_were_told(
    steps: list[tuple[str, float, bool]],
) -> None:
    clock = Clock()
    windows = Windows(limit=LIMIT, seconds=SECONDS, clock=clock)

    for key, pause, _ in steps:
        clock.now += pause
        verdict = windows.judge(key)
        if not verdict.allowed:
            assert verdict.wait_seconds >= 1
            clock.now += verdict.wait_seconds
            assert windows.judge(key).allowed


def test_a_steady_sender_gets_through_as_often_as_the_limit_says() -> None:
    clock = Clock()
    windows = Windows(limit=10, seconds=60.0, clock=clock)
    allowed = 0

    for _ in range(600):
        clock.now += 1.0
        allowed += windows.judge("boris").allowed

    assert allowed == 100


def test_there_is_no_border_at_which_twice_as_many_get_through() -> None:
    clock = Clock()
    windows = Windows(limit=10, seconds=60.0, clock=clock)
    for _ in range(10):
        clock.now += 0.1
        windows.judge("boris")
    clock.now += 57.0

    assert [windows.judge("boris").allowed for _ in range(10)] == [False] * 10


def test_a_notice_is_given_once_in_each_window() -> None:
    clock = Clock()
    windows = Windows(limit=2, seconds=60.0, clock=clock)
    told: list[int] = []

    for second in range(150):
        if windows.judge("boris").tell:
            told.append(second)
        clock.now += 1.0

    # Two at 0 and 1, a refusal at 2; at 60 and 61 the next two, and so on.
    assert told == [2, 62, 122]


def test_what_somebody_else_let_through_counts_as_well() -> None:
    clock = Clock()
    windows = Windows(limit=2, seconds=60.0, clock=clock)
    windows.note("boris")
    windows.note("boris")

    assert windows.judge("boris") == Verdict(allowed=False, left=0, wait_seconds=60, tell=True)


def test_the_forgotten_begin_anew() -> None:
    windows = Windows(limit=1, seconds=60.0, clock=Clock())
    windows.judge("boris")
    assert windows.judge("boris").tell

    windows.forget("boris")

    assert windows.judge("boris").allowed
    assert windows.judge("boris").tell


def test_memory_is_bounded_by_who_spoke_in_the_last_window() -> None:
    clock = Clock()
    windows = Windows(limit=10, seconds=60.0, clock=clock)

    for number in range(10_000):
        clock.now += 0.6  # a hundred a window
        windows.judge(number)
        if number % 3 == 0:
            windows.judge(number - 300, take=False)

    assert len(windows) <= 102


def test_a_glance_at_somebody_long_silent_leaves_nothing_that_trips_the_sweeping() -> None:
    clock = Clock()
    windows = Windows(limit=10, seconds=60.0, clock=clock)
    windows.judge("anna")
    clock.now += 61.0
    windows.judge("anna", take=False)

    assert windows.judge("boris").allowed
