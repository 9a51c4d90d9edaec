"""An answer that is bytes already: its head is put together once, as text, and sent with its body.

aiohttp's own ``Response`` keeps headers in a map, so that a handler may change its mind
until the end; a route of ours does not, and building, completing and serialising that
map took a third of the time of an answer out of memory. What aiohttp asks of an answer
is little (``prepare``, ``write_eof``, ``keep_alive``), and all of it stands here.
"""

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import Final, cast

from aiohttp import web

STRICT: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "vitte",
    "X-Content-Type-Options": "nosniff",
}
"""What every answer says besides: nothing is kept, nothing is guessed, nothing is loaded."""

LARGE_BYTES: Final = 65_536
"""From here on an answer waits until the caller has read the most of it."""

_STRICT: Final = "".join(f"{name}: {value}\r\n" for name, value in STRICT.items())
_HEADS: Final = {
    status: f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n{_STRICT}"
    for status in (HTTPStatus.OK, HTTPStatus.CREATED)
}


class Written:
    """JSON with its status, and what its head says besides; sent once."""

    __slots__ = ("_body", "_head", "_request", "keep_alive", "request_id", "status")

    def __init__(self, status: int, head: str, body: bytes) -> None:
        self.status = status
        self.request_id = ""
        self.keep_alive = True
        self._head = head
        self._body = body
        self._request: web.BaseRequest | None = None

    def response(self) -> web.StreamResponse:
        """The same, as what aiohttp's types call an answer: it asks for nothing that is not here."""
        return cast("web.StreamResponse", cast("object", self))

    async def prepare(self, request: web.BaseRequest) -> None:
        """Learn whose answer this is."""
        self._request = request
        self.keep_alive = request.keep_alive

    async def write_eof(self) -> None:
        """Send it.

        Raises:
            ConnectionResetError: The caller has gone.
        """
        request, body = self._request, self._body
        if request is None or (transport := request.transport) is None or transport.is_closing():
            raise ConnectionResetError
        head = (
            f"{_HEADS[cast('HTTPStatus', self.status)]}{self._head}Date: {_date()}\r\n"
            f"Content-Length: {len(body)}\r\n{_connection(request, keep=self.keep_alive)}"
            f"X-Request-Id: {self.request_id}\r\n\r\n"
        )
        transport.write(head.encode("ascii") + body)
        if len(body) >= LARGE_BYTES:
            await request.writer.drain()


def line(name: str, value: str) -> str:
    """One more line of a head.

    Raises:
        ValueError: The value would be more than one line.
    """
    if "\r" in value or "\n" in value:
        raise ValueError(name)
    return f"{name}: {value}\r\n"


def _connection(request: web.BaseRequest, *, keep: bool) -> str:
    """What is said of the connection where its version means something else."""
    if not keep:
        return "Connection: close\r\n"
    return "" if request.version >= (1, 1) else "Connection: keep-alive\r\n"


class _Clock:
    """The date as heads have it, put into words once a second."""

    __slots__ = ("second", "words")

    def __init__(self) -> None:
        self.second = 0
        self.words = ""


_clock: Final = _Clock()


def _date() -> str:
    now = int(time.time())
    if now != _clock.second:
        _clock.second, _clock.words = now, formatdate(now, usegmt=True)
    return _clock.words
