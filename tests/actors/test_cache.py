"""The cache on a real Valkey and a real PostgreSQL, and without either."""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio
import msgspec
import pytest

from tests.actors.caching import Source, caching, written
from tests.fragile import Server, counted, looking_into, own_redis, together
from tests.store.people import ANNA, BORIS, NOW, VERA, register
from vitte.actors import cache
from vitte.errors import DatabaseAway, DatabaseBusy
from vitte.store import settings, subscriptions
from vitte.store.pool import Database, PoolLimits
from vitte.store.users import UserId

ALL = (ANNA, BORIS, VERA)


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
        await written(ref)

    with looking_into(redis_url) as redis:
        kept, seconds = msgspec.json.decode(redis.get("user:101")), redis.ttl("user:101")
    assert anna is not None
    assert (anna.first_name, anna.language) == ("Анна", "ru")
    assert kept["row"]["first_name"] == "Анна"
    assert kept["row"]["id"] == 101
    assert kept["until"] == NOW.timestamp() + 300
    assert 295 <= seconds <= 300


async def test_a_subscription_is_kept_for_an_hour(database: Database, redis_url: str) -> None:
    await register(database, *ALL)
    async with caching(database, redis_url) as (ref, _):
        for person in ALL:
            assert await cache.get_subscription(ref, person.id) is not None
        await written(ref)

    with looking_into(redis_url) as redis:
        seconds = [redis.ttl(f"subscription:{person.id}") for person in ALL]
        kept = msgspec.json.decode(redis.get("subscription:101"))
    assert all(3595 <= left <= 3600 for left in seconds)
    assert kept["row"]["plan"] == "premium"


async def test_a_subscription_is_never_kept_past_its_end(
    database: Database, redis_url: str
) -> None:
    await register(database, *ALL)
    end = NOW + timedelta(days=30)
    async with caching(database, redis_url, now=end - timedelta(minutes=7)) as (ref, _):
        await cache.get_subscription(ref, ANNA.id)
        await written(ref)
    with looking_into(redis_url) as redis:
        seven_minutes = redis.ttl("subscription:101")
        redis.flushdb()
    async with caching(database, redis_url, now=end - timedelta(seconds=0.5)) as (ref, _):
        at_the_last_moment = await cache.get_subscription(ref, ANNA.id)
        await written(ref)

        kept = ref.shelf.look(cache.SUBSCRIPTION, ANNA.id)

    with looking_into(redis_url) as redis:
        assert redis.pttl("subscription:101") <= 500
    assert 415 <= seven_minutes <= 420
    assert at_the_last_moment is not None
    assert kept is None or kept.until <= time.monotonic() + 0.5


async def test_what_is_kept_is_not_asked_of_postgresql(database: Database, redis_url: str) -> None:
    await register(database, ANNA)
    async with caching(database, redis_url) as (ref, _):
        first = await cache.get_user(ref, ANNA.id)
        await database.close()

        assert await cache.get_user(ref, ANNA.id) == first


async def test_strangers_are_none_and_redis_keeps_nothing_of_them(
    database: Database, redis_url: str
) -> None:
    async with caching(database, redis_url) as (ref, _):
        assert await cache.get_user(ref, UserId(404)) is None
        assert await cache.get_subscription(ref, UserId(404)) is None
        await written(ref)

        await register(database, ANNA)

        assert await cache.get_user(ref, ANNA.id) is not None
        await written(ref)
    with looking_into(redis_url) as redis:
        assert set(redis.keys("*")) == {"user:101", "changed:0"}


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


async def test_reads_are_counted_by_noun_and_by_where_it_was_found(
    database: Database, redis_url: str
) -> None:
    await register(database, ANNA)
    ways = ("memory", "redis", "miss")

    def counts(noun: str) -> list[float]:
        return [counted("cache_reads_total", noun=noun, outcome=way) for way in ways]

    before = counts("user"), counts("subscription")
    for _life in range(2):
        async with caching(database, redis_url) as (ref, _):
            for _time in range(3):
                await cache.get_user(ref, ANNA.id)
                await cache.get_subscription(ref, ANNA.id)
            await written(ref)

    for noun, then in zip(("user", "subscription"), before, strict=True):
        assert [now - was for now, was in zip(counts(noun), then, strict=True)] == [4, 1, 1]


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
            await written(ref)

        assert anna is not None
        assert subscription is not None
        assert counted("cache_reads_total", noun="user", outcome="rubbish") == before + 1
        assert msgspec.json.decode(redis.get("user:101"))["row"]["id"] == 101


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
            await written(ref)

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
        assert set(redis.keys("*")) == {"user:101", "user:102", "user:103", "changed:101"}
        assert 3600 < redis.ttl("changed:101") <= 3660


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


async def test_what_lies_in_memory_is_found_without_asking_anybody(
    database: Database, redis_url: str
) -> None:
    source = Source()
    async with caching(database, redis_url) as (front, _):
        await cache.get(front, source.noun, ANNA.id)

        asking = cache.get(front, source.noun, ANNA.id)
        with pytest.raises(StopIteration) as done:
            asking.send(None)

    assert done.value.value == "anna"


async def test_five_hundred_readers_of_an_expired_key_cost_one_query(
    database: Database, redis_url: str
) -> None:
    source = Source()
    async with caching(database, redis_url) as (front, _):
        rows = await together(*[partial(cache.get, front, source.noun, ANNA.id)] * 500)

    assert rows == ["anna"] * 500
    assert source.asked == [[101]]


async def test_who_comes_while_a_query_is_under_way_waits_for_its_row(
    database: Database, redis_url: str
) -> None:
    source, rows = Source(), list[str | None]()
    source.go = anyio.Event()

    async def ask() -> None:
        rows.append(await cache.get(front, source.noun, ANNA.id))

    async with caching(database, redis_url) as (front, _), anyio.create_task_group() as group:
        for _wave in range(5):
            for _reader in range(10):
                group.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
        source.go.set()

    assert rows == ["anna"] * 50
    assert source.asked == [[101]]


async def test_people_are_fetched_together_whoever_asks_first(
    database: Database, redis_url: str
) -> None:
    source, rows = Source(), list[str | None]()
    source.go = anyio.Event()

    async def ask(user: UserId) -> None:
        rows.append(await cache.get(front, source.noun, user))

    async with caching(database, redis_url) as (front, _), anyio.create_task_group() as group:
        for user in (ANNA.id, BORIS.id, VERA.id, BORIS.id):
            group.start_soon(ask, user)
            await anyio.wait_all_tasks_blocked()
        source.go.set()

    assert sorted(map(str, rows)) == ["anna", "boris", "boris", "vera"]
    assert source.asked == [[101], [102, 103]]


async def test_that_there_is_nothing_is_kept_for_a_moment_and_forgotten_with_the_person(
    database: Database, redis_url: str
) -> None:
    source = Source()
    async with caching(database, redis_url) as (front, _):
        twice = [await cache.get(front, source.noun, UserId(404)) for _ in range(2)]
        kept = front.shelf.look(source.noun, UserId(404))
        source.rows[404] = "a newcomer"
        await cache.forget(front, UserId(404), source.noun)

        met = await cache.get(front, source.noun, UserId(404))

    assert twice == [None, None]
    assert kept is not None
    assert kept.until - time.monotonic() <= 5.0
    assert met == "a newcomer"
    assert len(source.asked) == 2


async def test_a_slow_fill_never_puts_an_old_value_over_a_newer_one(
    database: Database, redis_url: str
) -> None:
    source, rows = Source(), list[str | None]()
    source.go = anyio.Event()

    async def ask() -> None:
        rows.append(await cache.get(front, source.noun, ANNA.id))

    async with caching(database, redis_url) as (front, _):
        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            source.rows[101] = "anna, changed"
            await cache.forget(front, ANNA.id, source.noun)
            group.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            source.go.set()
        await ask()

    assert rows == ["anna", "anna, changed", "anna, changed"]
    assert source.asked == [[101], [101]]


async def test_what_belongs_to_a_person_by_its_row_goes_with_the_person(
    database: Database, redis_url: str
) -> None:
    source = Source()

    async def fetch(_database: Database, keys: Sequence[int]) -> dict[int, tuple[UserId, str]]:
        return {key: (ANNA.id, source.rows[101]) for key in keys if key == 7}

    letters = cache.Noun[int, tuple[UserId, str]](
        "test letter",
        fetch=fetch,
        seconds=60.0,
        none_seconds=0.0,
        owner=lambda _id, row: row and row[0],
    )
    async with caching(database, redis_url) as (front, _):
        first = await cache.get(front, letters, 7)
        unknown = await cache.get(front, letters, 8)
        source.rows[101] = "anna, changed"
        await cache.forget(front, BORIS.id)
        second = await cache.get(front, letters, 7)
        await cache.forget(front, ANNA.id)

        third = await cache.get(front, letters, 7)

        assert front.shelf.look(letters, 8) is None
    assert (first, unknown) == ((101, "anna"), None)
    assert (second, third) == ((101, "anna"), (101, "anna, changed"))


async def test_only_the_nouns_that_are_named_are_forgotten(
    database: Database, redis_url: str
) -> None:
    await register(database, ANNA)
    source = Source()
    async with caching(database, redis_url) as (front, _):
        await cache.get_user(front, ANNA.id)
        await cache.get(front, source.noun, ANNA.id)

        await cache.forget(front, ANNA.id, source.noun)

        assert front.shelf.look(cache.USER, ANNA.id)
        assert not front.shelf.look(source.noun, ANNA.id)
    with looking_into(redis_url) as redis:
        assert redis.exists("changed:101") == 0


async def test_a_key_that_cannot_be_asked_fails_alone(database: Database, redis_url: str) -> None:
    source = Source()
    source.poison = {102}
    async with caching(database, redis_url) as (front, running):

        async def ask(user: UserId) -> str | None:
            try:
                return await cache.get(front, source.noun, user)
            except ValueError:
                return "cannot be asked"

        rows = await together(*[partial(ask, person.id) for person in ALL])

        assert rows == ["anna", "cannot be asked", "vera"]
        assert running.statistics("test/cache")[0].restarts == 0


async def test_a_fall_empties_the_memory_and_the_address_stays_good(
    database: Database, redis_url: str
) -> None:
    source = Source()
    async with caching(database, redis_url) as (front, running):
        await cache.get(front, source.noun, ANNA.id)
        await running.kill("test/cache")
        emptied = len(front.shelf) == 0
        source.rows[101] = "anna, changed"

        assert await cache.get(front, source.noun, ANNA.id) == "anna, changed"
    assert emptied


async def test_what_redis_could_not_be_told_it_is_told_before_it_is_asked_again(
    database: Database, own: Server
) -> None:
    await register(database, ANNA)
    async with caching(database, own.url, wait_seconds=0.1) as (front, _):
        await cache.get_user(front, ANNA.id)
        await written(front)
        await settings.set_language(database, ANNA.id, "en", NOW)
        with own.frozen():
            await cache.forget(front, ANNA.id)
            meanwhile = await cache.get_user(front, ANNA.id)
        front.shelf.clear()

        afterwards = await cache.get_user(front, ANNA.id)

        with anyio.fail_after(5):
            while ANNA.id in front.circle.owed:
                await anyio.lowlevel.checkpoint()
    async with caching(database, own.url) as (front, _):
        elsewhere = await cache.get_user(front, ANNA.id)
    for read in (meanwhile, afterwards, elsewhere):
        assert read is not None
        assert read.language == "en"
