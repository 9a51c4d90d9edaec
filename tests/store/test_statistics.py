"""The day in numbers: within its bounds, and the same when counted again."""

from datetime import UTC, date, datetime

from tests.store.people import ANNA, BORIS, DAY, VERA, register, start_dialog
from vitte.store import messages, statistics, users
from vitte.store.pool import Database

FRIDAY = date(2026, 11, 20)
BEGINS = datetime(2026, 11, 20, tzinfo=UTC)
ENDS = BEGINS + DAY
NEXT_MORNING = ENDS + DAY / 4


async def test_a_day_counts_what_lies_within_it(database: Database) -> None:
    await register(database, VERA, now=BEGINS - 40 * DAY)
    await register(database, ANNA, BORIS, now=BEGINS)
    dialog = await start_dialog(database, ANNA, BEGINS)
    await messages.add_exchange(database, dialog, "today", ["yes", "indeed"], BEGINS)
    await messages.add_exchange(database, dialog, "tomorrow", ["no"], ENDS)
    await users.mark_unreachable(database, BORIS.id, ENDS - DAY / 24)

    day = await statistics.add_day(database, FRIDAY, begins=BEGINS, ends=ENDS, now=NEXT_MORNING)

    assert (day.users_total, day.users_new, day.users_active) == (3, 2, 1)
    assert (day.users_unreachable, day.subscriptions_active) == (1, 1)
    assert (day.dialogs_started, day.messages_said, day.messages_answered) == (1, 1, 2)


async def test_a_day_counted_again_is_written_again(database: Database) -> None:
    bounds = {"begins": BEGINS, "ends": ENDS}
    await statistics.add_day(database, FRIDAY, **bounds, now=ENDS)
    await register(database, ANNA, now=BEGINS)

    await statistics.add_day(database, FRIDAY, **bounds, now=NEXT_MORNING)

    (day,) = await statistics.list_days(database, FRIDAY, FRIDAY)
    assert (day.users_total, day.created_at, day.updated_at) == (1, ENDS, NEXT_MORNING)


async def test_days_are_listed_the_latest_first(database: Database) -> None:
    for offset in range(3):
        shift = offset * DAY
        await statistics.add_day(
            database, FRIDAY + shift, begins=BEGINS + shift, ends=ENDS + shift, now=ENDS + shift
        )

    days = await statistics.list_days(database, FRIDAY, FRIDAY + DAY)

    assert [day.day for day in days] == [FRIDAY + DAY, FRIDAY]
