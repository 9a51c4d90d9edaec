"""The chores on real rows: what they touch, what they leave, and that twice does no harm."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import anyio
import psycopg
import pytest
from msgspec import Struct

from tests.store.people import ANNA, BORIS, DAY, NOW, VERA, register, start_dialog
from vitte import config
from vitte.actors import chores
from vitte.actors.batches import MOST_ROWS, Batches, Pace
from vitte.store import dialogs, messages, outbox, runs, subscriptions, updates, users
from vitte.store.audit import SHELL
from vitte.store.dialogs import Dialog
from vitte.store.outbox import Finished as Said
from vitte.store.outbox import Lane, Words
from vitte.store.pool import Database
from vitte.store.queries import Query
from vitte.store.users import UserId

SETTINGS = config.Cron()
TEXTS = Query(name="texts", intent="", statement=b"SELECT text FROM messages ORDER BY id")


class Text(Struct, frozen=True):
    text: str


async def does(
    chore: Callable[..., Awaitable[None]],
    database: Database,
    now: datetime = NOW,
    settings: config.Cron = SETTINGS,
    **bounds: Any,
) -> int:
    """Run a chore; gives how many rows it touched."""
    batches = Batches(database, **bounds)
    await chore(batches, now, settings=settings)
    return batches.rows


async def say_in(database: Database, dialog: Dialog, text: str, at: datetime) -> None:
    await messages.add_exchange(database, dialog, text, [], at)


async def texts(database: Database) -> list[str]:
    return [row.text for row in await database.rows(TEXTS, Text)]


async def months(database: Database) -> list[str]:
    return [f"{first:%Y-%m}" for first in await messages.list_months(database)]


# -- Messages


async def test_messages_are_kept_as_long_as_the_plan_says(database: Database) -> None:
    await register(database, ANNA, BORIS, VERA)
    for person in (ANNA, BORIS, VERA):
        dialog = await start_dialog(database, person, NOW - 400 * DAY)
        for days in (366, 364, 91, 89):
            await say_in(database, dialog, f"{person.id} {days}", NOW - days * DAY)

    assert await does(chores.clean_messages, database) == 1 + 3 + 3

    assert await texts(database) == ["101 364", "101 91", "101 89", "102 89", "103 89"]
    assert await does(chores.clean_messages, database) == 0


async def test_more_than_a_batch_is_removed_in_several(database: Database) -> None:
    await register(database, ANNA, BORIS)
    kept = await start_dialog(database, ANNA, NOW - 200 * DAY)
    await messages.add_exchange(database, kept, None, ["a"] * 1_500, NOW - 200 * DAY)
    removed = await start_dialog(database, BORIS, NOW - 200 * DAY)
    await messages.add_exchange(database, removed, None, ["b"] * 1_500, NOW - 200 * DAY)
    noted = list[int]()

    async def note(_: object, rows: int) -> None:
        noted.append(rows)

    still: dict[str, Any] = {"pace": Pace(MOST_ROWS), "clock": lambda: 0.0}
    assert await does(chores.clean_messages, database, note=note, **still) == 1_500
    assert set(await texts(database)) == {"a"}
    assert noted == [500, 1_000]  # what one batch looks at and the other plan keeps is not noted


async def test_on_a_database_that_is_slow_batches_become_small(database: Database) -> None:
    await register(database, BORIS)
    dialog = await start_dialog(database, BORIS, NOW - 200 * DAY)
    await messages.add_exchange(database, dialog, None, ["b"] * 800, NOW - 200 * DAY)
    ticks, noted = iter(range(100)), list[int]()

    async def note(_: object, rows: int) -> None:
        noted.append(rows)

    # Each batch takes a second.
    slow: dict[str, Any] = {"pace": Pace(400), "clock": lambda: float(next(ticks))}
    assert await does(chores.clean_messages, database, note=note, **slow) == 800
    assert noted == [400, 200, 100, 50, 25, 12, 10, 3]


async def test_a_run_ends_at_its_ceiling_and_the_next_one_goes_on(database: Database) -> None:
    await register(database, BORIS)
    dialog = await start_dialog(database, BORIS, NOW - 200 * DAY)
    await messages.add_exchange(database, dialog, None, ["b"] * 700, NOW - 200 * DAY)

    assert await does(chores.clean_messages, database, most=300) == 300
    assert await does(chores.clean_messages, database, most=300) == 300
    assert await does(chores.clean_messages, database, most=300) == 100


async def test_a_dry_run_tells_what_it_would_do_and_keeps_nothing_of_it(
    database: Database,
) -> None:
    await register(database, ANNA, BORIS)
    made = await messages.make_partitions(database, date(2025, 1, 1), 1)
    dialog = await start_dialog(database, BORIS, NOW - 900 * DAY)
    await messages.add_exchange(database, dialog, None, ["b"] * 1_500, NOW - 200 * DAY)
    await say_in(database, dialog, "long ago", datetime(2025, 1, 5, tzinfo=UTC))

    assert made == 1
    assert await does(chores.clean_messages, database, dry=True) == 1_501
    assert len(await texts(database)) == 1_501
    assert await does(chores.archive_dialogs, database, NOW + 90 * DAY, dry=True) == 1
    assert await dialogs.open_of(database, BORIS.id) is not None
    assert await does(chores.clean_messages, database) == 1_501


async def test_whole_months_go_by_dropping_their_partitions(
    database: Database, database_url: str
) -> None:
    await register(database, ANNA, BORIS)
    await messages.make_partitions(database, date(2025, 9, 1), 5)
    for person in (ANNA, BORIS):
        dialog = await start_dialog(database, person, NOW - 900 * DAY)
        for month in (9, 10, 11, 12):
            await say_in(
                database, dialog, f"{person.id} {month}", datetime(2025, month, 9, tzinfo=UTC)
            )
    before = await months(database)
    with psycopg.connect(database_url) as connection:  # which tells deletes from drops
        connection.execute("CREATE TABLE deleted (id bigint)")
        connection.execute(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN INSERT INTO deleted VALUES (OLD.id); RETURN OLD; END $$"
        )
        connection.execute(
            "CREATE TRIGGER note BEFORE DELETE ON messages FOR EACH ROW EXECUTE FUNCTION note()"
        )

    rows = await does(chores.clean_messages, database)  # a year ago was 20 November 2025

    # September and October are over for every plan. Of November Anna's words of the 9th are due as
    # well; nothing is left in it, but it is not over for every plan: an empty month goes then.
    assert await texts(database) == ["101 12"]
    assert rows == 2 * 2 + 2 + 1
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM deleted").fetchone() == (3,)
    gone = {"2025-09", "2025-10", "2025-11", "2026-01"}
    assert await months(database) == [month for month in before if month not in gone]


async def test_a_month_that_somebody_uses_at_every_moment_is_left_for_the_next_run(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "TRIES", 2)
    await register(database, BORIS)
    await messages.make_partitions(database, date(2025, 1, 1), 1)
    dialog = await start_dialog(database, BORIS, NOW - 900 * DAY)
    await say_in(database, dialog, "long ago", datetime(2025, 1, 9, tzinfo=UTC))
    with psycopg.connect(database_url) as reader:
        reader.execute("SELECT count(*) FROM messages")  # and does not end its transaction
        assert await does(chores.clean_messages, database) == 1  # by deleting, as before
        assert "2025-01" in await months(database)

    assert await does(chores.clean_messages, database) == 0
    assert "2025-01" not in await months(database)


async def test_what_somebody_else_deletes_is_left_to_them(
    database: Database, database_url: str
) -> None:
    await register(database, BORIS)
    dialog = await start_dialog(database, BORIS, NOW - 200 * DAY)
    for number in range(3):
        await say_in(database, dialog, f"{number}", NOW - 200 * DAY)
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM messages WHERE text = '1' FOR UPDATE")

        assert await does(chores.clean_messages, database) == 2

    assert await texts(database) == ["1"]
    assert await does(chores.clean_messages, database) == 1


# -- Dialogs


async def test_dialogs_long_silent_are_archived_and_the_others_stay(database: Database) -> None:
    await register(database, ANNA, BORIS)
    silent = await start_dialog(database, ANNA, NOW - 40 * DAY)
    alive = await start_dialog(database, BORIS, NOW - 40 * DAY)
    await say_in(database, alive, "hello", NOW - 29 * DAY)

    assert await does(chores.archive_dialogs, database) == 1

    assert await dialogs.open_of(database, ANNA.id) is None
    archived = await dialogs.get(database, ANNA.id, silent.id)
    assert archived is not None
    assert archived.state == "archived"
    assert await dialogs.open_of(database, BORIS.id) is not None
    assert await does(chores.archive_dialogs, database) == 0


async def test_what_was_said_in_an_archived_dialog_stays_readable(database: Database) -> None:
    await register(database, ANNA)
    dialog = await start_dialog(database, ANNA, NOW - 40 * DAY)
    await messages.add_exchange(database, dialog, "my cat is Pixel", ["nice"], NOW - 40 * DAY)

    await does(chores.archive_dialogs, database)

    read = await messages.list_recent(database, dialog, limit=10)
    assert [message.text for message in read] == ["nice", "my cat is Pixel"]


async def test_a_dialog_in_which_somebody_writes_right_now_is_left_for_later(
    database: Database, database_url: str
) -> None:
    await register(database, ANNA)
    dialog = await start_dialog(database, ANNA, NOW - 40 * DAY)
    with psycopg.connect(database_url) as writer:
        writer.execute("UPDATE dialogs SET last_message_at = %s WHERE id = %s", (NOW, dialog.id))

        assert await does(chores.archive_dialogs, database) == 0

    assert await does(chores.archive_dialogs, database) == 0


# -- Subscriptions


async def test_a_subscription_that_ended_days_ago_becomes_a_free_one_and_is_audited(
    database: Database, database_url: str
) -> None:
    await register(database, ANNA, BORIS, VERA)  # Vera's ended yesterday

    assert await does(chores.expire_subscriptions, database) == 0
    assert await does(chores.expire_subscriptions, database, NOW + 3 * DAY) == 1
    assert await does(chores.expire_subscriptions, database, NOW + 3 * DAY) == 0

    vera = await subscriptions.get(database, VERA.id)
    assert vera is not None
    assert (vera.plan, vera.expires_at, vera.started_at) == ("free", None, NOW - DAY)
    anna = await subscriptions.get(database, ANNA.id)
    assert anna is not None
    assert anna.plan == "premium"
    with psycopg.connect(database_url) as connection:
        noted = connection.execute(
            "SELECT who, old->>'plan', new->>'plan' FROM audit WHERE user_id = %s ORDER BY id DESC",
            (VERA.id,),
        )
        assert noted.fetchone() == ("vitte", "premium", "free")


async def test_more_than_a_batch_of_subscriptions_end(database: Database) -> None:
    ends = [NOW - 10 * DAY + timedelta(seconds=number % 3) for number in range(1_200)]
    async with database.transaction() as transaction:
        for number, end in enumerate(ends, 1):
            contact = users.Contact(id=UserId(number), first_name="x")
            await users.add_or_refresh(transaction, contact, language="en", now=NOW - 50 * DAY)
            await subscriptions.set_premium(transaction, contact.id, end, NOW - 50 * DAY)

    assert await does(chores.expire_subscriptions, database, dry=True) == 1_200
    assert await does(chores.expire_subscriptions, database) == 1_200


# -- Records


async def test_partitions_are_made_ahead_once(database: Database) -> None:
    first = await does(chores.make_partitions, database)

    assert await does(chores.make_partitions, database) == 0
    assert first <= chores.MONTHS_AHEAD
    assert await does(chores.make_partitions, database, NOW + 40 * DAY) >= 1


async def test_updates_finished_long_ago_are_forgotten_and_dead_letters_later(
    database: Database, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        for number, state, days in (
            (-1, "answered", 31),
            (1, "answered", 29),
            (2, "refused", 31),
            (3, "failed", 89),
            (4, "failed", 91),
            (5, "pending", None),
        ):
            done = None if days is None else NOW - days * DAY
            connection.execute(
                "INSERT INTO updates (id, chat_id, kind, body, state, reason, received_at, done_at)"
                " VALUES (%s, 1, 'message', '{}', %s, 'x', %s, %s)",
                (number, state, NOW - 100 * DAY, done),
            )

    assert await does(chores.trim_records, database) == 3

    left = {line.state: line.updates for line in await updates.count(database)}
    assert left == {"answered": 1, "failed": 1, "pending": 1}
    assert await does(chores.trim_records, database) == 0


async def test_words_said_long_ago_are_forgotten_and_those_that_wait_stay(
    database: Database,
) -> None:
    said = Words(chat_id=1, lane=Lane.REPLY, method="sendMessage", payload="{}")
    waiting = await outbox.add(database, [said] * 3, NOW - 40 * DAY)
    for each, days in zip(waiting, (31, 29), strict=False):
        await outbox.finish(database, [Said(id=each.id, state="sent", tries=1)], NOW - days * DAY)

    assert await does(chores.trim_records, database) == 1
    assert sum(line.words for line in await outbox.count(database)) == 2


async def test_runs_of_long_ago_are_forgotten_but_not_the_last_that_went_well(
    database: Database,
) -> None:
    for days in (500, 450, 401):
        run = await runs.begin(
            database, "x", NOW - days * DAY, node="n", author=SHELL, now=NOW - days * DAY
        )
        assert run is not None
        await runs.end(database, run, runs.Ending(state="ok"), NOW - days * DAY)

    assert await does(chores.trim_records, database) == 2
    assert await does(chores.trim_records, database) == 0
    [left] = await runs.list_latest(database, "x")
    assert left.scheduled_for == NOW - 401 * DAY


async def test_others_have_their_turn_between_two_batches(database: Database) -> None:
    await register(database, BORIS)
    dialog = await start_dialog(database, BORIS, NOW - 200 * DAY)
    await messages.add_exchange(database, dialog, None, ["b"] * 3_000, NOW - 200 * DAY)
    turns, done = 0, False

    async def other() -> None:
        nonlocal turns
        while not done:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(other)
        assert await does(chores.clean_messages, database, rest=1.0, pace=Pace(MOST_ROWS)) == 3_000
        done = True
    assert turns > 3
