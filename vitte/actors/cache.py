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
        size=lambda row: 400,                          # bytes, unless it is bytes itself
    )
    row = await cache.get(services.cache, DIALOG, dialog_id)
    await cache.forget(services.cache, user, DIALOG)   # after the commit; without nouns: all

A key that is a person, or a tuple that begins with one, needs no ``owner``. Keys are
hashable, values are shared by all who ask: never change one. A noun lives in memory only,
unless it is given ``in_redis`` and a place in ``SHARED``.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar, assert_never

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from vitte import config, metrics
from vitte.actors.lane import Lane
from vitte.actors.noun import SHARED, SUBSCRIPTION, USER, InRedis, Noun
from vitte.actors.redis_shelf import Fill, Owed, RedisShelf
from vitte.actors.shelf import Shelf
from vitte.errors import RedisAway, VitteError
from vitte.runtime import Life, Ref, Reply
from vitte.store import subscriptions, users
from vitte.store.pool import Database
from vitte.store.users import UserId

__all__ = ["SHARED", "SUBSCRIPTION", "USER", "InRedis", "Noun"]

K = TypeVar("K")
T = TypeVar("T")
# Longer than the database lets anybody wait for a connection and a statement.
ANSWER_SECONDS: Final = 20.0

log = logging.getLogger(__name__)


class Get(Struct, frozen=True, kw_only=True):
    """What is there under this key? It does not lie in memory."""

    noun: Noun[Any, Any]
    key: Any
    reply: Reply[Any]


class Forget(Struct, frozen=True, kw_only=True):
    """This person's rows have changed; said after the commit. The memory knows already."""

    user: UserId
    nouns: frozenset[str] = frozenset()
    reply: Reply[None]


Message: TypeAlias = Get | Forget


class Front:
    """What others hold of the cache: its memory, and the address of the actor behind it.

    It outlives the actor's lives, and with it what Redis has not been told yet.
    """

    __slots__ = ("owed", "ref", "shelf")

    def __init__(self, ref: Ref[Message], settings: config.Cache | None = None) -> None:
        settings = settings or config.Cache()
        self.ref = ref
        self.shelf = Shelf(most=settings.memory_entries, most_bytes=settings.memory_bytes)
        self.owed = Owed()


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


async def forget(front: Front, user: UserId, *nouns: Noun[Any, Any]) -> None:
    """Drop what is kept of a person: of these nouns, or all. Call it after the commit.

    The memory forgets at once; when the answer is there, Redis has forgotten as well (or it
    is away, and will be told before it is asked for this person again). For nouns that live
    in memory only there is nothing to wait for.
    """
    names = frozenset(noun.name for noun in nouns)
    front.shelf.drop(user, names)
    if nouns and all(noun.in_redis is None for noun in nouns):
        return None
    front.owed.add(user)
    return await front.ref.ask(
        lambda reply: Forget(user=user, nouns=names, reply=reply), within=ANSWER_SECONDS
    )


class Missing(Struct, frozen=True):
    """A question that only PostgreSQL can answer, and the mark in Redis before it was asked."""

    question: Get
    mark: bytes | None


class Cache:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        front: Front,
        database: Database,
        redis: RedisShelf,
        settings: config.Cache,
        clock: Callable[[], datetime],
    ) -> None:
        self._shelf = front.shelf
        self._owed = front.owed
        self._database = database
        self._settings = settings
        self._clock = clock
        self._redis = redis

    async def run(self, life: Life[Message]) -> None:
        """Serve all who wait together, for ever."""
        self._shelf.clear()
        try:
            async with anyio.create_task_group() as group:
                self._open_lanes(group)
                group.start_soon(self._redis.pay)
                life.ready()
                while True:
                    self._sort(await life.receive_all())
        finally:
            self._shelf.clear()

    def _open_lanes(self, group: TaskGroup) -> None:
        self._reads = Lane(group, self._read)
        self._writes = Lane(group, self._write)
        self._fetches: defaultdict[str, Lane[Missing]] = defaultdict(
            lambda: Lane(group, self._fetch)
        )

    def _sort(self, messages: Sequence[Message]) -> None:
        shared: list[Get] = []
        own: defaultdict[str, list[Missing]] = defaultdict(list)
        changed: list[Fill | Forget] = []
        for message in messages:
            match message:
                case Get(noun=noun):
                    if noun.in_redis is None:
                        own[noun.name].append(Missing(message, None))
                    else:
                        shared.append(message)
                case Forget():
                    changed.append(message)
                case _:
                    assert_never(message)
        self._reads.add(shared)
        for name, questions in own.items():
            self._fetches[name].add(questions)
        self._writes.add(changed)

    async def _read(self, questions: list[Get]) -> None:
        """Look into Redis for all who wait, whatever they want."""
        questions = self._answer_from_memory(questions)
        wanted = list(dict.fromkeys((question.noun, question.key) for question in questions))
        missing: defaultdict[str, list[Missing]] = defaultdict(list)
        with self._shelf.fence.reading() as began:
            found = dict(zip(wanted, await self._redis.read(wanted), strict=True))
            for question in questions:
                noun, key = question.noun, question.key
                kept = found[noun, key]
                if kept is None or kept.value is None:
                    mark = None if kept is None else kept.mark
                    missing[noun.name].append(Missing(question, mark))
                    continue
                noun.counted_redis.inc()
                self._shelf.put(noun, key, kept.value, seconds=kept.seconds, began=began)
                question.reply.send(kept.value)
        for name, waiting in missing.items():
            self._fetches[name].add(waiting)

    async def _fetch(self, missing: list[Missing]) -> None:
        """Ask PostgreSQL for all who want the same noun."""
        left = set(map(id, self._answer_from_memory(each.question for each in missing)))
        missing = [each for each in missing if id(each.question) in left]
        if not missing:
            return
        noun: Noun[Any, Any] = missing[0].question.noun
        keys = list(dict.fromkeys(each.question.key for each in missing))
        noun.counted_miss.inc(len(keys))
        with self._shelf.fence.reading() as began:
            try:
                rows = await noun.fetch(self._database, keys)
                now, settings = self._clock(), self._settings
                for key in keys:
                    row = rows.get(key)
                    good = noun.none_seconds if row is None else noun.seconds(settings, row, now)
                    self._shelf.put(noun, key, row, seconds=good, began=began)
            except VitteError as problem:  # PostgreSQL away or busy: the askers decide, we live on
                for each in missing:
                    each.question.reply.fail(problem)
                return
            except Exception as problem:  # noqa: BLE001  # one of the keys is poison: which?
                await self._fetch_apart(missing, problem)
                return
        for each in missing:
            each.question.reply.send(rows.get(each.question.key))
        self._writes.add(list(_fills(noun, missing, rows)))

    async def _fetch_apart(self, missing: Sequence[Missing], problem: Exception) -> None:
        """Fail who asks what cannot be asked, and nobody beside them."""
        if len({each.question.key for each in missing}) > 1:
            middle = len(missing) // 2
            await self._fetch(list(missing[:middle]))
            await self._fetch(list(missing[middle:]))
            return
        log.error("%r cannot be read: %s", missing[0].question.noun, type(problem).__name__)
        for each in missing:
            each.question.reply.fail(problem)

    async def _write(self, orders: list[Fill | Forget]) -> None:
        """Tell Redis what was changed and what was read; it may be away."""
        fills = [order for order in orders if isinstance(order, Fill)]
        forgets = [order for order in orders if isinstance(order, Forget)]
        try:
            await self._redis.write(fills)
            while any(order.user in self._owed for order in forgets):
                await self._redis.write(())
        except RedisAway:
            pass  # what was read is read again; what was changed is owed
        if forgets:
            metrics.cache_forgotten.labels("us").inc(len(forgets))
        for order in forgets:
            order.reply.send(None)
        metrics.cache_memory.labels("entries").set(len(self._shelf))
        metrics.cache_memory.labels("bytes").set(self._shelf.size)

    def _answer_from_memory(self, questions: Iterable[Get]) -> list[Get]:
        """Answer what has come to lie in memory while they waited; gives the rest."""
        rest: list[Get] = []
        for question in questions:
            kept = self._shelf.look(question.noun, question.key)
            if kept is None:
                rest.append(question)
            else:
                question.noun.counted_memory.inc()
                question.reply.send(kept.value)
        return rest


def _fills(noun: Noun[Any, Any], missing: Sequence[Missing], rows: Any) -> Iterable[Fill]:
    """What of it Redis may keep, each once: with Redis away there was no mark."""
    marks = {each.question.key: each.mark for each in missing}
    for key, mark in marks.items():
        if mark is not None and (row := rows.get(key)) is not None:
            yield Fill(noun=noun, key=key, value=row, mark=mark)
