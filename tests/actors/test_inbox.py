"""The inbox: written before anybody may confirm, forwarded once, in order, and not too many."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import anyio
import pytest

from tests.fragile import killed, living
from tests.store.people import NOW
from vitte.actors import inbox
from vitte.actors.conversation import Conversations, Hear, Key
from vitte.actors.inbox import Inbox
from vitte.errors import DatabaseAway
from vitte.runtime import Child, Dynamic, Life, Mailbox, Ref, Registry, Running, within
from vitte.store import updates
from vitte.store.pool import Database, PoolLimits
from vitte.store.updates import Arrived, Finished, UpdateId


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


@asynccontextmanager
async def receiving(
    database: Database, hearing: Hearing, *, most: int = 100
) -> AsyncGenerator[tuple[Ref[inbox.Message], Running]]:
    box = Mailbox[inbox.Message]("inbox")
    conversations: Conversations = Registry("conversations")

    def begin() -> Inbox:
        return Inbox(
            database=database, conversations=conversations, clock=lambda: NOW, most_in_hand=most
        )

    async with living(
        Dynamic("conversations", conversations, hearing.begin, within(3, minutes=1)),
        Child("inbox", begin, mailbox=box),
    ) as running:
        yield box.ref, running


def arrived(*numbers: int, chat: int = 101, kind: str = "message") -> list[Arrived]:
    return [Arrived(id=UpdateId(each), chat_id=chat, kind=kind, body="{}") for each in numbers]


async def finish(database: Database, ref: Ref[inbox.Message], *numbers: int) -> None:
    finished = [Finished(id=UpdateId(each), outcome="answered") for each in numbers]
    await updates.finish(database, finished, NOW)
    for number in numbers:
        await inbox.done(ref, UpdateId(number))


async def pending(database: Database) -> Sequence[int]:
    return [each.id for each in await updates.list_pending(database, limit=100)]


async def test_it_is_written_when_it_may_be_confirmed(database: Database, hearing: Hearing) -> None:
    async with receiving(database, hearing) as (ref, _):
        await inbox.take(ref, arrived(7, 5, 6))

        assert await pending(database) == [7, 5, 6]
        await hearing.until(3)
    assert hearing.updates == [7, 5, 6]


async def test_the_same_one_again_is_confirmed_and_not_handled_again(
    database: Database, hearing: Hearing
) -> None:
    async with receiving(database, hearing) as (ref, running):
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(inbox.take, ref, arrived(1))
        await finish(database, ref, 1)
        await killed(running, "test/inbox")

        await inbox.take(ref, arrived(1))
        await inbox.take(ref, arrived(2))
        await hearing.until(2)

    assert hearing.updates == [1, 2]


async def test_each_goes_to_its_chat_and_what_is_urgent_passes_by(
    database: Database, hearing: Hearing
) -> None:
    async with receiving(database, hearing) as (ref, _):
        await inbox.take(ref, [*arrived(1, chat=5), *arrived(2, chat=6)])
        await inbox.take(ref, arrived(3, chat=5, kind="pre_checkout_query"))
        await hearing.until(3)

    assert dict(hearing.heard) == {1: Key(5, "usual"), 2: Key(6, "usual"), 3: Key(5, "urgent")}


async def test_a_new_life_forwards_what_is_unfinished_in_the_order_of_arrival(
    database: Database, hearing: Hearing
) -> None:
    await updates.add(database, arrived(9, 7, 8), NOW)
    await updates.finish(database, [Finished(id=UpdateId(7), outcome="answered")], NOW)

    async with receiving(database, hearing) as (ref, _):
        await inbox.take(ref, arrived(3))
        await hearing.until(3)

    assert hearing.updates == [9, 8, 3]


async def test_what_is_too_much_stays_in_the_table_while_its_bringer_waits(
    database: Database, hearing: Hearing
) -> None:
    confirmed: list[int] = []
    async with receiving(database, hearing, most=3) as (ref, _):

        async def bring(*numbers: int) -> None:
            await inbox.take(ref, arrived(*numbers))
            confirmed.extend(numbers)

        async with anyio.create_task_group() as group:
            group.start_soon(bring, 1, 2, 3, 4, 5)
            await hearing.until(3)
            group.start_soon(bring, 6)
            while 6 not in await pending(database):
                await anyio.lowlevel.checkpoint()
            assert (hearing.updates, confirmed) == ([1, 2, 3], [])

            await finish(database, ref, 2)
            await hearing.until(4)
            assert (hearing.updates, confirmed) == ([1, 2, 3, 4], [])

            await finish(database, ref, 1, 3, 4)
            await hearing.until(6)

    assert hearing.updates == [1, 2, 3, 4, 5, 6]
    assert sorted(confirmed) == [1, 2, 3, 4, 5, 6]


async def test_with_postgresql_away_who_brings_is_told_and_nothing_falls(hearing: Hearing) -> None:
    limits = PoolLimits(kept=0, most=1, wait_seconds=0.2)
    nowhere = Database("postgresql://vitte@127.0.0.1:1/vitte", limits)
    await nowhere.open()

    async with receiving(nowhere, hearing) as (ref, running):
        with pytest.raises(DatabaseAway):
            await inbox.take(ref, arrived(1))
        assert running.statistics("test/inbox")[0].restarts == 0

    await nowhere.close()
    assert hearing.heard == []
