"""Reminders: once each, not to whom they cannot reach or who does not want them."""

import anyio
import psycopg

from tests.store.people import ANNA, BORIS, DAY, NOW, VERA, register
from vitte.store import reminders, subscriptions, users
from vitte.store.pool import Database

WEEK = reminders.Ending(days_before=7, first=NOW + 3 * DAY, before=NOW + 7 * DAY)
STALE = NOW - DAY / 24


async def test_who_ends_in_the_time_is_reminded_once(database: Database) -> None:
    await register(database, ANNA, BORIS, VERA)
    await subscriptions.set_premium(database, ANNA.id, NOW + 6 * DAY, NOW)

    claimed = await reminders.claim(database, WEEK, NOW, stale=STALE)
    again = await reminders.claim(database, WEEK, NOW, stale=STALE)

    assert [(one.user_id, one.language, one.days_before) for one in claimed] == [(ANNA.id, "ru", 7)]
    assert again == []
    assert await reminders.mark_sent(database, claimed[0], NOW)
    assert not await reminders.mark_sent(database, claimed[0], NOW)


async def test_a_claim_never_sent_is_taken_over_and_a_sent_one_is_not(database: Database) -> None:
    await register(database, ANNA)
    await subscriptions.set_premium(database, ANNA.id, NOW + 6 * DAY, NOW)
    await reminders.claim(database, WEEK, NOW, stale=STALE)

    taken_over = await reminders.claim(database, WEEK, NOW + DAY, stale=NOW + DAY / 2)
    await reminders.mark_sent(database, taken_over[0], NOW + DAY)
    after = await reminders.claim(database, WEEK, NOW + 2 * DAY, stale=NOW + 2 * DAY)

    assert len(taken_over) == 1
    assert after == []


async def test_a_renewal_is_a_new_period_to_be_reminded_of(database: Database) -> None:
    await register(database, ANNA)
    await subscriptions.set_premium(database, ANNA.id, NOW + 6 * DAY, NOW)
    await reminders.claim(database, WEEK, NOW, stale=STALE)

    await subscriptions.set_premium(database, ANNA.id, NOW + 5 * DAY, NOW)

    assert len(await reminders.claim(database, WEEK, NOW, stale=STALE)) == 1


async def test_the_unreachable_and_the_unwilling_are_left_in_peace(
    database: Database, database_url: str
) -> None:
    await register(database, ANNA, VERA)
    for contact in (ANNA, VERA):
        await subscriptions.set_premium(database, contact.id, NOW + 6 * DAY, NOW)
    await users.mark_unreachable(database, ANNA.id, NOW)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE settings SET reminders = false WHERE user_id = %s", (VERA.id,))

    assert await reminders.claim(database, WEEK, NOW, stale=STALE) == []


async def test_many_claim_at_once_and_each_person_is_given_to_one(database: Database) -> None:
    claimed: list[int] = []
    for number in range(1, 31):
        contact = users.Contact(id=users.UserId(number), first_name="x")
        await users.add_or_refresh(database, contact, language="en", now=NOW)
        await subscriptions.set_premium(database, contact.id, NOW + 6 * DAY, NOW)

    async def claim() -> None:
        found = await reminders.claim(database, WEEK, NOW, stale=STALE, limit=20)
        claimed.extend(one.user_id for one in found)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(claim)
        await claim()

    assert sorted(claimed) == list(range(1, 31))
