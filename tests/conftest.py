"""What every test may ask for: a real database and a real Redis-compatible server of its own.

One PostgreSQL and one Valkey serve the whole run. A test that asks gets a fresh
copy of a migrated database, and an emptied logical database of Valkey. Blocking
calls of vitte's own code on the event loop fail the test that made them.
"""

import signal
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
import redis
from blockbuster import BlockBuster

from tests.whole import Whole, configured, whole
from vitte.dev import stores
from vitte.dev.telegram import LocalTelegram
from vitte.store import migrations
from vitte.store.pool import Database, PoolLimits

_NUMBERS = count(1)

# A run that was started in the background may have Ctrl-C switched off, and every process it
# starts would inherit that: those that are tested with Ctrl-C could not hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--uvloop", action="store_true", help="run async tests on uvloop")


@pytest.fixture(scope="session")
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": bool(request.config.getoption("--uvloop"))}


@pytest.fixture(scope="session", autouse=True)
def _nothing_blocks() -> Iterator[None]:
    # vitte.dev may block: it runs before the loop, or serves nobody but a developer.
    watch = BlockBuster(scanned_modules=["vitte"], excluded_modules=["vitte.dev"])
    for touched in ("os.stat", "os.unlink", "os.remove"):
        # Making a unix socket touches its file, once, at the start.
        watch.functions[touched].can_block_in("vitte/actors/server.py", {"_start", "run"})
    watch.activate()
    yield
    watch.deactivate()


@pytest.fixture(scope="session")
def running_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stores.Stores]:
    """PostgreSQL and Valkey for the whole run."""
    with stores.running(tmp_path_factory.mktemp("stores"), durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def _administrator(running_stores: stores.Stores) -> Iterator[psycopg.Connection]:
    url = running_stores.database_url.replace("/vitte?", "/postgres?")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def _template(running_stores: stores.Stores) -> str:
    migrations.apply(running_stores.database_url)
    return "vitte"


@pytest.fixture
def empty_database_url(
    running_stores: stores.Stores, _administrator: psycopg.Connection
) -> Iterator[str]:
    """The URL of a database without a schema."""
    yield from a_database(running_stores, _administrator, "template1")


@pytest.fixture
def database_url(
    running_stores: stores.Stores, _administrator: psycopg.Connection, _template: str
) -> Iterator[str]:
    """The URL of a migrated database that is this test's alone."""
    yield from a_database(running_stores, _administrator, _template)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open pool of at most five connections on a migrated database."""
    database = Database(database_url, PoolLimits(kept=1, most=5, wait_seconds=2))
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def redis_url(running_stores: stores.Stores) -> str:
    """The URL of an empty logical database of Valkey."""
    url = f"{running_stores.redis_url}?db=1"
    # redis-py leaves some of its arguments untyped.
    with redis.Redis.from_url(url) as client:  # pyright: ignore[reportUnknownMemberType]
        client.flushdb()  # pyright: ignore[reportUnknownMemberType]
    return url


def a_database(
    running: stores.Stores, administrator: psycopg.Connection, template: str
) -> Iterator[str]:
    """The URL of a copy of a database, which goes at the end."""
    name = f"test_{next(_NUMBERS)}"
    administrator.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy".encode())
    yield running.database_url.replace("/vitte?", f"/{name}?")
    # Whoever is still connected, such as a pool whose test failed, is put out.
    administrator.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
async def telegram() -> AsyncIterator[LocalTelegram]:
    """A Telegram of this test's own, with people to act as."""
    async with LocalTelegram.serve() as telegram:
        yield telegram


@pytest.fixture
async def vitte(
    telegram: LocalTelegram, database_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[Whole]:
    """The whole of vitte, running."""
    settings = configured(telegram, database_url, redis_url, tmp_path)
    async with whole(settings, telegram) as running:
        yield running
