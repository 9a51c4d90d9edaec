"""PostgreSQL away at the start: the process comes up without it, and does the rest when it is there."""

import signal
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest
from msgspec import Struct

from tests.faults.lives import Lives
from tests.faults.own import Own
from vitte.cli.ledger import Ledger
from vitte.dev.telegram import LocalTelegram
from vitte.house import utc_now
from vitte.store import tokens
from vitte.store.pool import Database, PoolLimits


class Begun(Struct, frozen=True, kw_only=True):
    """What was seen of such a start."""

    health: int
    api: int
    unconfirmed: int
    back_seconds: float
    books: Ledger
    health_after: int
    api_after: int
    said: str


async def begin(own: Own, folder: Path) -> Begun:
    """Start with PostgreSQL dead and no schema in it; raise it; see people answered."""
    async with AsyncExitStack() as stack:
        url = stack.enter_context(own.database("template1"))
        telegram = await stack.enter_async_context(LocalTelegram.serve())
        database = Database(url, PoolLimits(kept=1, most=2, wait_seconds=10))
        lives = Lives(telegram, database, (url, own.redis.url), folder)
        crowd = lives.crowd(12)
        async with own.postgres.fallen(signal.SIGQUIT):
            living = await stack.enter_async_context(lives.one())
            await living.says("Bot started successfully")
            await crowd.write(2)
            await telegram.called("getUpdates", 3, within=20)
            health = await lives.asks("health")
            api = await lives.asks("characters/", tokens.invent())
            unconfirmed = len(telegram.bot.updates.pending)
        began = anyio.current_time()
        await crowd.hears()
        back = anyio.current_time() - began
        await database.open()
        stack.push_async_callback(database.close)
        books = await lives.books.settled()
        await crowd.accounted(database)
        token, _ = await tokens.create(database, "program", ["all"], utc_now())
        return Begun(
            health=health,
            api=api,
            unconfirmed=unconfirmed,
            back_seconds=back,
            books=books,
            health_after=await lives.asks("health"),
            api_after=await lives.asks("characters/", token),
            said=living.said,
        )


@pytest.fixture(scope="module")
def begun(
    own: Own,
    tmp_path_factory: pytest.TempPathFactory,
    anyio_backend: tuple[str, dict[str, bool]],
) -> Begun:
    backend, options = anyio_backend
    folder = tmp_path_factory.mktemp("begun")
    return anyio.run(begin, own, folder, backend=backend, backend_options=options)


def test_people_are_answered_when_postgresql_comes(begun: Begun) -> None:
    assert begun.unconfirmed == 24  # Telegram keeps them meanwhile
    assert begun.back_seconds < 15


def test_the_api_says_503_until_postgresql_comes(begun: Begun) -> None:
    assert (begun.api, begun.api_after) == (503, 200)


def test_health_is_down_until_postgresql_comes(begun: Begun) -> None:
    assert (begun.health, begun.health_after) == (503, 200)


def test_the_schema_is_made_when_postgresql_comes(begun: Begun) -> None:
    assert '"PostgreSQL is away, so no migration was applied' in begun.said
    assert '"Migration applied: 0001.users"' in begun.said
    assert (begun.books.received, begun.books.answered, begun.books.sent) == (24, 24, 24)
