"""The clerk: writes what programs ask for, for all who wait with one statement.

Owns the dialogs that the API starts and changes. Each who asks gets a verdict of their
own: what was written, or why not. What belongs together (a key that may be used once, the
dialog, the answer that is kept) is one transaction, and the cache is told before anybody
is answered, so that who reads after a write reads what was written. A fall loses nothing:
who waits is told, and what was committed is found under its key when they ask again.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, TypeAlias, TypeVar, assert_never

import anyio
from msgspec import Struct

from vitte.actors import cache
from vitte.actors.shelf import Shelf
from vitte.errors import Contradiction, DatabaseBusy, NotThere, VersionGone, VitteError
from vitte.runtime import Life, Ref, Reply
from vitte.store import dialogs, idempotency
from vitte.store.idempotency import Answer, Key
from vitte.store.pool import Database, Session, Transaction
from vitte.store.users import UserId

ANSWER_SECONDS: Final = 30.0
MOST_AT_ONCE: Final = 256


class Once(Struct, frozen=True, kw_only=True):
    """What makes a request one that is done once: its key, its digest, and how it is answered."""

    key: Key
    request: bytes
    answer: Callable[[dialogs.Dialog], Answer]


class StartDialog(Struct, frozen=True, kw_only=True):
    """Start a dialog."""

    wish: dialogs.Wish
    reply: Reply[dialogs.Dialog]


class StartDialogOnce(Struct, frozen=True, kw_only=True):
    """Start a dialog, or give the answer to the same request of before."""

    wish: dialogs.Wish
    once: Once
    reply: Reply["Settled"]


class ChangeDialog(Struct, frozen=True, kw_only=True):
    """Change a dialog; it is not opened by this."""

    change: dialogs.Change
    reply: Reply[dialogs.Dialog]


Message: TypeAlias = StartDialog | StartDialogOnce | ChangeDialog
Order = TypeVar("Order", StartDialog, StartDialogOnce, ChangeDialog)


class Settled(Struct, frozen=True, kw_only=True):
    """An answer, and whether it is that of a request before this one."""

    answer: Answer
    replayed: bool


async def start_dialog(clerk: Ref[Message], wish: dialogs.Wish) -> dialogs.Dialog:
    """Have a dialog started.

    Raises:
        NotThere: The person is not known.
        Contradiction: The character is not offered.
        VitteError, RuntimeFault: It was not written; ask again.
    """
    return await clerk.ask(lambda reply: StartDialog(wish=wish, reply=reply), within=ANSWER_SECONDS)


async def start_dialog_once(clerk: Ref[Message], wish: dialogs.Wish, once: Once) -> Settled:
    """Have a dialog started, once however often it is asked with this key.

    Raises:
        NotThere, Contradiction: As for ``start_dialog``; the key is free again then.
        Contradiction: The key came with another request.
    """
    return await clerk.ask(
        lambda reply: StartDialogOnce(wish=wish, once=once, reply=reply), within=ANSWER_SECONDS
    )


async def change_dialog(clerk: Ref[Message], change: dialogs.Change) -> dialogs.Dialog:
    """Have a dialog changed.

    Raises:
        NotThere: There is none, or not for the one who asks.
        VersionGone: It was changed since they read it.
    """
    return await clerk.ask(
        lambda reply: ChangeDialog(change=change, reply=reply), within=ANSWER_SECONDS
    )


class Clerk:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        database: Database,
        cache: cache.Front,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._cache = cache
        self._clock = clock

    async def run(self, life: Life[Message]) -> None:
        """Write for all who wait, for ever; nobody twice in one statement."""
        life.ready()
        while True:
            starts: list[StartDialog] = []
            once: list[StartDialogOnce] = []
            changes: list[ChangeDialog] = []
            for order in await life.receive_all(most=MOST_AT_ONCE):
                match order:
                    case StartDialog():
                        starts.append(order)
                    case StartDialogOnce():
                        once.append(order)
                    case ChangeDialog():
                        changes.append(order)
                    case _:
                        assert_never(order)
            for orders in in_rounds(changes, lambda order: (order.change.dialog,)):
                await self._serve(self._change, orders)
            for orders in in_rounds(starts, lambda order: (order.wish.user,)):
                await self._serve(self._start, orders)
            for orders in in_rounds(once, lambda order: (order.wish.user, order.once.key)):
                await self._serve(self._start_once, orders)

    async def _serve(
        self, write: Callable[[Sequence[Order]], Awaitable[None]], orders: Sequence[Order]
    ) -> None:
        """Write together; where that fails through one of them, each alone, at once.

        Who waits in PostgreSQL for somebody else's lock holds up nobody but themselves.
        """
        try:
            await write(orders)
        except VitteError as problem:
            alone = isinstance(problem, DatabaseBusy | Contradiction) and len(orders) > 1
            if not alone:
                await self._fail(orders, problem)
                return
        except Exception as problem:  # noqa: BLE001  # one of them is poison: find out which
            if len(orders) == 1:
                await self._fail(orders, problem)
                return
        else:
            return
        async with anyio.create_task_group() as group:
            for order in orders:
                group.start_soon(self._serve, write, [order])

    async def _fail(self, orders: Sequence[Message], problem: Exception) -> None:
        """Say that it was not written; it may have been, if PostgreSQL hung up at the commit."""
        found = {_whose(order, self._cache.shelf) for order in orders}
        await self._tell(user for user in found if user is not None)
        for order in orders:
            order.reply.fail(problem)

    async def _start(self, orders: Sequence[StartDialog]) -> None:
        wishes = [order.wish for order in orders]
        with self._cache.shelf.fence.reading() as began:
            found = await _started(self._database, wishes, self._clock())
            await self._renew((each for each in found if isinstance(each, dialogs.Dialog)), began)
        for order, verdict in zip(orders, found, strict=True):
            _say(order.reply, verdict)

    async def _start_once(self, orders: Sequence[StartDialogOnce]) -> None:
        now = self._clock()
        async with self._database.transaction() as transaction:
            requests = {order.once.key: order.once.request for order in orders}
            before = await idempotency.claim(transaction, requests, now)
            fresh = [order for order in orders if order.once.key not in before]
            found = await _written_once(transaction, fresh, now)
        await self._tell(order.wish.user for order in fresh)
        for order in orders:
            if (kept := before.get(order.once.key)) is None:
                _say(order.reply, found[order.once.key])
            elif (answer := kept.answer(order.once.request)) is not None:
                order.reply.send(Settled(answer=answer, replayed=True))
            else:
                problem = "this key came with another request"
                order.reply.fail(Contradiction(problem, "Idempotency-Key"))

    async def _change(self, orders: Sequence[ChangeDialog]) -> None:
        changes = [order.change for order in orders]
        with self._cache.shelf.fence.reading() as began:
            found = await dialogs.change_many(self._database, changes, self._clock())
            # Whoever was late: what they had read, from the cache perhaps, is not what stands.
            late = {each.owner for each in found if each.owner is not None and each.dialog is None}
            rows = (each.dialog for each in found if each.dialog is not None)
            await self._renew((row for row in rows if row.user_id not in late), began)
            await self._tell(late)
        for order, changed in zip(orders, found, strict=True):
            refusal = NotThere("dialog") if changed.owner is None else VersionGone()
            _say(order.reply, refusal if changed.dialog is None else changed.dialog)

    async def _renew(self, rows: Iterable[dialogs.Dialog], began: int) -> None:
        """Have the cache put right what is kept of dialogs that are now like this."""
        of: defaultdict[UserId, list[dialogs.Dialog]] = defaultdict(list)
        for row in rows:
            of[row.user_id].append(row)
        for user, changed in of.items():
            await cache.renew_talk(self._cache, user, changed, began=began)

    async def _tell(self, users: Iterable[UserId]) -> None:
        """Have the cache drop what has changed."""
        for user in users:
            await cache.forget_talk(self._cache, user, cache.DIALOGS)


async def _started(
    session: Session, wishes: Sequence[dialogs.Wish], now: datetime
) -> list[dialogs.Dialog | VitteError]:
    """Start what can be started, and say of the rest why not."""
    return [
        each.dialog or _why_not(each) for each in await dialogs.start_many(session, wishes, now)
    ]


def _why_not(started: dialogs.Started) -> VitteError:
    if not started.known:
        return NotThere("user")
    return Contradiction("this character is not offered", "character_id")


async def _written_once(
    transaction: Transaction, orders: Sequence[StartDialogOnce], now: datetime
) -> dict[Key, Settled | VitteError]:
    """Start what can be started, keep what is answered, and free the keys of the rest."""
    if not orders:
        return {}
    found = await _started(transaction, [order.wish for order in orders], now)
    verdicts: dict[Key, Settled | VitteError] = {
        order.once.key: each
        if isinstance(each, VitteError)
        else Settled(answer=order.once.answer(each), replayed=False)
        for order, each in zip(orders, found, strict=True)
    }
    answers = {key: each.answer for key, each in verdicts.items() if isinstance(each, Settled)}
    if answers:
        await idempotency.keep(transaction, answers)
    if refused := [key for key in verdicts if key not in answers]:
        await idempotency.free(transaction, refused)
    return verdicts


def in_rounds(
    orders: Iterable[Order], uses: Callable[[Order], tuple[object, ...]]
) -> Iterable[list[Order]]:
    """Share orders out so that in no round two use the same, those for one thing in their order."""
    rounds: list[list[Order]] = []
    turns: dict[object, int] = {}
    for order in orders:
        mine = max(turns.get(one, 0) for one in uses(order))
        turns |= dict.fromkeys(uses(order), mine + 1)
        if mine == len(rounds):
            rounds.append([])
        rounds[mine].append(order)
    return rounds


T = TypeVar("T")


def _say(reply: Reply[T], verdict: T | VitteError) -> None:
    if isinstance(verdict, VitteError):
        reply.fail(verdict)
    else:
        reply.send(verdict)


def _whose(order: Message, shelf: Shelf) -> UserId | None:
    """Whose dialog it is about, as far as anybody knows here."""
    match order:
        case ChangeDialog(change=change):
            return change.user or shelf.owner("dialog", change.dialog)
        case _:
            return order.wish.user
