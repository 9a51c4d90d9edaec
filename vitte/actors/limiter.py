"""The limiter: how often each person may speak.

Owns the Redis keys under ``rate:``. It keeps an exact sliding window: a message
is let through when fewer than the person's limit were let through in the 60 seconds
before it; what is refused does not count, so a steady sender recovers. The limit comes
with the question, since who asks knows the person's plan.

When Redis is silent it judges from this process's own memory, which knows what was let
through before; what it lets through it tells Redis with the person's next question. So the
limit holds, only less widely: other processes hear of it later. A fall loses that
memory alone.

Only what people say is judged. Payments, blocks, buttons and commands are never asked about.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, assert_never

import anyio
from msgspec import Struct

from vitte.actors.breaker import Breaker
from vitte.actors.window import Verdict, Windows
from vitte.errors import RedisAway
from vitte.runtime import Life, Ref, Reply
from vitte.store import keyspace
from vitte.store.users import UserId

ACTOR: Final = "limiter"
WINDOW_SECONDS: Final = 60
ANSWER_SECONDS: Final = 5.0
GLANCE: Final = ""

# All who wait are judged in one round trip, by Redis's own clock, so that several
# processes agree. For each person come the limit, the message (known by its update, so that
# one judged again counts once; nothing for a glance), and what was let through without Redis:
# how many, and for each how long ago and which. Forget what has left the window, count the rest,
# and either let the message through (how many are left) or say how long until room is made
# (less than nothing: twice the milliseconds, one more for the first refusal). "told" lives as
# long as the refusal: one notice a window. A key of a wrong type is rubbish, and goes.
JUDGE: Final = """
local time = redis.call('TIME')
local now, window = time[1] * 1000000 + time[2], ARGV[1] * 1000000
local verdicts, at = {}, 2
for i, key in ipairs(KEYS) do
  local limit, message, owed = tonumber(ARGV[at]), ARGV[at + 1], tonumber(ARGV[at + 2])
  at = at + 3
  if type(redis.pcall('ZREMRANGEBYSCORE', key, '-inf', now - window)) == 'table' then
    redis.call('DEL', key)
  end
  for _ = 1, owed do
    redis.call('ZADD', key, 'NX', now - ARGV[at], ARGV[at + 1])
    redis.call('PEXPIRE', key, ARGV[1] * 1000)
    at = at + 2
  end
  local used = redis.call('ZCARD', key)
  if message ~= '' and redis.call('ZSCORE', key, message) then
    verdicts[i] = math.max(0, limit - used)
  elseif used < limit then
    if message ~= '' then
      redis.call('ZADD', key, now, message)
      redis.call('PEXPIRE', key, ARGV[1] * 1000)
      used = used + 1
    end
    verdicts[i] = limit - used
  else
    local oldest = redis.call('ZRANGE', key, used - limit, used - limit, 'WITHSCORES')[2]
    local wait = math.max(1, math.ceil((oldest + window - now) / 1000))
    local first = message ~= '' and redis.call('SET', key .. ':told', 1, 'NX', 'PX', wait)
    verdicts[i] = -2 * wait - (first and 1 or 0)
  end
end
return verdicts
"""


class MaySpeak(Struct, frozen=True, kw_only=True):
    """May this person send one more message now? Asked twice of the same one, it counts once."""

    user: UserId
    update: int
    limit: int
    reply: Reply[Verdict]


class HowMuch(Struct, frozen=True, kw_only=True):
    """How much is left to this person this minute? Costs nothing."""

    user: UserId
    limit: int
    reply: Reply[Verdict]


class Forget(Struct, frozen=True, kw_only=True):
    """Drop what is known of this person."""

    user: UserId


Question: TypeAlias = MaySpeak | HowMuch
Message: TypeAlias = Question | Forget


async def may_speak(limiter: Ref[Message], user: UserId, update: int, limit: int) -> Verdict:
    """Judge one message of a person, known by its update, and count it if it is let through.

    ``limit`` is how many their plan allows in any 60 seconds.
    """
    return await limiter.ask(
        lambda reply: MaySpeak(user=user, update=update, limit=limit, reply=reply),
        within=ANSWER_SECONDS,
    )


async def how_much(limiter: Ref[Message], user: UserId, limit: int) -> Verdict:
    """What ``may_speak`` would say now, without counting anything."""
    return await limiter.ask(
        lambda reply: HowMuch(user=user, limit=limit, reply=reply), within=ANSWER_SECONDS
    )


async def forget(limiter: Ref[Message], user: UserId) -> None:
    """Let a person start anew."""
    await limiter.tell(Forget(user=user))


class Limiter:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        redis: keyspace.Client,
        breaker: Breaker,
        script: str = JUDGE,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._script = redis.register_script(script)
        self._redis = redis
        self._breaker = breaker
        self._memory = Windows(seconds=WINDOW_SECONDS, clock=clock)

    async def run(self, life: Life[Message]) -> None:
        """Serve all who wait with one round trip, for ever."""
        life.ready()
        while True:
            asked: list[Question] = []
            for message in await life.receive_all():
                match message:
                    case MaySpeak() | HowMuch():
                        asked.append(message)
                    case Forget(user=user):
                        await self._forget(user)
                    case _:
                        assert_never(message)
            if asked:
                for question, verdict in zip(asked, await self.judge(asked), strict=True):
                    question.reply.send(verdict)

    async def judge(self, asked: Sequence[Question]) -> list[Verdict]:
        """Judge all these, in their order."""
        keys, given = self._put(asked)
        try:
            said: list[int] = await self._breaker.call(
                lambda: self._script(keys=keys, args=given), ACTOR
            )
        except RedisAway:
            return [
                self._memory.judge(
                    each.user, each.limit, each.update if isinstance(each, MaySpeak) else None
                )
                for each in asked
            ]
        return [self._read(each, code) for each, code in zip(asked, said, strict=True)]

    def _put(self, asked: Sequence[Question]) -> tuple[list[str], list[int | str]]:
        """The keys and arguments of the script."""
        keys: list[str] = []
        given: list[int | str] = [WINDOW_SECONDS]
        for each in asked:
            keys.append(keyspace.rate(each.user))
            owed = self._memory.owed(each.user)
            message = each.update if isinstance(each, MaySpeak) else GLANCE
            given += (each.limit, message, len(owed))
            for seconds, update in owed:
                given += (round(seconds * 1_000_000), update)
        return keys, given

    def _read(self, question: Question, code: int) -> Verdict:
        """What the script said; the memory notes it, so that the window goes on without Redis."""
        if code >= 0:
            if isinstance(question, MaySpeak):
                self._memory.note(question.user, question.update)
            else:
                self._memory.paid(question.user)
            return Verdict(allowed=True, left=code)
        self._memory.paid(question.user)
        milliseconds, first = divmod(-code, 2)
        tell = bool(first) and self._memory.note_told(question.user, milliseconds / 1000)
        wait = math.ceil(milliseconds / 1000)
        return Verdict(allowed=False, left=0, wait_seconds=wait, tell=tell)

    async def _forget(self, user: UserId) -> None:
        self._memory.forget(user)
        key = keyspace.rate(user)
        try:
            await self._breaker.call(lambda: self._redis.delete(key, f"{key}:told"), ACTOR)
        except RedisAway:
            return  # it is gone from there within a window by itself
