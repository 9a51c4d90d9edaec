"""The cache: what is read again and again, kept near for a while.

Three shelves, one behind the other: this process's memory (``shelf.py``), Redis
(``redis_shelf.py``) for what other processes want too, PostgreSQL. What lies in memory
is found without a message to anybody; all else that waits is served together, with
one MGET and one query a noun, so that 500 who ask for the same cost one query. What was
read before a change is never kept after it, here or in Redis (``fence.py``). Redis away
is a slower cache, not an error. A fall empties the memory and loses nothing.

To add a noun, describe it beside what reads it, and ask for it::

    DIALOG: Final = cache.Noun(
        "dialog",                                      # its name in the metrics
        fetch=dialogs.get_many,                        # (database, keys) -> {key: row}, one query
        seconds=60.0,                                  # how long it is good
        owner=lambda _id, row: row and row.user_id,    # whose it is, unless the key says so
        none_seconds=0.0,                              # how long "there is none" is good
        renewed=lambda _id, row, now: now if now.id == row.id else row,  # after a change
        size=lambda row: 400,                          # bytes, unless it is bytes itself
    )
    row = await cache.get(services.cache, DIALOG, dialog_id)
    await cache.forget(services.cache, user, DIALOG)   # after the commit; without nouns: all

A key that is a person, or a tuple that begins with one, needs no ``owner``. Keys are
hashable, values are shared by all who ask: never change one. A noun lives in memory only,
unless it is given ``in_redis``.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, TypeAlias, TypeVar, assert_never

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from vitte import config, metrics
from vitte.actors.circle import Circle
from vitte.actors.fetching import Fetcher, Wanted, answered_from_memory
from vitte.actors.lane import Lane
from vitte.actors.link import Link
from vitte.actors.noun import DIALOGS, NOBODY, OFFERED, SUBSCRIPTION, TALK, USER, InRedis, Noun
from vitte.actors.redis_shelf import Fill, RedisShelf
from vitte.actors.shelf import Shelf
from vitte.errors import RedisAway
from vitte.runtime import Life, Ref, Reply, RuntimeFault
from vitte.store import subscriptions, users
from vitte.store.characters import Character
from vitte.store.dialogs import Dialog
from vitte.store.users import UserId

__all__ = ["DIALOGS", "SUBSCRIPTION", "TALK", "USER", "InRedis", "Noun"]

K = TypeVar("K")
T = TypeVar("T")
# Longer than the database lets anybody wait for a connection and a statement.
ANSWER_SECONDS: Final = 20.0


class Get(Wanted, frozen=True, kw_only=True):
    """What is there under this key? It does not lie in memory."""


class Forget(Struct, frozen=True, kw_only=True):
    """This person's rows have changed; said after the commit. The memory knows already."""

    user: UserId
    reply: Reply[None]


class Tell(Struct, frozen=True, kw_only=True):
    """Something of this person has changed that lives in memories only: the others must know."""

    user: UserId
    nouns: frozenset[str]


class TellAll(Struct, frozen=True, kw_only=True):
    """Much has changed that lives in memories: the others must drop theirs."""


Message: TypeAlias = Get | Forget | Tell | TellAll


class Front:
    """What others hold of the cache: its memory, and the address of the actor behind it.

    It outlives the actor's lives, and with it what the others have not been told yet.
    """

    __slots__ = ("circle", "ref", "shelf")

    def __init__(self, ref: Ref[Message], settings: config.Cache | None = None) -> None:
        settings = settings or config.Cache()
        self.ref = ref
        self.shelf = Shelf(most=settings.memory_entries, most_bytes=settings.memory_bytes)
        self.circle = Circle()


async def get(front: Front, noun: Noun[K, T], key: K) -> T | None:
    """What is there under a key, as it was at most so long ago as the noun allows.

    Raises:
        VitteError: It is not kept, and PostgreSQL cannot be asked.
    """
    kept = front.shelf.look(noun, key)
    if kept is not None:
        noun.counted_memory.inc()
        return kept.value
    return await front.ref.ask(
        lambda reply: Get(noun=noun, key=key, reply=reply), within=ANSWER_SECONDS
    )


async def get_user(front: Front, user: UserId) -> users.Profile | None:
    """The person as they were at most ``cache.user_seconds`` ago; None before the first contact."""
    return await get(front, USER, user)


async def get_subscription(front: Front, user: UserId) -> subscriptions.Subscription | None:
    """The person's subscription as it was at most ``cache.subscription_seconds`` ago."""
    return await get(front, SUBSCRIPTION, user)


async def get_offered(front: Front) -> Sequence[Character]:
    """The characters that are offered, in their order, as they were at most a minute ago."""
    return await get(front, OFFERED, "all") or ()


async def forget_offered(front: Front) -> None:
    """Drop what is kept of the characters, here and in the other processes. Call it after the commit."""
    await forget(front, NOBODY, OFFERED)


async def forget(front: Front, user: UserId, *nouns: Noun[Any, Any]) -> None:
    """Drop what is kept of a person: of these nouns, or all. Call it after the commit.

    The memory forgets at once; when the answer is there, Redis has forgotten as well (or it
    is away, and will be told before it is asked for this person again). For nouns that live
    in memory only there is nothing to wait for.
    """
    names = frozenset(noun.name for noun in nouns)
    front.shelf.drop(user, names)
    if not nouns or any(noun.in_redis is not None for noun in nouns):
        front.circle.owed.add(user)
        return await front.ref.ask(
            lambda reply: Forget(user=user, reply=reply), within=ANSWER_SECONDS
        )
    await _tell_others(front, user, names)
    return None


async def forget_talk(front: Front, user: UserId, nouns: frozenset[str] = TALK) -> None:
    """Drop what is kept of a person's dialogs and of what was said in them, after the commit.

    ``DIALOGS`` instead leaves what was said, for who changed only what is said about it.
    """
    front.shelf.drop(user, nouns)
    await _tell_others(front, user, nouns)


async def renew_talk(front: Front, user: UserId, rows: Sequence[Dialog], *, began: int) -> None:
    """Put right what is kept of a person's dialogs after the commit that left these rows.

    ``began`` is the step (``front.shelf.fence.reading``) at which the change began. The other
    processes drop what they have.
    """
    front.shelf.renew(user, rows, DIALOGS, began=began)
    await _tell_others(front, user, DIALOGS)


async def forget_everything(front: Front) -> None:
    """Drop all that lies in memories, here and in other processes: so much was changed at once."""
    front.shelf.clear()
    front.circle.untold = True
    with suppress(RuntimeFault):  # without the actor they hear it later
        await front.ref.tell(TellAll())


async def _tell_others(front: Front, user: UserId, nouns: frozenset[str]) -> None:
    """Have the others drop it too, if there are others; without the actor they hear it later."""
    if front.circle.others:
        try:
            await front.ref.tell(Tell(user=user, nouns=nouns))
        except RuntimeFault:
            front.circle.untold = True


Order: TypeAlias = Fill | Forget | Tell | TellAll
"""What goes to Redis in one trip."""


class Cache:
    """One life, from a start to the next fall."""

    def __init__(self, *, front: Front, redis: RedisShelf, fetcher: Fetcher, link: Link) -> None:
        self._shelf = front.shelf
        self._circle = front.circle
        self._redis = redis
        self._fetcher = fetcher
        self._link = link

    async def run(self, life: Life[Message]) -> None:
        """Serve all who wait together, for ever."""
        self._shelf.clear()
        async with anyio.create_task_group() as group:
            self._open_lanes(group)
            try:
                group.start_soon(self._link.run)
                group.start_soon(self._redis.pay)
                life.ready()
                while True:
                    self._sort(await life.receive_all())
            finally:
                self._shelf.clear()
                if self._writes.busy:  # what was under way may not have been told
                    self._circle.untold = True

    def _open_lanes(self, group: TaskGroup) -> None:
        self._reads = Lane(group, self._read)
        self._writes = Lane(group, self._write)
        self._fetches: defaultdict[str, Lane[Wanted]] = defaultdict(
            lambda: Lane(group, self._fetch)
        )

    def _sort(self, messages: Sequence[Message]) -> None:
        shared: list[Get] = []
        own: defaultdict[str, list[Wanted]] = defaultdict(list)
        changed: list[Order] = []
        for message in messages:
            match message:
                case Get(noun=noun):
                    if noun.in_redis is None:
                        own[noun.name].append(message)
                    else:
                        shared.append(message)
                case Forget() | Tell() | TellAll():
                    changed.append(message)
                case _:
                    assert_never(message)
        self._reads.add(shared)
        for name, questions in own.items():
            self._fetches[name].add(questions)
        self._writes.add(changed)

    async def _read(self, questions: list[Get]) -> None:
        """Look into Redis for all who wait, whatever they want."""
        questions = answered_from_memory(self._shelf, questions)
        wanted = list(dict.fromkeys((question.noun, question.key) for question in questions))
        missing: defaultdict[str, list[Wanted]] = defaultdict(list)
        with self._shelf.fence.reading() as began:
            found = dict(zip(wanted, await self._redis.read(wanted), strict=True))
            for question in questions:
                noun, key = question.noun, question.key
                kept = found[noun, key]
                if kept is None or kept.value is None:
                    mark = None if kept is None else kept.mark
                    left = Wanted(noun=noun, key=key, reply=question.reply, mark=mark)
                    missing[noun.name].append(left)
                    continue
                noun.counted_redis.inc()
                self._shelf.put(noun, key, kept.value, seconds=kept.seconds, began=began)
                question.reply.send(kept.value)
        for name, waiting in missing.items():
            self._fetches[name].add(waiting)

    async def _fetch(self, wanted: list[Wanted]) -> None:
        """Ask PostgreSQL for all who want the same noun."""
        self._writes.add([*await self._fetcher.fetch(wanted)])

    async def _write(self, orders: list[Order]) -> None:
        """Tell the others, and Redis, what was changed and what was read; it may be away."""
        forgets = [order for order in orders if isinstance(order, Forget)]
        told = [(order.user, order.nouns) for order in orders if isinstance(order, Tell)]
        if changed := len(forgets) + len(told):
            metrics.cache_forgotten.labels("us").inc(changed)
        try:
            await self._redis.write([each for each in orders if isinstance(each, Fill)], told)
            while any(order.user in self._circle.owed for order in forgets):
                await self._redis.write()
        except RedisAway:
            pass  # what was read is read again; what was changed is owed
        for order in forgets:
            order.reply.send(None)
        metrics.cache_memory.labels("entries").set(len(self._shelf))
        metrics.cache_memory.labels("bytes").set(self._shelf.size)
