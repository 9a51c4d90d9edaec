"""The limiter: how often each person may speak.

Owns the Redis keys under ``rate:``. It keeps an exact sliding window: a message
is let through when fewer than ``limit`` were let through in the 60 seconds
before it; what is refused does not count, so a steady sender recovers. When
Redis is silent it judges from this process's own memory and counts that it
did: the limit holds, only less widely. A fall loses that memory alone.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, assert_never

import anyio
from msgspec import Struct
from redis.exceptions import RedisError

from vitte import metrics
from vitte.actors.window import Verdict, Windows
from vitte.runtime import Life, Ref, Reply
from vitte.store import keyspace
from vitte.store.users import UserId

WINDOW_SECONDS: Final = 60
ANSWER_SECONDS: Final = 5.0

log = logging.getLogger(__name__)

# All who wait are judged in one round trip, by Redis's own clock, so that several
# processes agree. For each person: forget what has left the window, count the
# rest, and either let the message through or say how long until the oldest
# leaves. "told" lives as long as the refusal: one notice a window. A message is
# known by its update, so that one judged again after a fall counts once.
JUDGE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local window, limit, take = ARGV[1] * 1000000, tonumber(ARGV[2]), ARGV[3] == '1'
local verdicts = {}
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  local used = redis.call('ZCARD', key)
  if take and redis.call('ZSCORE', key, ARGV[3 + i]) then
    verdicts[i] = {1, limit - used, 0, 0}
  elseif used < limit then
    if take then
      redis.call('ZADD', key, now, ARGV[3 + i])
      redis.call('PEXPIRE', key, ARGV[1] * 1000)
      used = used + 1
    end
    verdicts[i] = {1, limit - used, 0, 0}
  else
    local oldest = redis.call('ZRANGE', key, used - limit, used - limit, 'WITHSCORES')[2]
    local wait = math.max(1, math.ceil((oldest + window - now) / 1000))
    local first = take and redis.call('SET', key .. ':told', 1, 'NX', 'PX', wait)
    verdicts[i] = {0, 0, wait, first and 1 or 0}
  end
end
return verdicts
"""


class MaySpeak(Struct, frozen=True, kw_only=True):
    """May this person send one more message now? Asked twice of the same one, it counts once."""

    user: UserId
    update: int
    reply: Reply[Verdict]


class HowMuch(Struct, frozen=True, kw_only=True):
    """How much is left to this person this minute? Costs nothing."""

    user: UserId
    reply: Reply[Verdict]


class Forget(Struct, frozen=True, kw_only=True):
    """Drop what is known of this person."""

    user: UserId


Message: TypeAlias = MaySpeak | HowMuch | Forget


async def may_speak(limiter: Ref[Message], user: UserId, update: int) -> Verdict:
    """Judge one message of a person, known by its update, and count it if it is let through."""
    return await limiter.ask(
        lambda reply: MaySpeak(user=user, update=update, reply=reply), within=ANSWER_SECONDS
    )


async def how_much(limiter: Ref[Message], user: UserId) -> Verdict:
    """What ``may_speak`` would say now, without counting anything."""
    return await limiter.ask(lambda reply: HowMuch(user=user, reply=reply), within=ANSWER_SECONDS)


async def forget(limiter: Ref[Message], user: UserId) -> None:
    """Let a person start anew."""
    await limiter.tell(Forget(user=user))


class Limiter:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        redis: keyspace.Client,
        limit: int,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._judge = redis.register_script(JUDGE)
        self._redis = redis
        self._limit = limit
        self._memory = Windows(limit=limit, seconds=WINDOW_SECONDS, clock=clock)

    async def run(self, life: Life[Message]) -> None:
        """Serve all who wait with one round trip, for ever."""
        life.ready()
        while True:
            asked: list[MaySpeak] = []
            looked: list[HowMuch] = []
            for message in await life.receive_all():
                match message:
                    case MaySpeak():
                        asked.append(message)
                    case HowMuch():
                        looked.append(message)
                    case Forget(user=user):
                        await self._forget(user)
                    case _:
                        assert_never(message)
            await self._answer(asked, take=True)
            await self._answer(looked, take=False)

    async def _answer(self, questions: Sequence[MaySpeak | HowMuch], *, take: bool) -> None:
        if not questions:
            return
        users = [question.user for question in questions]
        try:
            members = [question.update for question in questions if isinstance(question, MaySpeak)]
            verdicts = await self._ask_redis(users, members, take=take)
        except (RedisError, OSError, TimeoutError) as problem:
            metrics.redis_faults.labels("limiter").inc()
            log.warning("Redis is away, judging from memory: %s", type(problem).__name__)
            verdicts = [self._memory.judge(user, take=take) for user in users]
        for question, verdict in zip(questions, verdicts, strict=True):
            question.reply.send(verdict)

    async def _ask_redis(
        self, users: Sequence[UserId], members: Sequence[int], *, take: bool
    ) -> list[Verdict]:
        found: list[tuple[int, int, int, int]] = await self._judge(
            keys=[keyspace.rate(user) for user in users],
            args=[WINDOW_SECONDS, self._limit, int(take), *members],
        )
        verdicts = [
            Verdict(
                allowed=bool(allowed), left=left, wait_seconds=-(-wait // 1000), tell=bool(tell)
            )
            for allowed, left, wait, tell in found
        ]
        for user, verdict in zip(users, verdicts, strict=True):
            if take and verdict.allowed:
                self._memory.note(user)  # so that the window goes on should Redis go away
        return verdicts

    async def _forget(self, user: UserId) -> None:
        self._memory.forget(user)
        try:
            await self._redis.delete(keyspace.rate(user), f"{keyspace.rate(user)}:told")
        except (RedisError, OSError, TimeoutError):
            metrics.redis_faults.labels("limiter").inc()
