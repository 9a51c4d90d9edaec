"""The shelf in Redis: between processes nothing old is written over anything newer."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest

from tests.fragile import counted, looking_into
from tests.store.people import NOW
from vitte import config
from vitte.actors.breaker import Breaker
from vitte.actors.circle import Circle, News
from vitte.actors.noun import InRedis, Noun
from vitte.actors.redis_shelf import Fill, Found, RedisShelf
from vitte.errors import RedisAway
from vitte.store import keyspace
from vitte.store.pool import Database
from vitte.store.users import UserId

ANNA, BORIS = UserId(101), UserId(102)


async def nothing(_database: Database, _keys: Sequence[UserId]) -> Mapping[UserId, str]:
    return {}


NOTE = Noun[UserId, str](
    "test note", fetch=nothing, seconds=60.0, in_redis=InRedis(lambda user: f"note:{user}", str)
)


class Process:
    """One process's side of it."""

    def __init__(self, client: keyspace.Client) -> None:
        self.circle = Circle()
        self.gate = Breaker(5.0)
        self.shelf = RedisShelf(
            redis=client,
            breaker=self.gate,
            circle=self.circle,
            settings=config.Cache(),
            clock=lambda: NOW,
        )

    async def reads(self, user: UserId) -> Found:
        [found] = await self.shelf.read([(NOTE, user)])
        assert found is not None
        return found

    async def keeps(self, user: UserId, value: str, mark: bytes | None) -> None:
        assert mark is not None
        await self.shelf.write([Fill(noun=NOTE, key=user, value=value, mark=mark)])

    async def changes(self, user: UserId) -> None:
        self.circle.owed.add(user)
        await self.shelf.write()


@asynccontextmanager
async def processes(url: str) -> AsyncGenerator[tuple[Process, Process]]:
    client = keyspace.connect(config.Redis(url=config.Secret(url), wait_seconds=5.0))
    yield Process(client), Process(client)
    await client.aclose()


async def test_what_one_process_keeps_another_finds_for_the_time_that_is_left(
    redis_url: str,
) -> None:
    async with processes(redis_url) as (one, other):
        await one.keeps(ANNA, "anna", (await one.reads(ANNA)).mark)

        found = await other.reads(ANNA)

    assert found.value == "anna"
    assert found.seconds == 60.0


@pytest.mark.parametrize("earlier_changes", [0, 1])
async def test_what_was_read_before_a_change_elsewhere_is_not_written(
    redis_url: str, earlier_changes: int
) -> None:
    before = counted("cache_refused_total", where="redis")
    async with processes(redis_url) as (one, other):
        for _time in range(earlier_changes):
            await other.changes(ANNA)
        seen = await one.reads(ANNA)
        await other.changes(ANNA)
        await one.keeps(ANNA, "anna, as she was", seen.mark)
        nothing_kept = (await other.reads(ANNA)).value

        await other.keeps(ANNA, "anna, changed", (await other.reads(ANNA)).mark)
        await one.keeps(ANNA, "anna, as she was", seen.mark)

        assert (await one.reads(ANNA)).value == "anna, changed"
    assert nothing_kept is None
    assert counted("cache_refused_total", where="redis") == before + 2


async def test_what_is_read_before_a_change_that_expired_with_its_row_is_not_written(
    redis_url: str,
) -> None:
    async with processes(redis_url) as (one, other):
        seen = await one.reads(ANNA)
        await other.changes(ANNA)
        await other.keeps(ANNA, "anna, changed", (await other.reads(ANNA)).mark)
        with looking_into(redis_url) as redis:
            redis.delete("note:101")  # its time was short
        await one.keeps(ANNA, "anna, as she was", seen.mark)

        assert (await one.reads(ANNA)).value is None


async def test_a_change_of_one_person_touches_no_other(redis_url: str) -> None:
    async with processes(redis_url) as (one, other):
        seen = await one.reads(BORIS)
        await other.changes(ANNA)
        await one.keeps(BORIS, "boris", seen.mark)

        assert (await other.reads(BORIS)).value == "boris"


async def test_a_row_that_says_it_is_good_for_ever_is_not(redis_url: str) -> None:
    async with processes(redis_url) as (one, _):
        with looking_into(redis_url) as redis:
            redis.set("note:101", msgspec.json.encode({"until": 9e12, "row": "anna"}))
            redis.set("note:102", msgspec.json.encode({"until": 1.0, "row": "boris"}))

        assert (await one.reads(ANNA)).seconds == 60.0
        assert (await one.reads(BORIS)).value is None


async def test_a_mark_of_another_type_costs_one_fill_and_is_replaced(redis_url: str) -> None:
    async with processes(redis_url) as (one, _):
        with looking_into(redis_url) as redis:
            redis.lpush("changed:101", "rubbish")
        for _time in range(2):
            await one.keeps(ANNA, "anna", (await one.reads(ANNA)).mark)

        assert (await one.reads(ANNA)).value == "anna"


async def test_what_is_owed_is_neither_read_nor_written_until_it_is_paid(redis_url: str) -> None:
    async with processes(redis_url) as (one, other):
        await one.keeps(ANNA, "anna, as she was", (await one.reads(ANNA)).mark)
        one.circle.owed.add(ANNA)
        one.gate.open("the test says so")
        with pytest.raises(RedisAway):
            await one.shelf.write()
        one.gate.close()
        looked = await one.shelf.read([(NOTE, ANNA), (NOTE, BORIS)])
        seen = await other.reads(ANNA)
        await one.shelf.write()
        await other.keeps(ANNA, "anna, as she was", seen.mark)

        assert [found is None for found in looked] == [True, False]
        assert ANNA not in one.circle.owed
        with looking_into(redis_url) as redis:
            assert redis.exists("changed:101") == 1
        assert seen.value == "anna, as she was"
        assert (await one.reads(ANNA)).value is None


async def test_a_change_that_comes_while_another_is_paid_stays_owed(redis_url: str) -> None:
    async with processes(redis_url) as (one, _):
        one.circle.owed.add(ANNA)
        told = one.circle.owed.listed(3600)
        one.circle.owed.add(ANNA)
        one.circle.owed.paid(told)

        assert ANNA in one.circle.owed


async def test_thousands_that_are_owed_are_paid_in_a_few_trips(redis_url: str) -> None:
    async with processes(redis_url) as (one, _):
        for number in range(1, 2001):
            one.circle.owed.add(UserId(number))
        trips = 0
        while one.circle.owed:
            await one.shelf.write()
            trips += 1

        with looking_into(redis_url) as redis:
            assert redis.dbsize() == 2000
    assert trips == 4


def test_what_is_owed_for_longer_than_anything_is_kept_is_forgiven() -> None:
    now = 1000.0
    circle = Circle()
    circle.owed = type(circle.owed)(clock=lambda: now)
    circle.owed.add(ANNA)
    now += 3000
    circle.owed.add(BORIS)
    now += 700

    assert list(circle.owed.listed(3660)) == [BORIS]
    assert ANNA not in circle.owed


async def test_what_could_not_be_told_is_told_as_everything(redis_url: str) -> None:
    async with processes(redis_url) as (one, _):
        one.gate.open("the test says so")
        with pytest.raises(RedisAway):
            await one.shelf.write(told=[(ANNA, frozenset({"test note"}))])
        one.gate.close()
        with looking_into(redis_url) as redis:
            ear = redis.pubsub()
            ear.subscribe(keyspace.CHANGED)
            ear.get_message(timeout=5)
            await one.shelf.write(told=[(BORIS, frozenset({"test note"}))])
            heard = msgspec.json.decode(ear.get_message(timeout=5)["data"], type=News)
            ear.close()

    assert heard.everything
    assert heard.people == [(BORIS, ["test note"])]
    assert not one.circle.untold


async def test_nothing_to_say_is_no_round_trip(redis_url: str) -> None:
    async with processes(redis_url) as (one, _):
        one.gate.open("nobody is asked")

        await one.shelf.write()
