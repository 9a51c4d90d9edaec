"""The whole of vitte for a test: the real tree on real stores, with a Telegram of its own."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import msgspec
from anyio import to_thread
from msgspec import Struct

from vitte import config, tree
from vitte.actors import observer
from vitte.dev.telegram import LocalTelegram
from vitte.house import House, utc_now
from vitte.runtime import Events, Running, start
from vitte.store import outbox, updates


class Whole(Struct, frozen=True, kw_only=True):
    """A running vitte, and ways to talk to it."""

    house: House
    running: Running
    telegram: LocalTelegram
    http: aiohttp.ClientSession
    metrics: aiohttp.ClientSession

    async def get(self, path: str) -> tuple[int, Any]:
        """Ask the API; gives the status and the decoded body."""
        async with self.http.get(f"http://vitte{path}") as response:
            return response.status, msgspec.json.decode(await response.read())

    async def settled(self, within: float = 10) -> None:
        """Wait until every update is finished and every word to Telegram is said."""
        await self.telegram.drained(within=within)
        database = self.house.services.database
        with anyio.fail_after(within):
            while (  # noqa: ASYNC110  # the books are in PostgreSQL, which tells nobody
                await updates.list_pending(database, limit=1)
                or await outbox.list_waiting(database, limit=1)
            ):
                await anyio.sleep(0.01)


def configured(
    telegram: LocalTelegram, database_url: str, redis_url: str, folder: Path, **sections: Any
) -> config.Config:
    """A configuration for a test; a section may be given whole, as ``limiter=Limiter(...)``."""
    usual = config.Config(
        data=str(folder),
        telegram=config.Telegram(
            api=telegram.url, token=config.Secret(telegram.token), poll_seconds=5
        ),
        database=config.Database(
            url=config.Secret(database_url), pool_min=1, pool_max=8, wait_seconds=2
        ),
        redis=config.Redis(url=config.Secret(redis_url), wait_seconds=1),
        http=config.Http(listen=f"unix:{folder}/http.sock"),
        metrics=config.Metrics(listen=f"unix:{folder}/metrics.sock"),
        admin=config.Admin(listen=f"unix:{folder}/admin.sock"),
    )
    return msgspec.structs.replace(usual, **sections)


@asynccontextmanager
async def whole(
    settings: config.Config,
    telegram: LocalTelegram,
    clock: Callable[[], datetime] = utc_now,
    events: Events | None = None,
) -> AsyncGenerator[Whole]:
    """Run the whole tree for the block."""
    events = events or Events()
    house = await to_thread.run_sync(House, settings, clock)  # it reads files
    spec = tree.plant(house)
    observer.observe(events, spec)
    async with (
        start(spec, events=events) as running,
        _client(settings.http.listen) as http,
        _client(settings.metrics.listen) as metrics,
    ):
        yield Whole(house=house, running=running, telegram=telegram, http=http, metrics=metrics)
    await house.services.redis.aclose()


def _client(listen: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=listen.removeprefix("unix:")))
