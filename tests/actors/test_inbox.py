"""The inbox: written before anybody may confirm, forwarded once, in order, and not too many."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

from tests.fragile import killed, living, together
from tests.store.coming import books, coming, finish, finished, keep, pending
from tests.store.people import NOW
from vitte.actors import cache, inbox, outbox, scribe
from vitte.actors.conversation import Conversations, Hear, Key
from vitte.actors.inbox import Bounds, Inbox
from vitte.actors.marks import Marks
from vitte.actors.scribe import Scribe, Turn
from vitte.errors import DatabaseAway
from vitte.runtime import Child, Dynamic, Life, Mailbox, Registry, Running, within
from vitte.store import updates
from vitte.store.pool import Database, PoolLimits
from vitte.store.updates import Arrived, UpdateId


class Hearing:
    """The conversations, seen from the inbox: what each was told, in which order."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, Key]] = []
        self.changed = anyio.Event()

    def begin(self, key: Key) -> "Listener":
        return Listener(self, key)

    def note(self, update: int, key: Key) -> None:
        self.heard.append((update, key))
        self.changed.set()
        self.changed = anyio.Event()

    @property
    def updates(self) -> list[int]:
        return [update for update, _ in self.heard]

    async def until(self, count: int) -> None:
        while len(self.heard) < count:
            await self.changed.wait()


class Listener:
    def __init__(self, hearing: Hearing, key: Key) -> None:
        self.hearing, self.key = hearing, key

    async def run(self, life: Life[Hear]) -> None:
        while True:
            self.hearing.note((await life.receive()).update.id, self.key)


@pytest.fixture
def hearing() -> Hearing:
    return Hearing()


class Place:
    """A running inbox with its scribe, and what is needed to bring it updates."""

    def __init__(self, database: Database, *, a_chat: int, in_hand: int, wary: float) -> None:
        self.box = Mailbox[inbox.Message]("inbox")
        self.scribes = Mailbox[scribe.Message]("scribe")
        self.outboxes = Mailbox[outbox.Message]("outbox")
        self.caches = Mailbox[cache.Message]("cache")
        self.conversations: Conversations = Registry("conversations")
        self.database = database
        self.bounds = Bounds(in_hand=in_hand, a_chat=a_chat, wary_seconds=wary)
        self.confirmed: list[int] = []

    def inbox(self) -> Inbox:
        return Inbox(
            database=self.database,
            scribe=self.scribes.ref,
            conversations=self.conversations,
            clock=lambda: NOW,
            bounds=self.bounds,
        )

    def scribe(self) -> Scribe:
        return Scribe(
            database=self.database,
            outbox=self.outboxes.ref,
            cache=cache.Front(self.caches.ref),
            marks=Marks(),
            clock=lambda: NOW,
        )

    async def bring(self, *numbers: int, chat: int = 101, kind: str = "message") -> None:
        await inbox.take(self.box.ref, arrived(*numbers, chat=chat, kind=kind))
        self.confirmed.extend(numbers)

    async def answer(self, *numbers: int) -> None:
        """Finish updates in the table, as the scribe does, and tell of it."""
        await finish(self.database, *numbers)
        for number in numbers:
            await inbox.done(self.box.ref, UpdateId(number))

    async def settle(self, number: int) -> bool:
        """Have the scribe write the answer to an update, and tell of it."""
        written = await scribe.settle(self.scribes.ref, Turn(finished=finished(number)))
        await inbox.done(self.box.ref, UpdateId(number))
        return written


async def deaf(life: Life[outbox.Message]) -> None:
    while True:
        await life.receive()


@asynccontextmanager
async def receiving(
    database: Database,
    hearing: Hearing,
    *,
    in_hand: int = 100,
    a_chat: int = 100,
    wary: float = 0.0,
) -> AsyncGenerator[tuple[Place, Running]]:
    place = Place(database, a_chat=a_chat, in_hand=in_hand, wary=wary)
    async with living(
        Child("outbox", lambda: deaf, mailbox=place.outboxes),
        Child("scribe", place.scribe, mailbox=place.scribes),
        Dynamic("conversations", place.conversations, hearing.begin, within(3, minutes=1)),
        Child("inbox", place.inbox, mailbox=place.box),
    ) as running:
        yield place, running


def arrived(*numbers: int, chat: int = 101, kind: str = "message") -> list[Arrived]:
    return [Arrived(id=UpdateId(each), chat_id=chat, kind=kind, body="{}") for each in numbers]


async def test_what_is_not_answered_within_a_blink_is_kept_and_may_be_confirmed(
    database: Database, hearing: Hearing
) -> None:
    async with receiving(database, hearing) as (place, _):
        await place.bring(7, 5, 6)

        assert await pending(database) == [7, 5, 6]
        assert hearing.updates == [7, 5, 6]


async def test_what_is_answered_at_once_is_written_with_its_answer(
    database: Database, hearing: Hearing
) -> None:
    async with receiving(database, hearing) as (place, _), anyio.create_task_group() as group:
        group.start_soon(place.bring, 1)
        await hearing.until(1)
        assert place.confirmed == []

        assert await place.settle(1)

    assert place.confirmed == [1]
    assert await books(database) == {"answered": 1}


async def test_nobody_may_confirm_before_all_that_was_brought_is_written(
    database: Database, hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitte.actors.inbox.BLINK_SECONDS", 3600.0)
    async with receiving(database, hearing) as (place, _), anyio.create_task_group() as group:
        group.start_soon(place.bring, 1, 2)
        await hearing.until(2)

        await place.settle(1)
        await anyio.wait_all_tasks_blocked()
        assert place.confirmed == []

        await place.settle(2)

    assert place.confirmed == [1, 2]


async def test_with_much_in_hand_nobody_waits_for_an_answer_to_be_written_with(
    database: Database, hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitte.actors.inbox.BLINK_SECONDS", 3600.0)
    monkeypatch.setattr("vitte.actors.inbox.FEW", 2)

    async with receiving(database, hearing) as (place, _):
        await place.bring(1, 2, 3)

        assert await pending(database) == [1, 2, 3]


async def test_the_same_one_again_is_confirmed_and_not_handled_again(
    database: Database, hearing: Hearing
) -> None:
    async with receiving(database, hearing, wary=5.0) as (place, running):
        await together(*[lambda: place.bring(1)] * 3)
        await hearing.until(1)
        await place.answer(1)
        await place.bring(1)
        await killed(running, "test/inbox")

        await place.bring(1)
        await place.bring(2)
        await hearing.until(2)

    assert hearing.updates == [1, 2]
    assert place.confirmed == [1, 1, 1, 1, 1, 2]


async def test_one_that_was_finished_long_ago_leaves_no_second_trace(
    database: Database, hearing: Hearing
) -> None:
    await finish(database, 1)

    async with receiving(database, hearing) as (place, _):
        await place.bring(1)
        await hearing.until(1)

        assert not await place.settle(1)

    assert await books(database) == {"answered": 1}


async def test_each_goes_to_its_chat_and_what_is_urgent_passes_by(
    database: Database, hearing: Hearing
) -> None:
    async with receiving(database, hearing) as (place, _):
        await place.bring(1, chat=5)
        await place.bring(2, chat=6)
        await place.bring(3, chat=5, kind="pre_checkout_query")
        await hearing.until(3)

    assert dict(hearing.heard) == {1: Key(5, "usual"), 2: Key(6, "usual"), 3: Key(5, "urgent")}


async def test_a_new_life_hands_over_what_is_unfinished_in_the_order_of_arrival(
    database: Database, hearing: Hearing
) -> None:
    await keep(database, *map(coming, (9, 7, 8)))
    await finish(database, 7)

    async with receiving(database, hearing) as (place, _):
        await place.bring(3)
        await hearing.until(3)

    assert hearing.updates == [9, 8, 3]


async def test_a_fall_loses_nothing_that_was_not_confirmed(
    database: Database, hearing: Hearing
) -> None:
    async with receiving(database, hearing) as (place, running):
        await place.bring(1, 2)
        await killed(running, "test/inbox")
        await hearing.until(4)  # as far as it knows, nobody has it in hand

        assert await place.settle(1)
        assert not await place.settle(1)

    assert await books(database) == {"answered": 1, "pending": 1}


async def test_what_is_too_much_waits_in_the_table_in_its_order_and_may_be_confirmed(
    database: Database, hearing: Hearing
) -> None:
    async with receiving(database, hearing, in_hand=4) as (place, _):
        for number in range(1, 7):
            await place.bring(number, chat=number)
        assert hearing.updates == [1, 2, 3, 4]
        assert await pending(database) == [1, 2, 3, 4, 5, 6]

        await place.answer(2)
        await hearing.until(5)
        await place.bring(7, chat=7)
        assert hearing.updates == [1, 2, 3, 4, 5]

        await place.answer(1, 3, 4, 5)
        await hearing.until(7)

    assert hearing.updates == [1, 2, 3, 4, 5, 6, 7]


async def test_what_is_urgent_passes_by_all_that_wait_in_the_table(
    database: Database, hearing: Hearing
) -> None:
    async with receiving(database, hearing, in_hand=2) as (place, _):
        await place.bring(1, 2, 3)
        await place.bring(4, kind="pre_checkout_query")

        await hearing.until(3)

    assert hearing.updates == [1, 2, 4]


async def test_one_chat_alone_cannot_take_the_room_of_all(
    database: Database, hearing: Hearing
) -> None:
    async with receiving(database, hearing, a_chat=3) as (place, _):
        await place.bring(*range(8), chat=5)
        await place.bring(20, chat=6)
        assert hearing.updates == [0, 1, 2, 20]

        for number in range(8):
            await hearing.until(number + 2)
            await place.answer(number)

    assert [number for number, key in hearing.heard if key.chat == 5] == list(range(8))


async def test_with_postgresql_away_who_brings_is_told_and_nothing_falls(hearing: Hearing) -> None:
    limits = PoolLimits(kept=0, most=1, wait_seconds=0.2)
    nowhere = Database("postgresql://vitte@127.0.0.1:1/vitte", limits)
    await nowhere.open()

    async with receiving(nowhere, hearing) as (place, running):
        with pytest.raises(DatabaseAway):
            await place.bring(1)
        with pytest.raises(DatabaseAway):
            await place.bring(1)
        assert running.statistics("test/inbox")[0].restarts == 0

    await nowhere.close()
    assert hearing.updates == []
    assert place.confirmed == []


async def test_a_letter_that_was_put_back_is_taken_up(
    database: Database, hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitte.actors.inbox.GLANCE_SECONDS", 0.01)
    await finish(database, finished(1, "failed", "poison"))

    async with receiving(database, hearing):
        await updates.requeue(database, UpdateId(1))

        await hearing.until(1)
