"""The limiter on a real Valkey: exact, in one round trip, and steadfast without it."""

import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fragile import Server, counted, living, looking_into, own_redis, together
from vitte import config
from vitte.actors import limiter
from vitte.actors.limiter import Limiter
from vitte.actors.window import Verdict
from vitte.runtime import Child, Mailbox, Ref
from vitte.store import keyspace
from vitte.store.users import UserId

ANNA, BORIS = UserId(101), UserId(102)
WINDOW = 60_000_000
UPDATES = count(1)


@asynccontextmanager
async def judging(
    url: str, *, limit: int = 10, wait_seconds: float = 1.0
) -> AsyncGenerator[Ref[limiter.Message]]:
    client = keyspace.connect(config.Redis(url=config.Secret(url), wait_seconds=wait_seconds))
    box = Mailbox[limiter.Message]("limiter")
    actor = Child("limiter", lambda: Limiter(redis=client, limit=limit), mailbox=box)
    async with aclosing(client), living(actor):
        yield box.ref


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    with own_redis(tmp_path) as server:
        yield server


async def speak(ref: Ref[limiter.Message], user: UserId, times: int) -> list[Verdict]:
    return [await one_more(ref, user) for _ in range(times)]


async def one_more(ref: Ref[limiter.Message], user: UserId) -> Verdict:
    """Judge a message that nobody has judged before."""
    return await limiter.may_speak(ref, user, next(UPDATES))


def pass_time(redis: Any, user: UserId, seconds: float) -> None:
    """Let time pass for one person: what Redis keeps of them becomes so much older."""
    key = keyspace.rate(user)
    for member, score in redis.zrange(key, 0, -1, withscores=True):
        redis.zadd(key, {member: score - seconds * 1_000_000})
    left = redis.pttl(f"{key}:told")
    if 0 < left <= seconds * 1000:
        redis.delete(f"{key}:told")


async def test_the_eleventh_in_a_minute_is_refused_and_told_once(redis_url: str) -> None:
    async with judging(redis_url) as ref:
        verdicts = await speak(ref, BORIS, 13)

    assert [verdict.allowed for verdict in verdicts] == [True] * 10 + [False] * 3
    assert [verdict.left for verdict in verdicts[:10]] == list(range(9, -1, -1))
    assert [verdict.tell for verdict in verdicts] == [False] * 10 + [True, False, False]
    assert {verdict.wait_seconds for verdict in verdicts[10:]} <= {59, 60}


async def test_one_does_not_pay_for_another(redis_url: str) -> None:
    async with judging(redis_url, limit=1) as ref:
        await speak(ref, BORIS, 2)

        assert (await one_more(ref, ANNA)).allowed


async def test_the_seconds_to_wait_shrink_and_then_one_gets_through(redis_url: str) -> None:
    with looking_into(redis_url) as redis:
        async with judging(redis_url, limit=2) as ref:
            await speak(ref, BORIS, 1)
            pass_time(redis, BORIS, 20)
            await speak(ref, BORIS, 1)
            pass_time(redis, BORIS, 25)
            refused = await one_more(ref, BORIS)
            pass_time(redis, BORIS, refused.wait_seconds)

            after = await speak(ref, BORIS, 2)

    assert refused == Verdict(allowed=False, left=0, wait_seconds=15, tell=True)
    assert [verdict.allowed for verdict in after] == [True, False]
    assert after[1].tell
    assert after[1].wait_seconds == 20


async def test_what_is_refused_does_not_count_so_a_steady_sender_recovers(redis_url: str) -> None:
    allowed = 0
    with looking_into(redis_url) as redis:
        async with judging(redis_url, limit=10) as ref:
            for _ in range(60):
                allowed += (await one_more(ref, BORIS)).allowed
                pass_time(redis, BORIS, 3)

    assert allowed == 30


async def test_a_glance_counts_nothing_and_tells_nothing(redis_url: str) -> None:
    async with judging(redis_url, limit=2) as ref:
        first = await limiter.how_much(ref, BORIS)
        await speak(ref, BORIS, 2)

        spent = await limiter.how_much(ref, BORIS)

        assert first == Verdict(allowed=True, left=2)
        assert not spent.allowed
        assert not spent.tell
        assert (await one_more(ref, BORIS)).tell


async def test_every_key_lives_for_a_window_at_most(redis_url: str) -> None:
    async with judging(redis_url, limit=2) as ref:
        await speak(ref, BORIS, 4)
        await limiter.how_much(ref, ANNA)

    with looking_into(redis_url) as redis:
        times = {key: redis.pttl(key) for key in redis.scan_iter()}
    assert set(times) == {"rate:102", "rate:102:told"}
    assert all(0 < left <= 60_000 for left in times.values())


async def test_many_people_are_judged_in_one_round_trip(own: Server) -> None:
    with looking_into(own.url) as redis:
        async with judging(own.url) as ref:
            await speak(ref, ANNA, 1)  # loads the script
            redis.config_resetstat()

            verdicts = await together(*[partial(one_more, ref, UserId(n)) for n in range(1, 501)])

            scripts = redis.info("commandstats")["cmdstat_evalsha"]["calls"]
    assert all(verdict.allowed for verdict in verdicts)
    assert scripts <= 2


async def test_many_messages_of_one_person_at_once_are_counted_each(redis_url: str) -> None:
    async with judging(redis_url) as ref:
        verdicts = await together(*[partial(one_more, ref, BORIS) for _ in range(50)])

    assert sum(verdict.allowed for verdict in verdicts) == 10
    assert sum(verdict.tell for verdict in verdicts) == 1


async def test_the_same_update_judged_twice_counts_once(redis_url: str) -> None:
    async with judging(redis_url, limit=2) as ref:
        verdicts = [await limiter.may_speak(ref, BORIS, update) for update in (7, 7, 8, 7, 8, 9)]

    assert [verdict.allowed for verdict in verdicts] == [True] * 5 + [False]
    assert [verdict.left for verdict in verdicts] == [1, 1, 0, 0, 0, 0]
    assert verdicts[-1].tell


async def test_several_processes_agree(redis_url: str) -> None:
    async with judging(redis_url) as one, judging(redis_url) as other:
        verdicts = await together(*[partial(one_more, ref, BORIS) for ref in (one, other) * 25])

    assert sum(verdict.allowed for verdict in verdicts) == 10
    assert sum(verdict.tell for verdict in verdicts) == 1


async def test_the_forgotten_begin_anew(redis_url: str) -> None:
    async with judging(redis_url, limit=1) as ref:
        await speak(ref, BORIS, 2)

        await limiter.forget(ref, BORIS)

        assert [v.allowed for v in await speak(ref, BORIS, 2)] == [True, False]


async def test_when_redis_dies_the_window_goes_on_in_memory(own: Server) -> None:
    async with judging(own.url) as ref:
        await speak(ref, BORIS, 7)
        before = counted("redis_faults_total", actor="limiter")
        own.kill()

        verdicts = await speak(ref, BORIS, 5)

    assert [verdict.allowed for verdict in verdicts] == [True] * 3 + [False] * 2
    assert [verdict.tell for verdict in verdicts[3:]] == [True, False]
    assert counted("redis_faults_total", actor="limiter") - before == 5


async def test_without_redis_a_glance_after_a_long_silence_fells_nobody(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/nobody.sock"
    async with judging(nowhere) as ref:
        assert (await limiter.how_much(ref, BORIS)).left == 10
        await speak(ref, BORIS, 4)

        assert (await limiter.how_much(ref, BORIS)).left == 6
        await limiter.forget(ref, BORIS)
        assert (await limiter.how_much(ref, BORIS)).left == 10


async def test_a_redis_that_hangs_is_waited_for_no_longer_than_allowed(own: Server) -> None:
    async with judging(own.url, wait_seconds=0.1) as ref:
        await speak(ref, BORIS, 4)
        with own.frozen():
            for left in (5, 4, 3):  # a connection that hangs, then new ones that do
                began = time.monotonic()
                verdict = await one_more(ref, BORIS)
                assert time.monotonic() - began < 0.2
                assert verdict.left == left

        with anyio.fail_after(5):
            back = await one_more(ref, BORIS)

    assert back.allowed


async def test_a_redis_that_was_emptied_is_taught_the_script_again(own: Server) -> None:
    async with judging(own.url) as ref:
        await speak(ref, BORIS, 1)
        with looking_into(own.url) as redis:
            redis.script_flush()
            redis.flushall()
        before = counted("redis_faults_total", actor="limiter")

        assert (await one_more(ref, BORIS)).left == 9
        assert counted("redis_faults_total", actor="limiter") == before


class Model:
    """Every time (in microseconds) at which somebody was let through."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.spoken: defaultdict[int, list[int]] = defaultdict(list)
        self.told_until: dict[int, int] = {}

    def judge(self, user: int, now: int, *, take: bool) -> tuple[int, int, int, int]:
        recent = [at for at in self.spoken[user] if at > now - WINDOW]
        if len(recent) < self.limit:
            self.spoken[user] += [now] * take
            return 1, self.limit - len(recent) - take, 0, 0
        wait = max(1, -(-(recent[0] + WINDOW - now) // 1000))
        tell = take and now >= self.told_until.get(user, 0)
        if tell:
            self.told_until[user] = now + wait * 1000
        return 0, 0, wait, int(tell)


# The script with a clock that the test moves; nothing else of it is changed.
SCRIPT = limiter.JUDGE.replace("redis.call('TIME')", "{ARGV[#KEYS + 4], ARGV[#KEYS + 5]}")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.integers(0, 999_999),
    st.lists(
        st.tuples(
            st.lists(st.integers(1, 3), min_size=1, max_size=5),
            st.sampled_from([1, 7, 99, 100_000, 1_000_000, 20_000_000, 59_000_000, 60_000_000])
            | st.integers(1, 900).map(lambda tenths: tenths * 100_000),
            st.booleans() | st.just(value=True),
        ),
        max_size=25,
    ),
)
def test_the_script_judges_as_the_model_does(
    redis_url: str, micro: int, steps: list[tuple[list[int], int, bool]]
) -> None:
    model, now = Model(3), 1_800_000_000_000_000 + micro
    with looking_into(redis_url) as redis:
        redis.flushdb()
        for people, pause, take in steps:
            now += pause
            for user in (1, 2, 3):
                pass_told(redis, keyspace.rate(user), pause)

            said = redis.eval(
                SCRIPT, len(people), *[keyspace.rate(user) for user in people],
                60, 3, int(take), *[next(UPDATES) for _ in people], now // 1_000_000, now % 1_000_000,
            )  # fmt: skip

            expected = [model.judge(user, now, take=take) for user in people]
            assert [tuple(verdict) for verdict in said] == expected


def pass_told(redis: Any, key: str, microseconds: int) -> None:
    """Let the notice's own time pass, which the moved clock does not touch."""
    left = redis.pttl(f"{key}:told")
    if left > 0:
        redis.pexpire(f"{key}:told", left - microseconds // 1000)
