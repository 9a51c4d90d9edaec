"""The breaker: a Redis that hangs is waited for once, by whoever asks it then, and by nobody after."""

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import pytest
from redis.exceptions import ResponseError

from tests.fragile import Server, counted, living, own_redis, together
from tests.store.people import ANNA, NOW, register
from vitte import config
from vitte.actors import cache, limiter
from vitte.actors.breaker import Breaker, Probe
from vitte.actors.cache import Cache, Front
from vitte.actors.fetching import Fetcher
from vitte.actors.limiter import Limiter
from vitte.actors.link import Link
from vitte.actors.redis_shelf import RedisShelf
from vitte.errors import RedisAway
from vitte.runtime import Child, Mailbox, Ref
from vitte.store import keyspace
from vitte.store.pool import Database
from vitte.store.users import UserId

# Longer than in earnest, so that a busy machine does not blur what is once and what is twice.
WAIT = 0.4
UPDATES = count(1)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    with own_redis(tmp_path) as server:
        yield server


@asynccontextmanager
async def both(
    database: Database, url: str, *, probing: bool = True
) -> AsyncGenerator[tuple[Front, Ref[limiter.Message], Breaker]]:
    """The cache and the limiter behind one breaker."""
    client = keyspace.connect(config.Redis(url=config.Secret(url), wait_seconds=WAIT))
    gate = Breaker(WAIT)
    box, limits = Mailbox[cache.Message]("cache"), Mailbox[limiter.Message]("limiter")
    front, settings = Front(box.ref), config.Cache()

    def keeping() -> Cache:
        circle = front.circle
        return Cache(
            front=front,
            redis=RedisShelf(
                redis=client, breaker=gate, circle=circle, settings=settings, clock=lambda: NOW
            ),
            fetcher=Fetcher(
                database=database, shelf=front.shelf, settings=settings, clock=lambda: NOW
            ),
            link=Link(redis=client, breaker=gate, circle=circle, shelf=front.shelf),
        )

    probe = Child("redis", lambda: Probe(breaker=gate, redis=client))
    async with (
        aclosing(client),
        living(
            *([probe] if probing else []),
            Child("cache", keeping, mailbox=box),
            Child("limiter", lambda: Limiter(redis=client, breaker=gate), mailbox=limits),
        ),
    ):
        yield front, limits.ref, gate


async def one_message(front: Front, limits: Ref[limiter.Message], user: UserId) -> float:
    """Ask all that a message asks, one after the other; gives the seconds it took."""
    began = time.monotonic()
    await cache.get_user(front, user)
    await cache.get_subscription(front, user)
    await limiter.may_speak(limits, user, next(UPDATES), 10)
    await cache.forget(front, user)
    await cache.get_user(front, user)
    return time.monotonic() - began


async def test_a_hanging_redis_costs_a_message_its_time_once_in_all(
    database: Database, own: Server
) -> None:
    took: list[float] = []
    await register(database, ANNA)

    async def after(seconds: float, number: int) -> None:
        await anyio.sleep(seconds)
        took.append(await one_message(front, limits, UserId(1000 + number)))

    async with both(database, own.url) as (front, limits, _):
        await one_message(front, limits, ANNA.id)  # every connection and script is there
        with own.frozen():
            async with anyio.create_task_group() as group:
                # Some come while others wait already: one wait may not follow on another.
                for number in range(12):
                    group.start_soon(after, number * WAIT / 8, number)
            afterwards = await one_message(front, limits, UserId(2000))

    assert WAIT * 0.9 < max(took) < WAIT * 1.7
    assert afterwards < WAIT / 2


async def test_when_it_opens_all_who_wait_go_on_at_once() -> None:
    gate, gone = Breaker(60.0), list[str]()

    async def ask(name: str) -> None:
        try:
            await gate.call(anyio.sleep_forever, "cache")
        except RedisAway:
            gone.append(name)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for name in ("one", "another"):
                group.start_soon(ask, name)
            await anyio.wait_all_tasks_blocked()
            gate.open("the test says so")

    assert sorted(gone) == ["another", "one"]
    with pytest.raises(RedisAway):
        await gate.call(anyio.sleep_forever, "cache")


async def test_who_is_cancelled_while_waiting_opens_nothing() -> None:
    gate = Breaker(60.0)

    with anyio.move_on_after(0.01) as scope:
        await gate.call(anyio.sleep_forever, "cache")

    assert scope.cancelled_caught
    assert not gate.is_open


async def test_a_refusal_is_no_absence() -> None:
    gate, before = Breaker(1.0), counted("redis_faults_total", actor="limiter")

    async def refuse() -> Any:
        raise ResponseError("OOM command not allowed")

    with pytest.raises(RedisAway):
        await gate.call(refuse, "limiter")

    assert not gate.is_open
    assert counted("redis_faults_total", actor="limiter") == before + 1


async def test_a_fault_of_ours_is_not_taken_for_one_of_redis() -> None:
    gate = Breaker(1.0)

    async def blunder() -> Any:
        raise LookupError("ours")

    with pytest.raises(LookupError):
        await gate.call(blunder, "cache")
    assert not gate.is_open


async def test_the_probe_closes_it_when_redis_is_back_and_the_metric_says_so(
    database: Database, own: Server
) -> None:
    async with both(database, own.url) as (front, limits, gate):
        with own.frozen():
            await one_message(front, limits, ANNA.id)
            opened = counted("redis_breaker_open")
        with anyio.fail_after(10):
            await gate.until(is_open=False)

        assert (opened, counted("redis_breaker_open")) == (1, 0)


async def test_a_breaker_that_opened_for_nothing_is_closed_at_once(
    database: Database, own: Server
) -> None:
    async with both(database, own.url) as (_, _, gate):
        gate.open("the loop was late, not Redis")

        began = time.monotonic()
        await gate.until(is_open=False)

        assert time.monotonic() - began < WAIT


async def test_without_a_probe_it_stays_open_and_everything_goes_on(
    database: Database, own: Server
) -> None:
    await register(database, ANNA)
    async with both(database, own.url, probing=False) as (front, limits, gate):
        gate.open("the test says so")

        anna = await cache.get_user(front, ANNA.id)
        verdicts = [
            await limiter.may_speak(limits, ANNA.id, next(UPDATES), 2) for _time in range(3)
        ]

        assert gate.is_open
    assert anna is not None
    assert [verdict.allowed for verdict in verdicts] == [True, True, False]


@pytest.mark.parametrize(("patience", "socket_patience"), [(0.02, 5.0), (5.0, 0.02)])
async def test_no_connection_is_lost_to_a_redis_that_hangs(
    own: Server, patience: float, socket_patience: float
) -> None:
    client = keyspace.connect(
        config.Redis(url=config.Secret(own.url), wait_seconds=socket_patience)
    )
    gate = Breaker(patience)

    async def ask() -> None:
        with suppress(RedisAway):
            await gate.call(partial(keyspace.ping, client), "cache")

    async with aclosing(client):
        with own.frozen():
            for _ in range(5):  # twenty-odd in all, from a pool of sixteen
                await together(*[ask] * 5)
                gate.close()
        with anyio.fail_after(10):
            while True:
                with suppress(RedisAway):
                    await Breaker(5.0).call(partial(keyspace.ping, client), "cache")
                    break
