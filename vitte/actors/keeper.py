"""The keeper of the database: opens the pool of connections and closes it.

Owns the pool. PostgreSQL may be away at the start and later: the pool fills
itself when it returns, and who asks meanwhile is told so. A fall closes every
connection, so everyone who stands after it starts anew as well.
"""

from typing import Never

from vitte import metrics
from vitte.runtime import Life
from vitte.store.pool import Database


class Keeper:
    """One life, from a start to the next fall."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, life: Life[Never]) -> None:
        """Keep the pool open until the end."""
        database = self._database
        await database.open()
        metrics.database_connections.labels("lent").set_function(lambda: database.state().lent)
        metrics.database_connections.labels("idle").set_function(lambda: database.state().idle)
        metrics.database_waits.set_function(lambda: database.state().waiting)
        life.trap_exit()
        life.ready()
        try:
            await life.shutdown_asked()
        finally:
            await database.close()
