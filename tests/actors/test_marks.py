"""Marks: noted once, written once, whoever comes for them, and there again after a failure."""

import anyio
import pytest

from vitte.actors import marks
from vitte.actors.marks import Marks
from vitte.store.outbox import Finished, OutgoingId


def said(number: int) -> Finished:
    return Finished(id=OutgoingId(number), state="sent", tries=1)


def test_who_takes_them_has_all_and_the_next_has_none() -> None:
    notes = Marks()
    notes.note(said(1))
    notes.note(said(2))

    with notes.taken() as first, notes.taken() as second:
        pass

    assert [each.id for each in first] == [1, 2]
    assert second == []


def test_what_could_not_be_written_is_there_again() -> None:
    notes = Marks()
    notes.note(said(1))

    def fail() -> None:
        with notes.taken():
            notes.note(said(2))
            raise OSError("away")

    with pytest.raises(OSError, match="away"):
        fail()

    with notes.taken() as again:
        assert sorted(each.id for each in again) == [1, 2]


def test_settled_is_forgotten_once_it_is_written_and_not_before() -> None:
    notes = Marks()
    notes.note(said(1))
    notes.forget_written()
    assert notes.settled == {1}

    with notes.taken():
        notes.note(said(2))
        notes.forget_written()
        assert notes.settled == {1, 2}

    notes.forget_written()
    assert notes.settled == {2}


async def test_what_nobody_comes_for_is_overdue_and_what_was_taken_is_not() -> None:
    notes = Marks()
    notes.note(said(1))
    with anyio.fail_after(5):
        await notes.overdue()
    with notes.taken():
        pass

    with anyio.move_on_after(3 * marks.MARK_SECONDS) as waited:
        await notes.overdue()

    assert waited.cancelled_caught


async def test_many_are_overdue_at_once() -> None:
    notes = Marks()
    for number in range(marks.MOST_NOTED):
        notes.note(said(number))

    began = anyio.current_time()
    await notes.overdue()

    assert anyio.current_time() < began + marks.MARK_SECONDS


def test_only_so_much_is_unwritten_and_whoever_waits_for_room_is_called_once() -> None:
    notes = Marks()
    called: list[bool] = []
    for number in range(marks.MOST_UNWRITTEN - 1):
        notes.note(said(number))
    assert not notes.is_full()
    notes.note(said(marks.MOST_UNWRITTEN))

    with notes.telling_of_room(lambda: called.append(notes.is_full())):
        with notes.taken():
            assert notes.is_full()  # they are not written yet
        with notes.taken():
            pass

    assert called == [False]


def test_what_could_not_be_written_takes_its_room_still() -> None:
    notes = Marks()
    for number in range(marks.MOST_UNWRITTEN):
        notes.note(said(number))

    with pytest.raises(OSError, match="away"), notes.taken():
        raise OSError("away")

    assert notes.is_full()
