"""Is it well? For the operator, for Nginx, for whoever waits for the start.

Each part is asked with a time limit of its own. ``ok``: all is well.
``degraded``: it works, with less (Redis is away). ``down``: people get no
answers (PostgreSQL is away), and the status is 503.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final, Literal

import anyio
import msgspec
from aiohttp import web
from msgspec import Struct
from redis.exceptions import RedisError

import vitte
from vitte.errors import VitteError
from vitte.services import Services
from vitte.store import keyspace

LIMIT_SECONDS: Final = 1.0
_DOWN: Final = (VitteError, RedisError, OSError, TimeoutError)


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one part is: its latency in milliseconds, or the kind of error."""

    status: Literal["ok", "down"]
    latency_ms: float | None = None
    error: str | None = None


class Report(Struct, frozen=True, kw_only=True):
    """How the whole is."""

    status: Literal["ok", "degraded", "down"]
    version: str
    uptime_seconds: float
    parts: dict[str, Part]


class Health:
    """Answers the three addresses of health."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._began = time.monotonic()

    async def all(self, _request: web.Request) -> web.Response:
        """Both parts side by side, and what follows from them."""
        parts: dict[str, Part] = {}

        async def ask(name: str, check: Callable[[], Awaitable[object]]) -> None:
            parts[name] = await _time(check)

        async with anyio.create_task_group() as group:
            group.start_soon(ask, "database", self._ask_database)
            group.start_soon(ask, "redis", self._ping)
        down = [name for name, part in sorted(parts.items()) if part.status == "down"]
        report = Report(
            status="down" if "database" in down else "degraded" if down else "ok",
            version=vitte.__version__,
            uptime_seconds=round(time.monotonic() - self._began, 3),
            parts=dict(sorted(parts.items())),
        )
        return _answer(report, down=report.status == "down")

    async def database(self, _request: web.Request) -> web.Response:
        """PostgreSQL alone."""
        part = await _time(self._ask_database)
        return _answer(part, down=part.status == "down")

    async def redis(self, _request: web.Request) -> web.Response:
        """Redis alone."""
        part = await _time(self._ping)
        return _answer(part, down=part.status == "down")

    async def _ask_database(self) -> None:
        # A little sooner than the limit here, so that the cause is named: busy, or away.
        await self._services.database.check(0.9 * LIMIT_SECONDS)

    async def _ping(self) -> None:
        await keyspace.ping(self._services.redis)


async def _time(check: Callable[[], Awaitable[object]]) -> Part:
    began = time.perf_counter()
    try:
        with anyio.fail_after(LIMIT_SECONDS):
            await check()
    except _DOWN as problem:
        return Part(status="down", error=type(problem).__name__)
    return Part(status="ok", latency_ms=round((time.perf_counter() - began) * 1000, 3))


def _answer(body: Struct, *, down: bool) -> web.Response:
    return web.Response(
        status=503 if down else 200,
        body=msgspec.json.encode(body),
        content_type="application/json",
    )
