"""Turns: all of what came of an update is written, or nothing of it, and never twice."""

from datetime import date

from tests.store.coming import books, coming, finished, keep
from tests.store.people import ANNA, BORIS, DAY, NOW, register, start_dialog
from vitte.store import characters, dialogs, messages, outbox, turns, usage
from vitte.store.messages import Exchange
from vitte.store.outbox import Lane, Words
from vitte.store.pool import Database
from vitte.store.turns import Turn
from vitte.store.usage import Used
from vitte.store.users import UserId

TODAY = date(2026, 11, 20)


def words(number: int, text: str) -> Words:
    return Words(chat_id=number, lane=Lane.REPLY, method="sendMessage", payload=f'"{text}"')


async def said(database: Database, user: UserId) -> list[str]:
    dialog = await dialogs.open_of(database, user)
    assert dialog is not None
    lately = await messages.list_recent(database, dialog, limit=99)
    return [f"{line.role}: {line.text}" for line in reversed(lately)]


async def test_a_dialog_begins_with_its_first_words_and_goes_on(database: Database) -> None:
    await register(database, ANNA, BORIS)
    [character, *_] = await characters.list_active(database)
    first = [
        Turn(
            finished=finished(number),
            exchange=Exchange(
                user_id=user, dialog_id=None, character_id=character.id, said="hi", answered=("ho",)
            ),
            used=Used(user_id=user, day=TODAY),
            words=(words(user, "ho"), words(user, "hum")),
        )
        for number, user in enumerate((ANNA.id, BORIS.id))
    ]

    written = await turns.write(database, [coming(7)], first, NOW)
    begun = await dialogs.open_of(database, ANNA.id)
    assert begun is not None
    more = Exchange(user_id=ANNA.id, dialog_id=begun.id, said="and", answered=("so", "on"))
    again = Turn(finished=finished(2), exchange=more, used=Used(user_id=ANNA.id, day=TODAY))
    await turns.write(database, [], [again], NOW + DAY)

    assert {row.id: len(row.words) for row in written} == {7: 0, 0: 2, 1: 2}
    assert await said(database, ANNA.id) == [
        "user: hi", "character: ho", "user: and", "character: so", "character: on",
    ]  # fmt: skip
    assert await said(database, BORIS.id) == ["user: hi", "character: ho"]
    assert await usage.count(database, ANNA.id, TODAY) == 2
    waiting = await outbox.list_waiting(database, limit=9)
    assert [each.payload for each in waiting] == ['"ho"', '"hum"', '"ho"', '"hum"']
    assert [each.id for each in turns.waiting(first[0], written[1])] == written[1].words
    assert await books(database) == {"answered": 3, "pending": 1}


async def test_what_was_finished_before_leaves_no_trace(database: Database) -> None:
    await register(database, ANNA)
    dialog = await start_dialog(database, ANNA)
    turn = Turn(
        finished=finished(1),
        exchange=Exchange(user_id=ANNA.id, dialog_id=dialog.id, said="hi", answered=("ho",)),
        used=Used(user_id=ANNA.id, day=TODAY),
        words=(words(1, "ho"),),
    )

    first = await turns.write(database, [], [turn], NOW)
    second = await turns.write(database, [], [turn], NOW)

    assert ([row.id for row in first], second) == ([1], [])
    assert len(await said(database, ANNA.id)) == 2
    assert await usage.count(database, ANNA.id, TODAY) == 1
    assert len(await outbox.list_waiting(database, limit=9)) == 1


async def test_it_tells_what_was_not_known_before(database: Database) -> None:
    await keep(database, coming(1))

    ended = [Turn(finished=finished(number)) for number in (1, 2)]
    written = await turns.write(database, [], ended, NOW)

    assert {row.id: row.is_new for row in written} == {1: False, 2: True}


async def test_an_archived_dialog_opens_again_when_it_is_written_to(database: Database) -> None:
    await register(database, ANNA)
    dialog = await start_dialog(database, ANNA)
    await dialogs.archive_inactive(database, before=NOW + DAY, now=NOW + DAY, limit=9)
    more = Exchange(user_id=ANNA.id, dialog_id=dialog.id, said="still there?", answered=("yes",))

    await turns.write(database, [], [Turn(finished=finished(1), exchange=more)], NOW + 2 * DAY)

    opened = await dialogs.open_of(database, ANNA.id)
    assert opened is not None
    assert (opened.id, opened.archived_at) == (dialog.id, None)
    assert opened.last_message_at == NOW + 2 * DAY


async def test_it_stays_archived_while_another_is_open(database: Database) -> None:
    await register(database, ANNA)
    old = await start_dialog(database, ANNA)
    await dialogs.archive_inactive(database, before=NOW + DAY, now=NOW + DAY, limit=9)
    new = await start_dialog(database, ANNA, NOW + DAY)
    late = Exchange(user_id=ANNA.id, dialog_id=old.id, said="late", answered=("yes",))

    await turns.write(database, [], [Turn(finished=finished(1), exchange=late)], NOW + DAY)

    opened = await dialogs.open_of(database, ANNA.id)
    assert opened is not None
    assert opened.id == new.id


async def test_words_of_one_who_has_opened_a_dialog_meanwhile_go_there(database: Database) -> None:
    await register(database, ANNA)
    dialog = await start_dialog(database, ANNA)
    first = Exchange(
        user_id=ANNA.id,
        dialog_id=None,
        character_id=dialog.character_id,
        said="hi",
        answered=("ho",),
    )

    await turns.write(database, [], [Turn(finished=finished(1), exchange=first)], NOW)

    assert await said(database, ANNA.id) == ["user: hi", "character: ho"]
