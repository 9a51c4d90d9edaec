"""The daily statistics on real rows: what each number means, and that past days can be counted again."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.store.people import ANNA, BORIS, DAY, VERA, register, start_dialog
from vitte import config
from vitte.actors import chores, counting
from vitte.actors.batches import Batches
from vitte.store import activity, messages, statistics, subscriptions, users
from vitte.store.pool import Database
from vitte.store.statistics import DailyStatistics
from vitte.store.users import Contact, UserId

UTC_DAYS = config.Cron()
BERLIN = config.Cron(timezone="Europe/Berlin")
# Read from the disk here, as the house does for its own zone: not in the loop.
ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/Havana")]
FRIDAY = date(2026, 11, 20)
BEGINS = datetime(2026, 11, 20, tzinfo=UTC)
ENDS = BEGINS + DAY
HALF_PAST = ENDS + timedelta(minutes=30)


def lately(people: int) -> dict[str, int]:
    return {"active_7": people, "active_30": people}


async def counts(
    database: Database, at: datetime = HALF_PAST, settings: config.Cron = UTC_DAYS
) -> DailyStatistics:
    """Count the day before a time; gives its row."""
    await counting.user_stats(Batches(database), at, settings=settings)
    day = at.astimezone(ZoneInfo(settings.timezone)).date() - timedelta(days=1)
    [row] = await statistics.list_days(database, day, day)
    return row


async def says(database: Database, number: int, *at: datetime, met: datetime = BEGINS) -> None:
    """Let somebody write, and be answered, at some times."""
    contact = Contact(id=UserId(number), first_name="x")
    await users.add_or_refresh(database, contact, language="en", now=met)
    dialog = await start_dialog(database, contact, met)
    for time in at:
        await messages.add_exchange(database, dialog, "said", ["answered"], time)


async def test_a_day_counts_what_lies_within_it(database: Database) -> None:
    await register(database, VERA, now=BEGINS - 40 * DAY)
    await register(database, ANNA, BORIS, now=BEGINS)
    dialog = await start_dialog(database, ANNA, BEGINS)
    await messages.add_exchange(database, dialog, "today", ["yes", "indeed"], BEGINS)
    await messages.add_exchange(database, dialog, "tomorrow", ["no"], ENDS)
    await users.mark_unreachable(database, BORIS.id, ENDS - DAY / 24)

    row = await counts(database)

    assert (row.day, row.timezone) == (FRIDAY, "UTC")
    assert (row.users_total, row.users_new, row.users_active) == (3, 2, 1)
    assert (row.users_unreachable, row.subscriptions_active) == (1, 1)
    assert (row.dialogs_started, row.messages_said, row.messages_answered) == (1, 1, 2)
    assert row.by_plan == {
        "free": {"users": 2, "new": 1, "active": 0, **lately(0), "said": 0, "dialogs": 0},
        "premium": {"users": 1, "new": 1, "active": 1, **lately(1), "said": 1, "dialogs": 1},
    }
    assert row.by_language == {
        "ru": {"users": 2, "new": 2, "active": 1, **lately(1), "said": 1, "dialogs": 1},
        "en": {"users": 1, "new": 0, "active": 0, **lately(0), "said": 0, "dialogs": 0},
    }


async def test_active_are_people_who_wrote_in_the_last_1_7_and_30_days(database: Database) -> None:
    for number, days in enumerate((0, 1, 6, 7, 29, 30), 1):
        await says(database, number, BEGINS - days * DAY, met=BEGINS - 90 * DAY)
    await says(database, 9, met=BEGINS - 90 * DAY)  # never wrote a word

    row = await counts(database)

    assert (row.users_active, row.users_active_7, row.users_active_30) == (1, 3, 5)


async def test_retention_is_who_came_so_many_days_before_and_wrote(database: Database) -> None:
    number = 0
    for days, came, wrote in ((1, 5, 3), (7, 4, 2), (30, 3, 1), (2, 7, 7)):
        for place in range(came):
            number += 1
            met = BEGINS - days * DAY + timedelta(hours=place)
            await says(database, number, *([BEGINS] if place < wrote else []), met=met)

    row = await counts(database)

    assert (row.came_1, row.stayed_1) == (5, 3)
    assert (row.came_7, row.stayed_7) == (4, 2)
    assert (row.came_30, row.stayed_30) == (3, 1)


async def test_a_day_counted_again_is_the_same_and_finds_what_came_late(
    database: Database,
) -> None:
    await says(database, 1, BEGINS, BEGINS + timedelta(hours=1))
    first = await counts(database)
    again = await counts(database)
    assert (first.messages_said, again.messages_said) == (2, 2)

    await says(database, 2, ENDS - timedelta(seconds=1))
    late = await counts(database, HALF_PAST + DAY / 2)

    assert (late.messages_said, late.users_active) == (3, 2)
    assert late.created_at == HALF_PAST


async def test_a_past_day_can_be_filled_and_counted_again_when_its_messages_are_gone(
    database: Database,
) -> None:
    await says(database, 1, BEGINS, BEGINS - 20 * DAY, met=BEGINS - 20 * DAY)
    before = await counts(database)
    year_later = ENDS + 400 * DAY
    await chores.clean_messages(Batches(database), year_later, settings=UTC_DAYS)

    again = await counts(database)
    other = await counts(database, HALF_PAST - 20 * DAY)

    assert (again.messages_said, again.users_active_30) == (1, 1)
    assert again.by_plan == before.by_plan
    assert (other.day, other.messages_said, other.users_new) == (FRIDAY - 20 * DAY, 1, 1)


async def test_a_plan_that_was_changed_since_counts_as_it_was(database: Database) -> None:
    await register(database, ANNA, VERA, now=BEGINS - DAY)  # Anna pays
    await subscriptions.set_free(database, ANNA.id, ENDS + DAY)
    await subscriptions.set_premium(database, VERA.id, ENDS + 9 * DAY, ENDS + DAY)

    row = await counts(database, HALF_PAST)
    later = await counts(database, HALF_PAST + 2 * DAY)

    assert row.subscriptions_active == 1
    assert row.by_language is not None
    assert row.by_plan is not None
    assert row.by_plan["premium"]["users"] == 1
    assert later.subscriptions_active == 1


async def test_a_run_that_broke_off_counts_nothing_twice(database: Database) -> None:
    contact = Contact(id=UserId(1), first_name="x")
    await users.add_or_refresh(database, contact, language="en", now=BEGINS)
    dialog = await start_dialog(database, contact, BEGINS)
    for _ in range(15):
        await messages.add_exchange(database, dialog, "a", ["b"] * 99, BEGINS)
    day = activity.Day(day=FRIDAY, begins=BEGINS, ends=ENDS)
    await activity.collect(database, day, limit=777)  # and then it was killed

    row = await counts(database)

    assert (row.messages_said, row.messages_answered) == (15, 15 * 99)


async def test_more_people_than_a_batch_are_counted_each_once(database: Database) -> None:
    async with database.transaction() as transaction:
        for number in range(1, 1_501):
            contact = Contact(id=UserId(number), first_name="x")
            language = "ru" if number % 3 else "en"
            await users.add_or_refresh(transaction, contact, language=language, now=BEGINS)

    row = await counts(database)

    assert (row.users_total, row.users_new) == (1_500, 1_500)
    assert row.by_language is not None
    assert row.by_language["ru"]["users"] == 1_000


@pytest.mark.parametrize(
    ("day", "begins", "hours"),
    [
        (date(2026, 3, 29), datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
        (date(2026, 6, 10), datetime(2026, 6, 9, 22, tzinfo=UTC), 24),
        (date(2026, 10, 25), datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
    ],
)
async def test_a_day_is_counted_by_the_calendar_of_its_zone(
    database: Database, day: date, begins: datetime, hours: int
) -> None:
    ends, second = begins + timedelta(hours=hours), timedelta(seconds=1)
    await register(database, ANNA, now=begins - 50 * DAY)
    await register(database, BORIS, now=begins)
    dialog = await start_dialog(database, ANNA, begins - second)
    for at in (begins - second, begins, ends - second, ends):
        await messages.add_exchange(database, dialog, "said", ["answered"], at)
    await start_dialog(database, BORIS, ends - second)

    for at in (ends, ends + timedelta(minutes=30), ends + timedelta(hours=20)):
        row = await counts(database, at, BERLIN)

        assert row.day == day
        assert (row.users_total, row.users_new, row.users_active) == (2, 1, 1)
        assert (row.messages_said, row.messages_answered, row.dialogs_started) == (2, 2, 1)


async def test_the_day_before_is_found_also_in_an_hour_that_comes_twice(
    database: Database,
) -> None:
    # In Havana clocks go from 01:00 back to 00:00: midnight itself comes twice.
    havana = config.Cron(timezone="America/Havana")
    second_half_past_midnight = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert second_half_past_midnight.astimezone(ZONES[-1]).fold == 1
    await register(database, BORIS, now=datetime(2026, 11, 1, 4, 30, tzinfo=UTC))

    row = await counts(database, second_half_past_midnight, havana)

    assert (row.day, row.users_new) == (date(2026, 10, 31), 0)
