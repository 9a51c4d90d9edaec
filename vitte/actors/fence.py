"""The fence: what was read before a change is not kept after it.

A reading takes its time, and what it reads may change meanwhile: then its result is
older than the change, and to keep it would bring the past back. So every reading
begins with a step, every change is the next step, and at its end a reading is told
whether what it read still stands. Pure bookkeeping, without a clock.
"""

from collections.abc import Generator
from contextlib import contextmanager

from vitte.store.users import UserId


class Fence:
    """The changes that came while something was being read."""

    __slots__ = ("_changed", "_everything", "_reading", "step")

    def __init__(self) -> None:
        self.step = 0
        self._everything = 0
        self._changed: dict[UserId, int] = {}
        self._reading: list[int] = []

    @contextmanager
    def reading(self) -> Generator[int]:
        """Read within the block; it is given the step at which the reading began."""
        began = self.step
        self._reading.append(began)
        try:
            yield began
        finally:
            self._reading.remove(began)
            self._forget_what_nobody_asks()

    def changed(self, owner: UserId) -> None:
        """Note that what belongs to a person has changed."""
        self.step += 1
        if self._reading:
            self._changed.pop(owner, None)  # so that the dict stays in the order of the steps
            self._changed[owner] = self.step

    def all_changed(self) -> None:
        """Note that anything may have changed."""
        self.step = self._everything = self.step + 1
        self._changed.clear()

    def stands(self, began: int, owner: UserId | None) -> bool:
        """Tell whether what was read since ``began`` is good.

        What is nobody's goes by its time, and so stands whatever people change.
        """
        if began < self._everything:
            return False
        return owner is None or self._changed.get(owner, 0) <= began

    def nothing_stands(self, began: int) -> bool:
        """Tell whether it is still true that there is nothing, whosever it would be."""
        return self.step <= began

    @property
    def remembered(self) -> int:
        """How many changes are remembered for the sake of what is being read."""
        return len(self._changed)

    def _forget_what_nobody_asks(self) -> None:
        if not self._reading:
            self._changed.clear()
            return
        first = min(self._reading)
        while self._changed:
            owner, step = next(iter(self._changed.items()))
            if step > first:
                return
            del self._changed[owner]
