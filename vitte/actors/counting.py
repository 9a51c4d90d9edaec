"""Each day in numbers: who wrote is collected first, then people are counted.

What was collected is kept when the messages are cleaned, so a past day can be
counted again, or filled, at any time; a plan that was changed since is read from
the audit. Days are those of the installation's timezone.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from vitte import config
from vitte.actors.batches import Batches
from vitte.store import activity, statistics
from vitte.store.activity import Came, Crowd, Day
from vitte.store.statistics import SHARED, Counted, Shares
from vitte.store.walk import BEFORE_ALL

WINDOW_DAYS: Final = 30
SUMMED: Final = tuple(
    name
    for name in Crowd.__struct_fields__
    if name not in {"plan", "language", "looked_at", "last_id"}
)


async def user_stats(batches: Batches, now: datetime, *, settings: config.Cron) -> None:
    """Count the day before ``now``, and write or rewrite its row."""
    zone = ZoneInfo(settings.timezone)
    day = now.astimezone(zone).date() - timedelta(days=1)
    if not await _collect_window(batches, day, now, zone):
        return
    crowds = await _count(batches, day, zone)
    async with batches.next() as batch:
        await statistics.set_day(batch.transaction, _counted(day, settings.timezone, crowds), now)
        batch.rows = 1


async def _collect_window(batches: Batches, day: date, now: datetime, zone: ZoneInfo) -> bool:
    """Collect the day, and what is missing of those before it; False when the run did enough."""
    first = day - timedelta(days=WINDOW_DAYS - 1)
    known = await activity.list_collected(batches.database, first, day)
    for number in range(WINDOW_DAYS):
        each = first + timedelta(days=number)
        # The day itself is looked at again: words may have come after it was counted.
        if (each == day or each not in known) and not await _collect(
            batches, _day(each, zone), now
        ):
            return False
    return True


async def _collect(batches: Batches, day: Day, now: datetime) -> bool:
    after = BEFORE_ALL
    while limit := batches.room:
        async with batches.next() as batch:
            walked = await activity.collect(batch.transaction, day, after=after, limit=limit)
            batch.rows = walked.touched
            if walked.looked_at < limit:
                await activity.note_collected(batch.transaction, day.day, now)
        if walked.looked_at < limit:
            return True
        after = walked.last_id
    return False


async def _count(batches: Batches, day: date, zone: ZoneInfo) -> list[Crowd]:
    """How everybody stood when the day ended, by plan and language, a batch at a time."""
    came = _came(day, zone)
    counted: list[Crowd] = []
    after = BEFORE_ALL
    while True:
        limit = batches.pace
        async with batches.next() as batch:
            crowds = await activity.count(
                batch.transaction, _day(day, zone), came, after=after, limit=limit
            )
        counted += crowds
        if sum(crowd.looked_at for crowd in crowds) < limit:
            return counted
        after = max(crowd.last_id for crowd in crowds)


def _counted(day: date, timezone: str, crowds: Iterable[Crowd]) -> Counted:
    total: Counter[str] = Counter()
    plans: dict[str, Counter[str]] = {"free": Counter(), "premium": Counter()}
    languages: dict[str, Counter[str]] = {}
    for crowd in crowds:
        numbers = {name: getattr(crowd, name) for name in SUMMED}
        for counter in (total, plans[crowd.plan], languages.setdefault(crowd.language, Counter())):
            counter.update(numbers)
    return Counted(
        day=day,
        timezone=timezone,
        users_total=total["users"],
        users_new=total["new"],
        users_active=total["active"],
        users_active_7=total["active_7"],
        users_active_30=total["active_30"],
        users_unreachable=total["unreachable"],
        subscriptions_active=plans["premium"]["users"],
        dialogs_started=total["dialogs"],
        messages_said=total["said"],
        messages_answered=total["answered"],
        came_1=total["came_1"],
        stayed_1=total["stayed_1"],
        came_7=total["came_7"],
        stayed_7=total["stayed_7"],
        came_30=total["came_30"],
        stayed_30=total["stayed_30"],
        by_plan=_shares(plans),
        by_language=_shares(languages),
    )


def _shares(counters: dict[str, Counter[str]]) -> Shares:
    return {name: {part: counter[part] for part in SHARED} for name, counter in counters.items()}


def _day(day: date, zone: ZoneInfo) -> Day:
    return Day(day=day, begins=_midnight(day, zone), ends=_midnight(day + timedelta(days=1), zone))


def _came(day: date, zone: ZoneInfo) -> Came:
    def before(days: int) -> datetime:
        return _midnight(day - timedelta(days=days), zone)

    return Came(
        came_0=before(0),
        came_1=before(1),
        came_6=before(6),
        came_7=before(7),
        came_29=before(29),
        came_30=before(30),
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a calendar day; where midnight comes twice, the first of the two."""
    return datetime(day.year, day.month, day.day, tzinfo=zone, fold=0)
