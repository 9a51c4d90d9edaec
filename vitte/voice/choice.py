"""Choosing by the words themselves: the same dialog always goes the same way."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Dice that fall as what was said decides, anew at each throw."""

    def __init__(self, *seeds: object) -> None:
        self._state = "\x1f".join(map(str, seeds)).encode("utf-8", "replace")

    def _throw(self) -> int:
        self._state = blake2b(self._state, digest_size=8).digest()
        return int.from_bytes(self._state)

    def choose(self, among: Sequence[T]) -> T:
        """Choose one."""
        return among[self._throw() % len(among)]

    def happens(self, percent: int) -> bool:
        """Whether something happens that does so in this many of a hundred cases."""
        return self._throw() % 100 < percent
