"""The scribe: many turns in one transaction, all of a turn or nothing, and nothing twice."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from msgspec import Struct

from tests.fragile import counted, living, together
from tests.store.coming import books, coming, finished, keep
from tests.store.people import ANNA, NOW, register, start_dialog
from vitte.actors import cache, outbox, scribe
from vitte.actors.marks import Marks
from vitte.actors.scribe import Scribe, Turn
from vitte.errors import DatabaseAway, VitteError
from vitte.runtime import Child, Life, Mailbox, Ref
from vitte.store import outbox as words_store
from vitte.store import updates
from vitte.store.messages import Exchange
from vitte.store.outbox import Lane, Words
from vitte.store.pool import Database, PoolLimits, Transaction
from vitte.store.queries import Query
from vitte.store.turns import Written
from vitte.store.updates import UpdateId

TRANSACTIONS = Query(
    name="transactions",
    intent="",
    statement=b"SELECT count(DISTINCT xmin::text) AS found FROM updates WHERE state = 'answered'",
)
WRITERS = Query(
    name="writers", intent="", statement=b"SELECT count(DISTINCT xmin::text) AS found FROM updates"
)
MESSAGES = Query(name="messages", intent="", statement=b"SELECT count(id) AS found FROM messages")


class Count(Struct, frozen=True):
    found: int


async def count(database: Database, query: Query) -> int:
    return (await database.row(query, Count)).found


class Around:
    """The outbox and the cache, seen from the scribe: what they were told."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.posted: list[int] = []
        self.forgotten: list[tuple[int, bool]] = []
        self.cache_is_away = False
        self.marks = Marks()

    async def outbox(self, life: Life[outbox.Message]) -> None:
        while True:
            message = await life.receive()
            if isinstance(message, outbox.Send):
                self.posted.extend(each.chat_id for each in message.waiting)

    async def cache(self, life: Life[cache.Message]) -> None:
        while True:
            match await life.receive():
                case cache.Forget(reply=reply) if self.cache_is_away:
                    reply.fail(DatabaseAway("gone"))
                case cache.Forget(user=user, reply=reply):
                    committed = not await updates.list_pending(self.database, limit=1)
                    self.forgotten.append((user, committed))
                    reply.send(None)
                case _:
                    raise AssertionError("the scribe only forgets")


@pytest.fixture
def around(database: Database) -> Around:
    return Around(database)


@asynccontextmanager
async def writing(database: Database, around: Around) -> AsyncGenerator[Ref[scribe.Message]]:
    box = Mailbox[scribe.Message]("scribe")
    outbox_box = Mailbox[outbox.Message]("outbox")
    cache_box = Mailbox[cache.Message]("cache")
    front = cache.Front(cache_box.ref)

    def begin() -> Scribe:
        return Scribe(
            database=database,
            outbox=outbox_box.ref,
            cache=front,
            marks=around.marks,
            clock=lambda: NOW,
        )

    async with living(
        Child("outbox", lambda: around.outbox, mailbox=outbox_box),
        Child("cache", lambda: around.cache, mailbox=cache_box),
        Child("scribe", begin, mailbox=box),
    ):
        yield box.ref


async def arrive(database: Database, *numbers: int) -> None:
    await keep(database, *[coming(number, chat=number) for number in numbers])


def turn(number: int, **more: Any) -> Turn:
    words = Words(chat_id=number, lane=Lane.REPLY, method="sendMessage", payload="{}")
    return Turn(finished=finished(number), words=(words,), **more)


async def breaks(_transaction: Transaction) -> None:
    raise KeyError("a change that cannot be written")


async def test_all_turns_that_wait_are_one_transaction(database: Database, around: Around) -> None:
    await arrive(database, *range(50))

    async with writing(database, around) as ref:
        turns = [partial(scribe.settle, ref, turn(number)) for number in range(50)]
        assert await together(*turns) == [True] * 50

    assert await count(database, TRANSACTIONS) == 1
    assert around.posted == list(range(50))


async def test_a_poison_turn_fails_alone(database: Database, around: Around) -> None:
    await arrive(database, *range(5))
    failed: list[int] = []

    async with writing(database, around) as ref:

        async def settle(number: int) -> None:
            more = {"changes": (breaks,)} if number == 2 else {}
            try:
                assert await scribe.settle(ref, turn(number, **more))
            except KeyError:
                failed.append(number)

        await together(*[partial(settle, number) for number in range(5)])

    assert failed == [2]
    assert [each.id for each in await updates.list_pending(database, limit=9)] == [2]
    said = await words_store.list_waiting(database, limit=9)
    assert sorted(each.chat_id for each in said) == [0, 1, 3, 4]


async def test_a_turn_whose_update_is_finished_leaves_no_trace(
    database: Database, around: Around
) -> None:
    await register(database, ANNA)
    dialog = await start_dialog(database, ANNA)
    await arrive(database, 1)
    exchange = Exchange(
        dialog_id=dialog.id, user_id=ANNA.id, said="hello", answered=("good evening",)
    )

    async with writing(database, around) as ref:
        assert await scribe.settle(ref, turn(1, exchange=exchange))
        assert not await scribe.settle(ref, turn(1, exchange=exchange, changes=(breaks,)))

    assert await count(database, MESSAGES) == 2
    assert len(await words_store.list_waiting(database, limit=9)) == 1
    assert around.posted == [1]


async def test_what_was_changed_is_forgotten_when_it_is_committed(
    database: Database, around: Around
) -> None:
    await arrive(database, 1)

    async with writing(database, around) as ref:
        await scribe.settle(ref, turn(1, changed=(ANNA.id,)))

    assert around.forgotten == [(ANNA.id, True)]


async def test_what_is_committed_counts_as_written_even_if_the_cache_cannot_be_told(
    database: Database, around: Around
) -> None:
    around.cache_is_away = True
    await arrive(database, 1)

    async with writing(database, around) as ref:
        assert await scribe.settle(ref, turn(1, changed=(ANNA.id,)))

    assert around.posted == [1]
    assert await updates.list_pending(database, limit=9) == []


async def test_with_postgresql_away_who_asked_is_told(around: Around) -> None:
    nowhere = Database(
        "postgresql://vitte@127.0.0.1:1/vitte", PoolLimits(kept=0, most=1, wait_seconds=0.2)
    )
    await nowhere.open()

    async with writing(nowhere, around) as ref:
        with pytest.raises(VitteError):
            await scribe.settle(ref, turn(1))

    await nowhere.close()


async def test_what_is_kept_and_what_is_settled_share_a_transaction(
    database: Database, around: Around
) -> None:
    async with writing(database, around) as ref:
        kept, settled = await together(
            partial(scribe.keep, ref, [coming(1), coming(2), coming(3)]),
            partial(scribe.settle, ref, turn(2)),
        )

    assert (kept, settled) == ({1, 2, 3}, True)
    assert await count(database, WRITERS) == 1
    assert await books(database) == {"answered": 1, "pending": 2}


async def test_what_is_known_is_kept_once(database: Database, around: Around) -> None:
    async with writing(database, around) as ref:
        assert await scribe.keep(ref, [coming(1)]) == {1}
        assert await scribe.settle(ref, turn(2))

        assert await scribe.keep(ref, [coming(1), coming(2), coming(3)]) == {3}


async def test_the_same_turn_twice_at_once_is_written_once(
    database: Database, around: Around
) -> None:
    async with writing(database, around) as ref:
        answers = await together(*[partial(scribe.settle, ref, turn(1)) for _ in range(3)])

    assert sorted(answers) == [False, False, True]
    assert around.posted == [1]


def test_what_was_in_doubt_is_counted_once_when_it_is_found() -> None:
    before = counted("updates_received_total", kind="message"), done()
    ledger = scribe.Books()

    ledger.doubt([coming(1)], [turn(2)])
    found = ledger.enter([coming(1), coming(3)], [turn(2), turn(4)], {})
    again = ledger.enter([coming(1)], [turn(2)], {})

    assert (sorted(found), again) == ([1, 2], {})
    assert counted("updates_received_total", kind="message") == before[0] + 2
    assert done() == before[1] + 1


def test_what_was_counted_as_received_is_not_counted_again_when_its_end_was_in_doubt() -> None:
    before = counted("updates_received_total", kind="message"), done()
    ledger = scribe.Books()
    ledger.enter([coming(1)], [], {UpdateId(1): Written(id=UpdateId(1), is_new=True, words=[])})

    ledger.doubt([], [turn(1)])
    ledger.enter([], [turn(1)], {})

    assert counted("updates_received_total", kind="message") == before[0] + 1
    assert done() == before[1] + 1


def done() -> float:
    return counted("updates_done_total", outcome="answered")
