"""What Prometheus reads: every metric as text, on a port of its own."""

from aiohttp import web
from anyio import to_thread
from prometheus_client.exposition import choose_encoder

from vitte import metrics


def exposition() -> web.Application:
    """A little application with ``/metrics`` and nothing else."""
    app = web.Application()
    app.add_routes([web.get("/metrics", _metrics)])
    return app


async def _metrics(request: web.Request) -> web.Response:
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    # On a thread: what the kernel knows of this process is read from files.
    body = await to_thread.run_sync(encode, metrics.REGISTRY)
    return web.Response(body=body, headers={"Content-Type": content_type})
