"""Reminders of an ending subscription: one of each kind for each period paid."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.subscriptions import Ended
from vitte.store.users import Language, UserId

LIST_ENDING = take("reminders", "list_ending")
ADD = take("reminders", "add_reminders")


class Ending(Struct, frozen=True, kw_only=True):
    """A subscription that ends, or has ended: whose, when, and how they are spoken to."""

    user_id: UserId
    expires_at: datetime
    first_name: str
    language: Language
    timezone: str | None


class Due(Struct, frozen=True, kw_only=True):
    """A reminder: of which end, and which kind: so many days before, -1 for the day after."""

    user_id: UserId
    expires_at: datetime
    days_before: int


async def list_ending(
    session: Session, first: datetime, before: datetime, *, after: Ended, limit: int = 1_000
) -> list[Ending]:
    """Give the next ``limit`` whose subscription ends in ``first <= end < before``, by their ends.

    Left out are people who cannot be reached or do not want to be reminded.
    """
    return await session.rows(
        LIST_ENDING,
        Ending,
        ends_from=first,
        ends_before=before,
        after=after.expires_at,
        after_user=after.user_id,
        limit=limit,
    )


async def add(session: Session, due: Sequence[Due], now: datetime) -> list[Due]:
    """Record reminders in one statement; give those that nobody has recorded before.

    They are to be put into the outbox by the same transaction.
    """
    return await session.rows(
        ADD,
        Due,
        users=[each.user_id for each in due],
        ends=[each.expires_at for each in due],
        kinds=[each.days_before for each in due],
        now=now,
    )
