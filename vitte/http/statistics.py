"""Statistics: each day in numbers."""

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from vitte.http import pages
from vitte.http.pages import PageQuery
from vitte.http.route import Answer, Asked
from vitte.services import Services
from vitte.store import statistics

Day = Annotated[
    date, Meta(description="A calendar day of the installation", examples=["2027-01-31"])
]


Lately = Annotated[
    int | None,
    Meta(description="People who wrote in the last 7 or 30 days; null before it was counted"),
]
Came = Annotated[int | None, Meta(description="People met 1, 7 or 30 days before")]
Stayed = Annotated[int | None, Meta(description="Of those, who wrote on this day")]
Shares = Annotated[
    dict[str, dict[str, int]] | None,
    Meta(description="The part of each: users, new, active, active_7, active_30, said, dialogs"),
]


class DailyStatistics(Struct, frozen=True, kw_only=True):
    """What happened on a day, and how things stood at its end."""

    day: Day
    timezone: str | None
    users_total: int
    users_new: int
    users_active: int
    users_active_7: Lately
    users_active_30: Lately
    users_unreachable: int
    subscriptions_active: int
    dialogs_started: int
    messages_said: int
    messages_answered: int
    came_1: Came
    stayed_1: Stayed
    came_7: Came
    stayed_7: Stayed
    came_30: Came
    stayed_30: Stayed
    by_plan: Shares
    by_language: Shares


class DailyQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which days; both ends are included."""

    first: Day | UnsetType = field(default=UNSET, name="from")
    last: Day | UnsetType = field(default=UNSET, name="to")


_show = pages.shower(DailyStatistics)


class Statistics:
    """Answers the address of the daily statistics."""

    def __init__(self, services: Services) -> None:
        self._database = services.database

    async def daily(self, asked: Asked[DailyQuery, None]) -> Answer:
        """Days, the latest first."""
        query = asked.query
        last = date.max if query.last is UNSET else query.last
        if query.cursor is not UNSET:
            last = min(last, _day_before(query.before()))
        first = date.min if query.first is UNSET else query.first
        rows = await statistics.list_days(self._database, first, last, limit=query.limit + 1)
        return pages.answer(asked.request, query, rows, show=_show, key=_ordinal)


def _day_before(ordinal: int) -> date:
    return date.fromordinal(min(max(ordinal - 1, 1), date.max.toordinal()))


def _ordinal(row: statistics.DailyStatistics) -> int:
    return row.day.toordinal()
