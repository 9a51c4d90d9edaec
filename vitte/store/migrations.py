"""The schema: brings it up to date, step by step, and back.

yoyo reads ``sql/migrations/`` and knows which step comes after which; how a step
is applied is told here. One process at a time, held by an advisory lock that
goes with its connection: yoyo's own lock is a row that a killed process leaves
behind. A migration and the note that it was applied are one transaction. No
step waits long for a lock, for whoever waits for one makes everybody wait.

Everything here blocks: call it before the loop runs, or from a worker thread.
"""

from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from socket import gethostname
from typing import Any, Literal, NamedTuple, TypeVar
from uuid import uuid4

import psycopg
from msgspec import Struct
from psycopg.rows import TupleRow, class_row
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.migrations import (
    Migration,
    MigrationList,
    default_migration_table,
    topological_sort,
)

from vitte.errors import DatabaseAway, MigrationBlocked, MigrationFailed, NoSuchMigration
from vitte.resources import ROOT
from vitte.store import messages
from vitte.store.queries import Query, take

SET_LOCK_TIMEOUT = take("migrations", "set_lock_timeout")
TAKE_LOCK = take("migrations", "take_migration_lock")
FIND_HISTORY = take("migrations", "find_history")
LIST_HISTORY = take("migrations", "list_history")

FOLDER = ROOT / "sql" / "migrations"

PATIENCE_FOR_PROCESSES = "60s"
PATIENCE_FOR_TABLES = "5s"

MONTHS_AHEAD = 2
"""Months of messages that are ready beyond the present one."""


Row = TypeVar("Row")


class Step(Struct, frozen=True, kw_only=True):
    """A migration, and when it was applied; None while it was not."""

    id: str
    applied_at: datetime | None


class Known(Struct, frozen=True, kw_only=True):
    """Whether a migration was ever applied."""

    known: bool


class Applied(Struct, frozen=True, kw_only=True):
    """A migration that was applied, and when."""

    id: str
    applied_at: datetime


def names() -> list[str]:
    """Give the ids of all migrations there are, in order; asks no database."""
    return [step.id for step in topological_sort(_migrations())]


def status(url: str) -> list[Step]:
    """Give every migration in order; changes nothing.

    Raises:
        DatabaseAway: when PostgreSQL cannot be reached.
    """
    with _connected(url) as connection:
        applied = _history(connection)
    return [Step(id=name, applied_at=applied.get(name)) for name in names()]


def pending(url: str) -> list[str]:
    """Give the ids of what ``apply`` would apply, in order; changes nothing.

    Raises:
        DatabaseAway: when PostgreSQL cannot be reached.
    """
    return [step.id for step in status(url) if step.applied_at is None]


def apply(url: str, *, today: date | None = None) -> list[str]:
    """Apply what is pending and make the months of messages from ``today`` on; give the ids applied.

    Raises:
        DatabaseAway: when PostgreSQL cannot be reached.
        MigrationBlocked: when another process migrates, or holds a table, for too long.
        MigrationFailed: when a step does not go through; those before it stay applied.
    """
    day = today or datetime.now(UTC).date()
    with _backend(url) as backend:
        steps = list(backend.to_apply(_migrations()))
        for step in steps:
            _take(backend, step, "apply")
        with _in_our_words("making the months of messages"):
            _run(backend.connection, messages.MAKE_PARTITIONS, first=day, months=MONTHS_AHEAD + 1)
    return [step.id for step in steps]


def rollback(url: str, *, steps: int = 1, to: str | None = None) -> list[str]:
    """Undo the last ``steps`` migrations, or all after the one called ``to``; give the ids undone.

    Raises:
        DatabaseAway, MigrationBlocked, MigrationFailed: as ``apply``.
        NoSuchMigration: when none called ``to`` is applied.
    """
    with _backend(url) as backend:
        applied = list(backend.to_rollback(_migrations()))
        undone = applied[: steps if to is None else _place(applied, to)]
        for step in undone:
            _take(backend, step, "rollback")
    return [step.id for step in undone]


class _Address(NamedTuple):
    """A libpq URL in the shape that yoyo wants to see."""

    url: str
    database: str = ""


class _Backend(PostgresqlPsycopgBackend):
    """yoyo on a connection of ours: any libpq URL, and a step with its note in one transaction."""

    def connect(self, dburi: _Address) -> psycopg.Connection[TupleRow]:
        connection = _connect(dburi.url)
        try:
            _run(connection, SET_LOCK_TIMEOUT, timeout=PATIENCE_FOR_PROCESSES)
            _run(connection, TAKE_LOCK)
            _run(connection, SET_LOCK_TIMEOUT, timeout=PATIENCE_FOR_TABLES)
        except psycopg.errors.LockNotAvailable as error:
            connection.close()
            raise MigrationBlocked("another process has been migrating for a minute") from error
        return connection

    @contextmanager
    def lock(self, timeout: float = 10) -> Generator[None]:
        """Do nothing: the advisory lock is held, and yoyo's table of locks is never made."""
        del timeout
        yield

    def get_log_data(
        self, migration: Migration | None = None, operation: str = "apply"
    ) -> dict[str, object]:
        """Say who did it without asking the name service, which may be slow or know nobody."""
        return {
            "id": str(uuid4()),
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "username": "vitte",
            "hostname": gethostname(),
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }


def _take(backend: _Backend, step: Migration, direction: Literal["apply", "rollback"]) -> None:
    step.load()
    note = backend.mark_one if direction == "apply" else backend.unmark_one
    with _in_our_words(step.id), backend.transaction() if step.use_transactions else nullcontext():
        step.process_steps(backend, direction)
        note(step, log=False)
        backend.log_migration(step, direction)


def _place(applied: list[Migration], to: str) -> int:
    for place, step in enumerate(applied):
        if step.id == to:
            return place
    raise NoSuchMigration(to)


@contextmanager
def _in_our_words(doing: str) -> Generator[None]:
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise MigrationBlocked(f"{doing} waited {PATIENCE_FOR_TABLES} for a table") from error
    except psycopg.Error as error:
        raise MigrationFailed(doing, str(error)) from error


def _migrations() -> MigrationList:
    return read_migrations(str(FOLDER))


def _backend(url: str) -> _Backend:
    return _Backend(_Address(url), default_migration_table)


@contextmanager
def _connected(url: str) -> Generator[psycopg.Connection[TupleRow]]:
    connection = _connect(url)
    try:
        yield connection
    finally:
        connection.close()


def _connect(url: str) -> psycopg.Connection[TupleRow]:
    try:
        return psycopg.connect(
            url, autocommit=True, connect_timeout=5, application_name="vitte migrate"
        )
    except psycopg.OperationalError as error:
        raise DatabaseAway(str(error)) from error


def _history(connection: psycopg.Connection[TupleRow]) -> dict[str, datetime]:
    if not _rows(connection, FIND_HISTORY, Known)[0].known:
        return {}
    applied = _rows(connection, LIST_HISTORY, Applied)
    return {step.id: step.applied_at.astimezone(UTC) for step in applied}


def _rows(connection: psycopg.Connection[TupleRow], query: Query, row: type[Row]) -> list[Row]:
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return cursor.execute(query.statement).fetchall()


def _run(connection: psycopg.Connection[TupleRow], query: Query, **given: Any) -> None:
    connection.execute(query.statement, given)
