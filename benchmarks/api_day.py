"""A day of traffic, and what of it reaches the stores: the second half of ``make bench-api``.

A thousand people ask through the API as a day has it: few ask often and many seldom (Zipf's
law), nights are quiet, one request in ten writes. The day passes in as many seconds as the
requests take, and yet things grow old in it as in a real one: the process runs here with
a clock that stands at the time of the request in hand. PostgreSQL counts its statements
(``pg_stat_statements``), Valkey its commands.

The same day passes several times: with nothing kept, as it is, and as it is with all of the
requests within one minute, so that nothing grows old (what is left then is what was never
asked for before, and what changed); one request after the other (what the cache alone does)
or 32 at once (what comes together is asked together).
"""

import itertools
import math
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp
import anyio
import msgspec
import psycopg
import redis
from msgspec import Struct

from vitte import config
from vitte.dev import stores
from vitte.house import House
from vitte.runtime import ONE_FOR_ONE, Child, Supervisor, start, within

PEOPLE: Final = 1_000
DAY_SECONDS: Final = 86_400
WRITES: Final = 0.1
EXPONENT: Final = 1.1
AT_ONCE: Final = 32
ALONE_AT_MOST: Final = 20_000
MORNING: Final = datetime(2026, 11, 24, tzinfo=UTC)
COUNTED: Final = (
    "shared_preload_libraries = 'pg_stat_statements'\npg_stat_statements.track_utility = off\n"
)
CALLS: Final = """
SELECT coalesce(sum(calls), 0)::bigint, coalesce(sum(calls) FILTER (WHERE query ~ 'UPDATE|INSERT'), 0)::bigint
FROM pg_stat_statements
"""
KINDS: Final = ("nothing kept", "as it is, through a day", "as it is, within a minute")


class Request(Struct, frozen=True):
    """What is asked, and at which second of the day."""

    second: float
    method: str
    path: str
    body: bytes | None = None


class Place(Struct, frozen=True, kw_only=True):
    """Where a day passes: the stores, a folder, and the token of the one who asks."""

    running: stores.Stores
    folder: Path
    token: str


class Reached(Struct, frozen=True, kw_only=True):
    """What a day cost the stores."""

    requests: int
    statements: int
    writes: int
    commands: int
    wrong: int


class Clock:
    """The time of the request in hand."""

    def __init__(self) -> None:
        self.second = 0.0

    def now(self) -> datetime:
        """The date and the time."""
        return MORNING + timedelta(seconds=self.second)

    def monotonic(self) -> float:
        """The same as seconds since some moment."""
        return self.second


def main(count: int, fill: Callable[[str], str]) -> None:
    """Let the day pass several times, and print what reached the stores."""
    with tempfile.TemporaryDirectory(prefix="vitte-day-") as name:
        folder = Path(name)
        with stores.running(folder, durable=False):
            pass  # it makes the cluster, whose settings are then ours to complete
        with (folder / "postgres" / "postgresql.conf").open("a") as settings:
            settings.write(COUNTED)
        with stores.running(folder, durable=False) as running:
            token = fill(running.database_url)
            with psycopg.connect(running.database_url, autocommit=True) as connection:
                connection.execute("CREATE EXTENSION pg_stat_statements")
            show(list(_days(Place(running=running, folder=folder, token=token), count)))


def _days(place: Place, count: int) -> Iterator[tuple[str, Reached]]:
    """The day with and without what is kept, long and short, alone and together."""
    uvloop = {"use_uvloop": True}
    for at_once, many in ((1, min(count, ALONE_AT_MOST)), (AT_ONCE, count)):
        for kind in KINDS:
            asked = list(day(many))
            if kind == KINDS[-1]:
                asked = [msgspec.structs.replace(each, second=0.0) for each in asked]
            kept = kind != KINDS[0]
            reached = anyio.run(_pass, place, asked, kept, at_once, backend_options=uvloop)
            how = "one after the other" if at_once == 1 else f"{at_once} at once"
            yield f"{kind}, {how}", reached


def day(count: int) -> Iterator[Request]:
    """The requests of a day, in their order; the same ones each time."""
    chance = random.Random(7)  # noqa: S311  # no secret
    weights = list(itertools.accumulate(1 / rank**EXPONENT for rank in range(1, PEOPLE + 1)))
    people = list(range(1, PEOPLE + 1))
    chance.shuffle(people)
    seconds = sorted(_second(chance) for _ in range(count))
    for second in seconds:
        person = people[chance.choices(range(PEOPLE), cum_weights=weights)[0]]
        dialog = person + PEOPLE * chance.randrange(2)
        ask = _write if chance.random() < WRITES else _read
        yield ask(chance, second, person, dialog)


def _second(chance: random.Random) -> float:
    """A moment of the day: evenings are five times as busy as the small hours."""
    while True:
        second = chance.uniform(0, DAY_SECONDS)
        if chance.uniform(0, 5) < 3 - 2 * math.cos((second / DAY_SECONDS - 0.17) * math.tau):
            return second


def _read(chance: random.Random, second: float, person: int, dialog: int) -> Request:
    paths = (
        f"/subscriptions/{person}",
        f"/users/{person}",
        f"/users/{person}/settings",
        f"/dialogs/?user_id={person}",
        f"/dialogs/{dialog}",
        f"/dialogs/{dialog}/messages",
    )
    return Request(second, "GET", chance.choices(paths, weights=(6, 2, 2, 4, 3, 5))[0])


def _write(chance: random.Random, second: float, person: int, dialog: int) -> Request:
    title = msgspec.json.encode({"title": f"Evening {chance.randrange(1_000)}"})
    if chance.random() < 0.2:  # noqa: PLR2004  # one write in five begins a dialog
        return Request(second, "POST", "/dialogs/", msgspec.json.encode({"user_id": person}))
    return Request(second, "PATCH", f"/dialogs/{dialog}", title)


async def _pass(place: Place, requests: Sequence[Request], kept: bool, at_once: int) -> Reached:  # noqa: FBT001  # anyio.run takes no keywords
    """One day."""
    running, folder = place.running, place.folder
    with redis.Redis.from_url(running.redis_url) as client:  # pyright: ignore[reportUnknownMemberType]  # untyped there
        client.flushdb()  # pyright: ignore[reportUnknownMemberType]  # as above
    clock = Clock()
    house = House(_configured(running, folder, kept=kept), clock.now)
    shelf = house.services.cache.shelf
    shelf._clock = clock.monotonic  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the day's own time
    tree = Supervisor(
        "day",
        ONE_FOR_ONE,
        within(1, minutes=1),
        [
            Child("database", house.database),
            Child("cache", house.cache, mailbox=house.cache_box),
            Child("clerk", house.clerk, mailbox=house.clerk_box),
            Child("api", house.api),
        ],
    )
    connector = aiohttp.UnixConnector(path=f"{folder}/day.sock", limit=at_once)
    headers = {"Authorization": f"Bearer {place.token}", "Content-Type": "application/json"}
    async with start(tree), aiohttp.ClientSession(connector=connector, headers=headers) as client:
        await _ask(
            client, Request(0.0, "GET", "/subscriptions/1")
        )  # the token is known from here on
        with psycopg.connect(running.database_url, autocommit=True) as counting:
            counting.execute("SELECT pg_stat_statements_reset()")
            before = _commands(running.redis_url)
            wrong = await _ask_all(client, clock, requests, at_once)
            statements, writes = counting.execute(CALLS).fetchone() or (0, 0)
            commands = _commands(running.redis_url) - before
    await house.services.redis.aclose()
    return Reached(
        requests=len(requests),
        statements=statements,
        writes=writes,
        commands=commands,
        wrong=wrong,
    )


async def _ask_all(
    client: aiohttp.ClientSession, clock: Clock, requests: Sequence[Request], at_once: int
) -> int:
    """Ask everything in its order, so many at once; give how many were answered wrongly."""
    waiting = iter(requests)
    wrong = 0

    async def work() -> None:
        nonlocal wrong
        for request in waiting:
            clock.second = request.second
            wrong += not await _ask(client, request)

    async with anyio.create_task_group() as group:
        for _ in range(at_once):
            group.start_soon(work)
    return wrong


async def _ask(client: aiohttp.ClientSession, request: Request) -> bool:
    url = f"http://vitte/api/v1{request.path}"
    async with client.request(request.method, url, data=request.body) as response:
        await response.read()
        return response.status in {200, 201}


def _commands(url: str) -> int:
    """How many commands Valkey was given so far that read or write something, each script as one."""
    with redis.Redis.from_url(url) as client:  # pyright: ignore[reportUnknownMemberType]  # untyped there
        said: dict[str, dict[str, int]] = client.info("commandstats")  # pyright: ignore[reportAssignmentType, reportUnknownMemberType, reportUnknownVariableType]  # as above
    return sum(said.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("mget", "evalsha"))


def _configured(running: stores.Stores, folder: Path, *, kept: bool) -> config.Config:
    nothing = config.Cache(memory_bytes=1, user_seconds=0, subscription_seconds=0)
    return config.Config(
        data=str(folder),
        cache=config.Cache() if kept else nothing,
        telegram=config.Telegram(token=config.Secret("1:day")),
        database=config.Database(url=config.Secret(running.database_url)),
        redis=config.Redis(url=config.Secret(running.redis_url), wait_seconds=5.0),
        http=config.Http(listen=f"unix:{folder}/day.sock", requests_per_minute=1_000_000_000),
    )


def show(days: Sequence[tuple[str, Reached]]) -> None:
    """Print what reached the stores, of a hundred requests each."""
    print("\nA day of a thousand people, one request in ten a write, of 100 requests:\n")
    print(
        "| | requests | statements in PostgreSQL | of them writes | less than one a request "
        "| round trips to Redis | wrong |"
    )
    print("| --- |" + " ---: |" * 6)
    for how, reached in days:
        share = reached.statements / reached.requests
        print(
            f"| {how} | {reached.requests:,} | {100 * share:.1f} "
            f"| {100 * reached.writes / reached.requests:.1f} | {100 * (1 - share):.1f} % "
            f"| {100 * reached.commands / reached.requests:.1f} | {reached.wrong} |"
        )
