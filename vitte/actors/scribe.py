"""The scribe: writes what came of an update, all of it in one transaction.

What a person said, what is answered, counters, the words that go out and "done"
are committed together or not at all. All turns that wait share a transaction, so
that a busy hour costs a commit for many. An update that was finished before is
left as it is, with everything that would have come of it: nothing is applied
twice. A fall loses nothing: who asked is told, and asks again.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from msgspec import Struct

from vitte import metrics
from vitte.actors import cache, outbox
from vitte.errors import VitteError
from vitte.runtime import Life, Ref, Reply, RuntimeFault
from vitte.store import messages, updates, usage
from vitte.store import outbox as words_store
from vitte.store.outbox import Waiting, Words
from vitte.store.pool import Database, Transaction
from vitte.store.users import UserId

ANSWER_SECONDS: Final = 30.0
MOST_AT_ONCE: Final = 256

log = logging.getLogger(__name__)

# A write of its own that belongs to a turn, as a choice of language.
Change: TypeAlias = Callable[[Transaction], Awaitable[object]]


class Turn(Struct, frozen=True, kw_only=True):
    """What came of one update: how it ended, and all that is to be written with that."""

    finished: updates.Finished
    words: tuple[Words, ...] = ()
    exchange: messages.Exchange | None = None
    used: usage.Used | None = None
    changes: tuple[Change, ...] = ()
    changed: tuple[UserId, ...] = ()


class Settle(Struct, frozen=True, kw_only=True):
    """Write this turn; the reply is False when its update was finished before."""

    turn: Turn
    reply: Reply[bool]


Message: TypeAlias = Settle


async def settle(scribe: Ref[Message], turn: Turn) -> bool:
    """Have a turn written; gives whether it was, or whether its update was finished before.

    Raises:
        VitteError, RuntimeFault: It was not written; try again.
    """
    return await scribe.ask(lambda reply: Settle(turn=turn, reply=reply), within=ANSWER_SECONDS)


class Scribe:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        database: Database,
        outbox: Ref[outbox.Message],
        cache: cache.Front,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._cache = cache
        self._clock = clock

    async def run(self, life: Life[Message]) -> None:
        """Write for all who wait, in one transaction, for ever."""
        life.ready()
        await outbox.look(self._outbox)  # the life before may have committed and not told
        while True:
            await self._serve(await life.receive_all(most=MOST_AT_ONCE))

    async def _serve(self, orders: Sequence[Settle]) -> None:
        try:
            written = await self._write([order.turn for order in orders])
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
            for order in orders:
                order.reply.send(order.turn.finished.id in written)

    async def _write(self, turns: Sequence[Turn]) -> frozenset[updates.UpdateId]:
        now = self._clock()
        async with self._database.transaction() as transaction:
            ours = await updates.finish(transaction, [turn.finished for turn in turns], now)
            kept = [turn for turn in turns if turn.finished.id in ours]
            waiting = await _write_all(transaction, kept, now)
        for turn in kept:
            _count(turn)
        await self._tell(kept, waiting)
        return ours

    async def _tell(self, written: Sequence[Turn], waiting: Sequence[Waiting]) -> None:
        """Tell who must know. It is written: whoever cannot be told now finds it later."""
        try:
            if waiting:
                await outbox.post(self._outbox, waiting)
            for user in {user for turn in written for user in turn.changed}:
                await cache.forget(self._cache, user)
        except (VitteError, RuntimeFault) as problem:
            log.warning("Written, and not told: %s: %s", type(problem).__name__, problem)


async def _write_all(
    transaction: Transaction, turns: Sequence[Turn], now: datetime
) -> list[Waiting]:
    for turn in turns:
        for change in turn.changes:
            await change(transaction)
    if exchanges := [turn.exchange for turn in turns if turn.exchange is not None]:
        await messages.add_exchanges(transaction, exchanges, now)
    if used := [turn.used for turn in turns if turn.used is not None]:
        await usage.add_many(transaction, used)
    words = [each for turn in turns for each in turn.words]
    return await words_store.add(transaction, words, now) if words else []


def _count(turn: Turn) -> None:
    metrics.updates_done.labels(turn.finished.outcome).inc()
    if (exchange := turn.exchange) is not None:
        metrics.messages_stored.labels("user").inc(exchange.said is not None)
        metrics.messages_stored.labels("character").inc(len(exchange.answered))
