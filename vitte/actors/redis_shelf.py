"""The shelf in Redis: what the cache keeps where other processes find it too.

All that waits is read with one MGET and written with one script. The fence reaches
over processes: with a person's things comes the mark of their last change
(``changed:{id}``). What was read from PostgreSQL is written only while that mark still
stands, and found only under the mark that it was written under; who changes something sets
a new one and tells the others in the same step. A mark outlives everything that is kept.

A change that Redis could not be told is owed: until it is paid that person's things are
neither read nor written here, by this process. Garbage is a miss, counted and replaced.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

import anyio
import msgspec
from msgspec import Struct

from vitte import config, metrics
from vitte.actors.breaker import Breaker
from vitte.actors.circle import Circle, News
from vitte.actors.noun import Kept, Noun
from vitte.errors import RedisAway
from vitte.store import keyspace
from vitte.store.users import UserId

ACTOR: Final = "cache"
OUTLIVES_SECONDS: Final = 60.0
"""By so much a mark outlives what may have been kept before it, and the longest reading."""
PAUSE_SECONDS: Final = 1.0
# Changes first: what was read before them is then refused by their marks. A mark of a wrong
# type is rubbish: it is taken away and matches nothing. A value of one is replaced.
WRITE: Final = """
local changes, mark, lasts, channel, news = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]
for i = 1, changes do
  redis.call('SET', KEYS[i], mark, 'PX', lasts)
end
local heard, refused, at = -1, 0, 6
if news ~= '' then
  heard = redis.call('PUBLISH', channel, news)
end
for i = changes + 1, #KEYS, 2 do
  local stands = redis.pcall('GET', KEYS[i + 1])
  if type(stands) == 'table' then
    redis.call('DEL', KEYS[i + 1])
  elseif (stands or '') == ARGV[at] then
    redis.call('SET', KEYS[i], ARGV[at + 1], 'PX', ARGV[at + 2])
  else
    refused = refused + 1
  end
  at = at + 3
end
return {refused, heard}
"""


class Found(Struct, frozen=True, gc=False):
    """What Redis has of one thing, for how many more seconds, and the mark of the last change."""

    value: Any
    seconds: float
    mark: bytes | None


class Fill(Struct, frozen=True, kw_only=True):
    """One thing to keep in Redis, if the mark still stands that was there before it was read."""

    noun: Noun[Any, Any]
    key: UserId
    value: Any
    mark: bytes


class RedisShelf:
    """One life of it, with one client; the circle comes from outside and stays."""

    def __init__(
        self,
        *,
        redis: keyspace.Client,
        breaker: Breaker,
        circle: Circle,
        settings: config.Cache,
        clock: Callable[[], datetime],
    ) -> None:
        self._redis = redis
        self._script = redis.register_script(WRITE)
        self._breaker = breaker
        self._circle = circle
        self._owed = circle.owed
        self._settings = settings
        self._clock = clock

    async def read(self, wanted: Sequence[tuple[Noun[Any, Any], UserId]]) -> list[Found | None]:
        """Look for things; None is one that was not looked for.

        That is every one while Redis is away; and what is owed, since what stands there may
        be older than the change.
        """
        places = [
            None if noun.in_redis is None or user in self._owed else noun.in_redis.key(user)
            for noun, user in wanted
        ]
        people = list(dict.fromkeys(user for _, user in wanted))
        keys = [place for place in places if place is not None]
        if not keys:
            return [None] * len(wanted)
        asked = keys + [keyspace.changed(user) for user in people]
        try:
            said = await self._breaker.call(lambda: self._redis.mget(asked), ACTOR)
        except RedisAway:
            return [None] * len(wanted)
        values = cast("list[bytes | None]", said)
        marks = dict(zip(people, values[len(keys) :], strict=True))
        now, found = self._clock(), iter(values)
        return [
            None if place is None else self._found(noun, next(found), marks[user] or b"", now)
            for place, (noun, user) in zip(places, wanted, strict=True)
        ]

    def _found(self, noun: Noun[Any, Any], text: bytes | None, mark: bytes, now: datetime) -> Found:
        if text is None or noun.decode is None:
            return Found(None, 0.0, mark)
        try:
            kept = noun.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError):  # rubbish, or of another version
            noun.counted_rubbish.inc()
            return Found(None, 0.0, mark)
        if kept.mark.encode() != mark:  # of before a change
            return Found(None, 0.0, mark)
        # However long it says, no longer than if it had been read now.
        seconds = min(kept.until - now.timestamp(), noun.seconds(self._settings, kept.row, now))
        return Found(kept.row if seconds > 0 else None, seconds, mark)

    async def pay(self) -> None:
        """Tell Redis what it has missed, whenever it is back, for ever."""
        while True:
            await self._breaker.until(is_open=False)
            try:
                while self._owed or self._circle.untold:
                    await self.write()
            except RedisAway:  # again; or it refuses to write, and is asked now and then
                await anyio.sleep(PAUSE_SECONDS)
            else:
                await self._breaker.until(is_open=True)

    async def write(
        self, fills: Sequence[Fill] = (), told: Sequence[tuple[UserId, frozenset[str]]] = ()
    ) -> None:
        """Pay what is owed, tell the others, and keep what was read.

        Raises:
            RedisAway: Nothing, or not all, was done; what is owed stays so.
        """
        owed = self._owed.listed(self._longest() + OUTLIVES_SECONDS)
        worth = list(self._worth(fills))
        news = self._news(owed, told)
        if not (owed or worth or news):
            return
        keys = [keyspace.changed(user) for user in owed]
        lasts = round(1000 * (self._longest() + OUTLIVES_SECONDS))
        given: list[bytes | str | int] = [
            len(owed), secrets.token_hex(8), lasts, keyspace.CHANGED, news,
        ]  # fmt: skip
        for places, mark, value, milliseconds in worth:
            keys += places
            given += (mark, value, milliseconds)
        try:
            refused, heard = await self._breaker.call(
                lambda: self._script(keys=keys, args=given), ACTOR
            )
        except RedisAway:
            self._circle.untold = self._circle.untold or bool(told)
            raise
        self._owed.paid(owed)
        if news:
            self._circle.untold = False
            self._circle.counted(heard)
        if refused:
            metrics.cache_refused.labels("redis").inc(refused)

    def _news(
        self, owed: Mapping[UserId, object], told: Sequence[tuple[UserId, frozenset[str]]]
    ) -> bytes:
        """What the others are told; nothing when there is nothing to tell."""
        if not (owed or told or self._circle.untold):
            return b""
        people = [(user, list[str]()) for user in owed]
        people += [(user, sorted(nouns)) for user, nouns in told]
        news = News(by=self._circle.name, people=people, everything=self._circle.untold)
        return msgspec.json.encode(news)

    def _worth(self, fills: Iterable[Fill]) -> Iterable[tuple[tuple[str, str], bytes, bytes, int]]:
        """Give those that will be good for a while, as the script takes them."""
        now = self._clock()
        for fill in fills:
            if fill.noun.in_redis is None or fill.key in self._owed:
                continue
            seconds = fill.noun.seconds(self._settings, fill.value, now)
            seconds = min(seconds, self._longest())
            if (milliseconds := int(seconds * 1000)) > 0:
                until, mark = now.timestamp() + seconds, fill.mark.decode()
                kept = Kept(row=fill.value, until=until, mark=mark)
                places = fill.noun.in_redis.key(fill.key), keyspace.changed(fill.key)
                yield places, fill.mark, msgspec.json.encode(kept), milliseconds

    def _longest(self) -> float:
        """How many seconds anything is kept at most."""
        return float(max(self._settings.user_seconds, self._settings.subscription_seconds))
