"""The keeper of the database: opens the pool of connections and closes it.

Owns the pool. PostgreSQL may be away at the start and later: the pool fills
itself when it returns, and who asks meanwhile is told so. Where migrations could not
be applied before the start, they are applied before the pool is opened: nobody ever meets
a schema that is older than the code. A fall closes every connection, so everyone who
stands after it starts anew as well.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final, Never, TypeAlias

import anyio
from anyio import to_thread

from vitte import metrics
from vitte.errors import VitteError
from vitte.runtime import Life
from vitte.store.pool import Database

PAUSE_SECONDS: Final = 1.0

Migrate: TypeAlias = Callable[[], Sequence[str]]

log = logging.getLogger(__name__)


class Keeper:
    """One life, from a start to the next fall.

    ``migrate`` brings the schema up to date, blocking, and gives what it applied; None where
    that is done, or another's business.
    """

    def __init__(self, database: Database, migrate: Migrate | None = None) -> None:
        self._database = database
        self._migrate = migrate

    async def run(self, life: Life[Never]) -> None:
        """Keep the pool open until the end."""
        database = self._database
        metrics.database_connections.labels("lent").set_function(lambda: database.state().lent)
        metrics.database_connections.labels("idle").set_function(lambda: database.state().idle)
        metrics.database_waits.set_function(lambda: database.state().waiting)
        life.trap_exit()
        try:
            if self._migrate is None:
                await database.open()
                life.ready()
                await life.shutdown_asked()
                return
            life.ready()  # PostgreSQL is away: all others come up, and say that it is
            async with anyio.create_task_group() as group:
                group.start_soon(self._open_when_migrated, self._migrate)
                await life.shutdown_asked()
                group.cancel_scope.cancel()
        finally:
            await database.close()

    async def _open_when_migrated(self, migrate: Migrate) -> None:
        """Wait for PostgreSQL, apply what is pending, open the pool."""
        while True:
            try:
                # A stop does not wait for it: what is not committed by then is undone.
                applied = await to_thread.run_sync(migrate, abandon_on_cancel=True)
                break
            except VitteError as problem:
                if problem.permanent:
                    raise
            await anyio.sleep(PAUSE_SECONDS)
        for name in applied:
            log.info("Migration applied: %s", name)
        await self._database.open()
