"""Scenes: where a person's words belong and who answers them, for many at once."""

from datetime import date

import msgspec

from tests.store.coming import finished
from tests.store.people import ANNA, BORIS, DAY, NOW, VERA, register, start_dialog
from vitte.store import characters, dialogs, scenes, settings, turns
from vitte.store.messages import Exchange
from vitte.store.pool import Database
from vitte.store.scenes import Scene
from vitte.store.turns import Turn
from vitte.store.usage import Used
from vitte.store.users import UserId

TODAY, YESTERDAY = date(2026, 11, 20), date(2026, 11, 19)


async def scene(database: Database, user: UserId, day: date = TODAY, limit: int = 30) -> Scene:
    return (await scenes.get(database, [(user, day)], limit=limit))[user]


async def talk(database: Database, dialog: dialogs.Dialog, number: int) -> None:
    exchange = Exchange(
        user_id=dialog.user_id,
        dialog_id=dialog.id,
        said=f"line {number}",
        answered=(f"answer {number}",),
    )
    used = Used(user_id=dialog.user_id, day=TODAY)
    await turns.write(
        database, [], [Turn(finished=finished(number), exchange=exchange, used=used)], NOW
    )


async def test_an_open_dialog_is_given_with_what_was_said_lately_and_used(
    database: Database,
) -> None:
    await register(database, ANNA)
    dialog = await start_dialog(database, ANNA)
    for number in range(5):
        await talk(database, dialog, number)

    found = await scene(database, ANNA.id, limit=3)

    assert (found.dialog_id, found.is_open, found.used) == (dialog.id, True, 5)
    assert [line["text"] for line in msgspec.json.decode(found.recent)] == [
        "answer 3", "line 4", "answer 4",
    ]  # fmt: skip
    assert (await scene(database, ANNA.id, YESTERDAY)).used == 0


async def test_who_has_no_dialog_would_begin_one_with_the_character_of_their_choice(
    database: Database,
) -> None:
    await register(database, ANNA, BORIS)
    first, second, *_ = await characters.list_active(database)
    await settings.set_character(database, BORIS.id, second.id, NOW)

    both = await scenes.get(database, [(ANNA.id, TODAY), (BORIS.id, TODAY)], limit=30)

    chosen = {
        user: (each.dialog_id, each.is_open, each.character_id) for user, each in both.items()
    }
    assert chosen == {ANNA.id: (None, False, first.id), BORIS.id: (None, False, second.id)}
    assert both[ANNA.id].names == first.names
    assert both[ANNA.id].recent == "[]"


async def test_the_latest_dialog_is_taken_up_again_unless_it_was_closed(database: Database) -> None:
    await register(database, ANNA, BORIS)
    silent, closed = await start_dialog(database, ANNA), await start_dialog(database, BORIS)
    await dialogs.change(database, BORIS.id, closed.id, NOW, state="closed")
    await dialogs.archive_inactive(database, before=NOW + DAY, now=NOW + DAY, limit=9)

    both = await scenes.get(database, [(ANNA.id, TODAY), (BORIS.id, TODAY)], limit=30)

    taken = {user: (each.dialog_id, each.is_open) for user, each in both.items()}
    assert taken == {ANNA.id: (silent.id, False), BORIS.id: (None, False)}


async def test_a_character_that_is_no_longer_offered_goes_on_in_its_dialogs(
    database: Database,
) -> None:
    await register(database, VERA)
    dialog = await start_dialog(database, VERA)
    async with database.transaction() as transaction:
        await transaction.change(RETIRE, id=dialog.character_id)

    assert (await scene(database, VERA.id)).character_id == dialog.character_id


RETIRE = msgspec.structs.replace(
    characters.GET, statement=b"UPDATE characters SET active = false WHERE id = %(id)s"
)
