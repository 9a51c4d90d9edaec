"""The keyspace: how Redis is reached, and every key that vitte keeps there.

``user:{id}`` and ``subscription:{id}`` are JSON that a person can read in
redis-cli; ``changed:{id}`` marks the last change of either, longer than they live;
``rate:{id}`` is a sorted set of the times at which a person spoke. On the channel
``changed`` processes tell each other what they have changed. Redis holds nothing
that cannot be lost: every key has a time to live.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import redis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo

from vitte.config import Redis as Settings
from vitte.errors import RedisAway

Client = Redis
CHANGED: Final = "changed"
"""The channel on which processes tell each other what they have changed."""
EVERYTHING: Final = b'{"by":"","people":[],"everything":true}'
"""What is said there when all that lies in memories is to be dropped."""


def connect(settings: Settings) -> Redis:
    """A client that waits ``wait_seconds`` at the most, for a connection and for an answer.

    Nothing is opened yet: Redis may be away. The pool makes its askers wait
    where redis-py's default pool would raise at the first burst.
    """
    pool = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType]  # untyped in redis-py
        settings.url.reveal(),
        max_connections=16,
        timeout=settings.wait_seconds,
        socket_timeout=settings.wait_seconds,
        socket_connect_timeout=settings.wait_seconds,
        retry=Retry(NoBackoff(), 0),
        client_name="vitte",
        # Said here, or redis-py looks for it on the disk with each connection.
        driver_info=DriverInfo(lib_version=redis.__version__),
    )
    return Redis.from_pool(pool)


async def ping(client: Redis) -> None:
    """Ask for a sign of life; raises as every call does when there is none."""
    await client.execute_command("PING")  # pyright: ignore[reportUnknownMemberType]  # untyped in redis-py


def user(number: int) -> str:
    """Where a user is kept."""
    return f"user:{number}"


def subscription(number: int) -> str:
    """Where a user's subscription is kept."""
    return f"subscription:{number}"


def changed(number: int) -> str:
    """Where the last change of what is kept of a user is marked."""
    return f"changed:{number}"


def rate(number: int) -> str:
    """Where the times at which a user spoke are kept."""
    return f"rate:{number}"


async def forget_all(settings: Settings) -> None:
    """Drop all that is kept of people but when they spoke: for a database that was exchanged.

    Raises:
        RedisAway: Redis cannot be asked.
    """
    async with _asking(settings) as client:
        for pattern in ("user:*", "subscription:*", "changed:*"):
            # redis-py leaves its keys untyped.
            async for key in client.scan_iter(match=pattern, count=1_000):  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
                await client.unlink(str(key, "utf-8"))  # pyright: ignore[reportUnknownArgumentType]
        await _empty_memories(client)


async def empty_memories(settings: Settings) -> None:
    """Have every process drop what lies in its memory: a command has changed what people see.

    Raises:
        RedisAway: Redis cannot be asked.
    """
    async with _asking(settings) as client:
        await _empty_memories(client)


async def _empty_memories(client: Redis) -> None:
    await client.publish(CHANGED, EVERYTHING)  # pyright: ignore[reportUnknownMemberType]  # untyped in redis-py


@asynccontextmanager
async def _asking(settings: Settings) -> AsyncGenerator[Redis]:
    """A client for one piece of work of a command."""
    client = connect(settings)
    try:
        yield client
    except (redis.RedisError, OSError) as problem:
        raise RedisAway(type(problem).__name__) from problem
    finally:
        await client.aclose()
