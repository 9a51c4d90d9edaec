"""The table of updates: written once, finished once, counted to the last one."""

from tests.store.people import DAY, NOW
from vitte.store import updates
from vitte.store.pool import Database
from vitte.store.updates import Arrived, Finished, Outcome, UpdateId


def arrived(number: int, chat: int = 101, text: str = "hello") -> Arrived:
    return Arrived(id=UpdateId(number), chat_id=chat, kind="message", body=f'{{"text": "{text}"}}')


def finished(number: int, outcome: Outcome = "answered", reason: str | None = None) -> Finished:
    return Finished(id=UpdateId(number), outcome=outcome, reason=reason)


async def pending(database: Database) -> list[int]:
    return [each.id for each in await updates.list_pending(database, limit=100)]


async def books(database: Database) -> dict[tuple[str, str], int]:
    return {(row.state, row.reason): row.updates for row in await updates.count(database)}


async def test_the_order_is_that_of_arrival_whatever_the_ids(database: Database) -> None:
    for batch in ([arrived(9), arrived(7)], [arrived(8)]):
        await updates.add(database, batch, NOW)

    found = await updates.list_pending(database, limit=100)

    assert [each.id for each in found] == [9, 7, 8]
    assert [each.seq for each in found] == sorted(each.seq for each in found)


async def test_what_is_known_is_left_as_it_is_and_not_given_back(database: Database) -> None:
    await updates.add(database, [arrived(1, text="first")], NOW)

    written = await updates.add(database, [arrived(1, text="again"), arrived(2)], NOW + DAY)

    assert [row.id for row in written] == [2]
    first, _ = await updates.list_pending(database, limit=100)
    assert first.body == '{"text": "first"}'


async def test_the_same_one_twice_in_a_batch_is_written_once(database: Database) -> None:
    written = await updates.add(database, [arrived(1), arrived(1)], NOW)

    assert [row.id for row in written] == [1]


async def test_a_page_begins_after_a_place_in_the_order(database: Database) -> None:
    written = await updates.add(database, [arrived(number) for number in range(5)], NOW)

    page = await updates.list_pending(database, after=written[1].seq, limit=2)

    assert [each.id for each in page] == [2, 3]


async def test_an_update_is_finished_once(database: Database) -> None:
    await updates.add(database, [arrived(1), arrived(2)], NOW)

    first = await updates.finish(database, [finished(1)], NOW)
    second = await updates.finish(
        database, [finished(1, "failed", "again"), finished(2), finished(3)], NOW
    )

    assert (first, second) == ({1}, {2})
    assert await pending(database) == []
    assert await books(database) == {("answered", ""): 2}


async def test_the_books_name_each_state_and_reason(database: Database) -> None:
    await updates.add(database, [arrived(number) for number in range(6)], NOW)
    await updates.finish(
        database,
        [
            finished(0),
            finished(1, "refused", "too fast"),
            finished(2, "refused", "too fast"),
            finished(3, "refused", "quota spent"),
            finished(4, "failed", "KeyError"),
        ],
        NOW,
    )

    assert await books(database) == {
        ("answered", ""): 1,
        ("failed", "KeyError"): 1,
        ("pending", ""): 1,
        ("refused", "quota spent"): 1,
        ("refused", "too fast"): 2,
    }


async def test_tries_are_counted_until_it_is_finished(database: Database) -> None:
    await updates.add(database, [arrived(1)], NOW)

    tries = [await updates.count_try(database, UpdateId(1)) for _ in range(3)]
    await updates.finish(database, [finished(1, "failed", "x" * 500)], NOW)

    assert tries == [1, 2, 3]
    assert await updates.count_try(database, UpdateId(1)) == 0
    letter = await updates.get_letter(database, UpdateId(1))
    assert letter is not None
    assert (letter.tries, letter.reason, letter.body) == (3, "x" * 200, '{"text": "hello"}')


async def test_dead_letters_are_listed_the_latest_first_in_pages(database: Database) -> None:
    await updates.add(database, [arrived(number) for number in range(5)], NOW)
    await updates.finish(database, [finished(n, "failed", "poison") for n in (0, 2, 4)], NOW)

    first = await updates.list_letters(database, limit=2)
    second = await updates.list_letters(database, limit=2, before=first[-1].id)

    assert [letter.id for letter in (*first, *second)] == [4, 2, 0]


async def test_a_dead_letter_may_be_tried_again_or_given_up_once(database: Database) -> None:
    await updates.add(database, [arrived(1), arrived(2)], NOW)
    await updates.count_try(database, UpdateId(1))
    await updates.finish(database, [finished(n, "failed", "poison") for n in (1, 2)], NOW)

    assert await updates.requeue(database, UpdateId(1))
    assert await updates.drop(database, UpdateId(2), NOW)

    assert not await updates.requeue(database, UpdateId(1))
    assert not await updates.drop(database, UpdateId(2), NOW)
    [again] = await updates.list_pending(database, limit=9)
    assert (again.id, again.tries, again.body) == (1, 0, '{"text": "hello"}')
    assert await books(database) == {("pending", ""): 1, ("refused", "dropped"): 1}


async def test_what_is_odd_in_a_text_is_kept_as_telegram_wrote_it(database: Database) -> None:
    odd = arrived(1, text="\\u0000 \\ud800 😀")

    await updates.add(database, [odd], NOW)

    [found] = await updates.list_pending(database, limit=9)
    assert found.body == odd.body
