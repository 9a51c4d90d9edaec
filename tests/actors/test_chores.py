"""The chores on real rows: what they touch, what they leave, and that twice does no harm."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from msgspec import Struct

from tests.store.people import ANNA, BORIS, DAY, NOW, VERA, register, start_dialog
from vitte import config, i18n
from vitte.actors import chores
from vitte.i18n import Language, Words
from vitte.store import dialogs, messages, statistics, subscriptions, users
from vitte.store.dialogs import Dialog
from vitte.store.pool import Database
from vitte.store.queries import Query
from vitte.store.users import Contact, UserId

SETTINGS = config.Cron()
# Read from the disk here, as the house does for its own zone: not in the loop.
ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Europe/Moscow", "America/Havana")]
TEXTS = Query(name="texts", intent="", statement=b"SELECT text FROM messages ORDER BY id")
FORBID = Query(
    name="forbid",
    intent="",
    statement=b"ALTER TABLE outbox ADD CONSTRAINT nobody CHECK (chat_id <> 102)",
)
ALLOW = Query(name="allow", intent="", statement=b"ALTER TABLE outbox DROP CONSTRAINT nobody")
NO_REMINDERS = Query(
    name="no_reminders",
    intent="",
    statement=b"UPDATE settings SET reminders = false WHERE user_id = %(user)s",
)


class Text(Struct, frozen=True):
    text: str


@pytest.fixture(scope="session")
def words() -> Words:
    return i18n.load()


REMINDERS = Query(
    name="reminders",
    intent="",
    statement=b"SELECT chat_id, payload->>'text' AS html FROM outbox WHERE lane = 3 ORDER BY id",
)


class Said(Struct, frozen=True):
    chat_id: int
    html: str


async def said(database: Database) -> list[Said]:
    """What was put into the outbox, to whom."""
    return await database.rows(REMINDERS, Said)


async def say_in(database: Database, dialog: Dialog, text: str, at: datetime) -> None:
    await messages.add_exchange(database, dialog, text, [], at)


async def texts(database: Database) -> list[str]:
    return [row.text for row in await database.rows(TEXTS, Text)]


async def test_messages_are_kept_as_long_as_the_plan_says(database: Database) -> None:
    await register(database, ANNA, BORIS, VERA)
    for person in (ANNA, BORIS, VERA):
        dialog = await start_dialog(database, person, NOW - 400 * DAY)
        for days in (366, 364, 91, 89):
            await say_in(database, dialog, f"{person.id} {days}", NOW - days * DAY)

    removed = await chores.clean_messages(database, NOW, settings=SETTINGS)

    assert removed == 1 + 3 + 3
    assert await texts(database) == ["101 364", "101 91", "101 89", "102 89", "103 89"]
    assert await chores.clean_messages(database, NOW, settings=SETTINGS) == 0


async def test_more_than_a_batch_is_removed_in_several(database: Database) -> None:
    await register(database, ANNA, BORIS)
    kept = await start_dialog(database, ANNA, NOW - 200 * DAY)
    await messages.add_exchange(database, kept, None, ["a"] * 1_500, NOW - 200 * DAY)
    removed = await start_dialog(database, BORIS, NOW - 200 * DAY)
    await messages.add_exchange(database, removed, None, ["b"] * 1_500, NOW - 200 * DAY)

    assert await chores.clean_messages(database, NOW, settings=SETTINGS) == 1_500
    assert set(await texts(database)) == {"a"}


async def test_dialogs_long_silent_are_archived_and_the_others_stay(database: Database) -> None:
    await register(database, ANNA, BORIS)
    silent = await start_dialog(database, ANNA, NOW - 40 * DAY)
    alive = await start_dialog(database, BORIS, NOW - 40 * DAY)
    await say_in(database, alive, "hello", NOW - 29 * DAY)

    assert await chores.archive_dialogs(database, NOW, settings=SETTINGS) == 1

    assert await dialogs.open_of(database, ANNA.id) is None
    archived = await dialogs.get(database, ANNA.id, silent.id)
    assert archived is not None
    assert archived.state == "archived"
    assert await dialogs.open_of(database, BORIS.id) is not None
    assert await chores.archive_dialogs(database, NOW, settings=SETTINGS) == 0


BERLIN = config.Cron(timezone="Europe/Berlin")


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
        assert await chores.user_stats(database, at, settings=BERLIN) == 1

    [row] = await statistics.list_days(database, day - DAY, day + DAY)
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

    await chores.user_stats(database, second_half_past_midnight, settings=havana)

    [row] = await statistics.list_days(database, date(2026, 10, 31), date(2026, 11, 1))
    assert (row.day, row.users_new) == (date(2026, 10, 31), 0)


async def paying(
    database: Database,
    number: int,
    ends: datetime,
    *,
    language: Language = "en",
    name: str = "Anna",
) -> UserId:
    contact = Contact(id=UserId(number), first_name=name, language_code=language)
    began = min(NOW, ends) - 31 * DAY
    await users.add_or_refresh(database, contact, language=language, now=began)
    await subscriptions.set_premium(database, contact.id, ends, began)
    return contact.id


async def remind(
    database: Database,
    words: Words,
    now: datetime = NOW,
    settings: config.Cron = SETTINGS,
) -> int:
    return await chores.remind_expiring(database, now, settings=settings, words=words)


async def test_each_end_is_reminded_of_on_its_days_once(database: Database, words: Words) -> None:
    for days in (-2, -1, 0, 1, 2, 3, 4, 6, 7, 8):
        await paying(database, 100 + days, NOW + days * DAY)

    assert await remind(database, words) == 4
    assert await remind(database, words) == 0
    assert await remind(database, words, NOW + timedelta(hours=5)) == 0

    assert {each.chat_id for each in await said(database)} == {99, 101, 103, 107}


async def test_a_whole_week_reminds_three_times_and_once_after(
    database: Database, words: Words
) -> None:
    await paying(database, 101, NOW + 8 * DAY)

    sent = [await remind(database, words, NOW + day * DAY) for day in range(11)]

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


async def test_the_date_in_the_words_is_that_of_the_days_counted(
    database: Database, words: Words
) -> None:
    # Late in the evening of the 27th in UTC it is the 28th in Moscow.
    await paying(database, 101, datetime(2026, 11, 27, 22, 30, tzinfo=UTC))

    moscow = config.Cron(timezone="Europe/Moscow")
    assert await remind(database, words, NOW, moscow) == 0
    assert await remind(database, words, NOW + DAY, moscow) == 1

    html = (await said(database))[0].html
    assert "28" in html
    assert "27" not in html


async def test_partitions_are_made_ahead_once(database: Database) -> None:
    first = await chores.make_partitions(database, NOW)

    assert await chores.make_partitions(database, NOW) == 0
    assert first <= chores.MONTHS_AHEAD
    assert await chores.make_partitions(database, NOW + 40 * DAY) >= 1
