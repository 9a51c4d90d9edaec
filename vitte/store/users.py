"""People who wrote to the bot, as Telegram last described them."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, NewType

from msgspec import UNSET, Struct, UnsetType

from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.text import storable, storable_or_none

ADD_OR_REFRESH = take("users", "add_or_refresh_user")
GET = take("users", "get_user")
GET_PROFILES = take("users", "get_profiles")
KEEP_START_PAYLOAD = take("users", "keep_start_payload")
MARK_UNREACHABLE = take("users", "mark_unreachable")
MARK_REACHABLE = take("users", "mark_reachable")
CHANGE = take("users", "change_user")
COUNT = take("users", "count_users")

Language = Literal["ru", "en"]
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


class Count(Struct, frozen=True, kw_only=True):
    """How many people have a plan and read a language, and how many of them are about."""

    plan: str
    language: Language
    users: int
    active: int


class Contact(Struct, frozen=True, kw_only=True):
    """What Telegram says of a person with each update."""

    id: UserId
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class Profile(User, frozen=True, kw_only=True):
    """A person with what they chose for themselves: what is needed to answer them."""

    language: Language
    timezone: str | None
    character_id: int | None
    banned_at: datetime | None = None
    ban_ends_at: datetime | None = None
    ban_told_at: datetime | None = None

    def is_banned(self, now: datetime) -> bool:
        """Tell whether the bot is to answer them nothing now."""
        if self.banned_at is None:
            return False
        return self.ban_ends_at is None or now < self.ban_ends_at

    def is_described_by(self, contact: Contact) -> bool:
        """Tell whether what Telegram says of the person now is known already."""
        return self.unreachable_since is None and (
            self.first_name,
            self.last_name,
            self.username,
            self.language_code,
        ) == _storable(contact)


class Met(NamedTuple):
    """A person who wrote to us, and whether it was the first contact; who is new has a profile already."""

    user: User
    is_new: bool
    profile: Profile | None


class _Written(User, frozen=True, kw_only=True):
    is_new: bool
    banned_at: datetime | None
    ban_ends_at: datetime | None
    ban_told_at: datetime | None


async def add_or_refresh(
    session: Session,
    contact: Contact,
    *,
    language: Language,
    now: datetime,
    start_payload: str | None = None,
) -> Met:
    """Write a person who wrote to us.

    One statement, so that two messages at once make one person. The first contact also makes
    the settings, in the detected ``language`` ('ru' or 'en'), and a free subscription. Whoever
    writes can be reached. The first deep link stands; one that Telegram would not have let
    through is not kept.
    """
    first_name, last_name, username, language_code = _storable(contact)
    written = await session.row(
        ADD_OR_REFRESH,
        _Written,
        id=contact.id,
        first_name=first_name,
        last_name=last_name,
        username=username,
        language_code=language_code,
        start_payload=start_payload if _is_start_payload(start_payload) else None,
        language=language,
        now=now,
    )
    user = {name: getattr(written, name) for name in User.__struct_fields__}
    profile = Profile(
        **user,
        language=language,
        timezone=None,
        character_id=None,
        banned_at=written.banned_at,
        ban_ends_at=written.ban_ends_at,
        ban_told_at=written.ban_told_at,
    )
    return Met(User(**user), written.is_new, profile if written.is_new else None)


async def get(session: Session, user: UserId) -> User | None:
    """Give a person, or None."""
    return await session.row_or_none(GET, User, id=user)


async def keep_start_payload(
    session: Session, user: UserId, start_payload: str, now: datetime
) -> None:
    """Keep the deep link that brought a person, unless one is kept already."""
    await session.change(KEEP_START_PAYLOAD, id=user, start_payload=start_payload, now=now)


async def get_profiles(session: Session, wanted: Sequence[UserId]) -> dict[UserId, Profile]:
    """Give those of some people who are known, by their ids."""
    found = await session.rows(GET_PROFILES, Profile, ids=list(wanted))
    return {profile.id: profile for profile in found}


async def mark_unreachable(session: Session, user: UserId, now: datetime) -> bool:
    """Note that Telegram refuses to deliver to a person; tell whether that is news."""
    return await session.change(MARK_UNREACHABLE, id=user, now=now) > 0


async def mark_reachable(session: Session, user: UserId, now: datetime) -> bool:
    """Note that a person can be written to again; tell whether that is news."""
    return await session.change(MARK_REACHABLE, id=user, now=now) > 0


async def change(  # noqa: PLR0913  # what may be changed, each apart
    session: Session,
    user: UserId,
    now: datetime,
    *,
    first_name: str | UnsetType = UNSET,
    last_name: str | UnsetType | None = UNSET,
    username: str | UnsetType | None = UNSET,
    version: datetime | None = None,
) -> User | None:
    """Change what is given of a person's description; it stands until Telegram says otherwise.

    ``version`` is the ``updated_at`` that the change is meant for; None is any. None comes
    back for a stranger and for another version.
    """
    return await session.row_or_none(
        CHANGE,
        User,
        id=user,
        first_name=None if first_name is UNSET else first_name,
        keep_last_name=last_name is UNSET,
        last_name=None if last_name is UNSET else last_name,
        keep_username=username is UNSET,
        username=None if username is UNSET else username,
        version=version,
        now=now,
    )


def _storable(contact: Contact) -> tuple[str, str | None, str | None, str | None]:
    """What Telegram says, as the table holds it."""
    return (
        storable(contact.first_name, 256),
        storable_or_none(contact.last_name, 256),
        storable_or_none(contact.username, 64),
        storable_or_none(contact.language_code, 35),
    )


def _is_start_payload(text: str | None) -> bool:
    return text is not None and _START_PAYLOAD.fullmatch(text) is not None


async def count(session: Session, now: datetime, since: datetime) -> list[Count]:
    """Give how many people can be reached by plan and language; active are those of ``since``."""
    return await session.rows(COUNT, Count, now=now, since=since)
