"""Dialogs: one open a person, closed by the next, archived for silence, opened again."""

import anyio
import pytest

from tests.store.people import ANNA, BORIS, DAY, NOW, register, start_dialog
from vitte.store import characters, dialogs, messages
from vitte.store.pool import Database


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

    all_of_hers = await dialogs.list_of(database, ANNA.id, limit=100)
    assert [one.state for one in all_of_hers].count("open") == 1
    assert all_of_hers[0].state == "open"


async def test_dialogs_come_in_pages_the_newest_first(database: Database) -> None:
    await register(database, ANNA)
    started = [await start_dialog(database, ANNA) for _ in range(5)]

    first = await dialogs.list_of(database, ANNA.id, limit=3)
    rest = await dialogs.list_of(database, ANNA.id, limit=3, before=first[-1].id)

    assert [one.id for one in first + rest] == [one.id for one in reversed(started)]


async def test_a_strangers_dialog_is_not_found(database: Database) -> None:
    await register(database, ANNA, BORIS)
    hers = await start_dialog(database, ANNA)

    assert await dialogs.get(database, BORIS.id, hers.id) is None


async def test_silence_archives_and_a_word_opens_again(database: Database) -> None:
    await register(database, ANNA, BORIS)
    silent = await start_dialog(database, ANNA)
    lively = await start_dialog(database, BORIS)
    await messages.add_exchange(database, lively, "Я здесь", [], NOW + 40 * DAY)

    archived = await dialogs.archive_inactive(
        database, before=NOW + 30 * DAY, now=NOW + 60 * DAY, limit=10
    )

    assert archived == 1
    assert await dialogs.open_of(database, ANNA.id) is None
    assert await dialogs.open_of(database, BORIS.id) is not None
    resumed = await dialogs.resume(database, ANNA.id, NOW + 61 * DAY)
    assert resumed is not None
    assert (resumed.id, resumed.state, resumed.archived_at) == (silent.id, "open", None)


async def test_what_was_closed_is_not_resumed(database: Database) -> None:
    await register(database, ANNA)
    await start_dialog(database, ANNA)
    await start_dialog(database, ANNA)
    limits = {"before": NOW + DAY, "now": NOW + DAY}

    assert await dialogs.archive_inactive(database, **limits, limit=1) == 1
    assert await dialogs.archive_inactive(database, **limits, limit=10) == 1
    assert await dialogs.archive_inactive(database, **limits, limit=10) == 0

    resumed = await dialogs.resume(database, ANNA.id, NOW + DAY)
    assert resumed is not None
    assert resumed.closed_at is None
    assert await dialogs.resume(database, ANNA.id, NOW + DAY) is None


async def test_a_character_that_does_not_exist_starts_nothing(database: Database) -> None:
    await register(database, ANNA)
    before = await start_dialog(database, ANNA)

    with pytest.raises(Exception, match="dialogs_character_id_fkey"):
        await dialogs.start(database, ANNA.id, characters.CharacterId(404), NOW)

    assert await dialogs.open_of(database, ANNA.id) == before
