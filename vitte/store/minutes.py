"""Each minute in numbers, as its processes wrote them down: what the panel's plots are drawn from."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct, structs

from vitte.store.pool import Session
from vitte.store.queries import take

ADD = take("minutes", "add_minute")
LIST = take("minutes", "list_minutes")
NEWCOMERS = take("minutes", "list_newcomers")
PEOPLE = take("minutes", "count_people")
DROP = take("minutes", "drop_minutes")


class Minute(Struct, frozen=True, kw_only=True):
    """What was done in a minute, or in several together; spans are seconds."""

    minute: datetime
    received: int
    answered: int
    refused: int
    failed: int
    words_sent: int
    words_failed: int
    limited: int
    half_within: float | None
    most_within: float | None
    in_hand: int
    in_mailboxes: int
    pool_waits: int
    redis_faults: int
    redis_away: bool


class Newcomers(Struct, frozen=True, kw_only=True):
    """How many wrote for the first time from this moment on."""

    minute: datetime
    people: int


class Crowd(Struct, frozen=True, kw_only=True):
    """How many people there are, and how many of them are such and such."""

    total: int
    unreachable: int
    russian: int
    premium: int


async def add(session: Session, process: str, minute: Minute) -> None:
    """Write a minute of a process down; the same minute once more adds to it."""
    await session.change(ADD, process=process, **structs.asdict(minute))


async def list_all(
    session: Session, begins: datetime, ends: datetime, step: timedelta
) -> Sequence[Minute]:
    """Give what was done between two moments, in steps from the first; a step without a row was not written down."""
    return await session.rows(LIST, Minute, begins=begins, ends=ends, seconds=step.total_seconds())


async def list_newcomers(
    session: Session, begins: datetime, ends: datetime, step: timedelta
) -> Sequence[Newcomers]:
    """Give how many wrote for the first time between two moments, in steps; a step without anybody has no row."""
    seconds = step.total_seconds()
    return await session.rows(NEWCOMERS, Newcomers, begins=begins, ends=ends, seconds=seconds)


async def count_people(session: Session, now: datetime) -> Crowd:
    """Give how many people there are."""
    return await session.row(PEOPLE, Crowd, now=now)


async def drop(session: Session, before: datetime) -> int:
    """Forget what is older; give how many rows went."""
    return await session.change(DROP, before=before)
