"""The server: what PostgreSQL says of itself, to ``vitte doctor`` and to the census.

The doctor asks on one connection of its own and not through the pool, so that the reason
comes back in PostgreSQL's own words when it does not let us in.
"""

import time
from datetime import datetime
from statistics import median
from typing import Final, TypeVar

import psycopg
from msgspec import Struct
from psycopg.rows import TupleRow, class_row

from vitte.errors import DatabaseAway, DatabaseBusy
from vitte.store import migrations
from vitte.store.pool import Session
from vitte.store.queries import Query, take

DESCRIBE = take("server", "describe_server")
GET_SIZE = take("server", "get_database_size")
LIST_TABLES = take("server", "list_greatest_tables")

GREATEST: Final = 3
TIMES: Final = 3

Row = TypeVar("Row")


class Server(Struct, frozen=True, kw_only=True):
    """The server and this database; ``version`` as 150004, ``room`` in connections."""

    version: int
    name: str
    encoding: str
    room: int
    bytes: int


class Table(Struct, frozen=True, kw_only=True):
    """How large a table is with its indexes."""

    name: str
    bytes: int


class Seen(Struct, frozen=True, kw_only=True):
    """All that was seen; ``latency`` in seconds, ``applied`` the migrations by their ids."""

    server: Server
    tables: tuple[Table, ...]
    latency: float
    applied: dict[str, datetime]


async def look(url: str, seconds: int) -> Seen:
    """Look at a PostgreSQL; to be let in may take so many seconds, and any answer as long.

    Raises:
        DatabaseAway: it cannot be reached, or does not let us in; says why in its own words.
        DatabaseBusy: it has no connection left, or does not answer in time.
    """
    try:
        connection = await psycopg.AsyncConnection.connect(
            url,
            autocommit=True,
            connect_timeout=seconds,
            application_name="vitte doctor",
            options=f"-c statement_timeout={seconds * 1000}",
        )
        async with connection:
            return await _look(connection)
    except psycopg.errors.QueryCanceled as error:
        raise DatabaseBusy(f"no answer within {seconds} s") from error
    except psycopg.Error as error:
        raise DatabaseAway(str(error)) from error


class _Size(Struct, frozen=True, kw_only=True):
    bytes: int


async def size(session: Session) -> int:
    """Give how many bytes this database takes."""
    return (await session.row(GET_SIZE, _Size)).bytes


async def _look(connection: psycopg.AsyncConnection[TupleRow]) -> Seen:
    known = await _rows(connection, migrations.FIND_HISTORY, migrations.Known)
    applied: list[migrations.Applied] = []
    if known[0].known:
        applied = await _rows(connection, migrations.LIST_HISTORY, migrations.Applied)
    [server] = await _rows(connection, DESCRIBE, Server)
    return Seen(
        server=server,
        tables=tuple(await _rows(connection, LIST_TABLES, Table, limit=GREATEST)),
        latency=median([await _round_trip(connection) for _ in range(TIMES)]),
        applied={step.id: step.applied_at for step in applied},
    )


async def _round_trip(connection: psycopg.AsyncConnection[TupleRow]) -> float:
    began = time.perf_counter()
    await connection.execute(b"SELECT 1")
    return time.perf_counter() - began


async def _rows(
    connection: psycopg.AsyncConnection[TupleRow], query: Query, row: type[Row], **given: object
) -> list[Row]:
    async with connection.cursor(row_factory=class_row(row)) as cursor:
        await cursor.execute(query.statement, given)
        return await cursor.fetchall()
