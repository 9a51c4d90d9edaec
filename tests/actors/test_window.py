"""The sliding window in memory, beside a model too simple to be wrong."""

import math
from collections import defaultdict
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from vitte.actors.window import Verdict, Windows

SECONDS = 60.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def windows() -> tuple[Windows, Clock]:
    clock = Clock()
    return Windows(seconds=SECONDS, clock=clock), clock


class Model:
    """Every message and the time at which it was let through, and up to when each was told to wait."""

    def __init__(self) -> None:
        self.spoken: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        self.told_until: dict[str, float] = {}

    def judge(self, key: str, limit: int, message: int | None, now: float) -> Verdict:
        recent = [(at, known) for at, known in self.spoken[key] if now < at + SECONDS]
        if message in [known for _, known in recent]:
            return Verdict(allowed=True, left=max(0, limit - len(recent)))
        if len(recent) < limit:
            if message is not None:
                self.spoken[key].append((now, message))
            return Verdict(allowed=True, left=limit - len(recent) - (message is not None))
        # Room is made when so many have left that fewer than the limit remain.
        free_at = sorted(at + SECONDS for at, _ in recent)[len(recent) - limit]
        tell = message is not None and now >= self.told_until.get(key, 0.0)
        if tell:
            self.told_until[key] = free_at
        return Verdict(allowed=False, left=0, wait_seconds=math.ceil(free_at - now), tell=tell)


PAUSES = st.sampled_from([0.0, 0.1, 1.0, 7.3, 19.9, 20.0, 59.9, 60.0, 60.1]) | st.floats(
    0, 100, allow_nan=False
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        PAUSES,
        st.integers(1, 4),
        # A message that may have been judged before, or only a glance.
        st.integers(1, 30) | st.none(),
    ),
    max_size=80,
)


@given(STEPS)
def test_it_judges_as_the_model_does(steps: list[tuple[str, float, int, int | None]]) -> None:
    (there, clock), model = windows(), Model()

    for key, pause, limit, message in steps:
        clock.now += pause

        expected = model.judge(key, limit, message, clock.now)
        assert there.judge(key, limit, message) == expected


@given(STEPS)
def test_whoever_is_refused_is_let_through_after_the_time_they_were_told(
    steps: list[tuple[str, float, int, int | None]],
) -> None:
    there, clock = windows()
    fresh = count(1000)

    for key, pause, limit, _ in steps:
        clock.now += pause
        verdict = there.judge(key, limit, next(fresh))
        if not verdict.allowed:
            assert verdict.wait_seconds >= 1
            clock.now += verdict.wait_seconds
            assert there.judge(key, limit, next(fresh)).allowed


def test_a_steady_sender_gets_through_as_often_as_the_limit_says() -> None:
    there, clock = windows()
    allowed = 0

    for number in range(600):
        clock.now += 1.0
        allowed += there.judge("boris", 10, number).allowed

    assert allowed == 100


def test_there_is_no_border_at_which_twice_as_many_get_through() -> None:
    there, clock = windows()
    for number in range(10):
        clock.now += 0.1
        there.judge("boris", 10, number)
    clock.now += 57.0

    assert [there.judge("boris", 10, 10 + n).allowed for n in range(10)] == [False] * 10


def test_a_notice_is_given_once_in_each_window() -> None:
    there, clock = windows()
    told: list[int] = []

    for second in range(150):
        if there.judge("boris", 2, second).tell:
            told.append(second)
        clock.now += 1.0

    # Two at 0 and 1, a refusal at 2; at 60 and 61 the next two, and so on.
    assert told == [2, 62, 122]


def test_the_same_message_counts_once() -> None:
    there, _ = windows()

    verdicts = [there.judge("boris", 2, message) for message in (7, 7, 8, 7, 8, 9)]

    assert [verdict.allowed for verdict in verdicts] == [True] * 5 + [False]


def test_what_redis_let_through_counts_as_well_and_is_not_owed() -> None:
    there, _ = windows()
    there.note("boris", 1)
    there.note("boris", 2)
    there.note("boris", 2)

    assert there.judge("boris", 2, 3) == Verdict(allowed=False, left=0, wait_seconds=60, tell=True)
    assert there.judge("boris", 2, 1).allowed
    assert there.owed("boris") == []


def test_what_was_let_through_here_is_owed_with_its_age_until_redis_answers() -> None:
    there, clock = windows()
    there.note("boris", 1)
    there.judge("boris", 10, 2)
    clock.now += 20.0
    there.judge("boris", 10, 3)
    clock.now += 1.0
    owed = there.owed("boris")
    clock.now += 39.5
    later = there.owed("boris")
    there.note("boris", 4)

    assert owed == [(21.0, 2), (1.0, 3)]
    assert later == [(40.5, 3)]
    assert there.owed("boris") == []
    assert there.owed("anna") == []


def test_who_was_told_from_here_is_not_told_again_by_redis() -> None:
    there, clock = windows()
    there.judge("boris", 1, 1)
    assert there.judge("boris", 1, 2).tell

    again = there.note_told("boris", 60.0)
    clock.now += 61.0
    there.judge("boris", 1, 3)

    assert not again
    assert there.note_told("boris", 60.0)
    assert not there.judge("boris", 1, 4).tell


def test_the_forgotten_begin_anew() -> None:
    there, _ = windows()
    there.judge("boris", 1, 1)
    assert there.judge("boris", 1, 2).tell

    there.forget("boris")

    assert there.judge("boris", 1, 3).allowed
    assert there.judge("boris", 1, 4).tell


def test_memory_is_bounded_by_who_spoke_in_the_last_window() -> None:
    there, clock = windows()

    for number in range(10_000):
        clock.now += 0.6  # a hundred a window
        there.judge(number, 10, number)
        if number % 3 == 0:
            there.judge(number - 300, 10)

    assert len(there) <= 102


def test_a_glance_at_somebody_long_silent_leaves_nothing_that_trips_the_sweeping() -> None:
    there, clock = windows()
    there.judge("anna", 10, 1)
    clock.now += 61.0
    there.judge("anna", 10)

    assert there.judge("boris", 10, 2).allowed
