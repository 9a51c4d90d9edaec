"""The limiter on a real Valkey: exact, in one round trip, and steadfast without it."""

import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator
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
from vitte.actors.breaker import Breaker, Probe
from vitte.actors.limiter import Limiter
from vitte.actors.window import Verdict
from vitte.runtime import Child, Mailbox, Ref, Reply
from vitte.runtime.loop import current
from vitte.store import keyspace
from vitte.store.users import UserId

ANNA, BORIS = UserId(101), UserId(102)
WINDOW = 60_000_000
UPDATES = count(1)


@asynccontextmanager
async def judging(url: str, *, wait_seconds: float = 1.0) -> AsyncGenerator[Ref[limiter.Message]]:
    client = keyspace.connect(config.Redis(url=config.Secret(url), wait_seconds=wait_seconds))
    box, gate = Mailbox[limiter.Message]("limiter"), Breaker(wait_seconds)
    probe = Child("redis", lambda: Probe(breaker=gate, redis=client))
    actor = Child("limiter", lambda: Limiter(redis=client, breaker=gate), mailbox=box)
    async with aclosing(client), living(probe, actor):
        yield box.ref


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    with own_redis(tmp_path) as server:
        yield server


async def speak(
    ref: Ref[limiter.Message], user: UserId, times: int, *, limit: int = 10
) -> list[Verdict]:
    return [await one_more(ref, user, limit=limit) for _ in range(times)]


async def one_more(ref: Ref[limiter.Message], user: UserId, *, limit: int = 10) -> Verdict:
    """Judge a message that nobody has judged before."""
    return await limiter.may_speak(ref, user, next(UPDATES), limit)


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
    async with judging(redis_url) as ref:
        await speak(ref, BORIS, 2, limit=1)

        assert (await one_more(ref, ANNA, limit=1)).allowed


async def test_the_seconds_to_wait_shrink_and_then_one_gets_through(redis_url: str) -> None:
    with looking_into(redis_url) as redis:
        async with judging(redis_url) as ref:
            await speak(ref, BORIS, 1, limit=2)
            pass_time(redis, BORIS, 20)
            await speak(ref, BORIS, 1, limit=2)
            pass_time(redis, BORIS, 25)
            refused = await one_more(ref, BORIS, limit=2)
            pass_time(redis, BORIS, refused.wait_seconds)

            after = await speak(ref, BORIS, 2, limit=2)

    assert refused == Verdict(allowed=False, left=0, wait_seconds=15, tell=True)
    assert [verdict.allowed for verdict in after] == [True, False]
    assert after[1].tell
    assert after[1].wait_seconds == 20


async def test_what_is_refused_does_not_count_so_a_steady_sender_recovers(redis_url: str) -> None:
    allowed = 0
    with looking_into(redis_url) as redis:
        async with judging(redis_url) as ref:
            for _ in range(60):
                allowed += (await one_more(ref, BORIS, limit=10)).allowed
                pass_time(redis, BORIS, 3)

    assert allowed == 30


async def test_a_glance_counts_nothing_and_tells_nothing(redis_url: str) -> None:
    async with judging(redis_url) as ref:
        first = await limiter.how_much(ref, BORIS, 2)
        await speak(ref, BORIS, 2, limit=2)

        spent = await limiter.how_much(ref, BORIS, 2)

        assert first == Verdict(allowed=True, left=2)
        assert not spent.allowed
        assert not spent.tell
        assert (await one_more(ref, BORIS, limit=2)).tell


async def test_every_key_lives_for_a_window_at_most(redis_url: str) -> None:
    async with judging(redis_url) as ref:
        await speak(ref, BORIS, 4, limit=2)
        await limiter.how_much(ref, ANNA, 2)

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
    async with judging(redis_url) as ref:
        verdicts = [await limiter.may_speak(ref, BORIS, update, 2) for update in (7, 7, 8, 7, 8, 9)]

    assert [verdict.allowed for verdict in verdicts] == [True] * 5 + [False]
    assert [verdict.left for verdict in verdicts] == [1, 1, 0, 0, 0, 0]
    assert verdicts[-1].tell


async def test_several_processes_agree(redis_url: str) -> None:
    async with judging(redis_url) as one, judging(redis_url) as other:
        verdicts = await together(*[partial(one_more, ref, BORIS) for ref in (one, other) * 25])

    assert sum(verdict.allowed for verdict in verdicts) == 10
    assert sum(verdict.tell for verdict in verdicts) == 1


async def test_the_forgotten_begin_anew(redis_url: str) -> None:
    async with judging(redis_url) as ref:
        await speak(ref, BORIS, 2, limit=1)

        await limiter.forget(ref, BORIS)

        assert [v.allowed for v in await speak(ref, BORIS, 2, limit=1)] == [True, False]


async def test_when_redis_dies_the_window_goes_on_in_memory(own: Server) -> None:
    async with judging(own.url) as ref:
        await speak(ref, BORIS, 7)
        before = counted("redis_faults_total", actor="limiter")
        own.kill()

        verdicts = await speak(ref, BORIS, 5)

    assert [verdict.allowed for verdict in verdicts] == [True] * 3 + [False] * 2
    assert [verdict.tell for verdict in verdicts[3:]] == [True, False]
    assert counted("redis_faults_total", actor="limiter") - before == 1


async def test_without_redis_a_glance_after_a_long_silence_fells_nobody(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/nobody.sock"
    async with judging(nowhere) as ref:
        assert (await limiter.how_much(ref, BORIS, 10)).left == 10
        await speak(ref, BORIS, 4)

        assert (await limiter.how_much(ref, BORIS, 10)).left == 6
        await limiter.forget(ref, BORIS)
        assert (await limiter.how_much(ref, BORIS, 10)).left == 10


async def test_a_redis_that_hangs_is_waited_for_no_longer_than_allowed(own: Server) -> None:
    async with judging(own.url, wait_seconds=0.3) as ref:
        await speak(ref, BORIS, 4)
        with own.frozen():
            began = time.monotonic()
            verdicts = await speak(ref, BORIS, 3)
            took = time.monotonic() - began

        with anyio.fail_after(5):
            back = await one_more(ref, BORIS)

    assert 0.29 < took < 0.6  # once, and not each time
    assert [verdict.left for verdict in verdicts] == [5, 4, 3]
    assert back.left == 2


async def test_a_redis_that_was_emptied_is_taught_the_script_again(own: Server) -> None:
    async with judging(own.url) as ref:
        await speak(ref, BORIS, 1)
        with looking_into(own.url) as redis:
            redis.script_flush()
            redis.flushall()
        before = counted("redis_faults_total", actor="limiter")

        assert (await one_more(ref, BORIS)).left == 9
        assert counted("redis_faults_total", actor="limiter") == before


async def test_each_is_judged_by_the_limit_of_their_plan(redis_url: str) -> None:
    async with judging(redis_url) as ref:
        free = await speak(ref, BORIS, 4, limit=2)
        premium = await speak(ref, ANNA, 4, limit=3)
        then = await speak(ref, BORIS, 2, limit=3)  # who has just paid goes on

    assert [verdict.allowed for verdict in free] == [True, True, False, False]
    assert [verdict.allowed for verdict in premium] == [True, True, True, False]
    assert [verdict.allowed for verdict in then] == [True, False]


async def test_with_a_smaller_limit_room_is_made_when_enough_have_left(redis_url: str) -> None:
    with looking_into(redis_url) as redis:
        async with judging(redis_url) as ref:
            for _ in range(4):
                await speak(ref, ANNA, 1, limit=4)
                pass_time(redis, ANNA, 10)

            refused = await one_more(ref, ANNA, limit=2)

    # Spoken 40, 30, 20 and 10 seconds ago: when the third has left, one remains.
    assert refused == Verdict(allowed=False, left=0, wait_seconds=40, tell=True)


async def test_a_restart_changes_nothing(redis_url: str) -> None:
    verdicts: list[Verdict] = []
    for _life in range(3):
        async with judging(redis_url) as ref:
            verdicts += await speak(ref, BORIS, 5)

    assert [verdict.allowed for verdict in verdicts] == [True] * 10 + [False] * 5
    assert [verdict.tell for verdict in verdicts] == [False] * 10 + [True] + [False] * 4


async def test_a_key_of_another_type_is_replaced_and_hurts_nobody_beside_it(redis_url: str) -> None:
    with looking_into(redis_url) as redis:
        redis.set("rate:102", "rubbish")
        redis.lpush("rate:101:told", "rubbish")
        before = counted("redis_faults_total", actor="limiter")
        async with judging(redis_url) as ref:
            verdicts = await together(*[partial(one_more, ref, user) for user in (ANNA, BORIS)])

        assert redis.type("rate:102") == "zset"
    assert [verdict.left for verdict in verdicts] == [9, 9]
    assert counted("redis_faults_total", actor="limiter") == before


async def test_without_redis_the_same_update_counts_once(tmp_path: Path) -> None:
    async with judging(f"unix://{tmp_path}/nobody.sock") as ref:
        updates = (7, 7, 8, 7, 8, 9)
        verdicts = [await limiter.may_speak(ref, BORIS, update, 2) for update in updates]

    assert [verdict.allowed for verdict in verdicts] == [True] * 5 + [False]


async def test_what_was_let_through_without_redis_counts_when_it_is_back(own: Server) -> None:
    async with judging(own.url, wait_seconds=0.1) as ref:
        await speak(ref, BORIS, 4)
        with own.frozen():
            await speak(ref, BORIS, 5)
        await one_more(ref, ANNA)
        with looking_into(own.url) as redis, anyio.fail_after(5):
            while redis.zcard("rate:102") < 9:
                await limiter.how_much(ref, BORIS, 10)
            known, left = redis.zcard("rate:102"), redis.pttl("rate:102")

        after = await speak(ref, BORIS, 2)

    assert known == 9
    assert 0 < left <= 60_000
    assert [verdict.allowed for verdict in after] == [True, False]


class Model:
    """Every message and the time (in microseconds) at which it was let through."""

    def __init__(self) -> None:
        self.spoken: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        self.told_until: dict[int, int] = {}

    def judge(self, user: int, limit: int, message: int | None, now: int) -> Verdict:
        recent = [(at, known) for at, known in self.spoken[user] if at > now - WINDOW]
        if message in [known for _, known in recent]:
            return Verdict(allowed=True, left=max(0, limit - len(recent)))
        if len(recent) < limit:
            if message is not None:
                self.spoken[user].append((now, message))
            return Verdict(allowed=True, left=limit - len(recent) - (message is not None))
        free_at = sorted(at + WINDOW for at, _ in recent)[len(recent) - limit]
        milliseconds = max(1, -(-(free_at - now) // 1000))
        tell = message is not None and now >= self.told_until.get(user, 0)
        if tell:
            self.told_until[user] = now + milliseconds * 1000
        wait = -(-milliseconds // 1000)
        return Verdict(allowed=False, left=0, wait_seconds=wait, tell=tell)


def moved_by_hand(script: str) -> str:
    """The script with a clock that the test moves; a notice bears its end, for ``let_go``."""
    for before, after in (
        ("redis.call('TIME')", "redis.call('MGET', 'clock:s', 'clock:us')"),
        ("1, 'NX', 'PX', wait)", "string.format('%.0f', now + wait * 1000), 'NX', 'PX', 1000000)"),
    ):
        assert before in script
        script = script.replace(before, after)
    return script


def move(redis: Any, now: int) -> None:
    """Let it be now in Redis."""
    redis.mset({"clock:s": now // 1_000_000, "clock:us": now % 1_000_000})
    for key in redis.scan_iter("*:told"):
        if int(redis.get(key)) <= now:
            redis.delete(key)


def asked(user: int, limit: int, update: int | None) -> limiter.Question:
    reply = Reply[Verdict](current().slot())
    if update is None:
        return limiter.HowMuch(user=UserId(user), limit=limit, reply=reply)
    return limiter.MaySpeak(user=UserId(user), update=update, limit=limit, reply=reply)


MESSAGES = st.integers(1, 30) | st.none()
OFTEN = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@OFTEN
@given(
    st.integers(0, 999_999),
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4), MESSAGES), max_size=5),
            st.sampled_from([1, 7, 99, 100_000, 1_000_000, 20_000_000, 59_000_000, 60_000_000])
            | st.integers(1, 900).map(lambda tenths: tenths * 100_000),
        ),
        max_size=25,
    ),
)
async def test_the_script_judges_as_the_model_does(
    redis_url: str, micro: int, steps: list[tuple[list[tuple[int, int, int | None]], int]]
) -> None:
    model, now = Model(), 1_800_000_000_000_000 + micro
    async with by_hand(redis_url, lambda: 0.0) as (judge, _, redis):
        for questions, pause in steps:
            now += pause
            move(redis, now)

            verdicts = await judge.judge([asked(*question) for question in questions])

            assert verdicts == [model.judge(*question, now) for question in questions]
            for key in redis.scan_iter("rate:*"):
                assert redis.pttl(key) > 0


@OFTEN
@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.integers(1, 3), MESSAGES), max_size=4),
            st.integers(0, 640).map(lambda eighths: eighths * 125_000),
            st.booleans(),
        ),
        max_size=30,
    )
)
async def test_redis_may_come_and_go_and_nobody_could_tell(
    redis_url: str, steps: list[tuple[list[tuple[int, int | None]], int, bool]]
) -> None:
    model, now = Model(), 1_800_000_000_000_000
    async with by_hand(redis_url, lambda: (now - 1_800_000_000_000_000) / 1e6) as (
        judge,
        gate,
        redis,
    ):
        for people, pause, away in steps:
            now += pause
            move(redis, now)
            if away:
                gate.open("the test says so")
            else:
                gate.close()
            questions = [(user, user + 1, message) for user, message in people]

            verdicts = await judge.judge([asked(*question) for question in questions])

            assert verdicts == [model.judge(*question, now) for question in questions]


@asynccontextmanager
async def by_hand(
    url: str, clock: Callable[[], float]
) -> AsyncGenerator[tuple[Limiter, Breaker, Any]]:
    """A limiter without a mailbox, whose time is moved by hand, and a look into its Redis."""
    client = keyspace.connect(config.Redis(url=config.Secret(url), wait_seconds=5.0))
    gate = Breaker(5.0)
    async with aclosing(client):
        with looking_into(url) as redis:
            redis.flushdb()
            script = moved_by_hand(limiter.JUDGE)
            yield Limiter(redis=client, breaker=gate, script=script, clock=clock), gate, redis
