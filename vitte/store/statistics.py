"""Each day in numbers, a row a day; any past day can be counted again."""

from datetime import date, datetime
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take

SET = take("statistics", "set_daily_statistics")
LIST = take("statistics", "list_daily_statistics")

# What part people of each plan, or of each language, had in a day, by names of ``SHARED``.
Shares: TypeAlias = dict[str, dict[str, int]]
SHARED: Final = ("users", "new", "active", "active_7", "active_30", "said", "dialogs")


class Counted(Struct, frozen=True, kw_only=True):
    """What happened on a day, and how things stood at its end.

    Active are people who wrote: on the day, in the last 7 days, in the last 30. Of those who
    came so many days before, ``stayed`` wrote on this day. None where only an older version
    counted the day.
    """

    day: date
    timezone: str | None
    users_total: int
    users_new: int
    users_active: int
    users_active_7: int | None
    users_active_30: int | None
    users_unreachable: int
    subscriptions_active: int
    dialogs_started: int
    messages_said: int
    messages_answered: int
    came_1: int | None
    stayed_1: int | None
    came_7: int | None
    stayed_7: int | None
    came_30: int | None
    stayed_30: int | None
    by_plan: Shares | None
    by_language: Shares | None


class DailyStatistics(Counted, frozen=True, kw_only=True):
    """A day as it is kept."""

    created_at: datetime
    updated_at: datetime


async def set_day(session: Session, counted: Counted, now: datetime) -> None:
    """Write or rewrite the row of a day."""
    given = {name: getattr(counted, name) for name in Counted.__struct_fields__}
    for name in ("by_plan", "by_language"):
        given[name] = msgspec.json.encode(given[name]).decode()
    await session.change(SET, now=now, **given)


async def list_days(
    session: Session, first: date, last: date, *, limit: int = 1_000
) -> list[DailyStatistics]:
    """Give the days from ``first`` to ``last``, both included, the latest first."""
    return await session.rows(LIST, DailyStatistics, first=first, last=last, limit=limit)
