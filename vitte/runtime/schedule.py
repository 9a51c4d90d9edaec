"""When a cron expression falls due: croniter behind pure functions of a given time.

Time is local to a zone. An hour that does not exist (clocks go forward) runs at the
next moment that does; an hour that comes twice runs once, the first time. croniter
is asked for wall-clock times only, and the zone is laid over them here, so this rule
is ours alone and does not change with it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from croniter.croniter import CroniterError

FIELDS = 5


def next_after(expression: str, zone: str, after: datetime) -> datetime:
    """Give the first occurrence later than ``after``, in UTC.

    Raises:
        ValueError: the expression or the zone is faulty (see :func:`faults`), or ``after``
            has no zone.
    """
    return next(_due(expression, zone, after))


def occurrences(expression: str, zone: str, after: datetime, count: int) -> list[datetime]:
    """Give the next ``count`` occurrences later than ``after``, in UTC."""
    due = _due(expression, zone, after)
    return [next(due) for _ in range(count)]


def between(expression: str, zone: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Give the occurrences later than ``after`` and not later than ``until``, in UTC."""
    return takewhile(lambda moment: moment <= until, _due(expression, zone, after))


def faults(expression: str, zone: str) -> list[str]:
    """Say what is wrong with an expression and a zone; an empty list says nothing is."""
    found = [problem] if (problem := fault_of(expression)) else []
    return found if is_zone(zone) else [*found, f"{zone!r} is no time zone of the IANA database"]


def fault_of(expression: str) -> str | None:
    """Say what is wrong with an expression, if anything is."""
    if len(expression.split()) != FIELDS:
        return f"{expression!r} has not the five fields of a cron expression"
    try:
        croniter(expression, datetime(2000, 1, 1)).get_next(datetime)  # noqa: DTZ001 - wall clock
    except (CroniterError, ValueError) as error:
        return f"{expression!r}: {error}"
    return None


def is_zone(zone: str) -> bool:
    """Tell whether the IANA database knows a time zone of this name."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _due(expression: str, zone: str, after: datetime) -> Iterator[datetime]:
    found = faults(expression, zone)
    if found:
        raise ValueError("; ".join(found))
    if after.tzinfo is None:
        raise ValueError("the time to look from has no zone")
    place = ZoneInfo(zone)
    last = after.astimezone(UTC)
    walls = croniter(expression, last.astimezone(place).replace(tzinfo=None))
    while True:
        moment = _moment(walls.get_next(datetime), place)
        if moment > last:
            last = moment
            yield moment


def _moment(wall: datetime, place: ZoneInfo) -> datetime:
    """Give the moment at which this wall-clock time is first read on a clock of the place."""
    first = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    if first.astimezone(place).replace(tzinfo=None) == wall:
        return first
    # It is skipped: give the first moment after the gap, found between two that exist.
    before, after = first - timedelta(days=1), first + timedelta(days=1)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(place).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
