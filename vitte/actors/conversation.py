"""A conversation: the updates of one chat, one after the other.

Owns nothing but its place in the order: one actor a chat, started by the first
update and ended when idle. What is urgent (payments, a block, a stop) has a
second conversation beside the first, so that it passes by an answer being
written. A part that is away is waited for; an update that breaks us is tried a
few times and then becomes a dead letter, and the chat goes on. A fall loses
nothing: the update stays in the inbox.
"""

import logging
import random
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import anyio
from msgspec import Struct

from vitte import log, metrics
from vitte.actors import bot, scribe
from vitte.errors import UpdateBroke, VitteError
from vitte.runtime import Life, Ref, Registry, RuntimeFault
from vitte.store import updates
from vitte.store.pool import Database
from vitte.store.updates import Finished, Pending, UpdateId

TRIES: Final = 3
LONGEST_PAUSE_SECONDS: Final = 2.0
URGENT_KINDS: Final = frozenset({"pre_checkout_query", "my_chat_member", "shipping_query"})
# Looked for in the body as it came: to read it is the bot's work.
URGENT_WORDS: Final = {
    "message": re.compile(r'"successful_payment"\s*:|"text"\s*:\s*"/(?:stop|cancel)\b'),
    "callback_query": re.compile(r'"data"\s*:\s*"stop"'),
}

_log = logging.getLogger(__name__)


class Hear(Struct, frozen=True, kw_only=True):
    """Answer this update."""

    update: Pending


Message: TypeAlias = Hear
Which: TypeAlias = Literal["usual", "urgent"]


class Key(NamedTuple):
    """A chat, and which of its two conversations."""

    chat: int
    which: Which

    def __str__(self) -> str:
        return str(self.chat) if self.which == "usual" else f"{self.chat} {self.which}"


Conversations: TypeAlias = Registry[Key, Message]


def key_of(update: Pending) -> Key:
    """The conversation that an update belongs to: it waits for its turn in the chat, or passes by."""
    urgent = update.kind in URGENT_KINDS or (
        update.kind in URGENT_WORDS and URGENT_WORDS[update.kind].search(update.body) is not None
    )
    return Key(update.chat_id, "urgent" if urgent else "usual")


class Conversation:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        database: Database,
        desk: bot.Desk,
        urgent: bool,
        scribe: Ref[scribe.Message],
        done: Callable[[UpdateId], Awaitable[None]],
    ) -> None:
        self._database = database
        self._desk = desk
        self._urgent = urgent
        self._scribe = scribe
        self._done = done

    async def run(self, life: Life[Message]) -> None:
        """Answer in order. A stop lets the answer in hand be finished; the rest stays in the inbox."""
        life.trap_exit()
        while True:
            message = await life.receive()
            with log.about(update_id=message.update.id):
                finished = await self._serve(message.update, life)
            if not finished:
                return
            await self._done(message.update.id)

    async def _serve(self, update: Pending, life: Life[Message]) -> bool:
        """Answer until it is written down; False when we are to stop before that."""
        began, failures = anyio.current_time(), 0
        while True:
            try:
                await self._answer(update)
            except (VitteError, RuntimeFault) as problem:
                _log.warning("An update waits: %s: %s", type(problem).__name__, problem)
            else:
                metrics.update_seconds.observe(anyio.current_time() - began)
                return True
            failures += 1
            if await _asked_to_stop(life, _pause(failures)):
                return False

    async def _answer(self, update: Pending) -> None:
        """Answer once; a breakage is counted, and the last one makes a dead letter.

        Raises:
            VitteError, RuntimeFault: A part is away; try again.
        """
        try:
            turn = await self._desk.answer(update, urgent=self._urgent)
            await scribe.settle(self._scribe, turn)
        except RuntimeFault:
            raise
        except VitteError as problem:
            if not problem.permanent:
                raise
            await self._broke(update, problem)
        except Exception as problem:  # noqa: BLE001  # what it wants written cannot be: its own fault
            await self._broke(update, UpdateBroke(type(problem).__name__))

    async def _broke(self, update: Pending, problem: VitteError) -> None:
        failed = await updates.count_try(self._database, update)
        if failed is None:
            return  # it was finished meanwhile
        if failed.is_new:
            metrics.updates_received.labels(update.kind).inc()
        if failed.tries < TRIES:
            raise problem
        reason = f"broke {TRIES} times: {problem}"
        _log.error("An update became a dead letter: %s", reason)
        apology = await self._desk.apologise(update)
        finished = Finished(update=update, outcome="failed", reason=reason)
        await scribe.settle(self._scribe, scribe.Turn(finished=finished, words=apology))


def _pause(failures: int) -> float:
    longest = min(LONGEST_PAUSE_SECONDS, 0.1 * 2 ** min(failures, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311  # jitter, no secret


async def _asked_to_stop(life: Life[Any], seconds: float) -> bool:
    """Wait, and say whether the stop came first."""
    with anyio.move_on_after(seconds):
        await life.shutdown_asked()
        return True
    return False
