"""The bot: order in a chat, chats side by side, each update once, a stop in good order."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fragile import counted, living, together
from vitte.actors import bot
from vitte.actors.bot import Bot, Done, Update
from vitte.runtime import ActorGone, Child, Mailbox, Ref, Running
from vitte.store.users import UserId


class Edge:
    """Answers when it is allowed to, and notes in which order."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.at_once = 0
        self.most_at_once = 0
        self.held: dict[int, anyio.Event] = {}
        self.changed = anyio.Event()
        self.outcome: bot.Outcome = "answered"
        self.falls = 0

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["Edge"]:
        self.opened += 1
        try:
            yield self
        finally:
            self.closed += 1

    async def introduce(self) -> None:
        await anyio.sleep_forever()

    async def answer(self, update: Update) -> bot.Outcome:
        self.begun.append(update.id)
        with self._counting():
            if self.falls:
                self.falls -= 1
                raise RuntimeError("this edge breaks its promise")
            await self._held(update.chat)
        self.ended.append(update.id)
        self._tell()
        return self.outcome

    async def say(self, user: UserId, html: str) -> bool:
        await self._held(user)
        return html != "unheard"

    async def until_begun(self, count: int) -> None:
        while len(self.begun) < count:
            await self.changed.wait()

    def hold(self, *chats: int) -> None:
        self.held |= {chat: anyio.Event() for chat in chats}

    def release(self, *chats: int) -> None:
        for chat in chats:
            self.held.pop(chat).set()

    @contextmanager
    def _counting(self) -> Generator[None]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self._tell()
        try:
            yield
        finally:
            self.at_once -= 1

    async def _held(self, chat: int) -> None:
        if chat in self.held:
            await self.held[chat].wait()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()


@pytest.fixture
def edge() -> Edge:
    return Edge()


@asynccontextmanager
async def answering(
    edge: Edge, *, parallel: int = 64, shutdown: float = 15.0
) -> AsyncGenerator[tuple[Ref[bot.Message], Running]]:
    box, done = Mailbox[bot.Message]("bot"), Done()

    def begin() -> Bot:
        return Bot(open_edge=edge.open, parallel=parallel, done=done)

    async with living(Child("bot", begin, mailbox=box, shutdown=shutdown)) as running:
        yield box.ref, running


def update(number: int, chat: int) -> Update:
    return Update(id=number, kind="message", chat=chat, fields={})


async def test_a_chat_is_answered_in_its_order(edge: Edge) -> None:
    async with answering(edge) as (ref, _):
        await together(*[partial(bot.handle, ref, update(n, n % 7)) for n in range(210)])

    for chat in range(7):
        assert [number for number in edge.ended if number % 7 == chat] == list(range(chat, 210, 7))


async def test_a_slow_chat_holds_up_no_other(edge: Edge) -> None:
    edge.hold(1)
    async with answering(edge) as (ref, _), anyio.create_task_group() as group:
        group.start_soon(bot.handle, ref, update(1, 1))
        group.start_soon(bot.handle, ref, update(2, 1))
        await edge.until_begun(1)

        await bot.handle(ref, update(3, 2))

        assert edge.ended == [3]
        edge.release(1)
    assert edge.ended == [3, 1, 2]


async def test_no_more_are_answered_at_once_than_the_ceiling(edge: Edge) -> None:
    edge.hold(*range(10))
    async with answering(edge, parallel=3) as (ref, _), anyio.create_task_group() as group:
        for number in range(10):
            group.start_soon(bot.handle, ref, update(number, number))
        await edge.until_begun(3)
        await anyio.wait_all_tasks_blocked()
        assert edge.begun == [0, 1, 2]

        edge.release(*range(10))

    assert edge.most_at_once == 3
    assert sorted(edge.ended) == list(range(10))


async def test_an_update_is_answered_once_however_often_it_comes(edge: Edge) -> None:
    edge.hold(5)
    async with answering(edge) as (ref, _), anyio.create_task_group() as group:
        for _time in range(3):
            group.start_soon(bot.handle, ref, update(1, 5))
        await edge.until_begun(1)
        edge.release(5)
        await bot.handle(ref, update(1, 5))

    assert edge.begun == [1]


async def test_what_was_done_is_remembered_across_a_fall(edge: Edge) -> None:
    async with answering(edge) as (ref, running):
        await bot.handle(ref, update(1, 5))
        await running.kill("test/bot")

        await bot.handle(ref, update(1, 5))
        await bot.handle(ref, update(2, 5))

    assert edge.ended == [1, 2]
    assert (edge.opened, edge.closed) == (2, 2)


async def test_a_fall_tells_whoever_brought_an_update_and_it_may_be_brought_again(
    edge: Edge,
) -> None:
    edge.falls = 1
    async with answering(edge) as (ref, _):
        with pytest.raises(ActorGone):
            await bot.handle(ref, update(1, 5))

        await bot.handle(ref, update(1, 5))

    assert edge.begun == [1, 1]
    assert edge.ended == [1]


async def test_a_stop_lets_what_is_in_hand_be_answered(edge: Edge) -> None:
    edge.hold(1)
    async with answering(edge) as (ref, running), anyio.create_task_group() as group:
        group.start_soon(bot.handle, ref, update(1, 1))
        group.start_soon(bot.handle, ref, update(2, 1))
        await edge.until_begun(1)
        await anyio.wait_all_tasks_blocked()

        group.start_soon(running.terminate_child, "test/bot")
        await anyio.wait_all_tasks_blocked()
        edge.release(1)

    assert edge.ended == [1, 2]
    assert edge.closed == 1


async def test_a_stop_cuts_off_what_would_not_end(edge: Edge) -> None:
    edge.hold(1)
    async with answering(edge, shutdown=0.05) as (ref, running), anyio.create_task_group() as group:

        async def refused() -> None:
            with pytest.raises(ActorGone):
                await bot.handle(ref, update(1, 1))

        group.start_soon(refused)
        await edge.until_begun(1)

        await running.terminate_child("test/bot")

    assert edge.ended == []
    assert edge.closed == 1


async def test_a_full_bot_can_be_stopped(edge: Edge) -> None:
    edge.hold(1)
    async with answering(edge, parallel=1) as (ref, running), anyio.create_task_group() as group:
        group.start_soon(bot.handle, ref, update(1, 1))
        await edge.until_begun(1)

        group.start_soon(running.terminate_child, "test/bot")
        await anyio.wait_all_tasks_blocked()
        edge.release(1)

    assert edge.ended == [1]


async def test_what_it_is_told_to_say_is_said(edge: Edge) -> None:
    async with answering(edge) as (ref, _):
        assert await bot.say(ref, UserId(101), "hello") is True
        assert await bot.say(ref, UserId(101), "unheard") is False


async def test_the_books_balance(edge: Edge) -> None:
    def books() -> tuple[float, float]:
        received = counted("updates_received_total", kind="message")
        return received, sum(
            counted("updates_done_total", outcome=outcome)
            for outcome in ("answered", "refused", "failed")
        )

    before = books()
    async with answering(edge) as (ref, _):
        for number, outcome in enumerate(("answered", "refused", "failed")):
            edge.outcome = outcome
            await bot.handle(ref, update(number, 1))

    received, done = books()
    assert (received - before[0], done - before[1]) == (3, 3)


async def test_a_duplicate_does_not_spoil_the_books(edge: Edge) -> None:
    def pending() -> float:
        done = sum(
            counted("updates_done_total", outcome=outcome)
            for outcome in ("answered", "refused", "failed", "repeated")
        )
        return counted("updates_received_total", kind="message") - done

    before = pending()
    async with answering(edge) as (ref, _):
        for _time in range(3):
            await bot.handle(ref, update(1, 1))

    assert pending() == before


def test_only_so_many_are_remembered() -> None:
    done = Done(most=3)

    for number in range(5):
        done.add(number)

    assert [number in done for number in range(5)] == [False, False, True, True, True]


PERSON = {"id": 7, "is_bot": False, "first_name": "Anna"}
CHAT = {"id": -100, "type": "group"}


@pytest.mark.parametrize(
    ("fields", "kind", "chat"),
    [
        ({"message": {"chat": CHAT, "from": PERSON, "text": "hi"}}, "message", -100),
        ({"edited_message": {"chat": CHAT}}, "edited_message", -100),
        ({"channel_post": {"chat": CHAT}}, "channel_post", -100),
        ({"callback_query": {"from": PERSON, "message": {"chat": CHAT}}}, "callback_query", -100),
        ({"callback_query": {"from": PERSON, "inline_message_id": "x"}}, "callback_query", 7),
        ({"pre_checkout_query": {"from": PERSON}}, "pre_checkout_query", 7),
        ({"my_chat_member": {"chat": CHAT, "from": PERSON}}, "my_chat_member", -100),
        ({"something_new": {"strange": True}}, "something_new", 12),
        ({"something_new": "stranger"}, "something_new", 12),
        ({}, "empty", 12),
    ],
)
def test_an_update_is_ordered_by_its_chat_or_else_its_sender(
    fields: dict[str, Any], kind: str, chat: int
) -> None:
    for given_fields in ({"update_id": 12, **fields}, {**fields, "update_id": 12}):
        found = bot.decode(msgspec.json.encode(given_fields))

        assert (found.id, found.kind, found.chat) == (12, kind, chat)
        assert found.fields == given_fields


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b'"x"', b"{}", b'{"update_id": "1"}', b'{"update_id": true}']
)
def test_what_is_no_update_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        bot.decode(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["chat", "message", "from", "id"]), inner, max_size=3)
    ),
    max_leaves=4,
)


@given(JSON)
def test_whatever_an_update_holds_it_finds_a_place(inner: object) -> None:
    found = bot.sort_out({"update_id": 5, "message": inner})

    assert isinstance(found.chat, int)
