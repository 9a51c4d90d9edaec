"""The shelf: what the cache keeps in this process's memory.

Bounded in entries and in bytes: the longest unused go first. Each entry has an end,
and an owner, so that all of a person can be dropped without looking through the rest.
Its loss costs a question to Redis or PostgreSQL for each thing that is asked for again.
"""

import random
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any, Final, TypeAlias

from vitte import metrics
from vitte.actors.fence import Fence
from vitte.actors.noun import Noun
from vitte.store.users import UserId

Place: TypeAlias = tuple[str, Hashable]
"""Where something lies: the name of its noun, and its key."""
OVERHEAD: Final = 300
"""Bytes that an entry costs besides its value."""
JITTER: Final = 0.1
"""By so much less than its time anything is kept, so that not all ends at once."""


class Entry:
    """One thing on the shelf."""

    __slots__ = ("noun", "owner", "size", "until", "value")

    def __init__(
        self, noun: Noun[Any, Any], value: Any, owner: UserId | None, until: float, size: int
    ) -> None:
        self.noun = noun
        self.value = value
        self.owner = owner
        self.until = until
        self.size = size


class Shelf:
    """What is kept, by its place; the least recently used stand in front."""

    __slots__ = ("_clock", "_entries", "_most", "_most_bytes", "_owned", "ceiling", "fence", "size")

    def __init__(
        self, *, most: int, most_bytes: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._clock = clock
        self._entries: OrderedDict[Place, Entry] = OrderedDict()
        self._owned: dict[UserId, set[Place]] = {}
        self.fence = Fence()
        self.size = 0
        self.ceiling: float | None = None
        """The most seconds that anything is kept for; None is as long as it is good."""

    def __len__(self) -> int:
        return len(self._entries)

    def look(self, noun: Noun[Any, Any], key: Hashable) -> Entry | None:
        """Give what lies there, if it is still good."""
        place = (noun.name, key)
        entry = self._entries.get(place)
        if entry is None:
            return None
        if entry.until <= self._clock():
            self._take_off(place, entry)
            return None
        self._entries.move_to_end(place)
        return entry

    def owner(self, name: str, key: Hashable) -> UserId | None:
        """Whose the thing of this noun is that lies under a key; None if none does, or nobody's."""
        entry = self._entries.get((name, key))
        return None if entry is None else entry.owner

    def put(
        self, noun: Noun[Any, Any], key: Hashable, value: Any, *, seconds: float, began: int
    ) -> None:
        """Keep something that was read since ``began``, unless it has changed meanwhile."""
        owner = noun.owner(key, value)
        if not self._stands(value, owner, began):
            metrics.cache_refused.labels("memory").inc()
            return
        if self.ceiling is not None:
            seconds = min(seconds, self.ceiling)
        size = _size(noun, value)
        if seconds <= 0 or size > self._most_bytes:
            return
        place = (noun.name, key)
        if (before := self._entries.get(place)) is not None:
            self._take_off(place, before)
        self._entries[place] = Entry(noun, value, owner, self._clock() + seconds * _jitter(), size)
        self.size += size
        if owner is not None:
            self._owned.setdefault(owner, set()).add(place)
        self._make_room()

    def drop(self, owner: UserId, nouns: Collection[str] = ()) -> None:
        """Drop what belongs to a person: of these nouns, or all of it."""
        self.fence.changed(owner)
        owned = self._owned.get(owner)
        if not owned:
            return
        for place in [place for place in owned if place[0] in nouns] if nouns else tuple(owned):
            self._take_off(place, self._entries[place])

    def renew(
        self, owner: UserId, rows: Sequence[object], nouns: Collection[str], *, began: int
    ) -> None:
        """Put right what is kept of a person after changes since this step, which left these rows.

        What cannot be put right is dropped; all of it, if somebody else changed something meanwhile.
        """
        stands = self.fence.stands(began, owner)
        self.fence.changed(owner)
        for place in [place for place in self._owned.get(owner, ()) if place[0] in nouns]:
            entry = self._entries[place]
            self._exchange(place, entry, _renewed(place, entry, rows) if stands else None)
        self._make_room()

    def _exchange(self, place: Place, entry: Entry, value: Any) -> None:
        """Let something else lie there until the same time; nothing, if it is None."""
        if value is None:
            self._take_off(place, entry)
        elif value is not entry.value:
            size = _size(entry.noun, value)
            self.size += size - entry.size
            entry.value, entry.size = value, size

    def clear(self) -> None:
        """Drop everything."""
        self.fence.all_changed()
        self._entries.clear()
        self._owned.clear()
        self.size = 0

    def _make_room(self) -> None:
        while self.size > self._most_bytes or len(self._entries) > self._most:
            self._take_off(*next(iter(self._entries.items())))

    def _stands(self, value: Any, owner: UserId | None, began: int) -> bool:
        if value is None and owner is None:  # nobody knows whose it would be
            return self.fence.nothing_stands(began)
        return self.fence.stands(began, owner)

    def _take_off(self, place: Place, entry: Entry) -> None:
        del self._entries[place]
        self.size -= entry.size
        if entry.owner is not None:
            owned = self._owned[entry.owner]
            owned.discard(place)
            if not owned:
                del self._owned[entry.owner]


def _size(noun: Noun[Any, Any], value: Any) -> int:
    return OVERHEAD + (0 if value is None else noun.size(value))


def _renewed(place: Place, entry: Entry, rows: Sequence[object]) -> Any:
    """What lies there once all these rows are as they are; None if that cannot be told."""
    value, renewed = entry.value, entry.noun.renewed
    for row in rows:
        if value is None or renewed is None:
            return None
        value = renewed(place[1], value, row)
    return value


def _jitter() -> float:
    return random.uniform(1 - JITTER, 1)  # noqa: S311  # no secret
