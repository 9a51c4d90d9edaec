"""A cache without the rest of the tree, and a noun whose source can be held up."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime

import anyio

from tests.fragile import living
from tests.store.people import NOW
from vitte import config
from vitte.actors import cache
from vitte.actors.breaker import Breaker, Probe
from vitte.actors.cache import Cache, Front
from vitte.actors.fetching import Fetcher
from vitte.actors.link import Link
from vitte.actors.redis_shelf import RedisShelf
from vitte.runtime import Child, Mailbox, Running
from vitte.store import keyspace
from vitte.store.pool import Database
from vitte.store.users import UserId


@asynccontextmanager
async def caching(
    database: Database, url: str, *, wait_seconds: float = 1.0, now: datetime = NOW
) -> AsyncGenerator[tuple[Front, Running]]:
    client = keyspace.connect(config.Redis(url=config.Secret(url), wait_seconds=wait_seconds))
    box = Mailbox[cache.Message]("cache")
    front = Front(box.ref)
    gate = Breaker(wait_seconds)

    def begin() -> Cache:
        settings, circle = config.Cache(), front.circle
        shelf = RedisShelf(
            redis=client, breaker=gate, circle=circle, settings=settings, clock=lambda: now
        )
        link = Link(redis=client, breaker=gate, circle=circle, shelf=front.shelf, quiet_seconds=0.2)
        fetcher = Fetcher(
            database=database, shelf=front.shelf, settings=settings, clock=lambda: now
        )
        return Cache(front=front, redis=shelf, fetcher=fetcher, link=link)

    probe = Child("redis", lambda: Probe(breaker=gate, redis=client))
    async with aclosing(client), living(probe, Child("cache", begin, mailbox=box)) as running:
        await linked(front)
        yield front, running


async def linked(front: Front) -> None:
    """Wait until the cache hears the others: then it has dropped what it kept before."""
    with anyio.fail_after(5):
        while not front.circle.linked:
            await anyio.lowlevel.checkpoint()


class Source:
    """What a noun of these tests is fetched from: it counts, and can be held up."""

    def __init__(self, name: str = "test") -> None:
        self.rows: dict[int, str] = {101: "anna", 102: "boris", 103: "vera"}
        self.asked: list[list[int]] = []
        self.go = anyio.Event()
        self.go.set()
        self.poison: set[int] = set()
        self.noun = cache.Noun[UserId, str](name, fetch=self.fetch, seconds=60.0)

    async def fetch(self, _database: Database, keys: Sequence[int]) -> dict[UserId, str]:
        self.asked.append(list(keys))
        found = {UserId(key): self.rows[key] for key in keys if key in self.rows}
        await self.go.wait()
        if self.poison.intersection(keys):
            raise ValueError("one of them cannot be asked")
        return found


async def written(front: Front) -> None:
    """Wait until Redis has what was read so far: what is told goes the same way, behind it."""
    await cache.forget(front, UserId(0))
