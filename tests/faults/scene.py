"""A scene: people write, something is away for a while, and it is noted what everybody saw.

One scene a row of the table "When something is away" in ARCHITECTURE.md: played once,
then each column is looked at by a test of its own.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
)
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import aiohttp
import anyio
from msgspec import Struct, structs

from tests.faults.books import Books, Counted, counted
from tests.faults.crowd import Crowd
from tests.faults.own import Own
from tests.faults.wire import Wire
from tests.whole import Whole, configured, whole
from vitte import config
from vitte.cli.ledger import Ledger
from vitte.dev.telegram import LocalTelegram
from vitte.house import utc_now
from vitte.store import tokens
from vitte.store.pool import Database, PoolLimits

PEOPLE = 12
WITHOUT_LIMIT = config.Limiter(messages_per_minute=1_000)

Trouble: TypeAlias = Callable[["Scene"], AbstractAsyncContextManager[None]]


class Plan(Struct, frozen=True, kw_only=True):
    """What happens: everybody writes so many times amidst the trouble.

    It lasts so many seconds, or as long as it takes until all are answered.
    ``telegram`` are keys of that section.
    """

    own: Own
    trouble: Trouble
    seconds: float = 0
    times: int = 2
    telegram: dict[str, Any] = {}


class Look(Struct, frozen=True, kw_only=True):
    """What health and the API said, and how long the slowest of them took."""

    health: str
    health_status: int
    health_seconds: float
    read: int
    written: int
    api_seconds: float


class Seen(Struct, frozen=True, kw_only=True):
    """What everybody saw."""

    during: tuple[Look, ...]
    unanswered: int
    back_seconds: float
    after: Look
    twice: int
    books: Ledger
    falls: int

    def told(self) -> set[tuple[int, str]]:
        """What health said amidst the trouble; it takes a second at most, and a little."""
        assert max(look.health_seconds for look in self.during) < 1.5
        return {(look.health_status, look.health) for look in self.during}

    def is_well(self) -> None:
        """See that nothing was lost, said twice or given up, that nothing fell, and that all goes on."""
        books, after = self.books, self.after
        assert (books.answered, books.refused, books.failed) == (books.received, {}, {})
        assert (books.sent, books.not_sent, self.twice) == (books.received, {}, 0)
        assert (after.health, after.read, after.written) == ("ok", 200, 201)
        assert self.falls == 0


Player: TypeAlias = Callable[[Plan], Seen]


class Scene:
    """A running vitte, a crowd that writes to it, a program that asks its API, and the books."""

    def __init__(self, vitte: Whole, database: Database, own: Own, people: int) -> None:
        self.vitte = vitte
        self.telegram = vitte.telegram
        self.database = database
        self.own = own
        self.crowd = Crowd(vitte.telegram, people)
        self.books = Books(vitte.telegram, database)
        self.token = ""
        self.before = Counted(received=0, done={}, pending=0)

    @property
    def name(self) -> str:
        """The name of the scene's database."""
        url = self.vitte.house.config.database.url.reveal()
        return url.partition("?")[0].rpartition("/")[2]

    async def begin(self) -> None:
        """Everybody writes once and is answered."""
        self.token, _ = await tokens.create(self.database, "program", ["all"], utc_now())
        self.before = counted(await self.metrics())
        await self.crowd.write()
        await self.crowd.hears()
        await self.books.settled()

    async def metrics(self) -> str:
        """What Prometheus would read."""
        async with self.vitte.metrics.get("http://vitte/metrics") as response:
            return await response.text()

    async def look(self) -> Look:
        """Ask for health, for a person, and for a change, side by side."""
        found: dict[str, tuple[int, dict[str, Any], float]] = {}
        user = self.crowd.people[0].id

        async def ask(name: str, method: str, path: str, body: object = None) -> None:
            began = anyio.current_time()
            headers = {"Authorization": f"Bearer {self.token}"}
            try:
                async with self.vitte.http.request(
                    method, f"http://vitte/api/v1/{path}", json=body, headers=headers
                ) as response:
                    answer = await response.json(content_type=None)
                    found[name] = response.status, answer, anyio.current_time() - began
            except aiohttp.ClientError:
                found[name] = 0, {}, anyio.current_time() - began

        async with anyio.create_task_group() as group:
            group.start_soon(ask, "health", "GET", "health")
            group.start_soon(ask, "read", "GET", f"users/{user}")
            group.start_soon(ask, "write", "POST", "dialogs/", {"user_id": user})
        return Look(
            health=found["health"][1].get("status", ""),
            health_status=found["health"][0],
            health_seconds=found["health"][2],
            read=found["read"][0],
            written=found["write"][0],
            api_seconds=max(found["read"][2], found["write"][2]),
        )

    async def well(self, within: float = 10) -> Look:
        """Wait until health says ok."""
        with anyio.move_on_after(within):
            while (look := await self.look()).health != "ok":  # noqa: ASYNC110  # it tells nobody
                await anyio.sleep(0.1)
            return look
        raise AssertionError(f"not well within {within} s")

    async def end(self, during: list[Look], unanswered: int) -> Seen:
        """The trouble is over: wait until all are answered, and see that the books balance."""
        mended = anyio.current_time()
        await self.crowd.hears(within=60)
        back = anyio.current_time() - mended
        await self.crowd.write()
        await self.crowd.hears()
        books = await self.books.settled()
        await self.books.metrics_balance(self.metrics, self.before)
        falls = sum(place.restarts for place in self.vitte.running.statistics())
        return Seen(
            during=tuple(during),
            unanswered=unanswered,
            back_seconds=back,
            after=await self.well(),
            twice=await self.crowd.accounted(self.database),
            books=books,
            falls=falls,
        )


@asynccontextmanager
async def lasting(block: AbstractContextManager[object]) -> AsyncGenerator[None]:
    """A trouble that begins and ends at once."""
    with block:
        yield


@asynccontextmanager
async def staged(
    own: Own, folder: Path, *, people: int = PEOPLE, wire: Wire | None = None, **telegram: Any
) -> AsyncGenerator[Scene]:
    """Set a scene on the own stores; ``telegram`` are keys of that section.

    With a wire, vitte reaches PostgreSQL through it.
    """
    async with AsyncExitStack() as stack:
        direct = url = stack.enter_context(own.database())
        if wire is not None:
            await stack.enter_async_context(wire.laid(folder))
            url = direct.replace(quote(str(own.folder)), quote(str(folder)))
        local = await stack.enter_async_context(LocalTelegram.serve())
        settings = configured(
            local, url, own.redis.url, folder,
            limiter=WITHOUT_LIMIT,
            database=config.Database(
                url=config.Secret(url), pool_min=2, pool_max=8, wait_seconds=2, statement_seconds=5
            ),
            redis=config.Redis(url=config.Secret(own.redis.url)),
        )  # fmt: skip
        changed = structs.replace(settings.telegram, **telegram)
        settings = structs.replace(settings, telegram=changed)
        reads = f"{direct}&application_name=books"
        database = Database(reads, PoolLimits(kept=1, most=4, wait_seconds=10))
        await database.open()
        stack.push_async_callback(database.close)
        vitte = await stack.enter_async_context(whole(settings, local))
        scene = Scene(vitte, database, own, people)
        await scene.begin()
        yield scene


async def play(plan: Plan, folder: Path) -> Seen:
    """Play a scene from its beginning to its end."""
    async with staged(plan.own, folder, **plan.telegram) as scene:
        during: list[Look] = []
        async with plan.trouble(scene):
            began = anyio.current_time()
            await scene.crowd.write(plan.times)
            during.append(await scene.look())
            if plan.seconds:
                await anyio.sleep(max(0, began + plan.seconds - anyio.current_time()))
            else:
                await scene.crowd.hears()
            during.append(await scene.look())
            unanswered = scene.crowd.unanswered
        return await scene.end(during, unanswered)
