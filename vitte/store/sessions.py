"""Sessions: who is in the admin panel, by the SHA-256 of what their cookie holds.

A session begins at stage ``code``, when the password was right, and is replaced by
one with another id at stage ``open`` when the one-time code was right as well. It
ends twelve hours after that, or after half an hour without a request. Its loss is
a login.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final, Literal, NewType, TypeAlias

from msgspec import Struct

from vitte.store.operators import OperatorId, Role
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.text import storable
from vitte.store.users import Language, UserId

ADD = take("sessions", "add_session")
SEE = take("sessions", "see_session")
TRY_CODE = take("sessions", "try_code")
LIST = take("sessions", "list_sessions")
END = take("sessions", "end_session")
END_ALL = take("sessions", "end_sessions")

SessionId = NewType("SessionId", int)
Stage: TypeAlias = Literal["code", "open"]

IDLE: Final = timedelta(minutes=30)
ABSOLUTE: Final = timedelta(hours=12)
FOR_A_CODE: Final = timedelta(minutes=5)
NOTED_EVERY: Final = timedelta(seconds=30)
MOST_TRIES: Final = 5
"""So many codes may be tried in one login; then the password is asked for again."""
LONGEST_AGENT: Final = 200


class Held(Struct, frozen=True, kw_only=True):
    """A session in force, with its operator: who asks."""

    id: SessionId
    operator_id: OperatorId
    stage: Stage
    code: bytes | None
    tries: int
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    name: str
    role: Role
    language: Language
    totp_secret: bytes | None
    telegram_id: UserId | None


class Listed(Struct, frozen=True, kw_only=True):
    """A session as it is shown."""

    id: SessionId
    operator_id: OperatorId
    name: str
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime


class _Id(Struct, frozen=True, kw_only=True):
    id: SessionId


class _Name(Struct, frozen=True, kw_only=True):
    name: str


def invent() -> str:
    """Give what a new cookie holds; it is nobody's until it is kept."""
    return secrets.token_urlsafe(32)


def digest(cookie: str) -> bytes:
    """What is kept of a cookie."""
    return hashlib.sha256(cookie.encode()).digest()


async def add(  # noqa: PLR0913  # each is a thing of its own that a session has
    session: Session,
    operator: OperatorId,
    cookie: str,
    now: datetime,
    *,
    stage: Stage,
    address: str,
    agent: str,
    code: bytes | None = None,
) -> SessionId:
    """Begin a session; those that are over are removed."""
    row = await session.row(
        ADD,
        _Id,
        operator_id=operator,
        digest=digest(cookie),
        stage=stage,
        code=code,
        address=storable(address, 64),
        agent=storable(agent, LONGEST_AGENT),
        ends_at=now + (ABSOLUTE if stage == "open" else FOR_A_CODE),
        stale=now - IDLE,
        now=now,
    )
    return row.id


async def see(session: Session, cookie: str, now: datetime, *, awake: bool = True) -> Held | None:
    """Give the session of a cookie while it is in force; ``awake`` notes that somebody was there."""
    return await session.row_or_none(
        SEE,
        Held,
        digest=digest(cookie),
        stale=now - IDLE,
        since=now - NOTED_EVERY,
        awake=awake,
        now=now,
    )


async def try_code(session: Session, held: SessionId) -> bool:
    """Count one try at the one-time code; False when there were as many as there may be."""
    return await session.change(TRY_CODE, id=held, limit=MOST_TRIES) > 0


async def list_open(
    session: Session, operator: OperatorId | None, now: datetime, *, limit: int = 100
) -> list[Listed]:
    """Give the open sessions of one operator, or of all (None), the latest seen first."""
    return await session.rows(
        LIST, Listed, operator_id=operator, stale=now - IDLE, limit=limit, now=now
    )


async def end(session: Session, held: SessionId, operator: OperatorId | None) -> str | None:
    """End a session, an operator's own or anyone's (None); give whose it was, if there was one."""
    row = await session.row_or_none(END, _Name, id=held, operator_id=operator)
    return None if row is None else row.name


async def end_all(session: Session, name: str) -> int:
    """End every session of an operator; give how many there were."""
    return len(await session.rows(END_ALL, _Name, name=name))
