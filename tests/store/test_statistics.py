"""The days in numbers, as they are kept: written again, listed, and read when an older version wrote them."""

from datetime import date, timedelta

import psycopg

from tests.store.days import counted
from tests.store.people import DAY, NOW
from vitte.store import statistics
from vitte.store.pool import Database

FRIDAY = date(2026, 11, 20)


async def test_a_day_counted_again_is_written_again(database: Database) -> None:
    await statistics.set_day(database, counted(FRIDAY, users_total=1), NOW)

    await statistics.set_day(database, counted(FRIDAY, users_total=2), NOW + DAY)

    [day] = await statistics.list_days(database, FRIDAY, FRIDAY)
    assert (day.users_total, day.created_at, day.updated_at) == (2, NOW, NOW + DAY)
    assert day.by_plan == {"free": {"users": 1}}
    assert day.by_language == {"ru": {"new": 2}}


async def test_days_are_listed_the_latest_first(database: Database) -> None:
    for offset in range(3):
        await statistics.set_day(database, counted(FRIDAY + timedelta(days=offset)), NOW)

    days = await statistics.list_days(database, FRIDAY, FRIDAY + DAY)

    assert [day.day for day in days] == [FRIDAY + DAY, FRIDAY]


async def test_a_day_of_the_version_before_says_what_it_does_not_know(
    database: Database, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO daily_stats (day, users_total, users_new, users_active, users_unreachable,"
            " subscriptions_active, dialogs_started, messages_said, messages_answered, created_at,"
            " updated_at) VALUES (%s, 3, 2, 1, 0, 0, 0, 0, 0, %s, %s)",
            (FRIDAY, NOW, NOW),
        )

    [day] = await statistics.list_days(database, FRIDAY, FRIDAY)

    assert (day.users_total, day.users_active_7, day.by_plan) == (3, None, None)
