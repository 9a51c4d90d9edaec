"""The table of words on their way out: in order, finished once, forgotten when said."""

from datetime import timedelta
from typing import Any

import msgspec
from msgspec import Struct, structs

from tests.store.people import NOW
from vitte.store import outbox
from vitte.store.outbox import Finished, Lane, Waiting, Words
from vitte.store.pool import Database
from vitte.store.queries import Query

ROWS = Query(
    name="rows",
    intent="",
    statement=b"SELECT id, state, tries, reason, repeated, payload IS NULL AS forgotten"
    b" FROM outbox ORDER BY id",
)


class Row(Struct, frozen=True, kw_only=True):
    id: int
    state: str
    tries: int
    reason: str | None
    repeated: bool
    forgotten: bool


def words(text: str, chat: int = 101, lane: Lane = Lane.REPLY, **more: Any) -> Words:
    return Words(chat_id=chat, lane=lane, method="sendMessage", payload=f'"{text}"', **more)


async def said(database: Database) -> list[str]:
    found = await outbox.list_waiting(database, limit=100)
    return [each.payload.strip('"') for each in found]


async def finish(database: Database, *waiting: Waiting) -> None:
    sent = [Finished(id=each.id, state="sent", tries=1) for each in waiting]
    await outbox.finish(database, sent, NOW)


async def test_words_come_back_with_ids_in_the_order_in_which_they_were_given(
    database: Database,
) -> None:
    waiting = await outbox.add(database, [words(f"{n}", 101 + n % 3) for n in range(50)], NOW)

    assert [each.payload for each in waiting] == [f'"{n}"' for n in range(50)]
    assert [each.id for each in waiting] == sorted(each.id for each in waiting)
    assert await outbox.list_waiting(database, limit=100) == waiting


async def test_the_most_urgent_lane_comes_first(database: Database) -> None:
    lanes = [Lane.BROADCAST, Lane.REPLY, Lane.REMINDER, Lane.PAYMENT, Lane.EDIT, Lane.REPLY]
    await outbox.add(database, [words(f"{int(lane)}", lane=lane) for lane in lanes], NOW)

    assert await said(database) == ["0", "1", "1", "2", "3", "4"]


async def test_what_was_said_is_forgotten_and_finished_once(database: Database) -> None:
    one, two = await outbox.add(database, [words("one"), words("two")], NOW)

    await finish(database, one)
    again = Finished(id=one.id, state="failed", tries=9, reason="again")
    failed = Finished(id=two.id, state="failed", tries=3, reason="x" * 500)
    await outbox.finish(database, [again, failed], NOW)

    assert await said(database) == []
    first, second = await database.rows(ROWS, Row)
    assert (first.state, first.tries, first.reason, first.forgotten) == ("sent", 1, None, True)
    assert (second.state, second.tries, second.reason) == ("failed", 3, "x" * 200)


async def test_what_was_in_hand_may_have_been_said_before_and_nothing_else(
    database: Database,
) -> None:
    one, two = await outbox.add(database, [words("one"), words("two")], NOW)
    await finish(database, one)
    await outbox.add(database, [words("three"), words("four")], NOW, taken=False)
    found = await outbox.find_waiting(database, limit=2, bulk=0, now=NOW)
    await outbox.take_waiting(database, [each.id for each in found])

    assert await outbox.mark_repeated(database) == 2
    assert await outbox.mark_repeated(database) == 0
    await finish(database, two)

    assert await said(database) == ["three", "four"]
    by_state = {line.state: (line.words, line.repeated) for line in await outbox.count(database)}
    assert by_state == {"sent": (2, 1), "waiting": (2, 1)}


async def test_what_people_wait_for_and_what_is_sent_in_bulk_are_found_apart(
    database: Database,
) -> None:
    lanes = [Lane.BROADCAST, Lane.REMINDER, Lane.EDIT, Lane.REPLY, Lane.PAYMENT] * 3
    await outbox.add(database, [words("x", lane=lane) for lane in lanes], NOW)

    found = await outbox.find_waiting(database, limit=4, bulk=5, now=NOW)

    assert [int(each.lane) for each in found] == [0, 0, 0, 1, 3, 3, 3, 4, 4]


async def test_what_is_taken_comes_in_order_and_what_is_done_does_not_come(
    database: Database,
) -> None:
    one, two, three = await outbox.add(database, [words("1"), words("2"), words("3")], NOW)
    await finish(database, two)

    taken = await outbox.take_waiting(database, [three.id, two.id, one.id])

    assert taken == [one, three]


async def test_a_chat_told_to_wait_is_passed_over_until_its_time_has_come(
    database: Database,
) -> None:
    await outbox.add(database, [words("1", 5), words("2", 6), words("3", 5)], NOW)
    until = NOW + timedelta(seconds=40)

    await outbox.pause_chat(database, 5, until)
    await outbox.pause_chat(database, 5, NOW + timedelta(seconds=9))

    assert len(await outbox.find_waiting(database, limit=9, bulk=9, now=NOW)) == 1
    assert await outbox.list_pauses(database, NOW) == [outbox.Pause(chat_id=5, until=until)]
    assert await outbox.mark_repeated(database) == 1  # what is not in hand was not said
    assert len(await outbox.find_waiting(database, limit=9, bulk=9, now=until)) == 3
    assert await outbox.list_pauses(database, until) == []
    assert await outbox.end_pauses(database, until - timedelta(seconds=1)) == 0
    assert await outbox.end_pauses(database, until) == 1


async def test_what_waits_for_a_chat_that_moved_goes_to_its_new_id(database: Database) -> None:
    given = [words("1", -5), words("2", -5), words("3", -6), words("4", -5)]
    payloads = ['{"chat_id":-5,"text":"1"}', '{"text": "-5", "chat_id": -5}', '{"chat_id":-6}']
    payloads.append('{"callback_query_id":"-5"}')
    told = [structs.replace(one, payload=text) for one, text in zip(given, payloads, strict=True)]
    one, *_ = await outbox.add(database, told, NOW)
    await finish(database, one)

    assert await outbox.move_chat(database, -5, -1005) == 2

    found = await outbox.list_waiting(database, limit=9)
    decoded = [(each.chat_id, msgspec.json.decode(each.payload)) for each in found]
    assert decoded == [
        (-1005, {"text": "-5", "chat_id": -1005}),
        (-6, {"chat_id": -6}),
        (-1005, {"callback_query_id": "-5"}),
    ]


async def test_the_books_name_each_state_and_reason(database: Database) -> None:
    one, two, _ = await outbox.add(database, [words("1"), words("2"), words("3")], NOW)
    await finish(database, one)
    gone = Finished(id=two.id, state="failed", tries=1, reason="403 gone")
    await outbox.finish(database, [gone], NOW)

    books = {(row.state, row.reason): row.words for row in await outbox.count(database)}

    assert books == {("failed", "403 gone"): 1, ("sent", ""): 1, ("waiting", ""): 1}
