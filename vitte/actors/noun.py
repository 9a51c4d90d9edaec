"""Nouns: the kinds of things that the cache keeps, each described once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast

import msgspec
from msgspec import Struct

from vitte import config, metrics
from vitte.store import characters, keyspace, subscriptions, users
from vitte.store.characters import Character
from vitte.store.pool import Database
from vitte.store.users import UserId

K = TypeVar("K")
T = TypeVar("T")
Lasting: TypeAlias = Callable[[config.Cache, T, datetime], float]
"""How many seconds something is good, by the settings, what it is, and the time."""
NONE_SECONDS: Final = 5.0
CHARACTERS_SECONDS: Final = 60.0
USUAL_BYTES: Final = 1_024
NOBODY: Final = UserId(0)
"""Whose that is which is nobody's, so that it can be forgotten all the same."""


class InRedis(Struct, Generic[T], frozen=True):
    """Where a person's own is kept in Redis, and what it is decoded to."""

    key: Callable[[int], str]
    row: type[T]


def owner_by_key(key: Any, _value: object) -> UserId:
    """Whose something is whose key is the person, or a tuple that begins with them."""
    return cast("UserId", key[0] if isinstance(key, tuple) else key)


def usual_size(value: object) -> int:
    """How many bytes something may have: its own number if it knows it."""
    return len(value) if isinstance(value, bytes | str) else USUAL_BYTES


class Noun(Generic[K, T]):
    """One kind of thing that is kept.

    Args:
        name: what it is called, in metrics and between processes; no other has it.
        fetch: reads those of many keys that there are, with one question to the database.
        seconds: how long it is good: a number, or a function of the settings, what was
            read, and the time. Up to a tenth less, so that not all end at once.
        owner: whose it is, by its key and what was read (None when there was nothing):
            what ``forget`` goes by. Left out, the key is the person, or a tuple with the
            person first. None: nobody's; it goes with its time only.
        none_seconds: how long "there is none" is good; 0 is never kept.
        size: how many bytes it takes, roughly.
        renewed: what a kept value is after one of its person's rows was changed, by its key,
            itself and the row as it is now (``cache.renew``): the same, a new one, or None
            when that cannot be told from them. Left out, it never can.
        in_redis: how it is kept in Redis too; its key is a person then.
    """

    __slots__ = (
        "counted_memory",
        "counted_miss",
        "counted_redis",
        "counted_rubbish",
        "decode",
        "fetch",
        "in_redis",
        "name",
        "none_seconds",
        "owner",
        "renewed",
        "seconds",
        "size",
    )

    def __init__(  # noqa: PLR0913  # a description has as many parts as what it describes
        self,
        name: str,
        *,
        fetch: Callable[[Database, Sequence[K]], Awaitable[Mapping[K, T]]],
        seconds: float | Lasting[T],
        owner: Callable[[K, T | None], UserId | None] = owner_by_key,
        none_seconds: float = NONE_SECONDS,
        size: Callable[[T], int] = usual_size,
        renewed: Callable[[K, T, Any], T | None] | None = None,
        in_redis: InRedis[T] | None = None,
    ) -> None:
        self.name = name
        self.fetch = fetch
        self.seconds: Lasting[T] = seconds if callable(seconds) else _always(seconds)
        self.owner = owner
        self.none_seconds = none_seconds
        self.size = size
        self.renewed = renewed
        self.in_redis = in_redis
        self.decode = None if in_redis is None else msgspec.json.Decoder(Kept[in_redis.row]).decode
        # Looked up here, once: a read of the memory takes less time than the looking up.
        self.counted_memory = metrics.cache_reads.labels(name, "memory")
        self.counted_redis = metrics.cache_reads.labels(name, "redis")
        self.counted_miss = metrics.cache_reads.labels(name, "miss")
        self.counted_rubbish = metrics.cache_reads.labels(name, "rubbish")

    def __repr__(self) -> str:
        return f"<Noun {self.name}>"


class Kept(Struct, Generic[T], frozen=True, kw_only=True, omit_defaults=True):
    """What stands in Redis: a row, until when (in seconds since 1970), and under which mark.

    The end travels with the row, so that it is not good for longer because somebody read
    it from there.
    """

    row: T
    until: float
    mark: str = ""


def _always(seconds: float) -> Lasting[Any]:
    return lambda _settings, _value, _now: seconds


def _until_its_end(settings: config.Cache, row: subscriptions.Subscription, now: datetime) -> float:
    most = settings.subscription_seconds
    if row.expires_at is None or row.expires_at <= now:
        return most
    return min(most, (row.expires_at - now).total_seconds())


async def _offered(database: Database, wanted: Sequence[str]) -> dict[str, tuple[Character, ...]]:
    return dict.fromkeys(wanted, tuple(await characters.list_active(database)))


USER: Final = Noun[UserId, users.Profile](
    "user",
    fetch=users.get_profiles,
    seconds=lambda settings, _row, _now: settings.user_seconds,
    in_redis=InRedis(keyspace.user, users.Profile),
)
SUBSCRIPTION: Final = Noun[UserId, subscriptions.Subscription](
    "subscription",
    fetch=subscriptions.get_many,
    seconds=_until_its_end,
    in_redis=InRedis(keyspace.subscription, subscriptions.Subscription),
)
OFFERED: Final = Noun[str, tuple[Character, ...]](
    "characters", fetch=_offered, seconds=CHARACTERS_SECONDS, owner=lambda _key, _value: NOBODY
)
"""The characters that are offered, in their order, under the one key ``all``."""
DIALOGS: Final = frozenset({"dialog", "dialogs"})
"""The nouns that show dialogs without what is said in them; described by the edge that shows them."""
TALK: Final = DIALOGS | {"messages"}
"""Those that change with what a person says."""
