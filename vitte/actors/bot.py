"""The bot: answers updates, each chat in its own order, chats side by side.

Owns the way to Telegram (an ``Edge``, opened in each life) and the updates in
hand. An update is handed back as done only when its answer has been sent, so
whoever brought it may confirm it then. A fall loses nothing: what was not
handed back is brought again, and what was done is remembered across lives.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final, Literal, Protocol, TypeAlias, assert_never, cast

import anyio
import msgspec
from anyio.abc import TaskGroup
from msgspec import Struct

from vitte import metrics
from vitte.runtime import Life, Ref, Reply, ShutdownAsked
from vitte.store.users import UserId

UPDATE_SECONDS: Final = 60.0
REMEMBERED: Final = 100_000

log = logging.getLogger(__name__)


class Update(Struct, frozen=True, kw_only=True):
    """An update as Telegram wrote it, and what we need of it before anybody reads it."""

    id: int
    kind: str
    chat: int
    fields: dict[str, Any]


class Handle(Struct, frozen=True, kw_only=True):
    """Answer this update; the reply says that it is done."""

    update: Update
    reply: Reply[None]


class Say(Struct, frozen=True, kw_only=True):
    """Say this to a person who did not ask; the reply tells whether it reached them."""

    user: UserId
    html: str
    reply: Reply[bool]


Message: TypeAlias = Handle | Say
Outcome: TypeAlias = Literal["answered", "refused", "failed"]


async def handle(bot: Ref[Message], update: Update) -> None:
    """Have an update answered; returns when it is done, for good or for bad."""
    return await bot.ask(
        lambda reply: Handle(update=update, reply=reply), within=2 * UPDATE_SECONDS
    )


async def say(bot: Ref[Message], user: UserId, html: str) -> bool:
    """Say something to a person; False where they cannot be reached any more."""
    return await bot.ask(lambda reply: Say(user=user, html=html, reply=reply), within=60.0)


class Edge(Protocol):
    """What answers updates: the Telegram edge, seen from below."""

    async def introduce(self) -> None:
        """Tell Telegram who we are: commands, webhook. Tries until it is done."""
        ...

    async def answer(self, update: Update) -> Outcome:
        """Answer one update; whatever goes wrong is told to the person and never raised."""
        ...

    async def say(self, user: UserId, html: str) -> bool:
        """Say something to a person; False where they cannot be reached."""
        ...


class Done:
    """Which updates were done lately. It outlives the lives of the bot."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._ids: OrderedDict[int, None] = OrderedDict()

    def __contains__(self, number: int) -> bool:
        return number in self._ids

    def add(self, number: int) -> None:
        """Remember one, forgetting the oldest where there are too many."""
        self._ids[number] = None
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)


class Bot:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        open_edge: Callable[[], AbstractAsyncContextManager[Edge]],
        parallel: int,
        done: Done,
    ) -> None:
        self._open_edge = open_edge
        self._done = done
        self._room = anyio.Semaphore(parallel)
        self._chats: dict[int, deque[Handle]] = {}

    async def run(self, life: Life[Message]) -> None:
        """Open the way to Telegram and answer, for ever.

        Ready at once: to load the edge takes longer than all else together, and
        the API must not wait for it. What arrives meanwhile waits in the mailbox.
        """
        life.trap_exit()
        life.ready()
        async with self._open_edge() as edge, anyio.create_task_group() as group:
            introduction = anyio.CancelScope()
            group.start_soon(self._introduce, edge, introduction)
            with suppress(ShutdownAsked):
                while True:
                    await self._take(life, edge, group)
            # A stop: what is in hand is answered, what has just been asked for is not begun.
            introduction.cancel()

    async def _take(self, life: Life[Message], edge: Edge, group: TaskGroup) -> None:
        """Take one order when there is room for it, and see to it in the background."""
        await self._room.acquire()
        message = await life.receive()
        match message:
            case Handle():
                self._queue(message, edge, group)
            case Say():
                group.start_soon(self._say, message, edge)
            case _:
                assert_never(message)

    async def _introduce(self, edge: Edge, scope: anyio.CancelScope) -> None:
        with scope:
            await edge.introduce()

    def _queue(self, order: Handle, edge: Edge, group: TaskGroup) -> None:
        metrics.updates_received.labels(order.update.kind).inc()
        queue = self._chats.setdefault(order.update.chat, deque())
        queue.append(order)
        if len(queue) == 1:
            group.start_soon(self._serve, order.update.chat, queue, edge)

    async def _serve(self, chat: int, queue: deque[Handle], edge: Edge) -> None:
        """Answer what this chat has said, one after the other, until it is silent."""
        while queue:
            order = queue[0]
            if order.update.id in self._done:
                metrics.updates_done.labels("repeated").inc()
            else:
                await self._answer(order.update, edge)
                self._done.add(order.update.id)
            order.reply.send(None)
            queue.popleft()
            self._room.release()
        del self._chats[chat]

    async def _answer(self, update: Update, edge: Edge) -> None:
        began = anyio.current_time()
        outcome: Outcome = "failed"
        try:
            with anyio.move_on_after(UPDATE_SECONDS) as limit:
                outcome = await edge.answer(update)
            if limit.cancelled_caught:
                log.error("An update took too long", extra={"update_id": update.id})
        finally:  # the books balance, also where a fall or a stop interrupts
            metrics.updates_done.labels(outcome).inc()
            metrics.update_seconds.observe(anyio.current_time() - began)

    async def _say(self, order: Say, edge: Edge) -> None:
        try:
            order.reply.send(await edge.say(order.user, order.html))
        finally:
            self._room.release()


_decode: Callable[[bytes], dict[str, Any]] = msgspec.json.Decoder(dict[str, Any]).decode


def decode(body: bytes) -> Update:
    """Read an update as Telegram writes it.

    Raises:
        msgspec.MsgspecError: It is no JSON, or no update.
    """
    return sort_out(_decode(body))


def sort_out(fields: dict[str, Any]) -> Update:
    """Find an update's id, its kind and the chat in whose order it belongs.

    What belongs to no chat is ordered by its sender, and by nothing without one.

    Raises:
        msgspec.ValidationError: It has no ``update_id``.
    """
    number = fields.get("update_id")
    if type(number) is not int:  # True is an int as well
        raise msgspec.ValidationError("an update has an update_id")
    kind = next((key for key in fields if key != "update_id"), "empty")
    inner = fields.get(kind)
    return Update(id=number, kind=kind, chat=_chat(inner) or number, fields=fields)


def _chat(inner: object) -> int | None:
    """The id of the chat, or else of the sender, wherever this kind of update keeps it."""
    if not isinstance(inner, dict):
        return None
    known = cast("dict[str, object]", inner)
    for name in ("chat", "message", "from"):
        place = known.get(name)
        if isinstance(place, dict):
            found = cast("dict[str, object]", place).get("id") or _chat(cast("object", place))
            if isinstance(found, int):
                return found
    return None
