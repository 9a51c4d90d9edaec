"""What a message costs Redis: one round trip when it is quiet, next to none under load."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio
import pytest

from tests.fragile import Server, looking_into, own_redis, together
from tests.whole import Whole, configured, whole
from vitte import config
from vitte.dev.telegram import LocalTelegram

# What is sent by us; what a script calls inside Redis is no round trip.
OURS: Final = ("evalsha", "mget", "del", "ping", "subscribe", "script|load")


def trips(redis: Any) -> int:
    stats = redis.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in OURS)


@asynccontextmanager
async def running(
    telegram: LocalTelegram, database_url: str, server: Server, folder: Path
) -> AsyncGenerator[Whole]:
    limits = config.Limiter(messages_per_minute=1_000, free_per_day=10_000)
    settings = configured(telegram, database_url, server.url, folder, limiter=limits)
    async with whole(settings, telegram) as vitte:
        yield vitte


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with own_redis(tmp_path) as server:
        yield server


async def test_a_quiet_message_costs_one_round_trip(
    telegram: LocalTelegram, database_url: str, server: Server, tmp_path: Path
) -> None:
    async with running(telegram, database_url, server, tmp_path) as vitte:
        anna = telegram.person("Anna", language_code="en")
        await anna.writes("hello")
        await anna.hears_one()
        with anyio.fail_after(10):
            while vitte.house.services.cache.shelf.ceiling is not None:
                await anyio.lowlevel.checkpoint()
        await anna.writes("hello again")
        await anna.hears_one()
        with looking_into(server.url) as redis:
            before = trips(redis)

            for number in range(30):
                await anna.writes(f"message {number}")
                await anna.hears_one()

            assert trips(redis) - before <= 30 + 1  # and perhaps a look whether the link stands


async def test_under_load_many_messages_share_one(
    telegram: LocalTelegram, database_url: str, server: Server, tmp_path: Path
) -> None:
    async with running(telegram, database_url, server, tmp_path) as vitte:
        people = [telegram.person(f"P{number}", language_code="en") for number in range(60)]
        await together(*[partial(person.writes, "hello") for person in people])
        await vitte.settled()
        with looking_into(server.url) as redis:
            before = trips(redis)

            await together(*[partial(p.writes, f"{n}") for n in range(5) for p in people])
            await vitte.settled(within=30)

            assert trips(redis) - before <= 300 / 10
