"""The governor: who may call Telegram when.

So many calls at once; whoever pays or waits for a reply goes before reminders
and broadcasts, and these are paced to stay below Telegram's limits for bulk
(30 a second overall, one a second a chat). A chat that Telegram told to wait
waits as long as it was told, and nobody else does.
"""

import heapq
from collections.abc import Callable
from itertools import count
from typing import Final

import anyio

from vitte.store.outbox import Lane

BULK_A_SECOND: Final = 25
CHAT_BULK_SECONDS: Final = 1.0
MANY: Final = 1_000


class Governor:
    """Slots, paces and pauses."""

    def __init__(self, *, slots: int, clock: Callable[[], float] = anyio.current_time) -> None:
        self._free = slots
        self._clock = clock
        self._order = count()
        self._waiting: list[tuple[Lane, int, anyio.Event]] = []
        self._paused: dict[int, float] = {}
        self._bulk: dict[int, float] = {}
        self._most_bulk = MANY
        self._next_bulk = 0.0

    async def admit(self, chat: int, lane: Lane) -> None:
        """Wait until this chat may make a call; ``release`` gives the slot back."""
        await anyio.lowlevel.checkpoint()  # calls are shielded: here a stop gets through
        if lane >= Lane.REMINDER:
            await self._wait_for_bulk(chat)
        while True:
            await self._wait_for_pause(chat)
            await self._take_slot(lane)
            if self._pause_of(chat) <= 0:
                return
            self.release()  # a pause has come while we waited for the slot

    def release(self) -> None:
        """Give a slot back; the first in line gets it."""
        while self._waiting:
            _lane, _order, ready = heapq.heappop(self._waiting)
            if not ready.is_set():
                ready.set()
                return
        self._free += 1

    def pause(self, chat: int, seconds: float) -> None:
        """Let a chat wait; a longer wait that it was told before stands."""
        until = self._clock() + seconds
        self._paused[chat] = max(until, self._paused.get(chat, until))

    async def _wait_for_pause(self, chat: int) -> None:
        while (pause := self._pause_of(chat)) > 0:  # noqa: ASYNC110  # a pause has an end, and may grow
            await anyio.sleep(pause)

    def _pause_of(self, chat: int) -> float:
        until = self._paused.get(chat)
        if until is None:
            return 0.0
        left = until - self._clock()
        if left <= 0:
            del self._paused[chat]
        return left

    async def _wait_for_bulk(self, chat: int) -> None:
        now = self._clock()
        if len(self._bulk) > self._most_bulk:
            self._bulk = {each: until for each, until in self._bulk.items() if until > now}
            self._most_bulk = max(MANY, 2 * len(self._bulk))
        due = max(now, self._next_bulk, self._bulk.get(chat, now))
        self._next_bulk = max(now, self._next_bulk) + 1 / BULK_A_SECOND
        self._bulk[chat] = due + CHAT_BULK_SECONDS
        await anyio.sleep(due - now)

    async def _take_slot(self, lane: Lane) -> None:
        if self._free > 0:
            self._free -= 1
            return
        ready = anyio.Event()
        heapq.heappush(self._waiting, (lane, next(self._order), ready))
        try:
            await ready.wait()
        except BaseException:
            if ready.is_set():
                self.release()  # it was ours already: to the next
            else:
                ready.set()  # nobody waits here any more
            raise
