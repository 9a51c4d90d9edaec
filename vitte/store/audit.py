"""The audit: who changed what of whom, from what, to what.

A row is written by the very statement that makes the change, so that neither is
there without the other. Here it is read, and here is named who makes a change.
"""

from datetime import datetime
from typing import Any, Final, Literal

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import UserId

LIST = take("audit", "list_changes")


class Author(Struct, frozen=True, kw_only=True):
    """Who makes a change: ``token:NAME`` for a program, ``vitte`` for the bot itself."""

    who: str
    token_id: int | None = None
    request_id: str | None = None


VITTE: Final = Author(who="vitte")


class Change(Struct, frozen=True, kw_only=True):
    """A change that was made."""

    id: int
    user_id: UserId
    noun: Literal["subscription"]
    who: str
    token_id: int | None
    request_id: str | None
    old: dict[str, Any]
    new: dict[str, Any]
    created_at: datetime


async def list_of(session: Session, user: UserId, *, limit: int = 100) -> list[Change]:
    """Give what was changed of a person, the latest first."""
    return await session.rows(LIST, Change, user_id=user, limit=limit)
