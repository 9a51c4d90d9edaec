"""The bot: gives back what is to be said, so many at once, and a stop in good order."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest

from tests.fragile import living, together
from vitte.actors import bot
from vitte.actors.bot import Bot
from vitte.actors.scribe import Turn
from vitte.errors import DatabaseAway, UpdateBroke
from vitte.runtime import ActorGone, AskTimedOut, Child, Mailbox, Ref, Running
from vitte.store.outbox import Lane, Words
from vitte.store.updates import Finished, Pending, UpdateId


class Edge:
    """Answers when it is allowed to, and notes in which order."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.held: dict[int, anyio.Event] = {}
        self.changed = anyio.Event()
        self.raises: list[Exception] = []
        self.introduced = anyio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["Edge"]:
        self.opened += 1
        try:
            yield self
        finally:
            self.closed += 1

    async def introduce(self) -> None:
        self.introduced.set()
        await anyio.sleep_forever()

    async def answer(self, update: Pending) -> Turn:
        self.begun.append(update.id)
        self.changed.set()
        self.changed = anyio.Event()
        if self.raises:
            raise self.raises.pop(0)
        if update.chat_id in self.held:
            await self.held[update.chat_id].wait()
        self.ended.append(update.id)
        return Turn(
            finished=Finished(id=update.id, outcome="answered"), words=await self.apologise(update)
        )

    async def apologise(self, update: Pending) -> tuple[Words, ...]:
        words = Words(
            chat_id=update.chat_id, lane=Lane.REPLY, method="sendMessage", payload=update.body
        )
        return (words,)

    async def until_begun(self, count: int) -> None:
        while len(self.begun) < count:
            await self.changed.wait()

    def hold(self, *chats: int) -> None:
        self.held |= {chat: anyio.Event() for chat in chats}

    def release(self, *chats: int) -> None:
        for chat in chats:
            self.held.pop(chat).set()


@pytest.fixture
def edge() -> Edge:
    return Edge()


@asynccontextmanager
async def answering(
    edge: Edge, *, parallel: int = 64, shutdown: float = 15.0, seconds: float = 60.0
) -> AsyncGenerator[tuple[Ref[bot.Message], Running]]:
    box = Mailbox[bot.Message]("bot")

    def begin() -> Bot:
        return Bot(open_edge=edge.open, parallel=parallel, update_seconds=seconds)

    async with living(Child("bot", begin, mailbox=box, shutdown=shutdown)) as running:
        yield box.ref, running


def update(number: int, chat: int) -> Pending:
    return Pending(
        id=UpdateId(number), seq=number, chat_id=chat, kind="message", body=f"{number}", tries=0
    )


async def test_what_is_to_be_written_and_said_is_given_back(edge: Edge) -> None:
    async with answering(edge) as (ref, _):
        turn = await bot.answer(ref, update(7, 101))

    assert turn.finished == Finished(id=UpdateId(7), outcome="answered")
    assert [each.chat_id for each in turn.words] == [101]


async def test_the_words_for_an_update_that_was_given_up_come_from_the_edge(edge: Edge) -> None:
    async with answering(edge) as (ref, _):
        [words] = await bot.apologise(ref, update(7, 101))

    assert (words.chat_id, words.payload) == (101, "7")


async def test_it_introduces_itself_beside_the_answers(edge: Edge) -> None:
    async with answering(edge) as (ref, _):
        await edge.introduced.wait()

        await bot.answer(ref, update(7, 101))


async def test_no_more_are_answered_at_once_than_the_ceiling(edge: Edge) -> None:
    edge.hold(*range(10))
    async with answering(edge, parallel=3) as (ref, _), anyio.create_task_group() as group:
        for number in range(10):
            group.start_soon(bot.answer, ref, update(number, number))
        await edge.until_begun(3)
        await anyio.wait_all_tasks_blocked()
        assert edge.begun == [0, 1, 2]

        edge.release(*range(10))

    assert sorted(edge.ended) == list(range(10))


async def test_apologies_give_their_room_back(edge: Edge) -> None:
    async with answering(edge, parallel=2) as (ref, _):
        await together(*[partial(bot.apologise, ref, update(n, n)) for n in range(7)])

        await bot.answer(ref, update(7, 7))


async def test_an_answer_that_takes_too_long_is_a_breakage_and_gives_its_room_back(
    edge: Edge,
) -> None:
    edge.hold(1)
    async with answering(edge, parallel=1, seconds=0.05) as (ref, _):
        with pytest.raises(UpdateBroke, match="took too long"):
            await bot.answer(ref, update(1, 1))

        await bot.answer(ref, update(2, 2))


@pytest.mark.parametrize(
    "problem",
    [DatabaseAway("gone"), UpdateBroke("KeyError"), ActorGone("cache", "it fell"),
     AskTimedOut("limiter", 5.0)],
)  # fmt: skip
async def test_a_part_that_is_away_fells_nobody_and_who_asked_is_told(
    edge: Edge, problem: Exception
) -> None:
    edge.raises = [problem]
    async with answering(edge) as (ref, running):
        with pytest.raises(type(problem)):
            await bot.answer(ref, update(1, 5))

        await bot.answer(ref, update(1, 5))

        assert running.statistics("test/bot")[0].restarts == 0
    assert edge.begun == [1, 1]


async def test_a_fall_tells_all_who_asked_and_they_may_ask_again(edge: Edge) -> None:
    edge.hold(6)
    refused: list[int] = []
    async with answering(edge) as (ref, _), anyio.create_task_group() as group:

        async def ask(number: int, chat: int) -> None:
            try:
                await bot.answer(ref, update(number, chat))
            except ActorGone:
                refused.append(number)

        group.start_soon(ask, 1, 6)
        await edge.until_begun(1)
        edge.raises = [RuntimeError("this edge breaks its promise")]
        await ask(2, 5)
        await anyio.wait_all_tasks_blocked()
        edge.release(6)

        await bot.answer(ref, update(1, 6))
    assert sorted(refused) == [1, 2]
    assert (edge.opened, edge.closed) == (2, 2)


async def test_a_stop_lets_what_is_in_hand_end_and_begins_nothing_new(edge: Edge) -> None:
    edge.hold(1)
    refused: list[int] = []
    async with answering(edge, parallel=1) as (ref, running), anyio.create_task_group() as group:

        async def ask(number: int) -> None:
            try:
                await bot.answer(ref, update(number, number))
            except ActorGone:
                refused.append(number)

        group.start_soon(ask, 1)
        await edge.until_begun(1)
        group.start_soon(ask, 2)
        await anyio.wait_all_tasks_blocked()

        group.start_soon(running.terminate_child, "test/bot")
        await anyio.wait_all_tasks_blocked()
        edge.release(1)

    assert edge.ended == [1]
    assert refused == [2]
    assert edge.closed == 1


async def test_a_stop_cuts_off_what_would_not_end(edge: Edge) -> None:
    edge.hold(1)
    async with answering(edge, shutdown=0.05) as (ref, running), anyio.create_task_group() as group:

        async def refused() -> None:
            with pytest.raises(ActorGone):
                await bot.answer(ref, update(1, 1))

        group.start_soon(refused)
        await edge.until_begun(1)

        await running.terminate_child("test/bot")

    assert edge.ended == []
    assert edge.closed == 1
