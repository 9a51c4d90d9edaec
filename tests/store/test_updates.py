"""The table of updates: written once, finished once, counted to the last one."""

from tests.store.coming import books, coming, finish, finished, keep, pending
from tests.store.people import NOW
from vitte.store import updates
from vitte.store.pool import Database
from vitte.store.updates import UpdateId

HELLO = '{"text": "hello"}'


async def test_the_order_is_that_of_arrival_whatever_the_ids(database: Database) -> None:
    await keep(database, coming(9), coming(7))
    await keep(database, coming(8))

    assert await pending(database) == [9, 7, 8]


async def test_what_is_known_is_left_as_it_is_and_not_given_back(database: Database) -> None:
    await keep(database, coming(1, body='{"text": "first"}'))

    assert await keep(database, coming(1, body='{"text": "again"}'), coming(2)) == [2]

    first, _ = await updates.list_pending(database, limit=100)
    assert first.body == '{"text": "first"}'


async def test_the_same_one_twice_in_a_batch_is_written_once(database: Database) -> None:
    assert await keep(database, coming(1), coming(1)) == [1]


async def test_of_each_chat_the_first_few_are_listed_and_what_is_urgent_besides(
    database: Database,
) -> None:
    flood = [coming(number, chat=101) for number in range(9)]
    await keep(database, *flood, coming(20, chat=102), coming(21, kind="pre_checkout_query"))

    found = await updates.list_pending(database, limit=100, a_chat=3)
    page = await updates.list_pending(database, limit=2)

    assert [each.id for each in found] == [0, 1, 2, 20, 21]
    assert [each.id for each in page] == [0, 1]


async def test_an_update_is_finished_once_whether_it_was_kept_before_or_not(
    database: Database,
) -> None:
    await keep(database, coming(1), coming(2))

    first = await finish(database, 1, 3)
    second = await finish(database, finished(1, "failed", "again"), 2, finished(3, "refused", "no"))

    assert (sorted(first), second) == ([1, 3], [2])
    assert await pending(database) == []
    assert await books(database) == {"answered": 3}


async def test_the_books_name_each_state_and_reason(database: Database) -> None:
    await keep(database, *map(coming, range(6)))
    await finish(
        database,
        0,
        finished(1, "refused", "too fast"),
        finished(2, "refused", "too fast"),
        finished(3, "refused", "quota spent"),
        finished(4, "failed", "KeyError"),
    )

    assert await books(database) == {
        "answered": 1,
        "failed KeyError": 1,
        "pending": 1,
        "refused quota spent": 1,
        "refused too fast": 2,
    }


async def test_tries_are_counted_until_it_is_finished(database: Database) -> None:
    update = coming(1, body=HELLO)

    tries = [await updates.count_try(database, update) for _ in range(3)]
    await finish(database, finished(update, "failed", "x" * 500))

    assert [each and (each.tries, each.is_new) for each in tries] == [
        (1, True),
        (2, False),
        (3, False),
    ]
    assert await updates.count_try(database, update) is None
    letter = await updates.get_letter(database, UpdateId(1))
    assert letter is not None
    assert (letter.tries, letter.reason, letter.body) == (3, "x" * 200, HELLO)


async def test_dead_letters_are_listed_the_latest_first_in_pages(database: Database) -> None:
    await keep(database, *map(coming, range(5)))
    await finish(database, *[finished(number, "failed", "poison") for number in (0, 2, 4)])

    first = await updates.list_letters(database, limit=2)
    second = await updates.list_letters(database, limit=2, before=first[-1].id)

    assert [letter.id for letter in (*first, *second)] == [4, 2, 0]


async def test_a_dead_letter_may_be_tried_again_or_given_up_once(database: Database) -> None:
    poison = [coming(number, body=HELLO) for number in (1, 2)]
    await updates.count_try(database, poison[0])
    await finish(database, *[finished(update, "failed", "poison") for update in poison])

    assert await updates.requeue(database, UpdateId(1))
    assert await updates.drop(database, UpdateId(2), NOW)

    assert not await updates.requeue(database, UpdateId(1))
    assert not await updates.drop(database, UpdateId(2), NOW)
    [again] = await updates.list_pending(database, limit=9)
    assert (again.id, again.body) == (1, HELLO)
    first = await updates.count_try(database, again)
    assert first is not None
    assert first.tries == 1
    assert await books(database) == {"pending": 1, "refused dropped": 1}


async def test_what_is_odd_in_a_text_is_kept_as_telegram_wrote_it(database: Database) -> None:
    odd = coming(1, body='{"text": "\\u0000 \\ud800 😀"}')

    await keep(database, odd)

    [found] = await updates.list_pending(database, limit=9)
    assert found.body == odd.body
