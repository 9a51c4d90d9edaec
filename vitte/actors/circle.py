"""The circle: this process among others that keep the same things.

Its name, whether anybody else listens, what it has changed and could not tell. It
outlives the lives of the cache, so that a fall forgets nothing that others must know.
"""

import itertools
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from vitte.store.users import UserId

MOST_AT_ONCE: Final = 500


class News(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one process tells the others: of whom which nouns have changed; none means all."""

    by: str
    people: list[tuple[UserId, list[str]]] = []
    everything: bool = False
    hello: bool = False


class Owed:
    """Whose changes Redis has not been told yet. It outlives the lives of the cache.

    Nobody is owed anything for longer than the longest that Redis keeps a thing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._people: OrderedDict[UserId, tuple[int, float]] = OrderedDict()
        self._numbers = itertools.count()

    def __contains__(self, user: UserId) -> bool:
        return user in self._people

    def __len__(self) -> int:
        return len(self._people)

    def add(self, user: UserId) -> None:
        """Note a change that was committed."""
        self._people[user] = (next(self._numbers), self._clock())
        self._people.move_to_end(user)

    def listed(self, seconds: float) -> dict[UserId, tuple[int, float]]:
        """Give what is owed longest, as much as one trip takes; older than ``seconds`` is forgiven."""
        while self._people:
            user, (_, at) = next(iter(self._people.items()))
            if self._clock() - at < seconds:
                break
            del self._people[user]
        return dict(itertools.islice(self._people.items(), MOST_AT_ONCE))

    def paid(self, told: dict[UserId, tuple[int, float]]) -> None:
        """Strike out what Redis was told, but not what was changed again meanwhile."""
        for user, noted in told.items():
            if self._people.get(user) == noted:
                del self._people[user]


class Circle:
    """Who this process is, whether there are others, and what it owes them."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(8)
        self.owed = Owed()
        self.untold = False
        """Whether something was changed that the others could not be told."""
        self.linked = False
        self.others = True
        """Whether somebody else listens; until Redis says otherwise, somebody may."""

    def counted(self, listeners: int) -> None:
        """Note how many heard what we said: we ourselves are among them while we listen."""
        self.others = listeners > int(self.linked)
