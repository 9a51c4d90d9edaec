"""The governor, on a time that is given: lanes, slots, paces and pauses."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.store.people import NOW
from vitte.actors import governor
from vitte.actors.governor import Governor
from vitte.actors.line import Line, track_of
from vitte.store.outbox import Lane, OutgoingId, Waiting

IDS = count(1)
ASIDE = "answerCallbackQuery"


def words(chat: int, lane: Lane = Lane.REPLY, method: str = "sendMessage") -> Waiting:
    return Waiting(
        id=OutgoingId(next(IDS)),
        chat_id=chat,
        lane=lane,
        method=method,
        payload="{}",
        update_id=None,
        tries=0,
        created_at=NOW,
    )


class Calls:
    """A governor, its lines, and what it let through."""

    def __init__(self, *, slots: int = 100) -> None:
        self.governor = Governor(slots=slots)
        self.lines: dict[tuple[int, str], Line] = {}
        self.made: list[tuple[int, float]] = []

    def say(self, *said: Waiting, now: float = 0.0) -> None:
        for each in said:
            track = track_of(each)
            line = self.lines.setdefault((each.chat_id, track), Line(each.chat_id, track))
            line.push(each)
            self.governor.put(line, now)

    def begun(self, now: float = 0.0) -> list[Line]:
        """Begin whatever may begin now."""
        lines: list[Line] = []
        while line := self.governor.next(now):
            self.made.append((line.chat, now))
            lines.append(line)
        return lines

    def end(self, line: Line, now: float = 0.0) -> None:
        line.hand = None
        self.governor.done(line)
        if line.waiting:
            self.governor.put(line, now)

    def run(self, until: float = 10_000.0) -> None:
        """Let calls be made, each of which ends at once, until nothing waits."""
        now = 0.0
        while now <= until:
            while lines := self.begun(now):
                for line in lines:
                    self.end(line, now)
            now = max(self.governor.due(now), now + 0.001)

    def times(self, chat: int) -> list[float]:
        return [at for made, at in self.made if made == chat]


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(at <= other < at + seconds for other in times) for at in times)


def test_the_most_urgent_goes_first_and_among_equals_the_first() -> None:
    calls = Calls(slots=1)
    lanes = [Lane.BROADCAST, Lane.EDIT, Lane.REPLY, Lane.PAYMENT, Lane.REMINDER, Lane.REPLY]
    calls.say(*(words(chat, lane) for chat, lane in enumerate(lanes, start=1)))

    calls.run(until=2.0)

    assert [chat for chat, _ in calls.made] == [4, 3, 6, 2, 5, 1]


def test_chats_take_turns_and_each_keeps_its_order() -> None:
    calls = Calls(slots=1)
    said = [words(chat) for chat in (1, 1, 1, 2, 2)]
    calls.say(*said)
    order: list[Waiting | None] = []
    while line := calls.governor.next(0.0):
        order.append(line.hand)
        calls.end(line)

    assert [each and each.chat_id for each in order] == [1, 2, 1, 2, 1]
    for chat in (1, 2):
        ids = [each.id for each in order if each is not None and each.chat_id == chat]
        assert ids == sorted(ids)


def test_in_a_chat_what_is_more_urgent_passes_by_what_waits() -> None:
    calls = Calls(slots=1)
    calls.say(words(9))
    busy = calls.begun()
    calls.say(words(1, Lane.EDIT), words(2, Lane.REPLY), words(1, Lane.PAYMENT))
    calls.end(busy[0])

    calls.run(until=1.0)

    assert [chat for chat, _ in calls.made] == [9, 1, 2, 1]


def test_a_line_is_with_one_call_at_a_time() -> None:
    calls = Calls()
    calls.say(words(1), words(1))

    [line] = calls.begun()
    calls.say(words(1))

    assert calls.begun() == []
    calls.end(line)
    assert calls.begun() == [line]


def test_no_more_calls_than_slots_and_the_last_are_kept_for_payments() -> None:
    calls = Calls(slots=32)
    calls.say(*(words(chat) for chat in range(1, 50)))

    assert len(calls.begun()) == 30
    calls.say(*(words(chat, Lane.PAYMENT) for chat in range(101, 110)))
    assert len(calls.begun()) == 2
    assert calls.begun() == []


def test_an_answer_to_a_button_waits_for_no_order_and_no_pause_of_its_chat() -> None:
    calls = Calls()
    calls.say(words(1), words(1))
    calls.begun()
    calls.governor.pause_chat(1, 60, 0.0)

    calls.say(words(1, method=ASIDE))

    [aside] = calls.begun()
    assert aside.track == "aside"


def test_bulk_keeps_below_thirty_a_second_and_one_a_second_a_chat() -> None:
    calls = Calls()
    calls.say(*(words(chat, Lane.BROADCAST) for _ in range(3) for chat in range(1, 61)))

    calls.run()

    assert len(calls.made) == 180
    assert most_within([at for _, at in calls.made], 1.0) <= 30
    assert calls.made[-1][1] < 180 / 25 + 1
    for chat in range(1, 61):
        first, second, third = calls.times(chat)
        assert min(second - first, third - second) > 1


def test_bulk_leaves_room_for_replies_and_is_not_starved_by_them() -> None:
    calls = Calls()
    calls.say(*(words(chat, Lane.BROADCAST) for chat in range(1_000, 1_100)))
    now, numbers = 0.0, count(1)
    while now < 5.0:
        calls.say(words(next(numbers)), now=now)  # fifty replies a second
        for line in calls.begun(now):
            calls.end(line, now)
        now += 0.02

    replies = [at for chat, at in calls.made if chat < 1_000]
    bulk = [at for chat, at in calls.made if chat >= 1_000]
    assert len(replies) == pytest.approx(250, abs=1)
    assert 20 <= len(bulk) <= 30


def test_bulk_takes_a_quarter_of_the_slots_at_most() -> None:
    calls = Calls(slots=8)
    calls.say(*(words(chat, Lane.REMINDER) for chat in range(1, 50)))

    for now in range(60):
        calls.begun(float(now))

    assert len(calls.made) == 2
    calls.say(words(99), now=60.0)
    assert [line.chat for line in calls.begun(60.0)] == [99]


def test_a_reply_waits_for_no_bulk_not_even_of_its_own_chat() -> None:
    calls = Calls(slots=2)
    calls.say(*(words(1, Lane.REMINDER) for _ in range(5)))
    calls.begun()

    calls.say(words(1))

    assert [line.track for line in calls.begun()] == ["said"]


def test_a_group_is_sent_twenty_words_a_minute_whatever_they_are() -> None:
    calls = Calls()
    calls.say(*(words(-5) for _ in range(50)), *(words(5) for _ in range(50)))

    calls.run(until=200.0)

    assert most_within(calls.times(-5), 60.0) == 20
    assert calls.times(-5)[19] < 1
    assert calls.times(5)[-1] < 1
    assert len(calls.times(-5)) == 50


def test_a_chat_told_to_wait_waits_exactly_so_long_and_nobody_else_does() -> None:
    calls = Calls()
    calls.governor.pause_chat(1, 7, 0.0)
    calls.governor.pause_chat(1, 2, 0.0)
    calls.say(words(1), words(2))

    assert [line.chat for line in calls.begun(0.0)] == [2]
    assert calls.governor.due(0.0) == 7.0
    assert calls.begun(6.999) == []
    assert [line.chat for line in calls.begun(7.0)] == [1]


def test_a_pause_that_grows_meanwhile_is_waited_out() -> None:
    calls = Calls()
    calls.governor.pause_chat(1, 2, 0.0)
    calls.say(words(1))
    calls.governor.pause_chat(1, 5, 0.0)

    assert calls.begun(2.0) == []
    assert [line.chat for line in calls.begun(5.0)] == [1]


def test_a_pause_that_comes_while_a_line_has_its_turn_is_obeyed() -> None:
    calls = Calls(slots=1)
    calls.say(words(9), words(1), words(2))
    [busy] = calls.begun()
    calls.governor.pause_chat(1, 5, 0.0)
    calls.end(busy)

    assert [line.chat for line in calls.begun()] == [2]


def refused(calls: Calls, *chats: int, seconds: float = 30.0, now: float = 0.0) -> list[bool]:
    """Let each of these be told to wait, as an answer to a call made just now."""
    calls.say(*(words(chat) for chat in chats), now=now)
    verdicts: list[bool] = []
    for line in calls.begun(now):
        verdicts.append(calls.governor.refused(line, seconds, now))
        calls.end(line, now)
    return verdicts


def test_many_chats_told_at_once_that_had_not_earned_it_make_all_wait() -> None:
    calls = Calls()

    assert refused(calls, 1, 2, 3) == [False, False, True]

    calls.say(words(9))
    assert calls.begun(29.9) == []
    assert calls.governor.due(1.0) == 30.0
    assert [line.chat for line in calls.begun(30.0)] == [9]


def test_one_chat_told_again_and_again_makes_nobody_else_wait() -> None:
    calls = Calls()

    for now in (0.0, 0.5, 1.0, 1.5):
        assert refused(calls, 1, seconds=0.1, now=now) == [False]


def test_chats_that_were_sent_too_much_make_nobody_else_wait() -> None:
    calls = Calls()
    calls.say(*(words(chat) for chat in (1, 2, 3)))
    for line in calls.begun(0.0):
        calls.end(line)

    assert refused(calls, 1, 2, 3, now=0.5) == [False, False, False]


def test_chats_told_one_after_the_other_make_nobody_else_wait() -> None:
    calls = Calls()

    for number, now in enumerate((0.0, 3.0, 6.0, 9.0)):
        assert refused(calls, number, now=now) == [False]


def test_a_failed_call_is_made_again_with_growing_pauses() -> None:
    calls = Calls()
    calls.say(words(1))
    pauses: list[float] = []
    now = 0.0
    for tries in range(1, 12):
        [line] = calls.begun(now)
        assert line.hand is not None
        line.push(line.hand)
        line.tries = tries
        calls.governor.failed(line, now)
        calls.governor.well(now)  # others are answered: it is this line's own trouble
        calls.end(line, now)
        pauses.append(calls.governor.due(now) - now)
        now = calls.governor.due(now)

    assert all(0.25 <= pause <= 60 for pause in pauses)
    assert pauses[0] <= 0.5
    assert pauses[-1] >= 30


def test_while_telegram_is_away_one_call_at_a_time_tries_and_then_all_go_at_once() -> None:
    calls = Calls()
    calls.say(*(words(chat) for chat in range(1, 11)))
    for line in calls.begun():
        assert line.hand is not None
        line.push(line.hand)
        line.tries = 9
        calls.governor.failed(line, 0.0)
        calls.end(line)
    calls.say(words(99))

    assert calls.begun() == []
    now = calls.governor.due(0.0)
    assert now <= 4.0
    [probe] = calls.begun(now)
    assert calls.begun(now) == []

    calls.governor.well(now)
    calls.end(probe, now)
    assert len(calls.begun(now)) == 10


def test_what_is_remembered_of_chats_is_bounded() -> None:
    calls = Calls()
    for number in range(20_000):
        now = number / 1_000
        calls.governor.pause_chat(number, 0.1, now)
        calls.say(words(-number - 1), now=now)
        for line in calls.begun(now):
            calls.end(line, now)

    assert calls.governor.remembered() <= 4 * governor.MOST_REMEMBERED


SAID = st.builds(
    words,
    st.sampled_from([1, 2, 3, -1, -2]),
    st.sampled_from(list(Lane)),
    st.sampled_from(["sendMessage", ASIDE]),
)


@given(st.lists(st.tuples(SAID, st.floats(0, 30)), max_size=120), st.integers(1, 40))
@pytest.mark.parametrize("takes", [0.0, 0.3])
def test_everything_is_said_once_and_each_line_in_its_order(
    takes: float, said: list[tuple[Waiting, float]], slots: int
) -> None:
    calls = Calls(slots=slots)
    spoken: list[Waiting] = []
    coming = [
        (structs.replace(each, id=OutgoingId(number)), at)
        for number, (each, at) in enumerate(sorted(said, key=lambda pair: pair[1]))
    ]
    under_way: list[tuple[float, Line]] = []
    now = 0.0
    waits = calls.governor
    while coming or under_way or waits.has_ready() or waits.due(now) < governor.NEVER:
        while coming and coming[0][1] <= now:
            calls.say(coming.pop(0)[0], now=now)
        while under_way and under_way[0][0] <= now:
            calls.end(under_way.pop(0)[1], now)
        for line in calls.begun(now):
            assert line.hand is not None
            spoken.append(line.hand)
            under_way.append((now + takes, line))
        assert len(under_way) <= slots
        nexts = [calls.governor.due(now)]
        nexts += [at for _, at in coming[:1]] + [at for at, _ in under_way[:1]]
        now = max(min(nexts), now + 0.001)

    assert sorted(each.id for each in spoken) == list(range(len(said)))
    for one in spoken:
        alike = [
            each.id
            for each in spoken
            if (each.chat_id, track_of(each), each.lane) == (one.chat_id, track_of(one), one.lane)
        ]
        assert alike == sorted(alike)
