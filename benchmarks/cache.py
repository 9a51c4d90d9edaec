"""What the cache and the limiter cost, each way of asking apart.

    make bench-cache ARGS="--rounds 5"

On stores of its own. CPU is that of this process alone, by its own clock, so a busy
machine blurs it little; a round trip is a command that was sent to Redis.
"""

import argparse
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

import anyio
import redis
from measuring import Figures

from vitte import config
from vitte.actors import cache, limiter
from vitte.actors.breaker import Breaker
from vitte.actors.fetching import Fetcher
from vitte.actors.link import Link
from vitte.actors.redis_shelf import RedisShelf
from vitte.dev import stores
from vitte.house import utc_now
from vitte.runtime import ONE_FOR_ONE, Child, Mailbox, Supervisor, start, within
from vitte.store import keyspace, migrations, users
from vitte.store.pool import Database, PoolLimits
from vitte.store.users import UserId

PEOPLE: Final = 2_000
UPDATES: Final = count(1)
# What a script calls inside Redis, such as PUBLISH, is no round trip.
SENT: Final = ("mget", "evalsha")
MICRO: Final = 1e6


class Scene:
    """The cache and the limiter, and a look into the Redis behind them."""

    def __init__(self, client: keyspace.Client, database: Database, look: Any) -> None:
        settings, gate = config.Cache(), Breaker(5.0)
        box, limits = Mailbox[cache.Message]("cache"), Mailbox[limiter.Message]("limiter")
        self.front, self.limits = cache.Front(box.ref), limits.ref
        self.look = look

        def keeping() -> cache.Cache:
            front, circle = self.front, self.front.circle
            shelf = RedisShelf(
                redis=client, breaker=gate, circle=circle, settings=settings, clock=utc_now
            )
            fetcher = Fetcher(
                database=database, shelf=front.shelf, settings=settings, clock=utc_now
            )
            link = Link(redis=client, breaker=gate, circle=circle, shelf=front.shelf)
            return cache.Cache(front=front, redis=shelf, fetcher=fetcher, link=link)

        def judging() -> limiter.Limiter:
            return limiter.Limiter(redis=client, breaker=gate)

        children = [
            Child("cache", keeping, mailbox=box),
            Child("limiter", judging, mailbox=limits),
        ]
        self.tree = Supervisor("bench", ONE_FOR_ONE, within(3, minutes=1), children)

    def trips(self) -> int:
        """How many commands were sent to Redis so far."""
        stats = self.look.info("commandstats")
        return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in SENT)

    async def read(self, number: int) -> None:
        """Read a person."""
        await cache.get_user(self.front, UserId(number % PEOPLE + 1))

    async def forget(self, number: int) -> None:
        """Drop what is kept of a person."""
        await cache.forget(self.front, UserId(number % PEOPLE + 1))

    async def judge(self, number: int) -> None:
        """Judge a message."""
        await limiter.may_speak(self.limits, UserId(number % PEOPLE + 1), next(UPDATES), 10)


@asynccontextmanager
async def opened(folder: Path) -> AsyncGenerator[Scene]:
    """Stores with people in them, the two actors on top."""
    with stores.running(folder, durable=False) as running:
        migrations.apply(running.database_url)
        database = Database(running.database_url, PoolLimits(kept=4, most=8))
        url = config.Secret(running.redis_url)
        client = keyspace.connect(config.Redis(url=url, wait_seconds=5.0))
        await database.open()
        now = utc_now()
        for number in range(PEOPLE):
            contact = users.Contact(id=UserId(number + 1), first_name=f"P{number}")
            await users.add_or_refresh(database, contact, language="en", now=now)
        with redis.Redis.from_url(running.redis_url) as look:  # pyright: ignore[reportUnknownMemberType]  # untyped in redis-py
            scene = Scene(client, database, look)
            async with aclosing(client), start(scene.tree):
                while scene.front.shelf.ceiling is not None:  # noqa: ASYNC110  # no event tells
                    await anyio.sleep(0.01)
                yield scene
        await database.close()


async def _measured(
    scene: Scene, ask: Callable[[int], Awaitable[None]], at_once: int, times: int
) -> dict[str, float]:
    """The cost of one question, with so many askers and so many questions from each."""

    async def asker(first: int) -> None:
        for number in range(first * times, (first + 1) * times):
            await ask(number)

    trips, cpu, began = scene.trips(), time.process_time(), time.perf_counter()
    async with anyio.create_task_group() as group:
        for first in range(at_once):
            group.start_soon(asker, first)
    cpu, took = time.process_time() - cpu, time.perf_counter() - began
    asked = at_once * times
    return {
        "CPU µs": cpu / asked * MICRO,
        "a second": asked / took,
        "trips": (scene.trips() - trips) / asked,
    }


async def measure(rounds: int) -> None:
    """All ways, every round anew."""
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder)) as scene:
            for _ in range(rounds):
                scene.look.flushall()
                for row, ask, at_once, times, first in (
                    ("from PostgreSQL, 1 at once", scene.read, 1, 200, True),
                    ("from PostgreSQL, 200 at once", scene.read, 200, 10, True),
                    ("from Redis, 1 at once", scene.read, 1, 200, True),
                    ("from Redis, 200 at once", scene.read, 200, 10, True),
                    ("from memory", scene.read, 1, 100_000, False),
                    ("forgotten, 1 at once", scene.forget, 1, 200, False),
                    ("forgotten, 200 at once", scene.forget, 200, 10, False),
                    ("judged, 1 at once", scene.judge, 1, 500, False),
                    ("judged, 10 at once", scene.judge, 10, 300, False),
                    ("judged, 200 at once", scene.judge, 200, 50, False),
                ):
                    if "PostgreSQL" in row:
                        scene.look.flushall()
                    if first:
                        scene.front.shelf.clear()
                    figures.add(row, **await _measured(scene, ask, at_once, times))
    print(figures.table({"CPU µs": 1, "a second": 0, "trips": 3}))


def main() -> None:
    """Read what is wanted, and measure it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    anyio.run(partial(measure, wanted.rounds), backend_options={"use_uvloop": True})


if __name__ == "__main__":
    main()
