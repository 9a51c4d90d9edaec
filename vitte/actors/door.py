"""The door of a server: how many connections an address may hold, and what noise is answered.

aiohttp answers what is no HTTP at all before an application sees it, in words of
its own; here it gets the application's. An address that holds too many
connections gets no more: whoever opens them and says nothing would else keep the
others out. A proxy on this machine speaks for everybody, so it is not counted.
"""

import asyncio
import ipaddress
import logging
import os
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import web
from anyio import to_thread

from vitte.config import Listen

MOST_AN_ADDRESS: Final = 100
BACKLOG: Final = 512
OPEN_TO_THE_GROUP: Final = 0o660
"""A unix socket's mode: a proxy reaches it as a member of our group, others not at all."""

log = logging.getLogger(__name__)


class Crowd:
    """Who holds how many connections."""

    def __init__(self, most: int = MOST_AN_ADDRESS) -> None:
        self._most = most
        self._held: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count one more connection of an address; tell whether it may stay."""
        self._held[address] += 1
        return self._held[address] <= self._most

    def leave(self, address: str) -> None:
        """Count one less; who holds none is forgotten."""
        self._held[address] -= 1
        if self._held[address] <= 0:
            del self._held[address]

    def __len__(self) -> int:
        return len(self._held)


class Connection(web.RequestHandler):
    """aiohttp's connection, counted, and answering noise in our words."""

    __slots__ = ("_address", "_crowd", "_refuse")

    def __init__(
        self,
        manager: web.Server,
        *,
        crowd: Crowd,
        refuse: Callable[[int, str], web.Response],
        **given: Any,
    ) -> None:
        super().__init__(manager, loop=asyncio.get_running_loop(), **given)
        self._crowd = crowd
        self._refuse = refuse
        self._address: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let somebody in, or close at once."""
        super().connection_made(transport)
        self._address = counted(transport.get_extra_info("peername"))
        if self._address is not None and not self._crowd.enter(self._address):
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Somebody has gone."""
        if self._address is not None:
            self._crowd.leave(self._address)
            self._address = None
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what could not be read as a request; the connection ends with it."""
        del message  # it quotes what was sent
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        level = logging.ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.DEBUG
        log.log(level, "No request could be read: %s", type(exc).__name__)
        response = self._refuse(status, "This is no request that can be read.")
        response.headers["Server"] = "vitte"
        response.force_close()
        return response


class Site(web.BaseSite):
    """Where a server listens, with such a door."""

    def __init__(
        self, runner: web.AppRunner, listen: Listen, connect: Callable[[], Connection]
    ) -> None:
        super().__init__(runner)
        self._listen = listen
        self._connect = connect

    @property
    def name(self) -> str:
        """The address, as aiohttp wants to call it."""
        return self._listen.path or f"{self._listen.host}:{self._listen.port}"

    async def start(self) -> None:
        """Begin to listen."""
        await super().start()
        loop, listen = asyncio.get_running_loop(), self._listen
        if listen.path is not None:
            self._server = await loop.create_unix_server(
                self._connect, listen.path, backlog=BACKLOG
            )
            await to_thread.run_sync(os.chmod, listen.path, OPEN_TO_THE_GROUP)
        elif listen.port is not None:
            self._server = await loop.create_server(
                self._connect, listen.host, listen.port, backlog=BACKLOG, reuse_address=True
            )


def counted(peer: object) -> str | None:
    """The address under which a connection is counted; None for our own machine's."""
    if not isinstance(peer, tuple):
        return None
    host, *_ = cast("tuple[object, ...]", peer)
    address = ipaddress.ip_address(str(host).partition("%")[0])
    return None if address.is_loopback else str(address)
