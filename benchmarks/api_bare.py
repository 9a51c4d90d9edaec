"""Bare aiohttp on uvloop: answers every address with one constant JSON. The ceiling of ``api.py``."""

import sys

import uvloop
from aiohttp import web

BODY = (
    b'{"user_id":101,"plan":"premium","is_active":true,"started_at":"2026-11-20T12:00:00Z",'
    b'"expires_at":"2026-12-20T12:00:00Z","updated_at":"2026-11-20T12:00:00Z"}'
)


async def answer(_request: web.Request) -> web.Response:
    """Say the same to everybody."""
    return web.Response(body=BODY, content_type="application/json")


async def application() -> web.Application:
    """One handler for whatever is asked."""
    app = web.Application()
    app.router.add_route("*", "/{everything:.*}", answer)
    return app


if __name__ == "__main__":
    web.run_app(
        application(),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop(),
    )
