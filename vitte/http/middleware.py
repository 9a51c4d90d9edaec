"""What every request passes: its id, its metrics, its log line, its errors made answers.

``application`` gives an aiohttp application of some routes. Its routes are wrapped one by
one and an address that there is not is a route like others: aiohttp's own chain of
middlewares would build a handler and a context anew around each request.
"""

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import count
from typing import Final, NamedTuple, TypeAlias

from aiohttp import web
from prometheus_client import Counter

from vitte import log, metrics
from vitte.actors import server
from vitte.http import problems
from vitte.http.written import STRICT, Written

Answered: TypeAlias = web.StreamResponse | Written
Handler: TypeAlias = Callable[[web.Request], Awaitable[Answered]]

REQUEST_ID: Final = web.RequestKey("request_id", str)
"""Where a request keeps its id."""

SLOW_SECONDS: Final = 1.0
"""From here on a request is worth a line of its own in the log."""

NOWHERE: Final = "none"
"""The label of the addresses that there are not."""

LINE: Final = "%s %s %d in %.3f s"
"""The method, the route, the status and the time: not the path, whose ids are people's."""

_OURS: Final = 500
_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PATCH"})

_log = logging.getLogger(__name__)
_process: Final = secrets.token_hex(10)
_numbers: Final = count(1)
_counters: Final[dict[tuple[str, str, int], Counter]] = {}


class Served(NamedTuple):
    """A method and a path, and who answers there."""

    method: str
    path: str
    handler: Handler


def application(
    routes: Iterable[Served], *, body_bytes: int = 65_536, log_all: bool = False
) -> web.Application:
    """An application that answers these routes, and says no, in our words, to all else.

    With ``log_all`` every request leaves a line in the log, else those that failed or were slow.
    """
    level = logging.INFO if log_all else logging.DEBUG
    app = web.Application(client_max_size=body_bytes)
    for route in routes:
        handler = _observed(route.path, route.handler, level)
        app.router.add_route(route.method, route.path, handler, expect_handler=_expect)
    nothing = _observed(NOWHERE, _nothing, level)
    app.router.add_route("*", server.NOWHERE, nothing, expect_handler=_expect)
    return app


def _observed(
    route: str, handler: Handler, level: int
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Give each request an id (its own, if it brought a plain one), count it and time it."""
    seconds = metrics.http_seconds.labels(route)

    async def observe(request: web.Request) -> web.StreamResponse:
        began = time.perf_counter()
        given = request.headers.get("X-Request-Id")
        if given is None or _GIVEN_ID.fullmatch(given) is None:
            given = f"{_process}{next(_numbers):012x}"  # random to a process, one after the other
        request[REQUEST_ID] = given
        log.begin(
            request_id=given
        )  # aiohttp gives each request a task, and so a context, of its own
        try:
            answered = await handler(request)
        except Exception as error:  # noqa: BLE001  # an edge: no error may reach the socket as it is
            answered = problems.of(error)
            if answered.status >= _OURS:  # ours, not the caller's
                _log.warning("A request failed: %s", type(error).__name__, exc_info=error)
        took = time.perf_counter() - began
        method = _count(route, request.method, answered.status)
        seconds.observe(took)
        if answered.status >= _OURS or took >= SLOW_SECONDS:
            _log.warning(LINE, method, route, answered.status, took)
        elif _log.isEnabledFor(level):
            _log.log(level, LINE, method, route, answered.status, took)
        if isinstance(answered, Written):
            answered.request_id = given
            return answered.response()
        headers = answered.headers
        headers["X-Request-Id"] = given
        for name, value in STRICT.items():
            headers.setdefault(name, value)
        return answered

    return observe


async def _nothing(request: web.Request) -> web.StreamResponse:
    """Say that there is nothing at an address, or that it answers to other methods."""
    return problems.of(await server.refusal(request))


async def _expect(request: web.Request) -> web.StreamResponse | None:
    """Let a body come that waits for it; nothing else can be expected of us."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return None
    response = problems.answer(417, "Nothing can be expected here but 100-continue.")
    response.headers.update(STRICT)
    return response


def _count(route: str, method: str, status: int) -> str:
    """Count a request, and give its method as a label: a stranger's inventions make no series."""
    method = method if method in _METHODS else "other"
    # The series are looked up once, for that costs more than counting.
    if (counter := _counters.get((route, method, status))) is None:
        counter = metrics.http_requests.labels(route, method, str(status))
        _counters[route, method, status] = counter
    counter.inc()
    return method
