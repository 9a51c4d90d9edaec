"""The table of words on their way out: in order, finished once, forgotten when said."""

from typing import Any

from msgspec import Struct

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


async def test_what_waited_at_a_start_is_marked_as_perhaps_said_before(database: Database) -> None:
    one, two = await outbox.add(database, [words("one"), words("two")], NOW)
    await finish(database, one)

    assert await outbox.mark_repeated(database) == 1
    assert await outbox.mark_repeated(database) == 0
    await finish(database, two)

    [line] = await outbox.count(database)
    assert (line.state, line.words, line.repeated) == ("sent", 2, 1)


async def test_what_waits_for_a_chat_that_moved_goes_to_its_new_id(database: Database) -> None:
    one, *_ = await outbox.add(database, [words("1", -5), words("2", -5), words("3", -6)], NOW)
    await finish(database, one)

    assert await outbox.move_chat(database, -5, -1005) == 1

    found = await outbox.list_waiting(database, limit=9)
    assert [each.chat_id for each in found] == [-1005, -6]


async def test_the_books_name_each_state_and_reason(database: Database) -> None:
    one, two, _ = await outbox.add(database, [words("1"), words("2"), words("3")], NOW)
    await finish(database, one)
    gone = Finished(id=two.id, state="failed", tries=1, reason="403 gone")
    await outbox.finish(database, [gone], NOW)

    books = {(row.state, row.reason): row.words for row in await outbox.count(database)}

    assert books == {("failed", "403 gone"): 1, ("sent", ""): 1, ("waiting", ""): 1}
