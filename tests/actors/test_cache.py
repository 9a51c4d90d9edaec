"""The cache on a real Valkey and a real PostgreSQL, and without either."""

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
import msgspec
import pytest

from tests.fragile import Server, counted, living, looking_into, own_redis, together
from tests.store.people import ANNA, BORIS, NOW, VERA, register
from vitte import config
from vitte.actors import cache
from vitte.actors.cache import Cache
from vitte.errors import DatabaseAway, DatabaseBusy
from vitte.runtime import Child, Mailbox, Ref, Running
from vitte.store import keyspace, settings, subscriptions
from vitte.store.pool import Database, PoolLimits
from vitte.store.users import UserId

ALL = (ANNA, BORIS, VERA)


@asynccontextmanager
async def caching(
    database: Database, url: str, *, wait_seconds: float = 1.0, now: datetime = NOW
) -> AsyncGenerator[tuple[Ref[cache.Message], Running]]:
    client = keyspace.connect(config.Redis(url=config.Secret(url), wait_seconds=wait_seconds))
    box = Mailbox[cache.Message]("cache")

    def begin() -> Cache:
        return Cache(database=database, redis=client, settings=config.Cache(), clock=lambda: now)

    async with aclosing(client), living(Child("cache", begin, mailbox=box)) as running:
        yield box.ref, running


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    with own_redis(tmp_path) as server:
        yield server


async def test_a_person_is_kept_as_readable_json_for_five_minutes(
    database: Database, redis_url: str
) -> None:
    await register(database, *ALL)
    async with caching(database, redis_url) as (ref, _):
        anna = await cache.get_user(ref, ANNA.id)

    with looking_into(redis_url) as redis:
        kept, seconds = msgspec.json.decode(redis.get("user:101")), redis.ttl("user:101")
    assert anna is not None
    assert (anna.first_name, anna.language) == ("Анна", "ru")
    assert kept["first_name"] == "Анна"
    assert kept["id"] == 101
    assert 295 <= seconds <= 300


async def test_a_subscription_is_kept_for_an_hour(database: Database, redis_url: str) -> None:
    await register(database, *ALL)
    async with caching(database, redis_url) as (ref, _):
        for person in ALL:
            assert await cache.get_subscription(ref, person.id) is not None

    with looking_into(redis_url) as redis:
        seconds = [redis.ttl(f"subscription:{person.id}") for person in ALL]
        kept = msgspec.json.decode(redis.get("subscription:101"))
    assert all(3595 <= left <= 3600 for left in seconds)
    assert kept["plan"] == "premium"


async def test_a_subscription_is_never_kept_past_its_end(
    database: Database, redis_url: str
) -> None:
    await register(database, *ALL)
    end = NOW + timedelta(days=30)
    async with caching(database, redis_url, now=end - timedelta(minutes=7)) as (ref, _):
        await cache.get_subscription(ref, ANNA.id)
    with looking_into(redis_url) as redis:
        seven_minutes = redis.ttl("subscription:101")
        redis.flushdb()
    async with caching(database, redis_url, now=end - timedelta(seconds=0.5)) as (ref, _):
        at_the_last_moment = await cache.get_subscription(ref, ANNA.id)

    with looking_into(redis_url) as redis:
        assert redis.exists("subscription:101") == 0
    assert 415 <= seven_minutes <= 420
    assert at_the_last_moment is not None


async def test_what_is_kept_is_not_asked_of_postgresql(database: Database, redis_url: str) -> None:
    await register(database, ANNA)
    async with caching(database, redis_url) as (ref, _):
        first = await cache.get_user(ref, ANNA.id)
        await database.close()

        assert await cache.get_user(ref, ANNA.id) == first


async def test_strangers_are_none_and_nothing_is_kept_of_them(
    database: Database, redis_url: str
) -> None:
    async with caching(database, redis_url) as (ref, _):
        assert await cache.get_user(ref, UserId(404)) is None
        assert await cache.get_subscription(ref, UserId(404)) is None

        await register(database, ANNA)

        assert await cache.get_user(ref, ANNA.id) is not None
    with looking_into(redis_url) as redis:
        assert redis.keys("*") == ["user:101"]


async def test_all_who_wait_are_read_with_one_question(database: Database, own: Server) -> None:
    await register(database, *ALL)
    async with caching(database, own.url) as (ref, _):
        asked = [ANNA.id, BORIS.id, VERA.id, UserId(404)] * 50
        with looking_into(own.url) as redis:
            redis.config_resetstat()

            people = await together(*[partial(cache.get_user, ref, user) for user in asked])

            calls = redis.info("commandstats")["cmdstat_mget"]["calls"]

    assert [None if person is None else person.id for person in people] == [
        101,
        102,
        103,
        None,
    ] * 50
    assert calls <= 2


async def test_hits_and_misses_are_counted_by_noun(database: Database, redis_url: str) -> None:
    await register(database, ANNA)
    names = [("user", "hit"), ("user", "miss"), ("subscription", "hit"), ("subscription", "miss")]

    def counts() -> list[float]:
        return [counted("cache_reads_total", noun=noun, outcome=what) for noun, what in names]

    before = counts()
    async with caching(database, redis_url) as (ref, _):
        for _time in range(3):
            await cache.get_user(ref, ANNA.id)
            await cache.get_subscription(ref, ANNA.id)

    assert [now - then for now, then in zip(counts(), before, strict=True)] == [2, 1, 2, 1]


@pytest.mark.parametrize(
    "rubbish", ["", "null", "{", "[1]", '{"id": "x"}', '{"id": 101}', "\x80\x04pickle", "\ud7ff"]
)
async def test_rubbish_is_a_miss_that_is_counted_and_replaced(
    database: Database, redis_url: str, rubbish: str
) -> None:
    await register(database, ANNA)
    with looking_into(redis_url) as redis:
        redis.set("user:101", rubbish)
        redis.set("subscription:101", rubbish.encode("utf-8", "replace")[:3] + b"\xff")
        before = counted("cache_reads_total", noun="user", outcome="rubbish")
        async with caching(database, redis_url) as (ref, _):
            anna = await cache.get_user(ref, ANNA.id)
            subscription = await cache.get_subscription(ref, ANNA.id)

        assert anna is not None
        assert subscription is not None
        assert counted("cache_reads_total", noun="user", outcome="rubbish") == before + 1
        assert msgspec.json.decode(redis.get("user:101"))["id"] == 101


async def test_a_key_of_another_type_is_a_miss_that_is_replaced(
    database: Database, redis_url: str
) -> None:
    await register(database, ANNA, BORIS)
    with looking_into(redis_url) as redis:
        redis.lpush("user:101", "a", "b")
        redis.hset("subscription:101", "a", "b")
        async with caching(database, redis_url) as (ref, _):
            people = await together(
                *[partial(cache.get_user, ref, person.id) for person in (ANNA, BORIS)]
            )
            await cache.get_subscription(ref, ANNA.id)

        assert [person and person.id for person in people] == [101, 102]
        assert redis.type("user:101") == "string"
        assert redis.type("subscription:101") == "string"


async def test_after_a_commit_the_forgotten_are_read_anew(
    database: Database, redis_url: str
) -> None:
    await register(database, ANNA)
    async with caching(database, redis_url) as (ref, _):
        before = await cache.get_user(ref, ANNA.id)
        plan = await cache.get_subscription(ref, ANNA.id)
        await settings.set_language(database, ANNA.id, "en", NOW)
        await subscriptions.set_free(database, ANNA.id, NOW)
        stale = await cache.get_user(ref, ANNA.id)

        await cache.forget(ref, ANNA.id)

        after = await cache.get_user(ref, ANNA.id)
        plan_after = await cache.get_subscription(ref, ANNA.id)
    assert before is not None
    assert after is not None
    assert plan is not None
    assert plan_after is not None
    assert stale == before
    assert (before.language, after.language) == ("ru", "en")
    assert (plan.plan, plan_after.plan) == ("premium", "free")


async def test_forgetting_one_keeps_the_others(database: Database, redis_url: str) -> None:
    await register(database, *ALL)
    async with caching(database, redis_url) as (ref, _):
        await together(*[partial(cache.get_user, ref, person.id) for person in ALL])
        await cache.forget(ref, ANNA.id)

    with looking_into(redis_url) as redis:
        assert set(redis.keys("*")) == {"user:102", "user:103"}


async def test_with_redis_dead_postgresql_answers(database: Database, own: Server) -> None:
    await register(database, *ALL)
    async with caching(database, own.url) as (ref, running):
        await cache.get_user(ref, ANNA.id)
        before = counted("redis_faults_total", actor="cache")
        own.kill()

        people = await together(*[partial(cache.get_user, ref, person.id) for person in ALL])
        await cache.forget(ref, ANNA.id)

        assert all(person is not None for person in people)
        assert counted("redis_faults_total", actor="cache") > before
        assert running.statistics("test/cache")[0].restarts == 0


async def test_with_redis_hanging_postgresql_answers_soon(database: Database, own: Server) -> None:
    await register(database, *ALL)
    async with caching(database, own.url, wait_seconds=0.1) as (ref, _):
        await cache.get_user(ref, ANNA.id)
        with own.frozen():
            began = time.monotonic()
            person = await cache.get_user(ref, BORIS.id)
            # The reading and the writing back may each wait once.
            assert time.monotonic() - began < 0.4
        assert person is not None
        with anyio.fail_after(5):
            assert await cache.get_user(ref, ANNA.id) is not None


async def test_with_postgresql_away_askers_are_told_and_the_cache_lives_on(
    tmp_path: Path, redis_url: str
) -> None:
    limits = PoolLimits(kept=1, most=2, wait_seconds=0.1)
    database = Database(f"postgresql://vitte@/vitte?host={tmp_path}", limits)
    await database.open()
    async with caching(database, redis_url) as (ref, running):
        for ask in (cache.get_user, cache.get_subscription):
            with pytest.raises((DatabaseAway, DatabaseBusy)):
                await ask(ref, ANNA.id)

        assert running.statistics("test/cache")[0].restarts == 0
    await database.close()


async def test_with_postgresql_away_who_is_kept_is_answered_beside_who_is_not(
    database: Database, redis_url: str
) -> None:
    await register(database, ANNA)
    async with caching(database, redis_url) as (ref, _):
        await cache.get_user(ref, ANNA.id)
        await database.close()

        async def ask(user: UserId) -> str:
            try:
                person = await cache.get_user(ref, user)
            except DatabaseAway:
                return "away"
            return person.first_name if person else "nobody"

        assert await together(partial(ask, ANNA.id), partial(ask, BORIS.id)) == ["Анна", "away"]


async def test_a_fall_keeps_what_is_in_redis(database: Database, redis_url: str) -> None:
    await register(database, ANNA)
    async with caching(database, redis_url) as (ref, running):
        await cache.get_user(ref, ANNA.id)
        await database.close()

        await running.kill("test/cache")

        assert await cache.get_user(ref, ANNA.id) is not None
