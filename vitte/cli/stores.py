"""The database for a command: opened for one piece of work, and closed."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from vitte.config import Config
from vitte.store.pool import Database, PoolLimits

T = TypeVar("T")


def ask(config: Config, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do some work on the database; gives what it gives.

    Raises:
        VitteError: The database is away, or the work refused.
    """

    async def run() -> T:
        database = Database(config.database.url.reveal(), PoolLimits(kept=1, most=2))
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    return anyio.run(run, backend_options={"use_uvloop": True})
