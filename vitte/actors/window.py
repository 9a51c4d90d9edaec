"""The sliding window in this process's memory: the limiter's rule when Redis is away.

Pure bookkeeping over a clock. It knows of each person what was let through in the last
``seconds``, by whomever, each message by its number, and which of it Redis has not
heard of. A person who has been silent for a window costs nothing: the oldest are swept
as others speak.
"""

import math
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

from msgspec import Struct


class Verdict(Struct, frozen=True, kw_only=True, gc=False):
    """What the limiter says of one message.

    ``left`` is how many more may follow now; ``wait_seconds`` (rounded up) when
    the next will be let through; ``tell`` is true for the first refusal in a
    window, the one that a person should hear of.
    """

    allowed: bool
    left: int
    wait_seconds: int = 0
    tell: bool = False


class Spoken:
    """What was let through of one person: when, and which message; and up to when they were told."""

    __slots__ = ("owed", "times", "told_here", "told_until")

    def __init__(self) -> None:
        self.times: deque[tuple[float, int]] = deque()
        self.owed: set[int] = set()
        self.told_until = -math.inf
        self.told_here = False


class Windows:
    """What each person was let through with in the last ``seconds``."""

    def __init__(self, *, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._people: OrderedDict[Hashable, Spoken] = OrderedDict()

    def __len__(self) -> int:
        return len(self._people)

    def judge(self, key: Hashable, limit: int, message: int | None = None) -> Verdict:
        """Judge a message now, and count it if it is let through; None is only a glance.

        A message that was let through within the window is let through again, and counts once.
        """
        now = self._clock()
        spoken = self._people.get(key)
        if spoken is None:
            if message is None:
                return Verdict(allowed=True, left=limit)
            spoken = Spoken()
        self._let_go(spoken, now)
        used = len(spoken.times)
        if message is not None and any(known == message for _, known in spoken.times):
            return Verdict(allowed=True, left=max(0, limit - used))
        if used < limit:
            if message is not None:
                self._add(key, spoken, message, now)
                spoken.owed.add(message)
                used += 1
            return Verdict(allowed=True, left=limit - used)
        free_at = spoken.times[used - limit][0] + self._seconds
        tell = message is not None and spoken.told_until <= now
        if tell:
            spoken.told_until, spoken.told_here = free_at, True
        return Verdict(allowed=False, left=0, wait_seconds=math.ceil(free_at - now), tell=tell)

    def note(self, key: Hashable, message: int) -> None:
        """Count a message that Redis let through."""
        spoken = self._people.get(key)
        now = self._clock()
        if spoken is None:
            spoken = Spoken()
        else:
            if spoken.owed:
                spoken.owed.clear()  # it was told them with the question
            self._let_go(spoken, now)
            if any(known == message for _, known in spoken.times):
                return
        self._add(key, spoken, message, now)

    def note_told(self, key: Hashable, seconds: float) -> bool:
        """Note that Redis has somebody told of a refusal; False when they were told from here."""
        spoken = self._people.get(key)
        if spoken is None:
            return True
        now = self._clock()
        if spoken.told_here and now < spoken.told_until:
            return False
        spoken.told_until, spoken.told_here = now + seconds, False
        return True

    def owed(self, key: Hashable) -> list[tuple[float, int]]:
        """What was let through here and Redis has not heard of: how long ago, and which message."""
        spoken = self._people.get(key)
        if spoken is None or not spoken.owed:
            return []
        now = self._clock()
        self._let_go(spoken, now)
        return [(now - at, message) for at, message in spoken.times if message in spoken.owed]

    def paid(self, key: Hashable) -> None:
        """Redis has heard of everything that was let through here of this person."""
        spoken = self._people.get(key)
        if spoken is not None:
            spoken.owed.clear()

    def forget(self, key: Hashable) -> None:
        """Begin anew with this person."""
        self._people.pop(key, None)

    def _add(self, key: Hashable, spoken: Spoken, message: int, now: float) -> None:
        spoken.times.append((now, message))
        self._people[key] = spoken
        self._people.move_to_end(key)
        self._sweep(now)

    def _let_go(self, spoken: Spoken, now: float) -> None:
        """Forget what has left the window; written as it is told, so that rounding cannot part them."""
        times = spoken.times
        while times and times[0][0] + self._seconds <= now:
            _, message = times.popleft()
            spoken.owed.discard(message)

    def _sweep(self, now: float) -> None:
        """Drop the two longest silent if their window is over: forgetting outpaces meeting."""
        for _ in range(2):
            key, spoken = next(iter(self._people.items()))
            if spoken.times and now < spoken.times[-1][0] + self._seconds:
                return
            del self._people[key]
