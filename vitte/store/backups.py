"""Backups: the database as one file, proven, and put back in the place of another.

Owns nothing: the files are ``vitte.store.saved``'s. With a dump goes the number of rows
of every table as they stood in the very snapshot that was dumped. A restore fills a new
database, compares it with that, and only then exchanges the two by name: whatever
fails before leaves everything as it was. The work is done by PostgreSQL's own programs.

Everything here blocks: call it from a command, not from the loop.
"""

import os
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, LiteralString, TypeVar, cast

import msgspec
import psycopg
from msgspec import Struct
from psycopg import IsolationLevel, conninfo
from psycopg.rows import TupleRow, class_row

from vitte.errors import BackupUnfit, DatabaseAway, StillInUse
from vitte.store import saved
from vitte.store.programs import Programs
from vitte.store.queries import Query, take
from vitte.store.saved import Backup, Contents, Shape

SHARE_SNAPSHOT = take("backups", "share_snapshot")
WORD_COUNTS = take("backups", "word_counts")
GET_SHAPE = take("backups", "get_shape")
COUNT_OTHERS = take("backups", "count_others")
LIST_ALIKE = take("backups", "list_alike")
WORD_EXCHANGE = take("backups", "word_exchange")
WORD_CLOSING = take("backups", "word_closing")

ASIDE: Final = "_before_"
SCRATCH: Final = "_scratch_"
MAINTENANCE: Final = "postgres"
"""The database from which others are made and renamed: every cluster has it."""

Row = TypeVar("Row")


class _Name(Struct, frozen=True):
    name: str


class _Counting(Struct, frozen=True):
    name: str
    text: str


class _Count(Struct, frozen=True):
    rows: int


class _Others(Struct, frozen=True):
    others: int


class _Words(Struct, frozen=True):
    leave: str
    enter: str


class _Text(Struct, frozen=True):
    text: str


def make(programs: Programs, folder: Path, *, now: datetime, version: str) -> Backup:
    """Write one backup of the database into a folder.

    Raises:
        DatabaseAway, ProgramMissing, ProgramFailed: It could not be made; nothing is left of it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _connected(programs.url) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.autocommit = False
        shape = _only(connection, GET_SHAPE, Shape)
        snapshot = _only(connection, SHARE_SNAPSHOT, _Name).name
        path = folder / f"{shape.name}-{now:%Y%m%dT%H%M%SZ}.dump"
        with saved.arriving(path) as part:
            programs.run("pg_dump", "--format=custom", f"--snapshot={snapshot}",
                         "--no-owner", "--no-privileges", f"--file={part}")  # fmt: skip
            contents = Contents(
                made_at=now,
                vitte=version,
                shape=shape,
                rows=_count_rows(connection),
                size=part.stat().st_size,
                sha256=saved.digest(part),
            )
            with saved.arriving(saved.beside(path)) as words:
                words.write_bytes(msgspec.json.format(msgspec.json.encode(contents)) + b"\n")
    return Backup(path=path, contents=contents)


def verify(programs: Programs, backup: Backup) -> None:
    """Restore a backup into a database made for this alone, and compare every table.

    Raises:
        BackupUnfit: when a table has not the rows that were backed up.
        DatabaseAway, ProgramMissing, ProgramFailed: as their names say.
    """
    with _filled(programs, backup):
        pass


def restore(programs: Programs, backup: Backup, *, now: datetime) -> str:
    """Put a backup in the database's place; give the name under which the other one is kept.

    Raises:
        StillInUse: when others are connected to the database.
        BackupUnfit, DatabaseAway, ProgramMissing, ProgramFailed: as ``verify``. The database
            is then as it was.
    """
    with _connected(programs.url, MAINTENANCE) as connection:
        _refuse_if_in_use(connection, programs.database)
        aside = f"{programs.database}{ASIDE}{now:%Y%m%d%H%M%S%f}"
        with _filled(programs, backup, keep=True) as filled:
            _exchange(connection, programs.database, filled, aside)
    return aside


def put_aside(programs: Programs) -> list[str]:
    """Give the names of the databases that restores have put aside, the latest first."""
    with _connected(programs.url, MAINTENANCE) as connection:
        found = _rows(connection, LIST_ALIKE, _Name, prefix=programs.database + ASIDE)
    return [each.name for each in found]


def take_back(programs: Programs, aside: str, *, now: datetime) -> str:
    """Put a database that was put aside back in its place; give the name of the other one now.

    Raises:
        StillInUse, DatabaseAway: as ``restore``.
    """
    with _connected(programs.url, MAINTENANCE) as connection:
        _refuse_if_in_use(connection, programs.database)
        other = f"{programs.database}{ASIDE}{now:%Y%m%d%H%M%S%f}"
        _exchange(connection, programs.database, aside, other)
    return other


def forget(programs: Programs, name: str) -> None:
    """Drop a database that was put aside."""
    programs.run("dropdb", f"--maintenance-db={MAINTENANCE}", "--if-exists", name)


@contextmanager
def _filled(programs: Programs, backup: Backup, *, keep: bool = False) -> Generator[str]:
    """A new database with what is in a backup, compared; gone at the end, or at a failure."""
    saved.check(backup)
    shape = backup.contents.shape
    name = f"{programs.database}{SCRATCH}{os.getpid()}"
    forget(programs, name)
    try:
        programs.run("createdb", f"--maintenance-db={MAINTENANCE}", *_like(shape), name)
        programs.run("pg_restore", "--exit-on-error", "--no-owner", "--no-privileges",
                     "--single-transaction", f"--dbname={name}", str(backup.path))  # fmt: skip
        with _connected(programs.url, name) as connection:
            _compare(backup, _count_rows(connection))
        yield name
    except BaseException:
        forget(programs, name)
        raise
    if not keep:
        forget(programs, name)


def _compare(backup: Backup, found: dict[str, int]) -> None:
    written = backup.contents.rows
    for table in sorted(written.keys() | found.keys()):
        if written.get(table) != found.get(table):
            problem = f"{table} has {found.get(table)} rows, and {written.get(table)} were saved"
            raise BackupUnfit(backup.path, problem)


def _like(shape: Shape) -> list[str]:
    options = ["--template=template0", f"--encoding={shape.encoding}",
               f"--lc-collate={shape.collation}", f"--lc-ctype={shape.kinds}",
               f"--locale-provider={shape.provider}"]  # fmt: skip
    if shape.locale is not None:
        options.append(f"--{shape.provider}-locale={shape.locale}")
    return options


def _refuse_if_in_use(connection: psycopg.Connection[TupleRow], database: str) -> None:
    others = _only(connection, COUNT_OTHERS, _Others, name=database).others
    if others:
        raise StillInUse(database, others)


def _exchange(
    connection: psycopg.Connection[TupleRow], database: str, other: str, aside: str
) -> None:
    words = _only(connection, WORD_EXCHANGE, _Words, name=database, aside=aside, other=other)
    closing = _only(connection, WORD_CLOSING, _Text, name=database).text
    try:
        with connection.transaction():
            # They come from a file of ours, their names quoted by PostgreSQL.
            for text in (words.leave, words.enter, closing):
                connection.execute(cast("LiteralString", text))
    except psycopg.errors.ObjectInUse as error:
        raise StillInUse(database, 1) from error


@contextmanager
def _connected(url: str, database: str = "") -> Generator[psycopg.Connection[TupleRow]]:
    where = conninfo.make_conninfo(url, dbname=database) if database else url
    try:
        connection = psycopg.connect(
            where, autocommit=True, connect_timeout=5, application_name="vitte backup"
        )
    except psycopg.OperationalError as error:
        raise DatabaseAway(str(error)) from error
    with closing(connection):
        yield connection


def _count_rows(connection: psycopg.Connection[TupleRow]) -> dict[str, int]:
    found: dict[str, int] = {}
    for table in _rows(connection, WORD_COUNTS, _Counting):
        query = Query(name=table.name, intent="", statement=table.text.encode())
        found[table.name] = _only(connection, query, _Count).rows
    return found


def _only(
    connection: psycopg.Connection[TupleRow], query: Query, row: type[Row], **given: object
) -> Row:
    return _rows(connection, query, row, **given)[0]


def _rows(
    connection: psycopg.Connection[TupleRow], query: Query, row: type[Row], **given: object
) -> list[Row]:
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return cursor.execute(query.statement, given).fetchall()
