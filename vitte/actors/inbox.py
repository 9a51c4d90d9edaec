"""The inbox: nothing is acknowledged that is not written down.

Each update goes at once to its chat's own conversation, in the order of arrival.
Whoever brought it is told that it may be confirmed when it is in the table: written
with its answer, when that comes within a blink (one commit for both), else kept there
for later, all that wait with one statement. A known one is told the same and leaves
no second trace. What is in hand is bounded: beyond that, updates wait in the table,
in their order, and what is urgent passes by. A fall loses nothing: the next life
takes up whatever is not finished, and what was not confirmed is brought again.
"""

import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeAlias, assert_never

import anyio
from msgspec import Struct

from vitte import metrics
from vitte.actors import conversation, scribe
from vitte.actors.conversation import Conversations, Hear, Key
from vitte.errors import VitteError
from vitte.runtime import Life, Ref, Reply, RuntimeFault
from vitte.store import updates
from vitte.store.pool import Database
from vitte.store.updates import Arrived, Pending, UpdateId

MOST_URGENT: Final = 1_000
BLINK_SECONDS: Final = 0.02
# With more than that in hand an answer does not come within a blink, and whoever pays waits behind.
FEW: Final = 64
GLANCE_SECONDS: Final = 5.0
PAUSE_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 60.0
REMEMBERED: Final = 4_096

log = logging.getLogger(__name__)


class Take(Struct, frozen=True, kw_only=True):
    """Have these answered; the reply says that they are written down and may be confirmed."""

    arrived: tuple[Arrived, ...]
    reply: Reply[None]


class Done(Struct, frozen=True, kw_only=True):
    """An update was finished, and that is written down."""

    update: UpdateId


Message: TypeAlias = Take | Done


class Bounds(Struct, frozen=True, kw_only=True):
    """How many updates are in hand at most, in all and of one chat; and how long a life is wary.

    After a start Telegram brings again what the life before may have finished: for these
    seconds updates are written down before they are answered, which tells the known ones.
    """

    in_hand: int = 1_000
    a_chat: int = 32
    wary_seconds: float = 5.0


async def take(inbox: Ref[Message], arrived: Sequence[Arrived]) -> None:
    """Hand updates over; returns when they are written down and may be confirmed.

    Raises:
        VitteError, RuntimeFault: They were not, or nobody knows; bring them again.
    """
    return await inbox.ask(
        lambda reply: Take(arrived=tuple(arrived), reply=reply), within=ANSWER_SECONDS
    )


async def done(inbox: Ref[Message], update: UpdateId) -> None:
    """Tell that an update was finished. It goes before what is still to be taken."""
    await inbox.tell(Done(update=update), control=True)


class Order(Struct):
    """Who brought updates, and how many of them are still to be written down."""

    reply: Reply[None]
    missing: int

    def written(self) -> None:
        """One more is written down; the last one lets all be confirmed."""
        self.missing -= 1
        if not self.missing:
            self.reply.send(None)


class Inbox:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        database: Database,
        scribe: Ref[scribe.Message],
        conversations: Conversations,
        clock: Callable[[], datetime],
        bounds: Bounds | None = None,
    ) -> None:
        self._database = database
        self._scribe = scribe
        self._conversations = conversations
        self._clock = clock
        self._bounds = bounds or Bounds()
        self._in_hand: dict[UpdateId, Key] = {}
        self._held_by = Counter[Key]()
        self._full: set[Key] = set()  # whose further updates wait in the table
        # Not known to be in the table: when it came, in the order of coming, and who waits for it.
        self._unwritten: OrderedDict[UpdateId, tuple[float, Pending]] = OrderedDict()
        self._owed: dict[UpdateId, list[Order]] = {}
        self._known: OrderedDict[UpdateId, None] = OrderedDict()  # lately written down
        self._behind = True  # there is more in the table; until it has been read, who knows
        self._look = False
        self._glanced = 0.0
        self._wary_until = 0.0

    async def run(self, life: Life[Message]) -> None:
        """Take up what is unfinished, then take what comes, for ever."""
        life.ready()
        self._wary_until = anyio.current_time() + self._bounds.wary_seconds
        while True:
            await self._catch_up()
            batch: list[Message] = []
            with anyio.move_on_after(self._patience()):
                batch = await life.receive_all()
            await self._serve(batch)
            await self._keep_what_waits()
            metrics.updates_in_hand.set(len(self._in_hand))

    def _patience(self) -> float:
        """How long nothing needs to be done, in seconds, if nothing comes."""
        if not self._owed:
            return GLANCE_SECONDS
        came, _ = self._unwritten[next(iter(self._owed))]
        return max(0.0, came + self._blink() - anyio.current_time())

    def _blink(self) -> float:
        """How long an answer may take to be written with its update, in seconds."""
        return BLINK_SECONDS if len(self._in_hand) <= FEW else 0.0

    async def _serve(self, batch: Sequence[Message]) -> None:
        fresh: list[Pending] = []
        for message in batch:
            match message:
                case Take():
                    fresh += self._take(message)
                case Done(update=update):
                    self._done(update)
                case _:
                    assert_never(message)
        if fresh and anyio.current_time() < self._wary_until:
            new = await self._keep(fresh)
            fresh = [each for each in fresh if each.id in new]
        await self._forward(fresh)

    def _take(self, message: Take) -> list[Pending]:
        """Note who waits for what; gives what is not in hand and was not written down lately."""
        now, moment = self._clock(), anyio.current_time()
        fresh: list[Pending] = []
        wanted: dict[UpdateId, None] = {}
        for each in message.arrived:
            if each.id in self._known:
                continue  # it is in the table
            wanted[each.id] = None
            if each.id not in self._unwritten:
                pending = Pending(
                    id=each.id,
                    chat_id=each.chat_id,
                    kind=each.kind,
                    body=each.body,
                    received_at=now,
                )
                self._unwritten[each.id] = (moment, pending)
                fresh.append(pending)
        if not wanted:
            message.reply.send(None)
        order = Order(message.reply, len(wanted))
        for update in wanted:
            self._owed.setdefault(update, []).append(order)
        return fresh

    def _done(self, update: UpdateId) -> None:
        key = self._in_hand.pop(update, None)
        if key is not None:
            self._let_go(key)
        self._written(update)

    def _let_go(self, key: Key) -> None:
        """One less in hand for a conversation; one that was full is looked for when half is done."""
        self._held_by[key] -= 1
        if not self._held_by[key]:
            del self._held_by[key]
        if key in self._full and self._held_by[key] <= self._bounds.a_chat // 2:
            self._look = True

    def _written(self, update: UpdateId) -> None:
        self._known[update] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self._unwritten.pop(update, None)
        for order in self._owed.pop(update, ()):
            order.written()

    async def _keep_what_waits(self) -> None:
        """Have written down what was not answered within a blink, and what is not in hand."""
        due = anyio.current_time() - self._blink()
        waiting = [
            pending
            for update, (came, pending) in self._unwritten.items()
            if update in self._owed and (came <= due or update not in self._in_hand)
        ]
        if waiting:
            await self._keep(waiting)

    async def _keep(self, pending: Sequence[Pending]) -> frozenset[UpdateId]:
        """Have updates written down; gives those that were new."""
        try:
            new = await scribe.keep(self._scribe, pending)
        except (VitteError, RuntimeFault) as problem:  # PostgreSQL is away: Telegram keeps them
            for each in pending:
                self._refuse(each.id, problem)
            return frozenset()
        for each in pending:
            self._written(each.id)
        return new

    def _refuse(self, update: UpdateId, problem: Exception) -> None:
        if update not in self._in_hand:
            self._unwritten.pop(update, None)
        for order in self._owed.pop(update, ()):
            order.reply.fail(problem)

    async def _catch_up(self) -> None:
        """Hand over from the table what is not in hand, as far as there is room.

        Also now and then when nothing is known to be left there: an operator may
        have put a dead letter back.
        """
        # Behind, the table is read when a quarter is free, and not for each that is done.
        roomy = len(self._in_hand) <= self._bounds.in_hand - max(1, self._bounds.in_hand // 4)
        glances = anyio.current_time() >= self._glanced + GLANCE_SECONDS
        if not (self._look or glances or (self._behind and roomy)):
            return
        try:
            found = await updates.list_pending(
                self._database, limit=2 * self._bounds.in_hand, a_chat=self._bounds.a_chat
            )
        except VitteError as problem:
            log.warning("The inbox cannot be read: %s", problem)
            await anyio.sleep(PAUSE_SECONDS)
            return
        self._glanced, self._look = anyio.current_time(), False
        self._behind = len(found) == 2 * self._bounds.in_hand
        listed = Counter(each.chat_id for each in found)
        self._full.clear()
        await self._forward([each for each in found if each.id not in self._in_hand])
        # Of these chats there may be more than was listed.
        many = {chat for chat, count in listed.items() if count >= self._bounds.a_chat}
        self._full |= {key for key in self._held_by if key.chat in many}

    async def _forward(self, updates: Sequence[Pending]) -> None:
        """Hand updates to their conversations, in order, while there is room.

        What finds none waits in the table, and all that comes after it, so that
        the order holds. A chat has its own share of the room, so that one alone cannot
        take it from all; what is urgent passes by.
        """
        for update in updates:
            key = conversation.key_of(update)
            urgent = key.which == "urgent"
            most = self._bounds.in_hand + MOST_URGENT * urgent
            if len(self._in_hand) >= most or (self._behind and not urgent):
                self._behind = True
            elif key in self._full or self._held_by[key] >= self._bounds.a_chat:
                self._full.add(key)
            elif not await self._hand_over(key, update):
                self._behind = True

    async def _hand_over(self, key: Key, update: Pending) -> bool:
        try:
            await self._conversations.tell(key, Hear(update=update))
        except RuntimeFault as problem:
            log.warning("An update stays in the inbox: %r", problem)
            return False
        self._in_hand[update.id] = key
        self._held_by[key] += 1
        return True
