"""The governor, on a clock that jumps: slots, paces and pauses."""

from functools import partial

import anyio
import pytest
import trio.testing

from vitte.actors.governor import Governor
from vitte.store.outbox import Lane


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, object]]:
    """Trio alone: its clock jumps when all tasks wait."""
    return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}


class Calls:
    """Who was let through, and when."""

    def __init__(self, *, slots: int) -> None:
        self.governor = Governor(slots=slots)
        self.made: list[tuple[int, float]] = []
        self.began = anyio.current_time()

    async def make(self, chat: int, lane: Lane = Lane.REPLY, *, times: int = 1) -> None:
        for _ in range(times):
            await self.governor.admit(chat, lane)
            self.made.append((chat, anyio.current_time() - self.began))
            self.governor.release()

    @property
    def chats(self) -> list[int]:
        return [chat for chat, _ in self.made]

    def times(self, chat: int) -> list[float]:
        return [at for made, at in self.made if made == chat]


async def test_a_slot_goes_to_the_most_urgent_and_among_equals_to_the_first() -> None:
    calls = Calls(slots=1)
    await calls.governor.admit(0, Lane.REPLY)

    async with anyio.create_task_group() as group:
        for chat, lane in enumerate([Lane.EDIT, Lane.REPLY, Lane.PAYMENT, Lane.REPLY], start=1):
            group.start_soon(calls.make, chat, lane)
            await anyio.wait_all_tasks_blocked()
        assert calls.made == []
        calls.governor.release()

    assert calls.chats == [3, 2, 4, 1]


async def test_who_gave_up_waiting_takes_no_slot() -> None:
    calls = Calls(slots=1)
    await calls.governor.admit(0, Lane.REPLY)
    async with anyio.create_task_group() as group:
        group.start_soon(calls.make, 1)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    calls.governor.release()

    await calls.make(2)
    await calls.make(3)

    assert calls.chats == [2, 3]


async def test_bulk_keeps_below_thirty_a_second_and_one_a_second_a_chat() -> None:
    calls = Calls(slots=100)

    async with anyio.create_task_group() as group:
        for chat in range(40):
            group.start_soon(partial(calls.make, chat, Lane.BROADCAST, times=3))

    assert len(calls.made) == 120
    for _, at in calls.made:
        assert sum(at <= other < at + 1 for _, other in calls.made) <= 30
    for chat in range(40):
        first, second, third = calls.times(chat)
        assert min(second - first, third - second) > 0.99


async def test_replies_wait_for_no_bulk_not_even_in_the_same_chat() -> None:
    calls = Calls(slots=2)

    async with anyio.create_task_group() as group:
        group.start_soon(partial(calls.make, 1, Lane.REMINDER, times=5))
        await anyio.wait_all_tasks_blocked()
        await calls.make(1)
        await calls.make(2)

        assert [at for _, at in calls.made] == [0, 0, 0]


async def test_a_chat_told_to_wait_waits_so_long_and_nobody_else_does() -> None:
    calls = Calls(slots=1)
    calls.governor.pause(1, 7)

    async with anyio.create_task_group() as group:
        group.start_soon(calls.make, 1)
        group.start_soon(calls.make, 2)
        await anyio.wait_all_tasks_blocked()
        assert calls.made == [(2, 0)]

    [at] = calls.times(1)
    assert 7 <= at < 7.001


async def test_a_pause_that_grows_meanwhile_is_waited_out() -> None:
    calls = Calls(slots=1)
    calls.governor.pause(1, 2)

    async with anyio.create_task_group() as group:
        group.start_soon(calls.make, 1)
        await anyio.wait_all_tasks_blocked()
        calls.governor.pause(1, 5)

    [at] = calls.times(1)
    assert 5 <= at < 5.001


async def test_of_two_pauses_the_longer_stands() -> None:
    calls = Calls(slots=1)
    calls.governor.pause(1, 7)
    calls.governor.pause(1, 2)

    await calls.make(1)

    [at] = calls.times(1)
    assert 7 <= at < 7.001


async def test_a_pause_that_comes_while_a_slot_is_waited_for_is_obeyed() -> None:
    calls = Calls(slots=1)
    await calls.governor.admit(0, Lane.REPLY)

    async with anyio.create_task_group() as group:
        group.start_soon(calls.make, 1)
        group.start_soon(calls.make, 2)
        await anyio.wait_all_tasks_blocked()
        calls.governor.pause(1, 5)
        calls.governor.release()

    assert calls.times(2) == [0]
    [at] = calls.times(1)
    assert 5 <= at < 5.001
