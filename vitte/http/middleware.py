"""What every request passes: its id, its metrics, its log line, its errors made answers."""

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final, TypeAlias

from aiohttp import web
from multidict import CIMultiDict
from prometheus_client import Counter, Histogram

from vitte import log, metrics
from vitte.http import problems

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID: Final = web.RequestKey("request_id", str)
"""Where a request keeps its id."""

SLOW_SECONDS: Final = 1.0
"""From here on a request is worth a line of its own in the log."""

_STRICT: Final = CIMultiDict(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Server": "vitte",
        "X-Content-Type-Options": "nosniff",
    }
)
_OURS: Final = 500
_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

_log = logging.getLogger(__name__)
_process: Final = secrets.token_hex(10)
_numbers: Final = count(1)
_counters: Final[dict[tuple[str, str, int], Counter]] = {}
_histograms: Final[dict[str, Histogram]] = {}


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id (its own, if it brought a plain one), count it and time it."""
    given = request.headers.get("X-Request-Id")
    if given is None or _GIVEN_ID.fullmatch(given) is None:
        given = f"{_process}{next(_numbers):012x}"  # random to a process, one after the other in it
    request[REQUEST_ID] = given
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "none"
    began = time.perf_counter()
    with log.about(request_id=given):
        response = await handler(request)
        _note(route, request.method, response.status, time.perf_counter() - began)
    headers = response.headers
    headers["X-Request-Id"] = given
    for name, value in _STRICT.items():
        headers.setdefault(name, value)
    return response


@web.middleware
async def problems_as_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into problem+json."""
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001  # an edge: no error may reach the socket as it is
        response = problems.of(error)
        if response.status >= _OURS:  # ours, not the caller's
            _log.warning("A request failed: %s", type(error).__name__, exc_info=error)
        return response


def _note(route: str, method: str, status: int, seconds: float) -> None:
    """Count a request; the series are looked up once, for that costs more than counting."""
    method = _as_label(method)
    if (counter := _counters.get((route, method, status))) is None:
        counter = metrics.http_requests.labels(route, method, str(status))
        _counters[route, method, status] = counter
    if (histogram := _histograms.get(route)) is None:
        histogram = _histograms[route] = metrics.http_seconds.labels(route)
    counter.inc()
    histogram.observe(seconds)
    if status >= _OURS or seconds >= SLOW_SECONDS:
        _log.warning("%s %s %d in %.3f s", method, route, status, seconds)
    elif _log.isEnabledFor(logging.DEBUG):
        _log.debug("%s %s %d in %.3f s", method, route, status, seconds)


def _as_label(method: str) -> str:
    """The method as a label: a stranger's inventions must not become series."""
    return method if method in {"GET", "HEAD", "POST", "PATCH"} else "other"
