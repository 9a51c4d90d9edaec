"""The sliding window in this process's memory: the limiter's rule when Redis is away.

Pure bookkeeping over a clock. A person who has been silent for a window costs
nothing: the oldest are swept as others speak.
"""

import math
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

from msgspec import Struct


class Verdict(Struct, frozen=True, kw_only=True):
    """What the limiter says of one message.

    ``left`` is how many more may follow now; ``wait_seconds`` (rounded up) when
    the next will be let through; ``tell`` is true for the first refusal in a
    window, the one that a person should hear of.
    """

    allowed: bool
    left: int
    wait_seconds: int = 0
    tell: bool = False


class Windows:
    """The times at which each key was let through in the last ``seconds``."""

    def __init__(self, *, limit: int, seconds: float, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._spoken: OrderedDict[Hashable, deque[float]] = OrderedDict()
        self._told_until: dict[Hashable, float] = {}

    def __len__(self) -> int:
        return len(self._spoken)

    def judge(self, key: Hashable, *, take: bool = True) -> Verdict:
        """Judge one message now; ``take`` counts it if it is let through."""
        now = self._clock()
        times = self._within(key, now)
        used = len(times)
        if used < self._limit:
            if take:
                self.note(key)
            return Verdict(allowed=True, left=self._limit - used - int(take))
        free_at = times[0] + self._seconds
        tell = take and self._told_until.get(key, now) <= now
        if tell:
            self._told_until[key] = free_at
        return Verdict(allowed=False, left=0, wait_seconds=math.ceil(free_at - now), tell=tell)

    def note(self, key: Hashable) -> None:
        """Count a message that somebody else let through."""
        now = self._clock()
        times = self._spoken.setdefault(key, deque(maxlen=self._limit))
        times.append(now)
        self._spoken.move_to_end(key)
        self._sweep(now)

    def forget(self, key: Hashable) -> None:
        """Begin anew with this key."""
        self._spoken.pop(key, None)
        self._told_until.pop(key, None)

    def _within(self, key: Hashable, now: float) -> list[float]:
        """The times that still count; written as it is told, so that rounding cannot part them."""
        times = self._spoken.get(key, ())
        return [at for at in times if now < at + self._seconds]

    def _sweep(self, now: float) -> None:
        """Drop the two longest silent if their window is over: forgetting outpaces meeting."""
        for _ in range(2):
            key = next(iter(self._spoken), None)
            if key is None or now < self._spoken[key][-1] + self._seconds:
                return
            self.forget(key)
