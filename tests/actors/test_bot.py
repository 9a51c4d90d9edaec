"""The bot and its desk: what is to be said is worked out, so much at once, stopped when asked."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest

from tests.fragile import killed, living, together
from tests.store.coming import coming, finished
from vitte.actors.bot import Bot, Desk
from vitte.actors.scribe import Turn
from vitte.errors import BotAway, DatabaseAway, UpdateBroke
from vitte.runtime import ActorGone, AskTimedOut, Child, Running
from vitte.store.outbox import Lane, Words
from vitte.store.updates import Pending


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

    async def attend(self) -> None:
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
        return Turn(finished=finished(update), words=await self.apologise(update))

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
    edge: Edge, *, parallel: int = 64, seconds: float = 60.0
) -> AsyncGenerator[tuple[Desk, Running]]:
    desk = Desk(parallel=parallel, update_seconds=seconds)
    async with living(Child("bot", lambda: Bot(desk=desk, open_edge=edge.open))) as running:
        yield desk, running


async def test_what_is_to_be_written_and_said_is_given_back(edge: Edge) -> None:
    async with answering(edge) as (desk, _):
        turn = await desk.answer(coming(7))

    assert turn.finished == finished(7)
    assert [each.chat_id for each in turn.words] == [101]


async def test_the_words_for_an_update_that_was_given_up_come_from_the_edge(edge: Edge) -> None:
    async with answering(edge) as (desk, _):
        [words] = await desk.apologise(coming(7, body="7"))

    assert (words.chat_id, words.payload) == (101, "7")


async def test_it_introduces_itself_beside_the_answers(edge: Edge) -> None:
    async with answering(edge) as (desk, _):
        await edge.introduced.wait()

        await desk.answer(coming(7))


async def test_no_more_are_answered_at_once_than_the_ceiling_but_what_is_urgent_is(
    edge: Edge,
) -> None:
    edge.hold(*range(10))
    async with answering(edge, parallel=3) as (desk, _), anyio.create_task_group() as group:
        for number in range(10):
            group.start_soon(desk.answer, coming(number, chat=number))
        await edge.until_begun(3)
        await anyio.wait_all_tasks_blocked()
        assert edge.begun == [0, 1, 2]

        await desk.answer(coming(77, chat=77), urgent=True)
        assert edge.ended == [77]

        edge.release(*range(10))

    assert sorted(edge.ended) == [*range(10), 77]


async def test_an_answer_that_takes_too_long_is_a_breakage_and_gives_its_room_back(
    edge: Edge,
) -> None:
    edge.hold(1)
    async with answering(edge, parallel=1, seconds=0.05) as (desk, _):
        with pytest.raises(UpdateBroke, match="took too long"):
            await desk.answer(coming(1, chat=1))

        await desk.answer(coming(2, chat=2))


async def test_an_answer_that_is_stopped_ends_as_refused_and_the_next_is_not(edge: Edge) -> None:
    edge.hold(5)
    async with answering(edge) as (desk, _):

        async def stop() -> Turn | bool:
            await edge.until_begun(1)
            return desk.stop(5)

        turn, stopped = await together(partial(desk.answer, coming(1, chat=5)), stop)
        edge.release(5)
        again = await desk.answer(coming(2, chat=5))

    assert stopped is True
    assert isinstance(turn, Turn)
    assert turn == Turn(finished=finished(coming(1, chat=5), "refused", "stopped"))
    assert again.finished.outcome == "answered"


async def test_there_is_nothing_to_stop_where_nothing_is_worked_out(edge: Edge) -> None:
    async with answering(edge) as (desk, _):
        await desk.answer(coming(1, chat=5))

        assert desk.stop(5) is False


@pytest.mark.parametrize(
    "problem",
    [DatabaseAway("gone"), UpdateBroke("KeyError"), ActorGone("cache", "it fell"),
     AskTimedOut("limiter", 5.0)],
)  # fmt: skip
async def test_a_part_that_is_away_fells_nobody_and_who_asked_is_told(
    edge: Edge, problem: Exception
) -> None:
    edge.raises = [problem]
    async with answering(edge) as (desk, running):
        with pytest.raises(type(problem)):
            await desk.answer(coming(1, chat=5))

        await desk.answer(coming(1, chat=5))

        assert running.statistics("test/bot")[0].restarts == 0
    assert edge.begun == [1, 1]


async def test_a_fall_lets_answers_be_finished_and_the_next_edge_answers_on(edge: Edge) -> None:
    edge.hold(6)
    async with answering(edge) as (desk, running), anyio.create_task_group() as group:
        group.start_soon(desk.answer, coming(1, chat=6))
        await edge.until_begun(1)

        await killed(running, "test/bot")
        edge.release(6)
        await desk.answer(coming(2, chat=6))

    assert sorted(edge.ended) == [1, 2]
    assert (edge.opened, edge.closed) == (2, 2)


async def test_who_asks_while_the_edge_is_being_opened_waits_for_it(edge: Edge) -> None:
    desk = Desk(parallel=1)

    async def open_late() -> None:
        await anyio.wait_all_tasks_blocked()
        desk.open(edge)

    async with anyio.create_task_group() as group:
        group.start_soon(open_late)

        assert (await desk.answer(coming(1))).finished.id == 1


async def test_who_asks_for_an_edge_that_does_not_come_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vitte.actors.bot.OPENING_SECONDS", 0.02)

    with pytest.raises(BotAway):
        await Desk(parallel=1).answer(coming(1))
