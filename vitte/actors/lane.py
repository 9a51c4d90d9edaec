"""A lane: what waits for the same round trip, served one batch after another.

What comes while a batch is on its way waits for the next one: alone it leaves at once,
under load many share a trip. It lives in the task group of the actor that owns it.
"""

from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from anyio.abc import TaskGroup

Item = TypeVar("Item")
MOST_AT_ONCE: Final = 500


class Lane(Generic[Item]):
    """What waits, and whether a batch is on its way."""

    __slots__ = ("_busy", "_group", "_serve", "_waiting")

    def __init__(self, group: TaskGroup, serve: Callable[[list[Item]], Awaitable[None]]) -> None:
        self._group = group
        self._serve = serve
        self._waiting: list[Item] = []
        self._busy = False

    @property
    def busy(self) -> bool:
        """Whether anything waits or is on its way."""
        return self._busy

    def add(self, items: list[Item]) -> None:
        """Have these served, after those who came before."""
        self._waiting.extend(items)
        if self._waiting and not self._busy:
            self._busy = True
            self._group.start_soon(self._run)

    async def _run(self) -> None:
        while self._waiting:
            batch = self._waiting[:MOST_AT_ONCE]
            del self._waiting[:MOST_AT_ONCE]
            await self._serve(batch)
        self._busy = False
