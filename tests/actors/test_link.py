"""What processes tell each other: two caches on one Redis, and the link between them cut."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import anyio

from tests.actors.caching import Source, caching, linked
from tests.fragile import counted, looking_into, own_redis
from tests.store.people import ANNA, BORIS, NOW, register
from vitte import config
from vitte.actors import cache
from vitte.actors.cache import Front
from vitte.actors.link import UNHEARD_SECONDS
from vitte.store import keyspace, settings
from vitte.store.pool import Database
from vitte.store.users import UserId


async def until(true: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not true():
            await anyio.lowlevel.checkpoint()


def lies(front: Front, source: Source) -> Callable[[], bool]:
    return lambda: front.shelf.look(source.noun, ANNA.id) is not None


async def test_what_one_process_changes_the_other_forgets(
    database: Database, redis_url: str
) -> None:
    await register(database, ANNA, BORIS)
    before = counted("cache_forgotten_total", by="others")
    async with caching(database, redis_url) as (one, _), caching(database, redis_url) as (other, _):
        for person in (ANNA, BORIS):
            await cache.get_user(one, person.id)
        await settings.set_language(database, ANNA.id, "en", NOW)
        await cache.forget(other, ANNA.id)
        await until(lambda: one.shelf.look(cache.USER, ANNA.id) is None)

        anna = await cache.get_user(one, ANNA.id)

        assert one.shelf.look(cache.USER, BORIS.id)
    assert anna is not None
    assert anna.language == "en"
    assert counted("cache_forgotten_total", by="others") == before + 1


async def test_what_lives_in_memory_only_is_told_as_well_but_only_what_is_named(
    database: Database, redis_url: str
) -> None:
    source, letters = Source(), Source(name="test letter")
    async with caching(database, redis_url) as (one, _), caching(database, redis_url) as (other, _):
        for each in (source, letters):
            await cache.get(one, each.noun, ANNA.id)

        await cache.forget(other, ANNA.id, source.noun)
        await until(lambda: not lies(one, source)())

        assert lies(one, letters)()


async def test_when_much_has_changed_all_forget_all(database: Database, redis_url: str) -> None:
    one_source, other_source = Source(), Source()
    async with caching(database, redis_url) as (one, _), caching(database, redis_url) as (other, _):
        await until(lambda: other.circle.linked and one.circle.others)
        await cache.get(one, one_source.noun, ANNA.id)
        await cache.get(other, other_source.noun, ANNA.id)

        await cache.forget_everything(one)

        assert not lies(one, one_source)()
        await until(lambda: not lies(other, other_source)())


async def test_a_command_empties_the_memories_of_all(database: Database, redis_url: str) -> None:
    source = Source()
    async with caching(database, redis_url) as (front, _):
        await until(lambda: front.circle.linked)
        await cache.get(front, source.noun, ANNA.id)

        await keyspace.empty_memories(config.Redis(url=config.Secret(redis_url)))

        await until(lambda: not lies(front, source)())


async def test_one_does_not_forget_what_one_has_said_oneself(
    database: Database, redis_url: str
) -> None:
    source = Source()
    async with caching(database, redis_url) as (front, _):
        await cache.forget(front, ANNA.id)
        await cache.get(front, source.noun, ANNA.id)
        await heard(front, redis_url)

        assert lies(front, source)()


async def heard(front: Front, url: str) -> None:
    """Wait until all that was said on the channel so far has been heard."""
    with looking_into(url) as redis:
        front.circle.others = False
        redis.publish(keyspace.CHANGED, b'{"by":"the test","hello":true}')
    await until(lambda: front.circle.others)


async def test_who_is_alone_tells_nobody_until_somebody_says_hello(
    database: Database, redis_url: str
) -> None:
    source = Source()

    def said(redis: Any) -> int:
        return redis.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]

    async with caching(database, redis_url) as (one, _):
        await until(lambda: not one.circle.others)
        with looking_into(redis_url) as redis:
            before = said(redis)
            for _time in range(10):
                await cache.forget(one, ANNA.id, source.noun)
            alone = said(redis) - before
        async with caching(database, redis_url):
            await until(lambda: one.circle.others)
        await cache.forget(one, ANNA.id)
        await until(lambda: not one.circle.others)

    assert alone == 0


async def test_when_the_link_breaks_the_memory_is_dropped_and_the_link_is_mended(
    database: Database, redis_url: str
) -> None:
    source = Source()
    async with caching(database, redis_url) as (front, running):
        await cache.get(front, source.noun, ANNA.id)
        with looking_into(redis_url) as redis:
            redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await until(lambda: not lies(front, source)())
        await linked(front)
        source.rows[101] = "anna, changed"

        assert await cache.get(front, source.noun, ANNA.id) == "anna, changed"
        assert running.statistics("test/cache")[0].restarts == 0


async def test_while_nobody_can_be_heard_nothing_is_kept_for_long(
    database: Database, tmp_path_factory: Any
) -> None:
    source = Source()
    with own_redis(tmp_path_factory.mktemp("own")) as server:
        async with caching(database, server.url) as (front, _):
            await cache.get(front, source.noun, ANNA.id)
            server.kill()
            await until(lambda: not front.circle.linked)
            dropped = not lies(front, source)()

            await cache.get(front, source.noun, ANNA.id)

            kept = front.shelf.look(source.noun, ANNA.id)
            now = anyio.current_time()
    assert dropped
    assert kept is not None
    assert kept.until - now <= UNHEARD_SECONDS


async def test_a_silent_redis_is_asked_whether_it_is_there(
    database: Database, tmp_path_factory: Any
) -> None:
    source = Source()
    with own_redis(tmp_path_factory.mktemp("own")) as server:
        async with caching(database, server.url) as (front, _):
            await cache.get(front, source.noun, ANNA.id)
            with server.frozen():
                await until(lambda: not front.circle.linked)
                dropped = not lies(front, source)()
            await linked(front)
    assert dropped


async def test_what_is_not_understood_drops_the_memory_and_fells_nobody(
    database: Database, redis_url: str
) -> None:
    source = Source()
    async with caching(database, redis_url) as (front, running):
        for rubbish in (b"", b"\xff\x80", b"{}", b'{"by": 1}', b'{"by":"x","people":[[1]]}'):
            await cache.get(front, source.noun, ANNA.id)
            with looking_into(redis_url) as redis:
                redis.publish(keyspace.CHANGED, rubbish)
            await until(lambda: not lies(front, source)())

        assert front.circle.linked
        assert running.statistics("test/cache")[0].restarts == 0


async def test_what_was_changed_while_the_cache_was_down_is_told_by_its_next_life(
    database: Database, redis_url: str
) -> None:
    source = Source()
    async with (
        caching(database, redis_url) as (one, _),
        caching(database, redis_url) as (other, it),
    ):
        await cache.get(one, source.noun, ANNA.id)
        await it.terminate_child("test/cache")
        await cache.forget(other, ANNA.id, source.noun)
        untold = other.circle.untold
        await it.restart_child("test/cache")
        await until(lambda: not lies(one, source)())

        await until(lambda: not other.circle.untold)
    assert untold


class Story:
    """Five people who change, two nouns that tell of them, and who has learned what by now."""

    def __init__(self) -> None:
        self.dice = random.Random(7)
        self.truth = {UserId(number): 0 for number in range(1, 6)}
        self.known: dict[tuple[str, UserId], int] = {}
        self.back: list[str] = []
        own = cache.Noun[UserId, int]("test own", fetch=self.fetch, seconds=60.0)
        kept = cache.InRedis(lambda user: f"test:{user}", int)
        shared = cache.Noun[UserId, int](
            "test shared", fetch=self.fetch, seconds=60.0, in_redis=kept
        )
        self.nouns = (own, shared)

    async def fetch(self, _database: Database, keys: Sequence[UserId]) -> dict[UserId, int]:
        found = {key: self.truth[key] for key in keys}
        await anyio.sleep(self.dice.random() * 0.004)
        return found

    async def read(self, front: Front) -> None:
        for _ in range(60):
            user, noun = self.dice.choice([*self.truth]), self.dice.choice(self.nouns)
            before = self.known.get((front.circle.name, user), 0)
            found = await cache.get(front, noun, user)
            if found is None or found < before:
                self.back.append(f"{noun} of {user}: {found} after {before}")
            await anyio.sleep(self.dice.random() * 0.003)

    async def change(self, front: Front) -> None:
        for _ in range(25):
            user = self.dice.choice([*self.truth])
            self.truth[user] = now = self.truth[user] + 1
            await cache.forget(front, user, *self.nouns)
            here = (front.circle.name, user)
            self.known[here] = max(now, self.known.get(here, 0))
            await anyio.sleep(self.dice.random() * 0.008)


async def test_two_processes_never_go_back_in_time(database: Database, redis_url: str) -> None:
    story = Story()
    async with caching(database, redis_url) as (one, _), caching(database, redis_url) as (other, _):
        async with anyio.create_task_group() as group:
            for front in (one, other):
                for work in (story.read, story.read, story.read, story.change, story.change):
                    group.start_soon(work, front)
        for front in (one, other):
            await heard(front, redis_url)
        last = [
            {user: await cache.get(front, noun, user) for user in story.truth}
            for front in (one, other)
            for noun in story.nouns
        ]

    assert story.back == []
    assert last == [story.truth] * 4
