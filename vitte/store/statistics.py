"""Each day in numbers, a row a day; any past day can be counted again."""

from datetime import date, datetime

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take

ADD = take("statistics", "add_daily_statistics")
LIST = take("statistics", "list_daily_statistics")


class DailyStatistics(Struct, frozen=True, kw_only=True):
    """What happened on a day, and how things stood at its end."""

    day: date
    users_total: int
    users_new: int
    users_active: int
    users_unreachable: int
    subscriptions_active: int
    dialogs_started: int
    messages_said: int
    messages_answered: int
    created_at: datetime
    updated_at: datetime


async def add_day(
    session: Session, day: date, *, begins: datetime, ends: datetime, now: datetime
) -> DailyStatistics:
    """Count a day and write or rewrite its row.

    ``begins`` and ``ends`` are the first moments of the day and of the next one in the
    installation's timezone: a day of a clock change has 23 or 25 hours.
    """
    return await session.row(ADD, DailyStatistics, day=day, begins=begins, ends=ends, now=now)


async def list_days(
    session: Session, first: date, last: date, *, limit: int = 1_000
) -> list[DailyStatistics]:
    """Give the days from ``first`` to ``last``, both included, the latest first."""
    return await session.rows(LIST, DailyStatistics, first=first, last=last, limit=limit)
