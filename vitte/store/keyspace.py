"""The keyspace: how Redis is reached, and every key that vitte keeps there.

``user:{id}`` and ``subscription:{id}`` are JSON that a person can read in
redis-cli; ``rate:{id}`` is a sorted set of the times at which a person spoke.
Redis holds nothing that cannot be lost: every key has a time to live.
"""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from vitte.config import Redis as Settings

Client = Redis


def connect(settings: Settings) -> Redis:
    """A client that waits ``wait_seconds`` at the most, for a connection and for an answer.

    Nothing is opened yet: Redis may be away. The pool makes its askers wait
    where redis-py's default pool would raise at the first burst.
    """
    pool = BlockingConnectionPool.from_url(
        settings.url.reveal(),
        max_connections=16,
        timeout=settings.wait_seconds,
        socket_timeout=settings.wait_seconds,
        socket_connect_timeout=settings.wait_seconds,
        retry=Retry(NoBackoff(), 0),
        client_name="vitte",
    )
    return Redis(connection_pool=pool)


def user(number: int) -> str:
    """Where a user is kept."""
    return f"user:{number}"


def subscription(number: int) -> str:
    """Where a user's subscription is kept."""
    return f"subscription:{number}"


def rate(number: int) -> str:
    """Where the times at which a user spoke are kept."""
    return f"rate:{number}"
