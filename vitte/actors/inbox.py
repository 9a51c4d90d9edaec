"""The inbox: writes updates down before anybody acknowledges them.

Owns the table of updates on its way in. All that wait are written with one
statement; who brought them is told only then, and a known one is told the same
and not handled again. Each goes to its chat's own conversation, in the order of
arrival. What is in hand is bounded: beyond that, updates stay in the table and
whoever brings more waits, so that Telegram keeps them. A fall loses nothing: the
next life takes up whatever is not finished.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeAlias, assert_never

import anyio
from msgspec import Struct

from vitte import metrics
from vitte.actors import conversation
from vitte.actors.conversation import Conversations, Hear
from vitte.errors import VitteError
from vitte.runtime import Life, Ref, Reply, RuntimeFault
from vitte.store import updates
from vitte.store.pool import Database
from vitte.store.updates import Arrived, Pending, UpdateId

MOST_IN_HAND: Final = 1_000
GLANCE_SECONDS: Final = 5.0
PAUSE_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 60.0

log = logging.getLogger(__name__)


class Take(Struct, frozen=True, kw_only=True):
    """Write these down; the reply says that it is done and they may be confirmed."""

    arrived: tuple[Arrived, ...]
    reply: Reply[None]


class Done(Struct, frozen=True, kw_only=True):
    """An update was finished."""

    update: UpdateId


Message: TypeAlias = Take | Done


async def take(inbox: Ref[Message], arrived: Sequence[Arrived]) -> None:
    """Have updates written down; returns when they may be confirmed.

    Raises:
        VitteError, RuntimeFault: They were not, or nobody knows; bring them again.
    """
    return await inbox.ask(
        lambda reply: Take(arrived=tuple(arrived), reply=reply), within=ANSWER_SECONDS
    )


async def done(inbox: Ref[Message], update: UpdateId) -> None:
    """Tell that an update was finished. It goes before what is still to be taken."""
    await inbox.tell(Done(update=update), control=True)


class Inbox:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        database: Database,
        conversations: Conversations,
        clock: Callable[[], datetime],
        most_in_hand: int = MOST_IN_HAND,
    ) -> None:
        self._database = database
        self._conversations = conversations
        self._clock = clock
        self._most = most_in_hand
        self._in_hand: set[UpdateId] = set()
        self._last = 0
        self._behind = True  # until the table has been read
        self._held: list[Take] = []
        self._glanced = 0.0

    async def run(self, life: Life[Message]) -> None:
        """Take up what is unfinished, then take what comes, for ever."""
        life.ready()
        while True:
            await self._catch_up()
            batch: list[Message] = []
            with anyio.move_on_after(GLANCE_SECONDS):
                batch = await life.receive_all()
            await self._serve(batch)

    async def _serve(self, batch: Sequence[Message]) -> None:
        taken: list[Take] = []
        for message in batch:
            match message:
                case Take():
                    taken.append(message)
                case Done(update=update):
                    self._in_hand.discard(update)
                case _:
                    assert_never(message)
        if taken:
            await self._take(taken)
        metrics.updates_in_hand.set(len(self._in_hand))

    async def _take(self, orders: Sequence[Take]) -> None:
        arrived = {update.id: update for order in orders for update in order.arrived}
        try:
            written = await updates.add(self._database, list(arrived.values()), self._clock())
        except VitteError as problem:  # PostgreSQL is away: Telegram keeps them
            for order in orders:
                order.reply.fail(problem)
            return
        for row in written:
            metrics.updates_received.labels(arrived[row.id].kind).inc()
        await self._forward([_pending(arrived[row.id], row.seq) for row in written])
        self._held.extend(orders)
        self._let_go()

    async def _catch_up(self) -> None:
        """Forward from the table what is not in hand, as far as there is room.

        Also now and then when nothing is known to be left there: an operator may
        have put a dead letter back.
        """
        glances = anyio.current_time() >= self._glanced + GLANCE_SECONDS
        room = self._most - len(self._in_hand)
        # Behind, the table is read when a quarter is free, and not for each that is done.
        if room < self._most // 4 or room == 0 or not (self._behind or glances):
            return
        after = self._last if self._behind else 0
        try:
            found = await updates.list_pending(self._database, after=after, limit=self._most)
        except VitteError as problem:
            log.warning("The inbox cannot be read: %s", problem)
            await anyio.sleep(PAUSE_SECONDS)
            return
        self._glanced = anyio.current_time()
        self._behind = False
        await self._forward([each for each in found if each.id not in self._in_hand])
        self._behind = self._behind or len(found) == self._most
        self._let_go()

    async def _forward(self, pending: Sequence[Pending]) -> None:
        """Hand updates to their conversations, in order, while there is room.

        What finds none stays in the table, and all that comes after it, so that
        the order holds.
        """
        for update in pending:
            if self._behind or len(self._in_hand) >= self._most:
                self._behind = True
                return
            key = conversation.Key(update.chat_id, conversation.lane_of(update))
            try:
                await self._conversations.tell(key, Hear(update=update))
            except RuntimeFault as problem:
                log.warning("An update stays in the inbox: %r", problem)
                self._behind = True
                return
            self._in_hand.add(update.id)
            self._last = max(self._last, update.seq)

    def _let_go(self) -> None:
        """Tell who brought updates that they may confirm; while we are behind they wait."""
        if not self._behind:
            for order in self._held:
                order.reply.send(None)
            self._held.clear()


def _pending(arrived: Arrived, seq: int) -> Pending:
    return Pending(
        id=arrived.id,
        seq=seq,
        chat_id=arrived.chat_id,
        kind=arrived.kind,
        body=arrived.body,
        tries=0,
    )
