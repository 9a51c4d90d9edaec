"""Dialogs: one open a person, closed by the next, archived for silence, opened again."""

from typing import Any

import anyio
import psycopg
import pytest

from tests.store.people import ANNA, BORIS, DAY, NOW, VERA, register, start_dialog
from tests.store.plans import nodes
from vitte.store import characters, dialogs, messages, settings, users
from vitte.store.pool import Database
from vitte.store.users import UserId


async def page(database: Database, asked: dialogs.Asked) -> list[dialogs.Dialog]:
    return (await dialogs.list_pages(database, [asked]))[asked]


async def test_a_new_dialog_closes_the_open_one(database: Database) -> None:
    await register(database, ANNA)

    first = await start_dialog(database, ANNA)
    second = await start_dialog(database, ANNA, NOW + DAY)

    closed = await dialogs.get(database, ANNA.id, first.id)
    assert closed is not None
    assert (closed.state, closed.closed_at) == ("closed", NOW + DAY)
    assert await dialogs.open_of(database, ANNA.id) == second
    assert (second.state, second.last_message_at) == ("open", NOW + DAY)


async def test_many_starts_at_once_leave_one_open_dialog(database: Database) -> None:
    await register(database, ANNA)
    await start_dialog(database, ANNA)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(start_dialog, database, ANNA)

    all_of_hers = await page(database, dialogs.Asked(ANNA.id, dialogs.NEWEST, 100))
    assert [one.state for one in all_of_hers].count("open") == 1
    assert all_of_hers[0].state == "open"


async def test_dialogs_come_in_pages_the_newest_first(database: Database) -> None:
    await register(database, ANNA)
    started = [await start_dialog(database, ANNA) for _ in range(5)]

    first = await page(database, dialogs.Asked(ANNA.id, dialogs.NEWEST, 3))
    rest = await page(database, dialogs.Asked(ANNA.id, first[-1].id, 3))

    assert [one.id for one in first + rest] == [one.id for one in reversed(started)]


async def test_a_strangers_dialog_is_not_found(database: Database) -> None:
    await register(database, ANNA, BORIS)
    hers = await start_dialog(database, ANNA)

    assert await dialogs.get(database, BORIS.id, hers.id) is None


async def test_silence_archives(database: Database) -> None:
    await register(database, ANNA, BORIS)
    await start_dialog(database, ANNA)
    lively = await start_dialog(database, BORIS)
    await messages.add_exchange(database, lively, "Я здесь", [], NOW + 40 * DAY)

    archived = await dialogs.archive_inactive(
        database, before=NOW + 30 * DAY, now=NOW + 60 * DAY, limit=10
    )

    assert (archived.looked_at, archived.touched) == (2, 1)
    assert await dialogs.open_of(database, ANNA.id) is None
    assert await dialogs.open_of(database, BORIS.id) is not None


async def test_silent_dialogs_are_archived_so_many_at_once(database: Database) -> None:
    await register(database, ANNA)
    await start_dialog(database, ANNA)
    await start_dialog(database, ANNA)
    limits: dict[str, Any] = {"before": NOW + DAY, "now": NOW + DAY}

    first = await dialogs.archive_inactive(database, **limits, limit=1)
    second = await dialogs.archive_inactive(database, **limits, after=first.last_id, limit=10)
    assert (first.looked_at, first.touched) == (1, 1)
    assert (second.looked_at, second.touched) == (1, 1)
    assert (await dialogs.archive_inactive(database, **limits, limit=10)).touched == 0


async def test_a_character_that_does_not_exist_starts_nothing(database: Database) -> None:
    await register(database, ANNA)
    before = await start_dialog(database, ANNA)

    with pytest.raises(Exception, match="dialogs_character_id_fkey"):
        await dialogs.start(database, ANNA.id, characters.CharacterId(404), NOW)

    assert await dialogs.open_of(database, ANNA.id) == before


async def test_many_pages_come_with_one_question_each_narrowed_in_its_own_way(
    database: Database,
) -> None:
    await register(database, ANNA, BORIS, VERA)
    hers = [await start_dialog(database, ANNA) for _ in range(3)]
    his = await start_dialog(database, BORIS)
    everything = dialogs.Asked(ANNA.id, dialogs.NEWEST, 10)
    closed = dialogs.Asked(ANNA.id, dialogs.NEWEST, 1, "closed")
    with_another = dialogs.Asked(ANNA.id, dialogs.NEWEST, 10, None, characters.CharacterId(2))
    boris = dialogs.Asked(BORIS.id, dialogs.NEWEST, 10, "open")
    vera = dialogs.Asked(VERA.id, dialogs.NEWEST, 10)
    asked = [everything, closed, with_another, boris, vera]

    pages = await dialogs.list_pages(database, asked)

    assert [[one.id for one in pages[each]] for each in asked] == [
        [one.id for one in reversed(hers)],
        [hers[1].id],
        [],
        [his.id],
        [],
    ]
    assert [one.id for one in await dialogs.list_of_all(database, limit=2)] == [his.id, hers[2].id]


async def test_many_wishes_are_one_statement_and_each_has_its_verdict(database: Database) -> None:
    await register(database, ANNA, BORIS, VERA)
    before = await start_dialog(database, ANNA)
    await settings.set_character(database, VERA.id, characters.CharacterId(3), NOW)
    wishes = [
        dialogs.Wish(user=ANNA.id, title="Вечер", character=characters.CharacterId(2)),
        dialogs.Wish(user=UserId(999)),
        dialogs.Wish(user=BORIS.id, character=characters.CharacterId(999)),
        dialogs.Wish(user=VERA.id),
    ]

    anna, nobody, boris, vera = await dialogs.start_many(database, wishes, NOW + DAY)

    assert anna.dialog is not None
    assert vera.dialog is not None
    assert (anna.dialog.title, anna.dialog.character_id, anna.dialog.state) == ("Вечер", 2, "open")
    assert anna.dialog == await dialogs.open_of(database, ANNA.id)
    assert vera.dialog.character_id == 3
    assert nobody == dialogs.Started(known=False, dialog=None)
    assert boris == dialogs.Started(known=True, dialog=None)
    closed = await dialogs.get(database, ANNA.id, before.id)
    assert closed is not None
    assert (closed.state, closed.closed_at) == ("closed", NOW + DAY)


def test_starting_some_reads_no_others_though_the_statistics_are_old(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO users (id, first_name, created_at, updated_at) "
            "SELECT n, 'Anna', now(), now() FROM generate_series(1, 1000) AS n"
        )
        connection.execute(
            "INSERT INTO settings (user_id, language, created_at, updated_at) "
            "SELECT id, 'en', now(), now() FROM users"
        )
        connection.execute("ANALYZE")
        connection.execute(
            "INSERT INTO dialogs (user_id, character_id, last_message_at, created_at, updated_at) "
            "SELECT id, 1, now(), now(), now() FROM users"
        )
        given = {"users": [3, 5, 8], "characters": [1] * 3, "titles": [""] * 3, "now": NOW}
        explain = b"EXPLAIN (ANALYZE, FORMAT JSON) " + dialogs.START_MANY.statement
        [[plan]] = connection.execute(explain, given).fetchall()

    removed = [
        (node["Node Type"], node["Rows Removed by Filter"])
        for node in nodes(plan[0]["Plan"])
        if node.get("Relation Name") == "dialogs" and "Rows Removed by Filter" in node
    ]
    assert [(kind, rows) for kind, rows in removed if rows > 3] == []


async def test_many_changes_are_one_statement_and_each_has_its_verdict(database: Database) -> None:
    await register(database, ANNA, BORIS)
    hers, his = await start_dialog(database, ANNA), await start_dialog(database, BORIS)
    old, older = await start_dialog(database, ANNA), await start_dialog(database, ANNA)
    changes = [
        dialogs.Change(dialog=older.id, user=None, title="one", version=older.updated_at),
        dialogs.Change(dialog=his.id, user=ANNA.id, title="mine"),
        dialogs.Change(dialog=dialogs.DialogId(999), user=None),
        dialogs.Change(dialog=old.id, user=ANNA.id, state="archived"),
        dialogs.Change(dialog=hers.id, user=None, title="two", version=NOW - DAY),
    ]

    titled, foreign, missing, archived, late = await dialogs.change_many(
        database, changes, NOW + DAY
    )

    assert titled.dialog is not None
    assert archived.dialog is not None
    assert (titled.dialog.title, titled.dialog.state) == ("one", "open")
    assert (archived.dialog.state, archived.dialog.archived_at) == ("archived", NOW + DAY)
    assert [(each.owner, each.dialog) for each in (foreign, missing)] == [(None, None)] * 2
    assert (late.owner, late.dialog) == (ANNA.id, None)
    assert titled.dialog == await dialogs.get(database, ANNA.id, older.id)


async def test_starts_and_changes_of_the_same_many_at_once_do_not_lock_in_a_ring(
    database: Database,
) -> None:
    people = [users.Contact(id=UserId(n), first_name="Вера") for n in range(1, 21)]
    await register(database, *people)
    kept = [await start_dialog(database, one) for one in people]

    async def start(order: int) -> None:
        wishes = [dialogs.Wish(user=one.id) for one in people[::order]]
        await dialogs.start_many(database, wishes, NOW)

    async def change(order: int) -> None:
        changes = [dialogs.Change(dialog=one.id, user=None, title="x") for one in kept[::order]]
        assert all(each.owner for each in await dialogs.change_many(database, changes, NOW))

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for turn in range(12):
                group.start_soon(start if turn % 2 else change, -1 if turn % 3 else 1)

    for one in people:
        found = await page(database, dialogs.Asked(one.id, dialogs.NEWEST, 100))
        assert [each.state for each in found].count("open") == 1
