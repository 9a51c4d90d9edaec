"""Health: ok, degraded, down, each within its time, whatever the stores do."""

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

import vitte as package
from tests.fragile import Server
from tests.whole import Whole, configured, whole
from vitte import config
from vitte.dev import stores
from vitte.dev.telegram import LocalTelegram
from vitte.store import migrations


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """A PostgreSQL and a Valkey that may be frozen."""
    folder = tmp_path_factory.mktemp("own")
    with stores.running(folder, durable=False) as running:
        migrations.apply(running.database_url)
        postgres = (folder / "postgres" / "postmaster.pid").read_text().split("\n")[0]
        valkey = (folder / "valkey" / "valkey.pid").read_text()
        yield (
            Server(url=running.database_url, pid=int(postgres)),
            Server(url=running.redis_url, pid=int(valkey)),
        )


@asynccontextmanager
async def served(
    telegram: LocalTelegram, own: tuple[Server, Server], folder: Path, *, most: int = 4
) -> AsyncGenerator[Whole]:
    database, redis = own
    settings = configured(
        telegram, database.url, redis.url, folder,
        database=config.Database(
            url=config.Secret(database.url), pool_min=1, pool_max=most, wait_seconds=2
        ),
        redis=config.Redis(url=config.Secret(redis.url), wait_seconds=0.2),
    )  # fmt: skip
    async with whole(settings, telegram) as running:
        with anyio.fail_after(10):
            while (await running.get("/api/v1/health"))[0] != 200:
                pass
        yield running


async def timed(vitte: Whole, path: str) -> tuple[int, Any]:
    """Ask, and see that the answer comes within the time that health allows itself."""
    began = time.monotonic()
    status, body = await vitte.get(path)
    assert time.monotonic() - began < 1.5
    return status, body


async def test_all_is_well(vitte: Whole) -> None:
    status, body = await vitte.get("/api/v1/health")

    assert status == 200
    assert body["status"] == "ok"
    assert body["version"] == package.__version__
    assert body["uptime_seconds"] >= 0
    assert set(body["parts"]) == {"database", "redis"}
    for part in body["parts"].values():
        assert part["status"] == "ok"
        assert 0 < part["latency_ms"] < 1000


@pytest.mark.parametrize("part", ["db", "redis"])
async def test_each_part_answers_for_itself(vitte: Whole, part: str) -> None:
    status, body = await vitte.get(f"/api/v1/health/{part}")

    assert status == 200
    assert set(body) == {"status", "latency_ms"}


async def test_redis_hanging_is_degraded_and_not_down(
    telegram: LocalTelegram, own: tuple[Server, Server], tmp_path: Path
) -> None:
    async with served(telegram, own, tmp_path) as vitte:
        with own[1].frozen():
            status, body = await timed(vitte, "/api/v1/health")
            redis, redis_body = await timed(vitte, "/api/v1/health/redis")
            database, _ = await timed(vitte, "/api/v1/health/db")

        assert (status, body["status"]) == (200, "degraded")
        assert body["parts"]["redis"] == {"status": "down", "error": "TimeoutError"}
        assert (redis, redis_body["status"], database) == (503, "down", 200)
        assert (await vitte.get("/api/v1/health"))[1]["status"] == "ok"


async def test_postgresql_hanging_is_down_within_a_second(
    telegram: LocalTelegram, own: tuple[Server, Server], tmp_path: Path
) -> None:
    async with served(telegram, own, tmp_path) as vitte:
        with own[0].frozen():
            status, body = await timed(vitte, "/api/v1/health")
            database, part = await timed(vitte, "/api/v1/health/db")
            redis, _ = await timed(vitte, "/api/v1/health/redis")

        assert (status, body["status"]) == (503, "down")
        assert body["parts"]["redis"]["status"] == "ok"
        assert (database, redis) == (503, 200)
        assert set(part) == {"status", "error"}

        with anyio.fail_after(10):
            while (await vitte.get("/api/v1/health"))[0] != 200:
                pass


async def test_both_hanging_takes_no_longer_than_one(
    telegram: LocalTelegram, own: tuple[Server, Server], tmp_path: Path
) -> None:
    async with served(telegram, own, tmp_path) as vitte:
        with own[0].frozen(), own[1].frozen():
            status, body = await timed(vitte, "/api/v1/health")

    assert status == 503
    assert {part["status"] for part in body["parts"].values()} == {"down"}


async def test_a_full_pool_is_ill_health(
    telegram: LocalTelegram, own: tuple[Server, Server], tmp_path: Path
) -> None:
    async with served(telegram, own, tmp_path, most=1) as vitte:
        async with vitte.house.services.database.transaction():
            status, body = await timed(vitte, "/api/v1/health/db")
        assert (status, body["error"]) == (503, "DatabaseBusy")

        assert (await vitte.get("/api/v1/health/db"))[0] == 200


async def test_stores_that_are_not_there_do_not_keep_the_tree_from_coming_up(
    telegram: LocalTelegram, tmp_path: Path
) -> None:
    settings = configured(
        telegram,
        f"postgresql://vitte@/vitte?host={tmp_path}",
        f"unix://{tmp_path}/nobody.sock",
        tmp_path,
    )
    async with whole(settings, telegram) as vitte:
        status, body = await timed(vitte, "/api/v1/health")

    assert (status, body["status"]) == (503, "down")
