"""The database: a pool of connections, and the one place where it can fail.

Owns every connection to PostgreSQL. Keeps some ready, opens more under load up
to a ceiling, and lets nobody wait without a deadline: neither for a connection nor
for an answer on it, since a server that hangs does not keep its own time limits. The
loss of PostgreSQL loses nothing here: opening does not fail, a question asked
meanwhile does (``DatabaseAway``), and connections come back by themselves. psycopg's
errors end in this file; what leaves it is from ``vitte.errors``.
"""

import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import psycopg
from anyio import CancelScope, fail_after
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from vitte.errors import (
    Contradiction,
    DatabaseAway,
    DatabaseBusy,
    DatabaseFull,
    DatabaseSlow,
)
from vitte.store.connection import (
    GRACE_SECONDS,
    Connection,
    Patience,
    PoolLimits,
    arguments_of,
    is_silent,
)
from vitte.store.queries import Query
from vitte.store.rows import made

__all__ = ["Database", "PoolLimits", "PoolState", "Session", "Transaction"]

FULL_SECONDS: Final = 5.0
"""How long PostgreSQL counts as full after a write that found no room: as long as writers try again."""
AWAY_SECONDS: Final = 0.1
"""How long to wait for a connection while PostgreSQL is away: somebody has waited in vain already."""

Row = TypeVar("Row")
_Pool: TypeAlias = AsyncConnectionPool[Connection]


class Session(Protocol):
    """What runs named queries: the database (each on its own) or a transaction (all as one)."""

    async def row_or_none(self, query: Query, row: type[Row], /, **given: Any) -> Row | None:
        """Give the first row, or None when there is none."""
        ...

    async def rows(self, query: Query, row: type[Row], /, **given: Any) -> list[Row]:
        """Give every row."""
        ...

    async def row(self, query: Query, row: type[Row], /, **given: Any) -> Row:
        """Give the one row of a query that always has one."""
        ...

    async def change(self, query: Query, /, **given: Any) -> int:
        """Run a query for its effect; give the number of rows it touched."""
        ...


class PoolState(Struct, frozen=True, kw_only=True):
    """The pool at this moment: connections open, lent and idle, and who waits for one."""

    size: int
    lent: int
    idle: int
    waiting: int


class Transaction:
    """Named queries on one connection, committed together or not at all."""

    def __init__(self, connection: Connection, patience: Patience) -> None:
        self._connection = connection
        self._patience = patience

    async def row_or_none(self, query: Query, row: type[Row], /, **given: Any) -> Row | None:
        """See ``Session.row_or_none``."""
        async with self._connection.cursor(row_factory=made(row)) as cursor:
            await self._ask(cursor, query, given)
            return await cursor.fetchone()

    async def rows(self, query: Query, row: type[Row], /, **given: Any) -> list[Row]:
        """See ``Session.rows``."""
        async with self._connection.cursor(row_factory=made(row)) as cursor:
            await self._ask(cursor, query, given)
            return await cursor.fetchall()

    async def row(self, query: Query, row: type[Row], /, **given: Any) -> Row:
        """See ``Session.row``."""
        found = await self.row_or_none(query, row, **given)
        if found is None:
            raise LookupError(query.name)
        return found

    async def change(self, query: Query, /, **given: Any) -> int:
        """See ``Session.change``."""
        async with self._connection.cursor() as cursor:
            await self._ask(cursor, query, given)
            return cursor.rowcount

    async def _ask(
        self, cursor: psycopg.AsyncCursor[Any], query: Query, given: dict[str, Any]
    ) -> None:
        self._patience.begin()
        try:
            await cursor.execute(query.statement, given)
        finally:
            self._patience.end()


class Database:
    """The pool: runs single queries on a connection of their own, and transactions."""

    def __init__(self, url: str, limits: PoolLimits | None = None) -> None:
        self._limits = limits or PoolLimits()
        self._lent = 0
        self._full_at = -FULL_SECONDS
        self._is_away = False
        self._arguments = arguments_of(url, self._limits)
        self._pool = self._new_pool()

    async def open(self) -> None:
        """Begin to fill the pool; returns at once, also while PostgreSQL is away.

        A database that was closed may be opened again.
        """
        if self._pool.closed:
            self._pool = self._new_pool()  # psycopg's pool has one life, as an actor has
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close every connection; whoever still waits for one is refused."""
        with CancelScope(shield=True):
            await self._pool.close(timeout=5)

    async def check(self, seconds: float = 1.0) -> float:
        """Ask PostgreSQL for a sign of life; give the seconds it took.

        It asks on a connection of the pool, waiting for one like everybody else: a full
        pool is ill health, and a connection of its own would not notice. So is a full disk,
        which a question that writes nothing would not notice either: who wrote has noted it.

        Raises:
            DatabaseBusy: when no connection came free in time.
            DatabaseFull: when somebody could not write, less than ``FULL_SECONDS`` ago.
            DatabaseAway: when PostgreSQL does not answer in time.
        """
        began = time.monotonic()
        async with self._borrow(seconds) as (connection, _):
            try:
                with fail_after(seconds - (time.monotonic() - began)):
                    await connection.execute(b"SELECT 1")
            except TimeoutError:
                raise DatabaseAway(f"no answer within {seconds} s") from None
        if time.monotonic() < self._full_at + FULL_SECONDS:
            raise DatabaseFull("no room on its disk")
        return time.monotonic() - began

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        """Lend one connection for queries that are committed together at the block's end.

        Raises:
            DatabaseBusy, DatabaseAway, DatabaseSlow: as their names say.
        """
        async with self._borrow() as (connection, patience):
            patience.begin()
            async with connection.transaction():
                patience.end()
                try:
                    yield Transaction(connection, patience)
                finally:
                    patience.begin()

    async def row_or_none(self, query: Query, row: type[Row], /, **given: Any) -> Row | None:
        """See ``Session.row_or_none``."""
        async with self._borrow() as lent:
            return await Transaction(*lent).row_or_none(query, row, **given)

    async def rows(self, query: Query, row: type[Row], /, **given: Any) -> list[Row]:
        """See ``Session.rows``."""
        async with self._borrow() as lent:
            return await Transaction(*lent).rows(query, row, **given)

    async def row(self, query: Query, row: type[Row], /, **given: Any) -> Row:
        """See ``Session.row``."""
        async with self._borrow() as lent:
            return await Transaction(*lent).row(query, row, **given)

    async def change(self, query: Query, /, **given: Any) -> int:
        """See ``Session.change``."""
        async with self._borrow() as lent:
            return await Transaction(*lent).change(query, **given)

    def state(self) -> PoolState:
        """Give the pool's numbers at this moment."""
        stats = self._pool.get_stats()
        return PoolState(
            size=stats.get("pool_size", 0),
            lent=self._lent,
            idle=stats.get("pool_available", 0),
            waiting=stats.get("requests_waiting", 0),
        )

    @asynccontextmanager
    async def _borrow(
        self, seconds: float | None = None
    ) -> AsyncGenerator[tuple[Connection, Patience]]:
        pool = self._pool
        patience = Patience(self._limits.statement_seconds + GRACE_SECONDS)
        with self._in_our_words():
            connection = await self._take(pool, seconds)
            self._lent += 1
            try:
                with patience.scope:
                    yield connection, patience
            finally:
                self._lent -= 1
                await _give_back(pool, connection)
        if patience.scope.cancelled_caught:
            raise DatabaseAway(f"no answer within {patience.seconds} s")

    async def _take(self, pool: _Pool, seconds: float | None) -> Connection:
        wait = self._limits.wait_seconds if seconds is None else seconds
        if self._is_away:
            wait = min(wait, AWAY_SECONDS)
        deadline = time.monotonic() + wait
        while True:
            connection = await pool.getconn(timeout=deadline - time.monotonic())
            if is_silent(connection):
                self._is_away = False
                return connection
            # The server hung up while it lay idle, as after a restart. The next one may be well.
            connection.pgconn.finish()
            await _give_back(pool, connection)

    def _new_pool(self) -> _Pool:
        return AsyncConnectionPool(
            kwargs=self._arguments,
            min_size=self._limits.kept,
            max_size=self._limits.most,
            max_waiting=self._limits.most_waiting,
            timeout=self._limits.wait_seconds,
            # The pool's back-off doubles without a ceiling up to this time, then starts anew:
            # kept short, connections are back within seconds of PostgreSQL's return.
            reconnect_timeout=4.0,
            name="vitte",
            open=False,
        )

    @contextmanager
    def _in_our_words(self) -> Generator[None]:
        try:
            yield
        except PoolTimeout as error:
            # When all are lent out the wait was for people, else it was for PostgreSQL.
            self._is_away = not self._lent
            raise (DatabaseAway if self._is_away else DatabaseBusy)(str(error)) from error
        except (
            TooManyRequests,
            psycopg.errors.LockNotAvailable,
            psycopg.errors.DeadlockDetected,
        ) as error:
            raise DatabaseBusy(str(error)) from error
        except psycopg.errors.DiskFull as error:
            self._full_at = time.monotonic()
            raise DatabaseFull(str(error)) from error
        except psycopg.errors.UniqueViolation as error:
            raise Contradiction("another one is there already") from error
        except psycopg.errors.QueryCanceled as error:
            raise DatabaseSlow(str(error)) from error
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolClosed) as error:
            raise DatabaseAway(str(error)) from error


async def _give_back(pool: _Pool, connection: Connection) -> None:
    # Unshielded, a cancellation would interrupt the giving back and lose the connection for good.
    with CancelScope(shield=True):
        await pool.putconn(connection)
