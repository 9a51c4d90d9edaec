"""Who wrote on which day: what the statistics count, kept when the messages are gone."""

from datetime import date, datetime

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.subscriptions import Plan
from vitte.store.users import Language
from vitte.store.walk import BEFORE_ALL, Walked

COLLECT = take("activity", "collect_activity")
LIST_COLLECTED = take("activity", "list_collected_days")
NOTE_COLLECTED = take("activity", "note_collected_day")
COUNT = take("activity", "count_people")
TRIM = take("activity", "trim_activity")


class Day(Struct, frozen=True, kw_only=True):
    """A calendar day of the installation: its first moment, and that of the next."""

    day: date
    begins: datetime
    ends: datetime


class Came(Struct, frozen=True, kw_only=True):
    """The bounds of the days 1, 7 and 30 days before a day: who was met on them came then."""

    came_0: datetime
    came_1: datetime
    came_6: datetime
    came_7: datetime
    came_29: datetime
    came_30: datetime


class Crowd(Struct, frozen=True, kw_only=True):
    """People of one plan and language at the end of a day, in numbers."""

    plan: Plan
    language: Language
    looked_at: int
    last_id: int
    users: int
    new: int
    unreachable: int
    active: int
    active_7: int
    active_30: int
    said: int
    answered: int
    dialogs: int
    came_1: int
    stayed_1: int
    came_7: int
    stayed_7: int
    came_30: int
    stayed_30: int


class _Day(Struct, frozen=True, kw_only=True):
    day: date


async def collect(
    session: Session, day: Day, *, after: int = BEFORE_ALL, limit: int = 1_000
) -> Walked:
    """Count who wrote, among the next ``limit`` messages of a day; a message counts once."""
    return await session.row(
        COLLECT, Walked, day=day.day, begins=day.begins, ends=day.ends, after=after, limit=limit
    )


async def list_collected(session: Session, first: date, last: date) -> set[date]:
    """Give which days of a stretch are collected."""
    return {row.day for row in await session.rows(LIST_COLLECTED, _Day, first=first, last=last)}


async def note_collected(session: Session, day: date, now: datetime) -> None:
    """Note that a day is collected."""
    await session.change(NOTE_COLLECTED, day=day, now=now)


async def count(
    session: Session, day: Day, came: Came, *, after: int = BEFORE_ALL, limit: int = 1_000
) -> list[Crowd]:
    """Give how the next ``limit`` people stood when a day ended, by plan and language."""
    bounds = {name: getattr(came, name) for name in came.__struct_fields__}
    return await session.rows(
        COUNT,
        Crowd,
        day=day.day,
        begins=day.begins,
        ends=day.ends,
        after=after,
        limit=limit,
        **bounds,
    )


async def trim(
    session: Session, before: date, *, after: int = BEFORE_ALL, limit: int = 1_000
) -> Walked:
    """Forget days before one, of the next ``limit`` people."""
    return await session.row(TRIM, Walked, day=before, after=after, limit=limit)
