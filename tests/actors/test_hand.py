"""The hand: bounded, and nothing in it has overtaken what still stands in the table."""

from hypothesis import given
from hypothesis import strategies as st

from tests.actors.test_governor import words
from tests.store.people import NOW
from vitte.actors.governor import Governor
from vitte.actors.hand import MOST_BULK, MOST_URGENT, PAGE, Hand
from vitte.store.outbox import Lane, OutgoingId, Waiting


class Table:
    """Words that wait, and a hand that takes them as the outbox does; everything that is said."""

    def __init__(self) -> None:
        self.governor = Governor(slots=8)
        self.settled: set[OutgoingId] = set()
        self.hand = Hand(self.governor, self.settled)
        self.waiting: dict[OutgoingId, Waiting] = {}
        self.said: list[Waiting] = []

    def commit(self, *chats: int, lane: Lane = Lane.REPLY, tell: bool = True) -> None:
        fresh = [words(chat, lane) for chat in chats]
        self.waiting |= {each.id: each for each in fresh}
        if tell:
            self.hand.told(fresh, 0.0)

    def begin(self) -> tuple[int, list[Waiting]]:
        limit, bulk = self.hand.begin_look()
        order = sorted(self.waiting.values(), key=lambda each: (each.lane, each.id))
        urgent = [each for each in order if each.lane < Lane.REMINDER][:limit]
        return limit, urgent + [each for each in order if each.lane >= Lane.REMINDER][:bulk]

    def end(self, limit: int, found: list[Waiting]) -> None:
        unknown = set(self.hand.unknown(each.id for each in found))
        taken = [each for each in found if each.id in unknown and each.id in self.waiting]
        complete = sum(each.lane < Lane.REMINDER for each in found) < limit
        self.hand.end_look(taken, 0.0, complete=complete, looked_at=NOW)

    def look(self) -> None:
        self.end(*self.begin())

    def send(self, most: int = 10_000) -> None:
        while most and (line := self.governor.next(0.0)):
            assert line.hand is not None
            self.said.append(line.hand)
            self.waiting.pop(line.hand.id)
            self.hand.over(line, line.hand)
            line.hand = None
            self.governor.done(line)
            self.hand.rest(line, 0.0)
            most -= 1


def test_what_is_told_is_taken_in_at_once_when_nothing_else_waits() -> None:
    table = Table()
    table.look()

    table.commit(1, 2)
    table.send()

    assert [each.chat_id for each in table.said] == [1, 2]


def test_before_the_first_look_what_is_told_waits_for_what_stands_there() -> None:
    table = Table()
    table.commit(1, tell=False)
    table.commit(1)
    table.send()
    assert table.said == []

    table.look()
    table.send()

    assert [each.id for each in table.said] == sorted(each.id for each in table.said)
    assert len(table.said) == 2


def test_what_is_told_during_a_look_comes_after_what_is_found() -> None:
    table = Table()
    table.look()
    table.commit(1, tell=False)
    looking = table.begin()
    table.hand.unknown(each.id for each in looking[1])
    table.commit(1)
    table.send()
    assert table.said == []

    table.end(*looking)
    table.send()

    assert [each.id for each in table.said] == sorted(each.id for each in table.said)
    assert len(table.said) == 2


def test_the_hand_is_bounded_whatever_waits() -> None:
    table = Table()
    table.commit(*range(1, 20_000), tell=False)
    table.commit(*range(1, 20_000), lane=Lane.BROADCAST, tell=False)
    for _ in range(30):
        table.look()
    table.commit(*range(1, 20_000))

    assert len(table.hand) <= MOST_URGENT + MOST_BULK


def test_a_full_hand_asks_to_be_filled_when_there_is_room_again() -> None:
    table = Table()
    table.commit(*range(1, 2 * MOST_URGENT), tell=False)
    while table.begin()[0]:
        table.look()
    asked = 0
    while line := table.governor.next(0.0):
        assert line.hand is not None
        asked += table.hand.over(line, line.hand)
        table.governor.done(line)

    assert asked == 1


def test_bulk_that_is_told_is_left_to_be_found() -> None:
    table = Table()
    table.look()

    table.commit(1, lane=Lane.REMINDER)

    assert len(table.hand) == 0
    table.look()
    assert len(table.hand) == 1


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.lists(st.integers(1, 3), min_size=1, max_size=PAGE + 200)),
        st.tuples(st.just("untold"), st.lists(st.integers(1, 3), min_size=1, max_size=50)),
        st.tuples(st.sampled_from(["look", "begin", "end", "send", "send one"]), st.just([0])),
    ),
    max_size=25,
)


@given(STEPS)
def test_nothing_that_was_told_overtakes(  # noqa: C901  # one step a line
    steps: list[tuple[str, list[int]]],
) -> None:
    """Of words that are told of, as those of one process are, none of a chat passes an older one."""
    table = Table()
    looking: tuple[int, list[Waiting]] | None = None
    for step, chats in steps:
        match step:
            case "commit" | "untold":
                # What nobody will tell of stands there before a look of one who is behind.
                untold = step == "untold" and table.hand.behind and looking is None
                table.commit(*chats, tell=not untold)
            case "look" if looking is None:
                table.look()
            case "begin" if looking is None:
                looking = table.begin()
            case "end" if looking is not None:
                table.end(*looking)
                looking = None
            case "send":
                table.send()
            case "send one":
                table.send(1)
            case _:
                pass
    if looking is not None:
        table.end(*looking)
    while table.waiting:
        table.look()
        table.send()

    for chat in (1, 2, 3):
        ids = [each.id for each in table.said if each.chat_id == chat]
        assert ids == sorted(ids)
    assert len({each.id for each in table.said}) == len(table.said)
