"""Fetching: what the cache does not have is asked of PostgreSQL, once for all who want it."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct

from vitte import config
from vitte.actors.noun import Noun
from vitte.actors.redis_shelf import Fill
from vitte.actors.shelf import Shelf
from vitte.errors import VitteError
from vitte.runtime import Reply
from vitte.store.pool import Database

log = logging.getLogger(__name__)


class Wanted(Struct, frozen=True, kw_only=True):
    """Something that somebody waits for, and the mark of its person's last change in Redis."""

    noun: Noun[Any, Any]
    key: Any
    reply: Reply[Any]
    mark: bytes | None = None


W = TypeVar("W", bound=Wanted)


def answered_from_memory(shelf: Shelf, wanted: Iterable[W]) -> list[W]:
    """Answer what has come to lie in memory while they waited; gives the rest."""
    rest: list[W] = []
    for each in wanted:
        kept = shelf.look(each.noun, each.key)
        if kept is None:
            rest.append(each)
        else:
            each.noun.counted_memory.inc()
            each.reply.send(kept.value)
    return rest


class Fetcher:
    """Asks PostgreSQL, answers who waits, and keeps what it was told."""

    def __init__(
        self,
        *,
        database: Database,
        shelf: Shelf,
        settings: config.Cache,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._shelf = shelf
        self._settings = settings
        self._clock = clock

    async def fetch(self, wanted: Sequence[Wanted]) -> list[Fill]:
        """Serve all who want things of the same noun; gives what Redis may keep too."""
        wanted = answered_from_memory(self._shelf, wanted)
        if not wanted:
            return []
        noun: Noun[Any, Any] = wanted[0].noun
        keys = list(dict.fromkeys(each.key for each in wanted))
        noun.counted_miss.inc(len(keys))
        with self._shelf.fence.reading() as began:
            try:
                rows = await noun.fetch(self._database, keys)
                self._keep(noun, keys, rows, began)
            except VitteError as problem:  # PostgreSQL away or busy: the askers decide, we live on
                _fail(wanted, problem)
                return []
            except Exception as problem:  # noqa: BLE001  # one of the keys is poison: which?
                return await self._fetch_apart(wanted, problem)
            for each in wanted:
                each.reply.send(rows.get(each.key))
            # What has changed meanwhile is not even offered to Redis.
            fills = list(_fills(noun, wanted, rows))
            return [fill for fill in fills if self._shelf.fence.stands(began, fill.key)]

    def _keep(
        self, noun: Noun[Any, Any], keys: Sequence[Any], rows: Mapping[Any, Any], began: int
    ) -> None:
        now, settings = self._clock(), self._settings
        for key in keys:
            row = rows.get(key)
            good = noun.none_seconds if row is None else noun.seconds(settings, row, now)
            self._shelf.put(noun, key, row, seconds=good, began=began)

    async def _fetch_apart(self, wanted: Sequence[Wanted], problem: Exception) -> list[Fill]:
        """Fail who asks what cannot be asked, and nobody beside them."""
        if len({each.key for each in wanted}) > 1:
            middle = len(wanted) // 2
            first = await self.fetch(wanted[:middle])
            return first + await self.fetch(wanted[middle:])
        log.error("%r cannot be read: %s", wanted[0].noun, type(problem).__name__)
        _fail(wanted, problem)
        return []


def _fail(wanted: Iterable[Wanted], problem: Exception) -> None:
    for each in wanted:
        each.reply.fail(problem)


def _fills(
    noun: Noun[Any, Any], wanted: Iterable[Wanted], rows: Mapping[Any, Any]
) -> Iterable[Fill]:
    """What of it Redis may keep, each once: with Redis away there was no mark."""
    marks = {each.key: each.mark for each in wanted}
    for key, mark in marks.items():
        if mark is not None and (row := rows.get(key)) is not None:
            yield Fill(noun=noun, key=key, value=row, mark=mark)
