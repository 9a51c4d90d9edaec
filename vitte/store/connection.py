"""A connection to PostgreSQL: how it is opened, whether it is still good, how long it may be silent.

Owns nothing. A server keeps the time limits that it is given here; one that hangs keeps
none, and so we have a limit of our own for each answer.
"""

import select
from math import inf
from typing import Any, Final, TypeAlias

import psycopg
from anyio import CancelScope, current_time
from msgspec import Struct
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

Connection: TypeAlias = psycopg.AsyncConnection[TupleRow]

GRACE_SECONDS: Final = 1.0
"""How much longer than the server's own limit we wait for an answer before we hang up."""


class PoolLimits(Struct, frozen=True, kw_only=True):
    """How many connections, and how long anything may take, in seconds."""

    kept: int = 20
    most: int = 50
    most_waiting: int = 1_000
    wait_seconds: float = 5.0
    connect_seconds: int = 3
    statement_seconds: float = 10.0
    lock_seconds: float = 2.0
    idle_in_transaction_seconds: float = 10.0


class Patience:
    """How long the server may take over what it was last asked; then we hang up."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.scope = CancelScope()

    def begin(self) -> None:
        """Something is asked now."""
        self.scope.deadline = current_time() + self.seconds

    def end(self) -> None:
        """It was answered: nothing is asked at the moment."""
        self.scope.deadline = inf


def is_silent(connection: Connection) -> bool:
    """Tell whether an idle connection is still good, without asking the server.

    An idle server says nothing. A socket with something to read holds the end of the
    stream or a farewell, and finding out costs two microseconds instead of a round trip. (Or
    news of a changed setting, which comes once in months and costs a connection.)
    """
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def arguments_of(url: str, limits: PoolLimits) -> dict[str, Any]:
    """What psycopg is given to open a connection: the URL, and our limits where it says nothing."""
    settings = {
        "statement_timeout": round(limits.statement_seconds * 1000),
        "lock_timeout": round(limits.lock_seconds * 1000),
        "idle_in_transaction_session_timeout": round(limits.idle_in_transaction_seconds * 1000),
        "TimeZone": "UTC",
        "jit": "off",
    }
    given = {key: value for key, value in conninfo_to_dict(url).items() if value is not None}
    ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return {
        "application_name": "vitte",
        "connect_timeout": limits.connect_seconds,
        **given,
        # What the URL says comes last and so wins.
        "options": f"{ours} {given.get('options', '')}".strip(),
        "autocommit": True,
        # Every query is one of ours and comes again: prepare it the first time.
        "prepare_threshold": 0,
    }
