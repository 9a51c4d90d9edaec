"""People who wrote to the bot, as Telegram last described them."""

import re
from datetime import datetime
from typing import NewType

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.text import storable, storable_or_none

ADD_OR_REFRESH = take("users", "add_or_refresh_user")
GET = take("users", "get_user")
MARK_UNREACHABLE = take("users", "mark_unreachable")
MARK_REACHABLE = take("users", "mark_reachable")

UserId = NewType("UserId", int)
"""The id that Telegram gave: one id in SQL, Redis, the API and the logs."""

_START_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class User(Struct, frozen=True, kw_only=True):
    """A person."""

    id: UserId
    first_name: str
    last_name: str | None
    username: str | None
    language_code: str | None
    start_payload: str | None
    unreachable_since: datetime | None
    created_at: datetime
    updated_at: datetime


class Contact(Struct, frozen=True, kw_only=True):
    """What Telegram says of a person with each update."""

    id: UserId
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class _Written(User, frozen=True, kw_only=True):
    is_new: bool


async def add_or_refresh(
    session: Session,
    contact: Contact,
    *,
    language: str,
    now: datetime,
    start_payload: str | None = None,
) -> tuple[User, bool]:
    """Write a person who wrote to us; give the person, and whether this was the first contact.

    One statement, so that two messages at once make one person. The first contact also makes
    the settings, in the detected ``language`` ('ru' or 'en'), and a free subscription. Whoever
    writes can be reached. The first deep link stands; one that Telegram would not have let
    through is not kept.
    """
    written = await session.row(
        ADD_OR_REFRESH,
        _Written,
        id=contact.id,
        first_name=storable(contact.first_name, 256),
        last_name=storable_or_none(contact.last_name, 256),
        username=storable_or_none(contact.username, 64),
        language_code=storable_or_none(contact.language_code, 35),
        start_payload=start_payload if _is_start_payload(start_payload) else None,
        language=language,
        now=now,
    )
    return _user(written), written.is_new


async def get(session: Session, user: UserId) -> User | None:
    """Give a person, or None."""
    return await session.row_or_none(GET, User, id=user)


async def mark_unreachable(session: Session, user: UserId, now: datetime) -> bool:
    """Note that Telegram refuses to deliver to a person; tell whether that is news."""
    return await session.change(MARK_UNREACHABLE, id=user, now=now) > 0


async def mark_reachable(session: Session, user: UserId, now: datetime) -> bool:
    """Note that a person can be written to again; tell whether that is news."""
    return await session.change(MARK_REACHABLE, id=user, now=now) > 0


def _is_start_payload(text: str | None) -> bool:
    return text is not None and _START_PAYLOAD.fullmatch(text) is not None


def _user(written: _Written) -> User:
    return User(**{name: getattr(written, name) for name in User.__struct_fields__})
