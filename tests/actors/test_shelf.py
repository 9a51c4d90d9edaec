"""The shelf in memory: bounded, dated, and dropped by person."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitte.actors.noun import Noun
from vitte.actors.shelf import JITTER, OVERHEAD, Shelf
from vitte.store.pool import Database
from vitte.store.users import UserId

ANNA, BORIS = UserId(101), UserId(102)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def nothing(_database: Database, _keys: Sequence[object]) -> Mapping[object, bytes]:
    return {}


PAGE = Noun[object, bytes]("test page", fetch=nothing, seconds=60.0)
NOTE = Noun[object, bytes]("test note", fetch=nothing, seconds=60.0)


def shelf(*, most: int = 1000, most_bytes: int = 1_000_000) -> tuple[Shelf, Clock]:
    clock = Clock()
    return Shelf(most=most, most_bytes=most_bytes, clock=clock), clock


def put(there: Shelf, key: object, value: bytes = b"", *, noun: Noun[object, bytes] = PAGE) -> None:
    there.put(noun, key, value, seconds=60.0, began=there.fence.step)


def test_what_lies_there_is_found_until_its_time_and_not_longer() -> None:
    there, clock = shelf()
    put(there, ANNA, b"one")

    clock.now += 60.0 * (1 - JITTER) - 0.001
    found = there.look(PAGE, ANNA)
    clock.now += 60.0 * JITTER + 0.002

    assert found is not None
    assert found.value == b"one"
    assert there.look(PAGE, ANNA) is None
    assert (len(there), there.size) == (0, 0)


def test_not_all_end_at_once() -> None:
    there, _ = shelf()
    for number in range(100):
        put(there, number)

    ends = {found.until for number in range(100) if (found := there.look(PAGE, number))}

    assert len(ends) > 90
    assert max(ends) - min(ends) > 60.0 * JITTER / 2


def test_nothing_found_is_kept_as_well() -> None:
    there, _ = shelf()
    there.put(PAGE, ANNA, None, seconds=5.0, began=there.fence.step)

    found = there.look(PAGE, ANNA)

    assert found is not None
    assert found.value is None


def test_the_longest_unused_goes_first() -> None:
    there, _ = shelf(most=3)
    for number in (1, 2, 3):
        put(there, number)
    there.look(PAGE, 1)
    put(there, 4)

    assert [number for number in (1, 2, 3, 4) if there.look(PAGE, number)] == [1, 3, 4]


def test_bytes_are_bounded_and_what_is_too_large_is_not_kept() -> None:
    there, _ = shelf(most_bytes=10 * (OVERHEAD + 100))
    for number in range(20):
        put(there, number, b"x" * 100)
    full = (len(there), there.size)
    put(there, 99, b"x" * 5000)

    assert full == (10, 10 * (OVERHEAD + 100))
    assert there.look(PAGE, 99) is None
    assert len(there) == 10


def test_all_of_a_person_is_dropped_and_nothing_of_another() -> None:
    there, _ = shelf()
    for key in (ANNA, (ANNA, 1), (ANNA, "next"), BORIS, (BORIS, 1)):
        put(there, key)

    there.drop(ANNA)

    assert [there.look(PAGE, key) for key in (ANNA, (ANNA, 1), (ANNA, "next"))] == [None] * 3
    assert there.look(PAGE, BORIS)
    assert there.look(PAGE, (BORIS, 1))


def test_only_some_nouns_of_a_person_are_dropped() -> None:
    there, _ = shelf()
    for noun in (PAGE, NOTE):
        put(there, ANNA, noun=noun)

    there.drop(ANNA, {NOTE.name})

    assert there.look(PAGE, ANNA)
    assert not there.look(NOTE, ANNA)


def test_what_was_read_before_a_change_is_not_kept() -> None:
    there, _ = shelf()
    with there.fence.reading() as began:
        there.drop(ANNA)
        there.put(PAGE, ANNA, b"old", seconds=60.0, began=began)
        there.put(PAGE, BORIS, b"his", seconds=60.0, began=began)

    assert there.look(PAGE, ANNA) is None
    assert there.look(PAGE, BORIS)


def renewed(key: object, value: bytes, row: bytes) -> bytes | None:
    if row == b"?":
        return None
    return row if row[0] == key else value


TITLE = Noun[object, bytes](
    "test title", fetch=nothing, seconds=60.0, owner=lambda _key, _value: ANNA, renewed=renewed
)


def test_what_is_kept_is_put_right_after_a_change() -> None:
    there, clock = shelf()
    for key in (1, 2, 3):
        put(there, key, b"old", noun=TITLE)
    put(there, ANNA)
    clock.now += 30

    there.renew(ANNA, [b"\1 new", b"\3 newer and longer"], {"test title"}, began=there.fence.step)

    found = [there.look(TITLE, key) for key in (1, 2, 3)]
    assert [each and each.value for each in found] == [b"\1 new", b"old", b"\3 newer and longer"]
    assert there.size == 4 * OVERHEAD + len(b"\1 newold\3 newer and longer")
    clock.now += 31  # it ends when it would have ended
    assert there.look(TITLE, 1) is None


@pytest.mark.parametrize("why", ["cannot be told", "no way to tell", "somebody else changed it"])
def test_what_cannot_be_put_right_is_dropped(why: str) -> None:
    there, _ = shelf()
    put(there, 1, b"old", noun=TITLE)
    put(there, ANNA, b"old")
    put(there, BORIS, b"his")
    began = there.fence.step
    with there.fence.reading():
        if why == "somebody else changed it":
            there.drop(ANNA, {"another noun"})
        row = b"?" if why == "cannot be told" else b"\1 new"
        noun = PAGE if why == "no way to tell" else TITLE

        there.renew(ANNA, [row], {noun.name}, began=began)

        assert there.look(noun, ANNA if noun is PAGE else 1) is None
        assert there.look(PAGE, BORIS)
        # Nor is what was being read meanwhile kept.
        there.put(PAGE, ANNA, b"read before", seconds=60.0, began=began)
    assert there.look(PAGE, ANNA) is None or noun is TITLE


def test_what_has_grown_makes_room_for_itself() -> None:
    there, _ = shelf(most_bytes=3 * OVERHEAD + 30)
    for key in (1, 2, 3):
        put(there, key, b"old", noun=TITLE)

    there.renew(ANNA, [b"\3" + b"x" * 300], {"test title"}, began=there.fence.step)

    assert [bool(there.look(TITLE, key)) for key in (1, 2, 3)] == [False, True, True]


def test_what_is_nobodys_is_kept_whoever_changes_meanwhile() -> None:
    there, _ = shelf()
    notice = Noun[object, bytes](
        "test notice", fetch=nothing, seconds=60.0, owner=lambda _key, _value: None
    )
    with there.fence.reading() as began:
        there.drop(ANNA)
        there.put(notice, "all", b"hello", seconds=60.0, began=began)
        there.put(notice, "none", None, seconds=60.0, began=began)

    assert there.look(notice, "all")
    assert there.look(notice, "none") is None


def test_while_there_is_a_ceiling_nothing_is_kept_for_longer() -> None:
    there, clock = shelf()
    there.ceiling = 5.0
    put(there, ANNA)
    clock.now += 5.1

    assert there.look(PAGE, ANNA) is None


KEYS = st.tuples(st.sampled_from([ANNA, BORIS]), st.integers(0, 4))


@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "look", "drop", "wait"]), KEYS, st.integers(0, 400)),
        max_size=80,
    )
)
def test_it_never_holds_more_than_it_may_and_counts_what_it_holds(
    steps: list[tuple[str, tuple[UserId, int], int]],
) -> None:
    there, clock = shelf(most=6, most_bytes=6 * OVERHEAD + 800)
    kept: dict[tuple[UserId, int], bytes] = {}
    for what, key, amount in steps:
        if what == "put":
            kept[key] = bytes([amount % 256]) * amount
            put(there, key, kept[key])
        elif what == "drop":
            there.drop(key[0])
            kept = {each: value for each, value in kept.items() if each[0] != key[0]}
        elif what == "wait":
            clock.now += amount / 4
        found = there.look(PAGE, key)

        assert found is None or found.value == kept[key]
        assert len(there) <= 6
        assert there.size <= 6 * OVERHEAD + 800
        assert there.size >= len(there) * OVERHEAD
    for owner in (ANNA, BORIS):
        there.drop(owner)
    assert (len(there), there.size) == (0, 0)
