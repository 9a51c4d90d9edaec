"""The bot: what is answered to an update.

Owns the edge to Telegram's ways (aiogram, its routers), opened in each life. It
writes nothing and sends nothing: it gives back a turn, with all that is to be
written and said, and whoever asked has that done. A fall loses nothing: who
asked is told, and asks again.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Final, Protocol, TypeAlias, assert_never

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from vitte.actors.scribe import Turn
from vitte.errors import UpdateBroke, VitteError
from vitte.runtime import Life, Ref, Reply, RuntimeFault, ShutdownAsked
from vitte.store.outbox import Words
from vitte.store.updates import Pending

UPDATE_SECONDS: Final = 60.0


class Answer(Struct, frozen=True, kw_only=True):
    """What is answered to this update?"""

    update: Pending
    reply: Reply[Turn]


class Apologise(Struct, frozen=True, kw_only=True):
    """What is said when an update cannot be answered at all?"""

    update: Pending
    reply: Reply[tuple[Words, ...]]


Message: TypeAlias = Answer | Apologise


async def answer(bot: Ref[Message], update: Pending) -> Turn:
    """What is answered to an update: all that is to be written and said.

    Raises:
        UpdateBroke: The update breaks us; the same again will, too.
        VitteError, RuntimeFault: A part is away; try again.
    """
    return await bot.ask(
        lambda reply: Answer(update=update, reply=reply), within=2 * UPDATE_SECONDS
    )


async def apologise(bot: Ref[Message], update: Pending) -> tuple[Words, ...]:
    """The words for somebody whose update was given up."""
    return await bot.ask(lambda reply: Apologise(update=update, reply=reply), within=UPDATE_SECONDS)


class Edge(Protocol):
    """What answers updates: the Telegram edge, seen from below."""

    async def introduce(self) -> None:
        """Tell Telegram who we are: commands, webhook. Tries until it is done."""
        ...

    async def answer(self, update: Pending) -> Turn:
        """Answer one update; raises as ``answer`` above."""
        ...

    async def apologise(self, update: Pending) -> tuple[Words, ...]:
        """The words for somebody whose update was given up."""
        ...


class Bot:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        open_edge: Callable[[], AbstractAsyncContextManager[Edge]],
        parallel: int,
        update_seconds: float = UPDATE_SECONDS,
    ) -> None:
        self._open_edge = open_edge
        self._update_seconds = update_seconds
        self._room = anyio.Semaphore(parallel)

    async def run(self, life: Life[Message]) -> None:
        """Open the edge and answer, for ever.

        Ready at once: to load the edge takes longer than all else together, and
        the API must not wait for it. What is asked meanwhile waits in the mailbox.
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
        """Take one question when there is room for it, and see to it in the background."""
        await self._room.acquire()
        message = await life.receive()
        match message:
            case Answer():
                group.start_soon(self._answer, message, edge)
            case Apologise():
                group.start_soon(self._apologise, message, edge)
            case _:
                assert_never(message)

    async def _answer(self, question: Answer, edge: Edge) -> None:
        try:
            with anyio.fail_after(self._update_seconds):
                question.reply.send(await edge.answer(question.update))
        except TimeoutError:
            question.reply.fail(UpdateBroke("it took too long"))
        except (VitteError, RuntimeFault) as problem:
            question.reply.fail(problem)
        finally:
            self._room.release()

    async def _apologise(self, question: Apologise, edge: Edge) -> None:
        try:
            question.reply.send(await edge.apologise(question.update))
        except (VitteError, RuntimeFault) as problem:
            question.reply.fail(problem)
        finally:
            self._room.release()

    async def _introduce(self, edge: Edge, scope: anyio.CancelScope) -> None:
        with scope:
            await edge.introduce()
