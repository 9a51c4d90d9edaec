"""The census: counts now and then what only PostgreSQL knows, for Prometheus.

Owns the gauges of people, of what waits in the tables, and of the database itself. It
asks one small question after the other, once a minute, and what takes longer to count
once in ten; each with a deadline, and in nobody's way. While PostgreSQL is away nobody knows
what waits, and the numbers say so (NaN); people stay as they were counted last. A fall
loses nothing.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from math import nan
from typing import Final, Never

import anyio

from vitte import metrics
from vitte.errors import VitteError
from vitte.runtime import Life
from vitte.store import outbox, server, updates, users
from vitte.store.outbox import Lane
from vitte.store.pool import Database

EVERY_SECONDS: Final = 60.0
SELDOM: Final = 10
"""What is dear to count is counted each so many times."""

LIMIT_SECONDS: Final = 5.0
ACTIVE: Final = timedelta(days=1)

log = logging.getLogger(__name__)


class Census:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Callable[[], datetime],
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._every_seconds = every_seconds

    async def run(self, life: Life[Never]) -> None:
        """Count, for ever."""
        life.ready()
        rounds = 0
        while True:
            up = await self._try(self._waiting)
            metrics.database_up.set(up)
            if not up:
                _nobody_knows()
            elif rounds % SELDOM == 0:
                up = await self._try(self._people) and await self._try(self._size)
            rounds += up  # what could not be counted is tried again in a minute
            await anyio.sleep(self._every_seconds)

    async def _try(self, count: Callable[[], Awaitable[None]]) -> bool:
        try:
            with anyio.fail_after(LIMIT_SECONDS):
                await count()
        except (VitteError, TimeoutError) as problem:
            log.debug("Not counted: %s: %s", type(problem).__name__, problem)
            return False
        return True

    async def _waiting(self) -> None:
        metrics.database_answer.set(await self._database.check(LIMIT_SECONDS))
        now = self._clock()
        backlog = await updates.backlog(self._database)
        metrics.letters.set(backlog.letters)
        metrics.updates_oldest.set(_age(backlog.oldest, now))
        waiting = {each.lane: each for each in await outbox.backlog(self._database)}
        for lane in Lane:
            found = waiting.get(lane)
            metrics.words_waiting.labels(lane.name.lower()).set(found.words if found else 0)
            age = _age(found.oldest if found else None, now)
            metrics.words_oldest.labels(lane.name.lower()).set(age)

    async def _people(self) -> None:
        now = self._clock()
        for group in await users.count(self._database, now, now - ACTIVE):
            metrics.users.labels(group.plan, group.language).set(group.users)
            metrics.users_active.labels(group.plan, group.language).set(group.active)

    async def _size(self) -> None:
        metrics.database_bytes.set(await server.size(self._database))


def _nobody_knows() -> None:
    metrics.letters.set(nan)
    metrics.updates_oldest.set(nan)
    metrics.database_answer.set(nan)
    for lane in Lane:
        metrics.words_waiting.labels(lane.name.lower()).set(nan)
        metrics.words_oldest.labels(lane.name.lower()).set(nan)


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
