"""Reminders of an ending subscription: one of each kind for each period paid."""

from datetime import datetime

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import Language, UserId

CLAIM = take("reminders", "claim_reminders")
MARK_SENT = take("reminders", "mark_reminder_sent")


class Reminder(Struct, frozen=True, kw_only=True):
    """A reminder to be sent: whom, of which end, which kind, and in which words.

    ``days_before`` is the kind: so many days before the end, -1 for the day after.
    """

    user_id: UserId
    expires_at: datetime
    days_before: int
    first_name: str
    language: Language
    timezone: str | None


class Ending(Struct, frozen=True, kw_only=True):
    """A kind of reminder, and when the subscriptions end that it is due for: ``first <= end < before``."""

    days_before: int
    first: datetime
    before: datetime


async def claim(
    session: Session, ending: Ending, now: datetime, *, stale: datetime, limit: int = 1_000
) -> list[Reminder]:
    """Take upon oneself reminders of one kind, at most ``limit``.

    Nobody else is given the same ones, unless they stay unsent and the claim is older than
    ``stale``. Left out are people who cannot be reached or do not want it.
    """
    return await session.rows(
        CLAIM,
        Reminder,
        days_before=ending.days_before,
        ends_from=ending.first,
        ends_before=ending.before,
        stale=stale,
        now=now,
        limit=limit,
    )


async def mark_sent(session: Session, reminder: Reminder, now: datetime) -> bool:
    """Note that a reminder is on its way; False when that was known already."""
    touched = await session.change(
        MARK_SENT,
        user_id=reminder.user_id,
        expires_at=reminder.expires_at,
        days_before=reminder.days_before,
        now=now,
    )
    return touched > 0
