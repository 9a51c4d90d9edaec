"""Marks: what became of words, until it is written down.

Owned by the outbox, which notes here what was said. Whoever writes next takes the
notes along: the scribe, with the transaction that it writes anyway, so that under
load a mark costs no statement of its own and waits for milliseconds; the outbox
itself when nobody has come for ``MARK_SECONDS``, or when many wait. What is noted and
not written when the process is killed is said once more by the next one: that is all
that a loss costs. How much it can be has a bound: nothing is said while ``is_full``.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from typing import Final

import anyio
from prometheus_client import Counter

from vitte import metrics
from vitte.store.outbox import Finished, OutgoingId

MARK_SECONDS: Final = 0.2
MOST_NOTED: Final = 32
MOST_UNWRITTEN: Final = 64


class Marks:
    """Notes of what became of words."""

    def __init__(self) -> None:
        self._noted: list[Finished] = []
        self._some = anyio.Event()
        self._enough = anyio.Event()
        self._written: list[OutgoingId] = []
        self._unwritten = 0
        self._tell_of_room: Callable[[], None] | None = None
        self.settled: set[OutgoingId] = set()
        """What was noted, written or not, since ``forget_written``."""

    def is_full(self) -> bool:
        """Tell whether so much is noted and not written that nothing more should be said."""
        return self._unwritten >= MOST_UNWRITTEN

    @contextmanager
    def telling_of_room(self, tell: Callable[[], None]) -> Generator[None]:
        """Tell whenever it is full no more, to the block's end."""
        self._tell_of_room = tell
        try:
            yield
        finally:
            self._tell_of_room = None

    def note(self, finished: Finished) -> None:
        """Note what became of words."""
        self.settled.add(finished.id)
        self._unwritten += 1
        self._noted.append(finished)
        if len(self._noted) == 1:
            self._some.set()
        elif len(self._noted) == MOST_NOTED:
            self._enough.set()

    @contextmanager
    def taken(self) -> Generator[list[Finished]]:
        """Take all notes along: they are to be written by the block's end.

        When the block fails they are here again, for the next one to take.
        """
        taken, self._noted = self._noted, []
        if taken:
            self._some, self._enough = anyio.Event(), anyio.Event()
        try:
            yield taken
        except BaseException:
            self._unwritten -= len(taken)
            for finished in taken:
                self.note(finished)
            raise
        for finished in taken:
            self._written.append(finished.id)
            _done(finished.state).inc()
        was_full = self.is_full()
        self._unwritten -= len(taken)
        if was_full and not self.is_full() and self._tell_of_room is not None:
            self._tell_of_room()

    def forget_written(self) -> None:
        """Forget what is written by now: who looks into the table from now on finds it so."""
        self.settled.difference_update(self._written)
        self._written.clear()

    async def overdue(self) -> None:
        """Wait until there are notes that nobody came for."""
        while True:
            await self._some.wait()
            enough = self._enough
            with anyio.move_on_after(MARK_SECONDS):
                await enough.wait()
            if self._noted and enough is self._enough:
                return  # else somebody has come meanwhile, and what is here now is newer


@cache
def _done(state: str) -> Counter:
    return metrics.words_done.labels(state)
