"""Reminders on real rows: on which days, at which hours, in which words, and once."""

from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import psycopg
import pytest
from msgspec import Struct

from tests.store.people import DAY, NOW
from vitte import config, i18n
from vitte.actors import reminding
from vitte.actors.batches import Batches
from vitte.i18n import Language, Words
from vitte.store import subscriptions, users
from vitte.store.pool import Database
from vitte.store.queries import Query
from vitte.store.users import Contact, UserId

SETTINGS = config.Cron()
HOUR = timedelta(hours=1)
FORBID = Query(
    name="forbid",
    intent="",
    statement=b"ALTER TABLE outbox ADD CONSTRAINT nobody CHECK (chat_id <> 102)",
)
ALLOW = Query(name="allow", intent="", statement=b"ALTER TABLE outbox DROP CONSTRAINT nobody")
SET_ZONE = Query(
    name="set_zone",
    intent="",
    statement=b"UPDATE settings SET timezone = %(zone)s WHERE user_id = %(user)s",
)
NO_REMINDERS = Query(
    name="no_reminders",
    intent="",
    statement=b"UPDATE settings SET reminders = false WHERE user_id = %(user)s",
)
REMINDERS = Query(
    name="reminders",
    intent="",
    statement=b"SELECT chat_id, payload->>'text' AS html FROM outbox WHERE lane = 3 ORDER BY id",
)


class Said(Struct, frozen=True):
    chat_id: int
    html: str


@pytest.fixture(scope="session")
def words() -> Words:
    return i18n.load()


async def said(database: Database) -> list[Said]:
    """What was put into the outbox, to whom."""
    return await database.rows(REMINDERS, Said)


async def paying(  # noqa: PLR0913  # who they are
    database: Database,
    number: int,
    ends: datetime,
    *,
    language: Language = "en",
    name: str = "Anna",
    zone: str | None = None,
) -> UserId:
    contact = Contact(id=UserId(number), first_name=name, language_code=language)
    began = min(NOW, ends) - 31 * DAY
    await users.add_or_refresh(database, contact, language=language, now=began)
    await subscriptions.set_premium(database, contact.id, ends, began)
    await database.change(SET_ZONE, user=contact.id, zone=zone)
    return contact.id


async def remind(
    database: Database,
    words: Words,
    now: datetime = NOW,
    settings: config.Cron = SETTINGS,
) -> int:
    batches = Batches(database)
    await reminding.remind_expiring(batches, now, settings=settings, words=words)
    return batches.rows


async def test_each_end_is_reminded_of_on_its_days_once(database: Database, words: Words) -> None:
    for days in (-2, -1, 0, 1, 2, 3, 4, 6, 7, 8):
        await paying(database, 100 + days, NOW + days * DAY)

    assert await remind(database, words) == 4
    assert await remind(database, words) == 0
    assert await remind(database, words, NOW + 5 * HOUR) == 0

    assert {each.chat_id for each in await said(database)} == {99, 101, 103, 107}


async def test_a_whole_week_of_hours_reminds_three_times_and_once_after(
    database: Database, words: Words
) -> None:
    await paying(database, 101, NOW + 8 * DAY)

    sent = [
        sum(
            [
                await remind(database, words, NOW + day * DAY + hour * HOUR)
                for hour in range(-3, 9, 3)
            ]
        )
        for day in range(11)
    ]

    assert sent == [0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0]


async def test_a_renewal_is_a_new_end_with_reminders_of_its_own(
    database: Database, words: Words
) -> None:
    anna = await paying(database, 101, NOW + 7 * DAY)
    assert await remind(database, words) == 1
    await subscriptions.set_premium(database, anna, NOW + 37 * DAY, NOW)

    assert await remind(database, words, NOW + 4 * DAY) == 0
    assert await remind(database, words, NOW + 30 * DAY) == 1


async def test_who_cannot_be_reached_or_does_not_want_it_is_left_alone(
    database: Database, words: Words
) -> None:
    gone = await paying(database, 101, NOW + 3 * DAY)
    silent = await paying(database, 102, NOW + 3 * DAY)
    await paying(database, 103, NOW + 3 * DAY)
    await users.mark_unreachable(database, gone, NOW)
    await database.change(NO_REMINDERS, user=silent)

    assert await remind(database, words) == 1
    assert [each.chat_id for each in await said(database)] == [103]


# NOW is noon in UTC: 15:00 in Moscow, 21:00 in Tokyo, 04:00 in Los Angeles, 02:00 in Honolulu.
async def test_nobody_is_woken_and_each_is_told_in_their_own_morning(
    database: Database, words: Words
) -> None:
    zones = {"Europe/Moscow": 101, "Asia/Tokyo": 102, "America/Los_Angeles": 103}
    for zone, number in zones.items():
        await paying(database, number, NOW + 3 * DAY, zone=zone)

    told_at = dict[int, datetime]()
    for hour in range(-12, 13):
        before = len(await said(database))
        await remind(database, words, NOW + hour * HOUR)
        for each in (await said(database))[before:]:
            told_at[each.chat_id] = NOW + hour * HOUR

    for zone, number in zones.items():
        assert f"{told_at[number].astimezone(ZoneInfo(zone)):%H:%M}" == "09:00", zone


async def test_days_are_those_of_the_persons_own_calendar(database: Database, words: Words) -> None:
    # Late in the evening of the 23rd in UTC it is the 24th in Tokyo.
    end = datetime(2026, 11, 23, 20, tzinfo=UTC)
    await paying(database, 101, end, zone="UTC")
    await paying(database, 102, end, zone="Asia/Tokyo")

    three_before = datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert await remind(database, words, three_before) == 1
    assert await remind(database, words, three_before + DAY) == 1

    first, second = await said(database)
    assert (first.chat_id, second.chat_id) == (101, 102)
    assert "23" in first.html
    assert "24" in second.html


async def test_a_zone_that_there_is_not_counts_as_the_installations(
    database: Database, words: Words
) -> None:
    await paying(database, 101, NOW + 3 * DAY, zone="Mars/Olympus")
    await paying(database, 102, NOW + 3 * DAY, zone="../../etc/passwd")

    assert await remind(database, words, NOW - 4 * HOUR) == 0  # 08:00 in UTC
    assert await remind(database, words) == 2


async def test_a_run_that_broke_off_is_taken_up_without_telling_anybody_twice(
    database: Database, words: Words
) -> None:
    for number in (101, 102, 103):
        await paying(database, number, NOW + 3 * DAY + timedelta(seconds=number))
    await database.change(FORBID)
    with pytest.raises(psycopg.errors.CheckViolation):
        await remind(database, words)
    assert await said(database) == []  # neither recorded nor said: both or nothing
    await database.change(ALLOW)

    assert await remind(database, words) == 3
    assert await remind(database, words) == 0
    assert [each.chat_id for each in await said(database)] == [101, 102, 103]


async def test_more_than_a_batch_is_reminded_each_once(database: Database, words: Words) -> None:
    async with database.transaction() as transaction:
        for number in range(1, 1_101):
            contact = Contact(id=UserId(number), first_name="x")
            await users.add_or_refresh(transaction, contact, language="ru", now=NOW - 40 * DAY)
            end = NOW + 3 * DAY + timedelta(seconds=number % 7)
            await subscriptions.set_premium(transaction, contact.id, end, NOW - 40 * DAY)

    assert await remind(database, words) == 1_100
    assert len({each.chat_id for each in await said(database)}) == 1_100
    assert await remind(database, words) == 0


@pytest.mark.parametrize(
    ("days", "language", "expected"),
    [
        (1, "en", "ends tomorrow"),
        (3, "en", "in 3 days"),
        (7, "en", "in 7 days"),
        (1, "ru", "завтра"),
        (2, "ru", "через 2 дня"),
        (3, "ru", "через 3 дня"),
        (7, "ru", "через 7 дней"),
        (11, "ru", "через 11 дней"),
        (21, "ru", "через 21 день"),
        (-1, "en", "ended yesterday"),
        (-1, "ru", "вчера"),
    ],
)
async def test_the_words_fit_the_number(
    database: Database, words: Words, days: int, language: Language, expected: str
) -> None:
    settings = config.Cron(remind_days_before=(abs(days),))
    await paying(database, 101, NOW + days * DAY, language=language, name="<Анна>")

    assert await remind(database, words, settings=settings) == 1

    html = (await said(database))[0].html
    assert expected in html.replace("\u2068", "").replace("\u2069", "").replace("\xa0", " ")
    assert "&lt;Анна&gt;" in html


async def test_a_dry_run_reminds_nobody(database: Database, words: Words) -> None:
    await paying(database, 101, NOW + 3 * DAY)
    batches = Batches(database, dry=True)
    work = partial(reminding.remind_expiring, settings=SETTINGS, words=words)

    await work(batches, NOW)

    assert batches.rows == 1
    assert await said(database) == []
    assert await remind(database, words) == 1
