"""What a supervisor does about an end, as pure functions of what it knows.

The rules are those of OTP's ``supervisor``. Nothing here waits, starts or stops:
the loop in ``supervisor`` obeys.
"""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from vitte.runtime.spec import (
    PERMANENT,
    TEMPORARY,
    AutoShutdown,
    Backoff,
    Intensity,
    Restart,
    Strategy,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom to stop, in this order, and whom to start then, in this order: indices of children."""

    stop: tuple[int, ...]
    start: tuple[int, ...]


def starts_again(restart: Restart, *, normal: bool) -> bool:
    """Say whether a child with this restart rule gets another life after such an end."""
    return restart is PERMANENT or (restart is Restart.TRANSIENT and not normal)


def plan(strategy: Strategy, fallen: int, children: Sequence[Restart]) -> Plan:
    """Say whom the fall of the child at this index concerns.

    Temporary siblings that are stopped on the way are not started again.
    """
    match strategy:
        case Strategy.ONE_FOR_ONE:
            return Plan((), (fallen,))
        case Strategy.ONE_FOR_ALL:
            concerned = range(len(children))
        case Strategy.REST_FOR_ONE:
            concerned = range(fallen, len(children))
    stop = tuple(index for index in reversed(concerned) if index != fallen)
    start = tuple(i for i in concerned if i == fallen or children[i] is not TEMPORARY)
    return Plan(stop, start)


class Window:
    """The restarts of a sliding period; time is given, and monotonic."""

    __slots__ = ("_intensity", "_restarts")

    def __init__(self, intensity: Intensity) -> None:
        self._intensity = intensity
        self._restarts: deque[float] = deque()

    def count(self, now: float) -> int:
        """Count the restarts that the period still holds."""
        restarts = self._restarts
        while restarts and now - restarts[0] > self._intensity.period:
            restarts.popleft()
        return len(restarts)

    def allows_one_more(self, now: float) -> bool:
        """Add a restart; False says that it is one too many."""
        self._restarts.append(now)
        return self.count(now) <= self._intensity.limit


def shuts_down(rule: AutoShutdown, *, significant: bool, others_live: bool) -> bool:
    """Say whether the end for good of this child ends its supervisor.

    ``others_live`` tells whether another significant child runs or is being restarted.
    """
    if not significant or rule is AutoShutdown.NEVER:
        return False
    return rule is AutoShutdown.ANY_SIGNIFICANT or not others_live


def delay(backoff: Backoff | None, falls: int, chance: random.Random) -> float:
    """Give the seconds to wait before the restart after so many falls in a row."""
    if backoff is None or falls < 1:
        return 0.0
    grown = min(backoff.maximum, backoff.minimum * backoff.factor ** min(falls - 1, 64))
    return grown * (1.0 + backoff.jitter * chance.random())
