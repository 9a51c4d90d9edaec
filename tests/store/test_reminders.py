"""Reminders: once each, not to whom they cannot reach or who does not want them."""

import anyio
import psycopg

from tests.store.people import ANNA, BORIS, DAY, NOW, VERA, register
from vitte.store import bans, reminders, subscriptions, users
from vitte.store.audit import VITTE
from vitte.store.pool import Database
from vitte.store.reminders import Due, Ending
from vitte.store.subscriptions import Ended
from vitte.store.users import UserId

FIRST = Ended(user_id=UserId(0), expires_at=NOW)


async def ending(database: Database, *, after: Ended = FIRST, limit: int = 10) -> list[Ending]:
    return await reminders.list_ending(database, NOW, NOW + 7 * DAY, after=after, limit=limit)


def due(*people: Ending, days: int = 7) -> list[Due]:
    return [
        Due(user_id=each.user_id, expires_at=each.expires_at, days_before=days) for each in people
    ]


async def test_who_ends_in_the_time_is_recorded_once_for_each_kind(database: Database) -> None:
    await register(database, ANNA, BORIS, VERA)
    await subscriptions.set_premium(database, ANNA.id, NOW + 6 * DAY, NOW)

    found = await ending(database)

    assert [(one.user_id, one.language) for one in found] == [(ANNA.id, "ru")]
    assert await reminders.add(database, due(*found), NOW) == due(*found)
    assert await reminders.add(database, due(*found), NOW) == []
    assert await reminders.add(database, due(*found, days=3), NOW) == due(*found, days=3)


async def test_a_renewal_is_a_new_period_and_the_old_end_is_nobodys(database: Database) -> None:
    await register(database, ANNA)
    await subscriptions.set_premium(database, ANNA.id, NOW + 6 * DAY, NOW)
    before = await ending(database)
    await subscriptions.set_premium(database, ANNA.id, NOW + 5 * DAY, NOW)

    assert await reminders.add(database, due(*before), NOW) == []
    after = await ending(database)
    assert await reminders.add(database, due(*after), NOW) == due(*after)


async def test_the_unreachable_and_the_unwilling_are_left_in_peace(
    database: Database, database_url: str
) -> None:
    await register(database, ANNA, VERA)
    for contact in (ANNA, VERA):
        await subscriptions.set_premium(database, contact.id, NOW + 6 * DAY, NOW)
    both = await ending(database)
    await users.mark_unreachable(database, ANNA.id, NOW)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE settings SET reminders = false WHERE user_id = %s", (VERA.id,))

    assert await ending(database) == []
    kept = [each.user_id for each in await reminders.add(database, due(*both), NOW)]
    assert ANNA.id not in kept  # she blocked the bot between the look and the record


async def test_a_walk_gives_everybody_once(database: Database) -> None:
    for number in range(1, 26):
        contact = users.Contact(id=users.UserId(number), first_name="x")
        await users.add_or_refresh(database, contact, language="en", now=NOW)
        await subscriptions.set_premium(database, contact.id, NOW + (number % 3) * DAY + DAY, NOW)

    given, after = list[int](), FIRST
    while page := await ending(database, after=after, limit=7):
        given += [each.user_id for each in page]
        after = Ended(user_id=page[-1].user_id, expires_at=page[-1].expires_at)

    assert len(given) == 25
    assert sorted(given) == list(range(1, 26))


async def test_many_record_at_once_and_each_reminder_is_one_of_theirs(database: Database) -> None:
    recorded: list[int] = []
    for number in range(1, 31):
        contact = users.Contact(id=users.UserId(number), first_name="x")
        await users.add_or_refresh(database, contact, language="en", now=NOW)
        await subscriptions.set_premium(database, contact.id, NOW + 6 * DAY, NOW)
    found = due(*await ending(database, limit=100))

    async def record() -> None:
        recorded.extend(one.user_id for one in await reminders.add(database, found, NOW))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(record)
        await record()

    assert sorted(recorded) == list(range(1, 31))


async def test_who_is_banned_is_not_reminded_and_who_was_is(database: Database) -> None:
    await register(database, ANNA, VERA)
    for contact in (ANNA, VERA):
        await subscriptions.set_premium(database, contact.id, NOW + 6 * DAY, NOW)
    both = await ending(database)
    await bans.impose(database, ANNA.id, NOW, ends_at=NOW + DAY, author=VITTE)
    await bans.impose(database, VERA.id, NOW - 2 * DAY, ends_at=NOW, author=VITTE)

    told = await reminders.add(database, due(*both), NOW)

    assert [each.user_id for each in told] == [VERA.id]
