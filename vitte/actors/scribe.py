"""The scribe: writes what is to be kept of updates and what came of them, together.

What a person said, what is answered, counters, the words that go out and "done"
are committed together or not at all, and so are the updates that the inbox wants
kept. All that waits shares one statement and one commit, so that a busy hour costs
a commit for many and a quiet one a single commit an update. An update that was
finished before is left as it is, with everything that would have come of it: nothing
is applied twice. A fall loses nothing: who asked is told, and asks again.
"""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from msgspec import Struct, structs

from vitte import metrics
from vitte.actors import cache, outbox
from vitte.actors.marks import Marks
from vitte.errors import DatabaseAway, DatabaseSlow, VitteError
from vitte.runtime import Life, Ref, Reply, RuntimeFault
from vitte.store import turns
from vitte.store.outbox import Waiting
from vitte.store.pool import Database, Transaction
from vitte.store.turns import Written
from vitte.store.updates import Pending, UpdateId
from vitte.store.users import UserId

ANSWER_SECONDS: Final = 30.0
MOST_AT_ONCE: Final = 256
REMEMBERED: Final = 8_192

log = logging.getLogger(__name__)

# A write of its own that belongs to a turn, as a choice of language.
Change: TypeAlias = Callable[[Transaction], Awaitable[object]]


class Turn(turns.Turn, frozen=True, kw_only=True):
    """All that came of one update, with writes of its own and whom the cache must forget."""

    changes: tuple[Change, ...] = ()
    changed: tuple[UserId, ...] = ()
    talked: tuple[UserId, ...] = ()
    """Whose dialogs have changed by a write of its own."""

    def in_dialogs_of(self) -> Iterator[UserId]:
        """Whose dialogs are others than before."""
        yield from self.talked
        if self.exchange is not None:
            yield self.exchange.user_id


class Settle(Struct, frozen=True, kw_only=True):
    """Write this turn; the reply is False when its update was finished before."""

    turn: Turn
    reply: Reply[bool]


class Keep(Struct, frozen=True, kw_only=True):
    """Write these updates down for later; the reply tells which were new."""

    updates: tuple[Pending, ...]
    reply: Reply[frozenset[UpdateId]]


Message: TypeAlias = Settle | Keep


async def settle(scribe: Ref[Message], turn: Turn) -> bool:
    """Have a turn written; gives whether it was, or whether its update was finished before.

    Raises:
        VitteError, RuntimeFault: It was not written; try again.
    """
    return await scribe.ask(lambda reply: Settle(turn=turn, reply=reply), within=ANSWER_SECONDS)


async def keep(scribe: Ref[Message], updates: Sequence[Pending]) -> frozenset[UpdateId]:
    """Have updates written down; gives those that were not known before.

    Raises:
        VitteError, RuntimeFault: They were not, or nobody knows; try again.
    """
    return await scribe.ask(
        lambda reply: Keep(updates=tuple(updates), reply=reply), within=ANSWER_SECONDS
    )


class Scribe:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        database: Database,
        outbox: Ref[outbox.Message],
        cache: cache.Front,
        marks: Marks,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._cache = cache
        self._marks = marks
        self._clock = clock
        self._books = Books()

    async def run(self, life: Life[Message]) -> None:
        """Write for all who wait, at once, for ever."""
        life.ready()
        await outbox.look(self._outbox)  # the life before may have committed and not told
        while True:
            await self._serve(await life.receive_all(most=MOST_AT_ONCE))

    async def _serve(self, orders: Sequence[Message]) -> None:
        settled = {each.turn.finished.id: each.turn for each in orders if isinstance(each, Settle)}
        kept = {
            update.id: update
            for each in orders
            if isinstance(each, Keep)
            for update in each.updates
            if update.id not in settled
        }
        try:
            written = await self._write(list(kept.values()), list(settled.values()))
        except VitteError as problem:  # PostgreSQL is away or busy: who asked decides
            for order in orders:
                order.reply.fail(problem)
        except Exception as problem:  # noqa: BLE001  # one of them is poison: find out which
            if len(orders) == 1:
                orders[0].reply.fail(problem)
                return
            for order in orders:
                await self._serve([order])
        else:
            _answer(orders, written)

    async def _write(
        self, kept: Sequence[Pending], settled: Sequence[Turn]
    ) -> Mapping[UpdateId, Written]:
        try:
            written = await self._commit(kept, settled)
        except (DatabaseAway, DatabaseSlow):  # it may be written all the same
            self._books.doubt(kept, settled)
            await self._drop(settled)
            raise
        written = self._books.enter(kept, settled, written)
        await self._tell([turn for turn in settled if turn.finished.id in written], written)
        return written

    async def _commit(
        self, kept: Sequence[Pending], settled: Sequence[Turn]
    ) -> dict[UpdateId, Written]:
        now = self._clock()
        # What the outbox has said meanwhile is marked along the way.
        with self._marks.taken() as said:
            if not any(turn.changes for turn in settled):
                rows = await turns.write(self._database, kept, settled, now, said=said)
                return {row.id: row for row in rows}
            async with self._database.transaction() as transaction:
                rows = await turns.write(transaction, kept, settled, now, said=said)
                written = {row.id: row for row in rows}
                for turn in settled:
                    if turn.finished.id in written:
                        for change in turn.changes:
                            await change(transaction)
            return written

    async def _drop(self, settled: Sequence[Turn]) -> None:
        """Have the cache drop the dialogs that are others than before, or may be."""
        for user in {user for turn in settled for user in turn.in_dialogs_of()}:
            await cache.forget_talk(self._cache, user)

    async def _tell(self, settled: Sequence[Turn], written: Mapping[UpdateId, Written]) -> None:
        """Tell who must know. It is written: whoever cannot be told now finds it later."""
        await self._drop(settled)
        waiting: list[Waiting] = []
        for turn in settled:
            waiting += turns.waiting(turn, written[turn.finished.id])
        try:
            if waiting:
                await outbox.post(self._outbox, waiting)
            for user in {user for turn in settled for user in turn.changed}:
                await cache.forget(self._cache, user)
        except (VitteError, RuntimeFault) as problem:
            log.warning("Written, and not told: %s: %s", type(problem).__name__, problem)


def _answer(orders: Sequence[Message], written: Mapping[UpdateId, Written]) -> None:
    settled: set[UpdateId] = set()
    for order in orders:
        match order:
            case Settle(turn=turn, reply=reply):
                number = turn.finished.id
                reply.send(number in written and number not in settled)
                settled.add(number)
            case Keep(updates=updates, reply=reply):
                reply.send(frozenset(each.id for each in updates if each.id in written))
            case _:
                assert_never(order)


class Books:
    """Counts what was received and what became of it, each update once.

    A connection that is lost at the commit leaves it open whether that took place. What was
    in doubt is remembered: found written when it comes again, it was ours and is counted then.
    """

    def __init__(self) -> None:
        self._received: OrderedDict[UpdateId, None] = OrderedDict()
        self._doubtful: OrderedDict[UpdateId, None] = OrderedDict()

    def doubt(self, kept: Sequence[Pending], settled: Sequence[Turn]) -> None:
        """Nobody knows whether these were written."""
        for number in (*(each.id for each in kept), *(each.finished.id for each in settled)):
            _remember(self._doubtful, number)

    def enter(
        self,
        kept: Sequence[Pending],
        settled: Sequence[Turn],
        written: Mapping[UpdateId, Written],
    ) -> dict[UpdateId, Written]:
        """Count what was written now, or in doubt before; gives all of it."""
        entered: dict[UpdateId, Written] = {}
        for update in (*kept, *(turn.finished.update for turn in settled)):
            row = written.get(update.id)
            if update.id in self._doubtful:
                del self._doubtful[update.id]
                row = row or Written(id=update.id, is_new=True, words=[])
                row = structs.replace(row, is_new=update.id not in self._received)
            if row is not None:
                entered[update.id] = row
                if row.is_new:
                    _remember(self._received, update.id)
                    metrics.updates_received.labels(update.kind).inc()
        for turn in settled:
            if turn.finished.id in entered:
                _count(turn)
        return entered


def _remember(memory: OrderedDict[UpdateId, None], update: UpdateId) -> None:
    memory[update] = None
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)


def _count(turn: Turn) -> None:
    metrics.updates_done.labels(turn.finished.outcome).inc()
    if (exchange := turn.exchange) is not None:
        metrics.messages_stored.labels("user").inc(exchange.said is not None)
        metrics.messages_stored.labels("character").inc(len(exchange.answered))
