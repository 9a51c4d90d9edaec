"""The bot: what is answered to an update.

Owns the edge to Telegram's ways (aiogram, its routers), opened in each life, and
the desk at which it answers. It writes nothing and sends nothing: it gives back a
turn, with all that is to be written and said, and whoever asked has that done. A fall
loses nothing: who asks next waits until the next life has opened the edge.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Never, Protocol

import anyio

from vitte.actors.scribe import Turn
from vitte.errors import BotAway, UpdateBroke
from vitte.runtime import Life
from vitte.store.outbox import Words
from vitte.store.updates import Finished, Pending

UPDATE_SECONDS: Final = 60.0
OPENING_SECONDS: Final = 10.0
URGENT_ROOM: Final = 64
STOPPED: Final = "stopped"


class Edge(Protocol):
    """What answers updates: the Telegram edge, seen from below."""

    async def introduce(self) -> None:
        """Tell Telegram who we are: commands, webhook. Tries until it is done."""
        ...

    async def attend(self) -> None:
        """Do what goes on beside the answers, for ever."""
        ...

    async def answer(self, update: Pending) -> Turn:
        """Answer one update; raises as ``Desk.answer``."""
        ...

    async def apologise(self, update: Pending) -> tuple[Words, ...]:
        """The words for somebody whose update was given up."""
        ...


class Desk:
    """Where updates are answered while the bot is there; it outlives the bot's falls.

    Each answer is worked out by whoever asks for it, in their own task: a chat's
    conversation. So many at once, and what is urgent has room of its own, so that a
    payment or a stop waits for nobody's answer.
    """

    def __init__(self, *, parallel: int, update_seconds: float = UPDATE_SECONDS) -> None:
        self._usual = anyio.Semaphore(parallel, fast_acquire=True)
        self._urgent = anyio.Semaphore(URGENT_ROOM, fast_acquire=True)
        self._update_seconds = update_seconds
        self._edge: Edge | None = None
        self._opened = anyio.Event()
        self._answering: dict[int, anyio.CancelScope] = {}
        self._stopped: set[int] = set()
        self.name = "bot"
        self.taken = 0
        self._waiting = 0

    def open(self, edge: Edge) -> None:
        """Answer from now on."""
        self._edge = edge
        self._opened.set()

    def close(self) -> None:
        """Answer no more until it is opened again."""
        self._edge = None
        self._opened = anyio.Event()

    async def answer(self, update: Pending, *, urgent: bool = False) -> Turn:
        """What is answered to an update: all that is to be written and said.

        Raises:
            UpdateBroke: The update breaks us; the same again will, too.
            VitteError, RuntimeFault: A part is away; try again.
        """
        self._waiting += 1
        try:
            edge = self._edge or await self._until_open()
            if urgent:
                async with self._urgent:
                    return await self._answer(edge, update, anyio.CancelScope())
            async with self._usual:
                return await self._answer_stoppably(edge, update)
        finally:
            self._waiting -= 1
            self.taken += 1

    def depth(self) -> int:
        """How many answers are being worked out or wait for it."""
        return self._waiting

    async def apologise(self, update: Pending) -> tuple[Words, ...]:
        """The words for somebody whose update was given up.

        Raises:
            VitteError, RuntimeFault: A part is away; try again.
        """
        edge = self._edge or await self._until_open()
        return await edge.apologise(update)

    def stop(self, chat: int) -> bool:
        """Break off the answer that is being worked out for a chat; False where there is none."""
        scope = self._answering.get(chat)
        if scope is None:
            return False
        self._stopped.add(chat)
        scope.cancel()
        return True

    async def _answer_stoppably(self, edge: Edge, update: Pending) -> Turn:
        scope = self._answering[update.chat_id] = anyio.CancelScope()
        try:
            return await self._answer(edge, update, scope)
        finally:
            self._answering.pop(update.chat_id, None)
            self._stopped.discard(update.chat_id)

    async def _answer(self, edge: Edge, update: Pending, scope: anyio.CancelScope) -> Turn:
        scope.deadline = anyio.current_time() + self._update_seconds
        with scope:
            return await edge.answer(update)
        if update.chat_id not in self._stopped:
            raise UpdateBroke("it took too long")
        return Turn(finished=Finished(update=update, outcome="refused", reason=STOPPED))

    async def _until_open(self) -> Edge:
        with anyio.move_on_after(OPENING_SECONDS):
            while self._edge is None:
                await self._opened.wait()
            return self._edge
        raise BotAway


class Bot:
    """One life, from a start to the next fall."""

    def __init__(
        self, *, desk: Desk, open_edge: Callable[[], AbstractAsyncContextManager[Edge]]
    ) -> None:
        self._desk = desk
        self._open_edge = open_edge

    async def run(self, life: Life[Never]) -> None:
        """Open the edge and keep it open, for ever.

        Ready at once: to load the edge takes longer than all else together, and
        the API must not wait for it. What comes meanwhile waits at the desk.
        """
        life.ready()
        async with self._open_edge() as edge, anyio.create_task_group() as group:
            self._desk.open(edge)
            try:
                group.start_soon(edge.introduce)
                await edge.attend()
            finally:
                self._desk.close()
