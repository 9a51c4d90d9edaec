"""What Prometheus reads: every metric as text, on a port of its own.

How many updates are pending is asked of PostgreSQL as it is read, so that the books
balance in the metrics as they do in the table, whoever fell meanwhile. While PostgreSQL
is away nobody knows, and the number says so (NaN).
"""

from math import nan
from typing import Final

import anyio
from aiohttp import web
from anyio import to_thread
from prometheus_client.exposition import choose_encoder

from vitte import metrics
from vitte.errors import VitteError
from vitte.store import updates
from vitte.store.pool import Database

LIMIT_SECONDS: Final = 1.0


def exposition(database: Database) -> web.Application:
    """A little application with ``/metrics`` and nothing else."""

    async def show(request: web.Request) -> web.Response:
        metrics.updates_pending.set(await _pending(database))
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        # On a thread: what the kernel knows of this process is read from files.
        body = await to_thread.run_sync(encode, metrics.REGISTRY)
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application()
    app.add_routes([web.get("/metrics", show)])
    return app


async def _pending(database: Database) -> float:
    try:
        with anyio.fail_after(LIMIT_SECONDS):
            return await updates.count_pending(database)
    except (VitteError, TimeoutError):
        return nan
