"""The cache: what is read again and again about a person, kept in Redis for a while.

Owns the keys ``user:{id}`` (5 minutes) and ``subscription:{id}`` (an hour, never
past its end). All questions that wait are served with one MGET, and what is
missing with one query a noun. Redis away or full of rubbish is a slower cache,
not an error: PostgreSQL answers and the fault is counted. A fall loses nothing.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeAlias, TypeVar, assert_never

import msgspec
from msgspec import Struct
from redis.exceptions import RedisError

from vitte import config, metrics
from vitte.errors import VitteError
from vitte.runtime import Life, Ref, Reply
from vitte.store import keyspace, subscriptions, users
from vitte.store.pool import Database
from vitte.store.users import UserId

T = TypeVar("T", users.Profile, subscriptions.Subscription)
# Longer than the database lets anybody wait for a connection and a statement.
ANSWER_SECONDS: Final = 20.0
_AWAY: Final = (RedisError, OSError, TimeoutError)

log = logging.getLogger(__name__)


class GetUser(Struct, frozen=True, kw_only=True):
    """Who is this?"""

    user: UserId
    reply: Reply[users.Profile | None]


class GetSubscription(Struct, frozen=True, kw_only=True):
    """What has this person subscribed to?"""

    user: UserId
    reply: Reply[subscriptions.Subscription | None]


class Forget(Struct, frozen=True, kw_only=True):
    """This person's rows have changed; said after the commit."""

    user: UserId
    reply: Reply[None]


Message: TypeAlias = GetUser | GetSubscription | Forget


async def get_user(cache: Ref[Message], user: UserId) -> users.Profile | None:
    """The person as they were at most ``cache.user_seconds`` ago; None before the first contact."""
    return await cache.ask(lambda reply: GetUser(user=user, reply=reply), within=ANSWER_SECONDS)


async def get_subscription(cache: Ref[Message], user: UserId) -> subscriptions.Subscription | None:
    """The person's subscription as it was at most ``cache.subscription_seconds`` ago."""
    return await cache.ask(
        lambda reply: GetSubscription(user=user, reply=reply), within=ANSWER_SECONDS
    )


async def forget(cache: Ref[Message], user: UserId) -> None:
    """Drop what is kept of a person. Call it after the commit that changed them."""
    return await cache.ask(lambda reply: Forget(user=user, reply=reply), within=ANSWER_SECONDS)


class Noun(Struct, Generic[T], frozen=True, kw_only=True):
    """One kind of thing that is kept: its key, its row, how to fetch it and how long it is good."""

    name: str
    key: Callable[[int], str]
    decode: Callable[[bytes | str], T]
    fetch: Callable[[Database, Sequence[UserId]], Awaitable[Mapping[UserId, T]]]
    seconds: Callable[[T, datetime], int]


class Cache:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        database: Database,
        redis: keyspace.Client,
        settings: config.Cache,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._redis = redis
        self._clock = clock
        self._users = Noun(
            name="user",
            key=keyspace.user,
            decode=msgspec.json.Decoder(users.Profile).decode,
            fetch=users.get_profiles,
            seconds=lambda _user, _now: settings.user_seconds,
        )
        self._subscriptions = Noun(
            name="subscription",
            key=keyspace.subscription,
            decode=msgspec.json.Decoder(subscriptions.Subscription).decode,
            fetch=subscriptions.get_many,
            seconds=lambda row, now: _until_its_end(row, now, settings.subscription_seconds),
        )

    async def run(self, life: Life[Message]) -> None:
        """Serve all who wait together, for ever.

        What is dropped goes before what is read: whoever asks after a commit
        sees what was committed.
        """
        life.ready()
        while True:
            asked_users: list[GetUser] = []
            asked_subscriptions: list[GetSubscription] = []
            changed: list[Forget] = []
            for message in await life.receive_all():
                match message:
                    case GetUser():
                        asked_users.append(message)
                    case GetSubscription():
                        asked_subscriptions.append(message)
                    case Forget():
                        changed.append(message)
                    case _:
                        assert_never(message)
            await self._forget(changed)
            await self._answer(self._users, asked_users)
            await self._answer(self._subscriptions, asked_subscriptions)

    async def _answer(self, noun: Noun[T], questions: Sequence[Any]) -> None:
        if not questions:
            return
        wanted = list(dict.fromkeys(question.user for question in questions))
        found = await self._read(noun, wanted)
        missing = [user for user in wanted if user not in found]
        metrics.cache_reads.labels(noun.name, "hit").inc(len(found))
        if missing:
            metrics.cache_reads.labels(noun.name, "miss").inc(len(missing))
            questions = _answer_found(questions, found)
            try:
                found = await noun.fetch(self._database, missing)
            except VitteError as problem:  # PostgreSQL away or busy: the askers decide, we live on
                for question in questions:
                    question.reply.fail(problem)
                return
            await self._write(noun, found)
        for question in questions:
            question.reply.send(found.get(question.user))

    async def _read(self, noun: Noun[T], wanted: Sequence[UserId]) -> dict[UserId, T]:
        try:
            values = await self._redis.mget([noun.key(user) for user in wanted])
        except _AWAY as problem:
            _count(problem)
            return {}
        found: dict[UserId, T] = {}
        for user, value in zip(wanted, values, strict=True):
            if value is not None:
                try:
                    found[user] = noun.decode(value)
                except msgspec.MsgspecError:  # rubbish, or written by another version: a miss
                    metrics.cache_reads.labels(noun.name, "rubbish").inc()
        return found

    async def _write(self, noun: Noun[T], rows: Mapping[UserId, T]) -> None:
        now = self._clock()
        pipeline = self._redis.pipeline(transaction=False)
        for user, row in rows.items():
            if (seconds := noun.seconds(row, now)) > 0:
                pipeline.set(noun.key(user), msgspec.json.encode(row), ex=seconds)
        try:
            await pipeline.execute()
        except _AWAY as problem:
            _count(problem)

    async def _forget(self, changed: Sequence[Forget]) -> None:
        if not changed:
            return
        keys = [
            noun.key(message.user)
            for message in changed
            for noun in (self._users, self._subscriptions)
        ]
        try:
            await self._redis.delete(*keys)
        except _AWAY as problem:
            _count(problem)
        for message in changed:
            message.reply.send(None)


def _answer_found(questions: Sequence[Any], found: Mapping[UserId, object]) -> list[Any]:
    """Answer what was found, so that nobody waits for another's miss; gives the rest."""
    for question in questions:
        if question.user in found:
            question.reply.send(found[question.user])
    return [question for question in questions if question.user not in found]


def _until_its_end(row: subscriptions.Subscription, now: datetime, most: int) -> int:
    if row.expires_at is None or row.expires_at <= now:
        return most
    return min(most, int((row.expires_at - now).total_seconds()))


def _count(problem: Exception) -> None:
    metrics.redis_faults.labels("cache").inc()
    log.warning("Redis is away, PostgreSQL answers: %s", type(problem).__name__)
