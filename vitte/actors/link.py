"""The link: what processes tell each other of what they have changed.

Everything that is forgotten is told on a channel of Redis, and dropped from every other
process's memory. While nothing can be heard, changes may be missed: then the memory is
dropped, and nothing is kept there for longer than a few seconds, until the link stands
again. A newcomer says hello; whoever is alone tells nobody, which saves a round trip a
message. It lives in the cache's life and ends with it.
"""

import logging
import time
from typing import Any, Final, cast

import anyio
import msgspec
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from vitte import metrics
from vitte.actors.breaker import Breaker
from vitte.actors.circle import Circle, News
from vitte.actors.shelf import Shelf
from vitte.errors import RedisAway
from vitte.store import keyspace

ACTOR: Final = "cache"
QUIET_SECONDS: Final = 5.0
"""After so long without a word the other end is asked whether it is there."""
PATIENCE_SECONDS: Final = 1.0
UNHEARD_SECONDS: Final = 5.0
"""How long anything is kept at most while others cannot be heard."""
HELLO_SECONDS: Final = 1.0
"""After so long everybody has heard who is new."""
PAUSE_SECONDS: Final = 0.5

log = logging.getLogger(__name__)


_read: Final = msgspec.json.Decoder(News).decode


class Link:
    """One life of it."""

    def __init__(
        self,
        *,
        redis: keyspace.Client,
        breaker: Breaker,
        shelf: Shelf,
        circle: Circle,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self._redis = redis
        self._breaker = breaker
        self._shelf = shelf
        self._circle = circle
        self._quiet_seconds = quiet_seconds

    async def run(self) -> None:
        """Listen to the others, for ever."""
        while True:
            await self._breaker.until(is_open=False)
            try:
                await self._listen()
            except (RedisError, RedisAway, OSError, TimeoutError) as problem:
                log.warning("Cannot hear what others change: %s", type(problem).__name__)
            finally:
                self._lost()
            await anyio.sleep(PAUSE_SECONDS)

    async def _listen(self) -> None:
        """Listen until the link breaks."""
        async with self._redis.pubsub() as ear:  # pyright: ignore[reportUnknownMemberType]  # untyped in redis-py
            with anyio.fail_after(PATIENCE_SECONDS):
                await ear.subscribe(keyspace.CHANGED)
                while not await self._hear(ear, PATIENCE_SECONDS):
                    pass
            self._circle.linked = True
            await self._say_hello()
            until = time.monotonic() + HELLO_SECONDS
            while (left := until - time.monotonic()) > 0:
                await self._hear(ear, left)
            self._shelf.ceiling = None
            metrics.cache_linked.set(1)
            while True:
                if not await self._hear(ear, self._quiet_seconds):
                    await ear.ping()  # pyright: ignore[reportUnknownMemberType]  # untyped in redis-py
                    if not await self._hear(ear, PATIENCE_SECONDS):
                        raise TimeoutError

    async def _hear(self, ear: PubSub, seconds: float) -> bool:
        """Take in one thing that is said; False when nothing is for so long."""
        heard = cast("dict[str, Any] | None", await ear.get_message(timeout=seconds))
        if heard is None:
            return False
        if heard["type"] == "subscribe":
            # From now on we hear; what was kept before may have been changed while nobody did.
            self._shelf.clear()
        elif heard["type"] == "message":
            self._take(heard["data"])
        return True

    def _take(self, text: bytes) -> None:
        try:
            news = _read(text)
        except (msgspec.MsgspecError, UnicodeDecodeError):  # of another version, or rubbish
            log.warning("What another process said is not understood: dropping the memory")
            self._shelf.clear()
            return
        if news.by == self._circle.name:
            return
        self._circle.others = True
        if news.everything:
            self._shelf.clear()
        for user, nouns in news.people:
            self._shelf.drop(user, nouns)
        if news.people:
            metrics.cache_forgotten.labels("others").inc(len(news.people))

    async def _say_hello(self) -> None:
        """Say that somebody listens now; learn whether anybody else does."""
        hello = msgspec.json.encode(News(by=self._circle.name, hello=True))
        heard: int = await self._breaker.call(
            lambda: self._redis.publish(keyspace.CHANGED, hello),  # pyright: ignore[reportUnknownMemberType]  # untyped in redis-py
            ACTOR,
        )
        self._circle.counted(heard)

    def _lost(self) -> None:
        if self._circle.linked:
            self._shelf.clear()
        self._circle.linked = False
        self._shelf.ceiling = UNHEARD_SECONDS
        metrics.cache_linked.set(0)
