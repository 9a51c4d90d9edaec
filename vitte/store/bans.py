"""Bans: whom the bot answers no more, until when, and why.

A ban and its row in the audit are written together. What the bot needs to know of it
comes with the profile of the person (``users.Profile``), so it costs no question of its own.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct

from vitte.store import audit
from vitte.store.audit import Author
from vitte.store.pool import Database, Session
from vitte.store.queries import take
from vitte.store.text import storable
from vitte.store.users import UserId

GET = take("bans", "get_ban")
SET = take("bans", "set_ban")
LIFT = take("bans", "lift_ban")
NOTE_TOLD = take("bans", "note_told")


class Ban(Struct, frozen=True, kw_only=True):
    """A ban. ``ends_at`` None is for good; one that has ended bans nobody."""

    user_id: UserId
    reason: str | None
    banned_at: datetime
    ends_at: datetime | None
    told_at: datetime | None

    def is_in_force(self, now: datetime) -> bool:
        """Tell whether the person is banned now."""
        return self.ends_at is None or now < self.ends_at


async def get(session: Session, user: UserId) -> Ban | None:
    """Give a person's ban, also one that has ended, or None."""
    return await session.row_or_none(GET, Ban, user_id=user)


async def impose(
    database: Database, user: UserId, now: datetime, *, ends_at: datetime | None, author: Author
) -> Ban:
    """Ban a person, for the author's reason; the cache must forget the person afterwards."""
    async with database.transaction() as transaction:
        before = await get(transaction, user)
        reason = author.reason and storable(author.reason, audit.LONGEST_REASON)
        ban = await transaction.row(SET, Ban, user_id=user, reason=reason, now=now, ends_at=ends_at)
        await audit.add(
            transaction,
            author,
            "ban",
            "impose",
            now,
            user=user,
            old=_shown(before),
            new=_shown(ban),
        )
    return ban


async def lift(database: Database, user: UserId, now: datetime, *, author: Author) -> bool:
    """End a person's ban; tell whether there was one. The cache must forget the person afterwards."""
    async with database.transaction() as transaction:
        ban = await transaction.row_or_none(LIFT, Ban, user_id=user)
        if ban is None:
            return False
        await audit.add(transaction, author, "ban", "lift", now, user=user, old=_shown(ban))
    return True


async def note_told(session: Session, user: UserId, now: datetime) -> None:
    """Note that the bot has told the person."""
    await session.change(NOTE_TOLD, user_id=user, now=now)


def _shown(ban: Ban | None) -> dict[str, Any]:
    if ban is None:
        return {}
    return {"until": ban.ends_at.isoformat() if ban.ends_at else "for good"}
