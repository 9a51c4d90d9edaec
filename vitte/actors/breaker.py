"""The breaker: nobody waits twice for a Redis that hangs.

Everyone who asks Redis on a person's way asks through it. When an answer stays out for
``redis.wait_seconds``, or the connection breaks, it opens: all who wait at that moment
go on without Redis at once, and nobody waits any more until a probe says that Redis is
back. So a hanging Redis costs a message that time in all, however often it would have
asked. Its loss (the probe's, that is) leaves it open a little longer.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, Never, TypeVar

import anyio
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisSlow

from vitte import metrics
from vitte.errors import RedisAway
from vitte.runtime import Life
from vitte.store import keyspace

T = TypeVar("T")
FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 2.0
CALM_SECONDS: Final = 5.0
"""Closed for so long, the next opening begins with the first pause again."""

log = logging.getLogger(__name__)


class Breaker:
    """Whether Redis is asked at all, and who waits for it now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_open = False
        self._waiting: set[anyio.CancelScope] = set()
        self._turned = anyio.Event()
        metrics.redis_breaker_open.set(0)

    async def call(self, ask: Callable[[], Awaitable[T]], actor: str) -> T:
        """Ask Redis, for ``seconds`` at most.

        Raises:
            RedisAway: it was not asked, did not answer in time, or refused.
        """
        if self.is_open:
            raise RedisAway("it did not answer lately")
        problem: Exception | None = None
        with anyio.CancelScope(deadline=anyio.current_time() + self.seconds) as scope:
            self._waiting.add(scope)
            try:
                return await ask()
            except (RedisGone, RedisSlow, OSError, TimeoutError) as broken:
                problem = broken
            except RedisError as refusal:  # it answers, but not this: nobody waits for that
                metrics.redis_faults.labels(actor).inc()
                raise RedisAway(type(refusal).__name__) from refusal
            finally:
                self._waiting.discard(scope)
        reason = type(problem).__name__ if problem else f"no answer within {self.seconds} s"
        metrics.redis_faults.labels(actor).inc()
        self.open(reason)
        raise RedisAway(reason) from problem

    def open(self, reason: str) -> None:
        """Ask no more, and let go of all who wait."""
        if self.is_open:
            return
        log.warning("Redis is away, going on without it: %s", reason)
        self._turn(to_open=True)
        for scope in tuple(self._waiting):
            scope.cancel()

    def close(self) -> None:
        """Ask again."""
        if self.is_open:
            log.warning("Redis is back")
            self._turn(to_open=False)

    async def until(self, *, is_open: bool) -> None:
        """Wait until it is open, or until it is not."""
        while self.is_open is not is_open:
            await self._turned.wait()

    def _turn(self, *, to_open: bool) -> None:
        self.is_open = to_open
        metrics.redis_breaker_open.set(to_open)
        self._turned.set()
        self._turned = anyio.Event()


class Probe:
    """One life of who looks whether Redis is back; the breaker itself outlives it."""

    def __init__(self, *, breaker: Breaker, redis: keyspace.Client) -> None:
        self._breaker = breaker
        self._redis = redis

    async def run(self, life: Life[Never]) -> None:
        """Close the breaker whenever Redis answers again, for ever."""
        life.ready()
        pause, closed_at = FIRST_PAUSE_SECONDS, -CALM_SECONDS
        while True:
            await self._breaker.until(is_open=True)
            if time.monotonic() - closed_at >= CALM_SECONDS:
                # Perhaps only this process was late, and Redis was not: one look at once.
                pause = FIRST_PAUSE_SECONDS
            else:
                await anyio.sleep(pause)
            while not await self._answers():
                await anyio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            closed_at = time.monotonic()
            self._breaker.close()

    async def _answers(self) -> bool:
        try:
            with anyio.fail_after(self._breaker.seconds):
                await keyspace.ping(self._redis)
        except (RedisError, OSError, TimeoutError):
            return False
        return True
