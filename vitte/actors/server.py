"""A server: listens on an address and serves one aiohttp application.

Owns the socket. The REST API with the webhook is one, the page that Prometheus
reads another. A stop closes the door first and lets the requests in hand end;
a fall cuts them off, and the callers ask again.
"""

import logging
from collections.abc import Callable
from typing import Final, Never, cast

from aiohttp import web

from vitte.actors.door import Connection, Crowd, Site
from vitte.config import parse_listen
from vitte.errors import CannotListen
from vitte.runtime import Life

FAREWELL_SECONDS: Final = 4.0
NOWHERE: Final = "/{nothing:.*}"
"""The address of a route for all that have none; it comes last, and answers with its ``refusal``."""
IDLE_SECONDS: Final = 75.0
"""How long a connection may stay without a whole head of a request; longer than Nginx keeps its own."""

log = logging.getLogger(__name__)


async def refusal(request: web.Request) -> web.HTTPException:
    """What there is to say at ``NOWHERE``: that nothing is there, or that it takes other methods.

    A route and no middleware: what aiohttp makes of those it keeps for good, and with each
    application that has ended all that this had.
    """
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        if resource is not request.match_info.route.resource:
            _, methods = await resource.resolve(request)
            allowed |= methods
    return web.HTTPMethodNotAllowed(request.method, allowed) if allowed else web.HTTPNotFound()


class Server:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        build: Callable[[], web.Application],
        refuse: Callable[[int, str], web.Response],
        listen: str,
        key: str,
    ) -> None:
        self._build = build
        self._refuse = refuse
        self._listen = listen
        self._key = key

    async def run(self, life: Life[Never]) -> None:
        """Listen until asked to stop."""
        life.trap_exit()
        runner = web.AppRunner(
            self._build(), handle_signals=False, shutdown_timeout=FAREWELL_SECONDS
        )
        await runner.setup()
        try:
            await self._start(runner)
            log.info("Listening on %s", self._listen)
            life.ready()
            await life.shutdown_asked()
        finally:
            await runner.cleanup()

    async def _start(self, runner: web.AppRunner) -> None:
        crowd = Crowd()

        def connect() -> Connection:
            return Connection(
                cast("web.Server", runner.server),
                crowd=crowd,
                refuse=self._refuse,
                access_log=None,
                # What is packed is refused: a small body may unpack to a large one.
                auto_decompress=False,
                keepalive_timeout=IDLE_SECONDS,
            )

        try:
            await Site(runner, parse_listen(self._listen), connect).start()
        except OSError as problem:
            raise CannotListen(self._listen, problem, self._key) from problem
