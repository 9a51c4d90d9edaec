"""Messages: exchanges in order, pages, months, and what each plan keeps."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import psycopg
import pytest

from tests.store.people import ANNA, BORIS, DAY, NOW, VERA, register, start_dialog
from vitte.store import dialogs, messages
from vitte.store.pool import Database
from vitte.store.walk import BEFORE_ALL


async def test_an_exchange_is_kept_in_the_order_it_was_spoken(database: Database) -> None:
    await register(database, ANNA)
    dialog = await start_dialog(database, ANNA)
    later = NOW + timedelta(minutes=5)

    added = await messages.add_exchange(
        database, dialog, "Привет!", ["Здравствуйте.", "Как вы?"], later
    )

    assert [(one.role, one.text) for one in added] == [
        ("user", "Привет!"),
        ("character", "Здравствуйте."),
        ("character", "Как вы?"),
    ]
    assert await messages.list_recent(database, dialog, limit=10) == added[::-1]
    touched = await dialogs.open_of(database, ANNA.id)
    assert touched is not None
    assert touched.last_message_at == later


async def test_a_character_may_speak_first_and_nothing_empty_is_kept(database: Database) -> None:
    await register(database, ANNA)
    dialog = await start_dialog(database, ANNA)

    greeting = await messages.add_exchange(database, dialog, None, ["Добрый день!", ""], NOW)
    nothing = await messages.add_exchange(database, dialog, "", [], NOW)

    assert [one.role for one in greeting] == ["character"]
    assert nothing == []


async def test_messages_come_in_pages_the_newest_first(database: Database) -> None:
    await register(database, ANNA)
    dialog = await start_dialog(database, ANNA)
    for number in range(5):
        await messages.add_exchange(database, dialog, str(number), [], NOW + number * 20 * DAY)

    first = messages.Asked(dialog.id, messages.NEWEST, 3)
    begin = (await messages.list_pages(database, [first]))[first].messages
    second = messages.Asked(dialog.id, begin[-1].id, 3)
    rest = (await messages.list_pages(database, [second]))[second].messages

    assert [one.text for one in begin + rest] == ["4", "3", "2", "1", "0"]


async def test_many_pages_come_with_one_question_and_say_whose_they_are(database: Database) -> None:
    await register(database, ANNA, BORIS)
    hers, his = await start_dialog(database, ANNA), await start_dialog(database, BORIS)
    await messages.add_exchange(database, hers, "Привет", ["Здравствуйте"], NOW)
    everything = messages.Asked(hers.id, messages.NEWEST, 10)
    answered = messages.Asked(hers.id, messages.NEWEST, 10, "character")
    silent = messages.Asked(his.id, messages.NEWEST, 10)
    missing = messages.Asked(dialogs.DialogId(999), messages.NEWEST, 10)

    pages = await messages.list_pages(database, [silent, missing, everything, answered])

    assert missing not in pages
    assert [pages[each].owner for each in (everything, answered, silent)] == [
        ANNA.id,
        ANNA.id,
        BORIS.id,
    ]
    assert [one.text for one in pages[everything].messages] == ["Здравствуйте", "Привет"]
    assert [one.text for one in pages[answered].messages] == ["Здравствуйте"]
    assert pages[silent].messages == []


async def test_nobody_speaks_in_anothers_dialog(database: Database) -> None:
    await register(database, ANNA, BORIS)
    hers = await start_dialog(database, ANNA)
    forged = msgspec.structs.replace(hers, user_id=BORIS.id)

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        await messages.add_exchange(database, forged, "Это я", [], NOW)


async def test_each_month_has_its_partition_and_what_fell_beside_moves_in(
    database: Database, database_url: str
) -> None:
    await register(database, ANNA)
    start = datetime(2031, 5, 31, 23, 59, tzinfo=UTC)
    dialog = await start_dialog(database, ANNA, start)
    await messages.add_exchange(database, dialog, "last of May", ["first of June"], start)
    await messages.add_exchange(database, dialog, "June", [], start + timedelta(minutes=1))

    made = await messages.make_partitions(database, date(2031, 5, 31), 2)
    again = await messages.make_partitions(database, date(2031, 5, 1), 2)

    assert (made, again) == (2, 0)
    with psycopg.connect(database_url) as connection:
        places = connection.execute(
            "SELECT tableoid::regclass::text, text FROM messages ORDER BY id"
        )
        assert places.fetchall() == [
            ("messages_2031_05", "last of May"),
            ("messages_2031_05", "first of June"),
            ("messages_2031_06", "June"),
        ]
    assert len(await messages.list_recent(database, dialog, limit=10)) == 3


async def test_each_plan_keeps_its_own_time_and_a_run_walks_in_batches(database: Database) -> None:
    await register(database, ANNA, BORIS, VERA)
    for contact in (ANNA, BORIS, VERA):
        dialog = await start_dialog(database, contact, NOW - 400 * DAY)
        for age in (400, 200, 40, 1):
            await messages.add_exchange(database, dialog, f"{age}", [], NOW - age * DAY)
    retention = messages.Retention(free_before=NOW - 30 * DAY, premium_before=NOW - 365 * DAY)

    deleted, batches, after = 0, 0, BEFORE_ALL
    while True:
        cleaned = await messages.delete_old(database, retention, NOW, after=after, limit=2)
        deleted, batches, after = deleted + cleaned.touched, batches + 1, cleaned.last_id
        if cleaned.looked_at < 2:
            break

    # Anna pays and loses the oldest; Boris and Vera, whose plan ended, keep one each.
    assert (deleted, batches) == (1 + 3 + 3, 5)
    left = {contact.id: await _texts(database, contact.id) for contact in (ANNA, BORIS, VERA)}
    assert left == {ANNA.id: ["1", "40", "200"], BORIS.id: ["1"], VERA.id: ["1"]}


async def test_a_plan_may_keep_everything(database: Database) -> None:
    await register(database, ANNA)
    dialog = await start_dialog(database, ANNA, NOW - 900 * DAY)
    await messages.add_exchange(database, dialog, "old", [], NOW - 900 * DAY)
    retention = messages.Retention(free_before=NOW, premium_before=None)

    cleaned = await messages.delete_old(database, retention, NOW)

    assert (cleaned.looked_at, cleaned.touched) == (1, 0)


async def _texts(database: Database, user: int) -> list[str]:
    dialog = await dialogs.open_of(database, dialogs.UserId(user))
    assert dialog is not None
    return [one.text for one in await messages.list_recent(database, dialog, limit=10)]
