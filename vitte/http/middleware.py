"""What every request passes: its id, its metrics, its log line, its errors made answers."""

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web

from vitte import log, metrics
from vitte.http import problems

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logging.getLogger(__name__)


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id (its own, if it brought a plain one), count it and time it."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", given) else uuid.uuid4().hex
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "none"
    began = time.perf_counter()
    with log.about(request_id=request_id):
        response = await handler(request)
        seconds = time.perf_counter() - began
        metrics.http_requests.labels(route, _method(request), str(response.status)).inc()
        metrics.http_seconds.labels(route).observe(seconds)
        _log.debug("%s %s %d", request.method, route, response.status)
    response.headers["X-Request-Id"] = request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = response.headers.get("Cache-Control", "no-store")
    return response


@web.middleware
async def problems_as_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into problem+json."""
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001  # an edge: no error may reach the socket as it is
        response = problems.of(error)
        if response.status >= 500:  # noqa: PLR2004  # ours, not the caller's
            _log.warning("A request failed: %s", type(error).__name__, exc_info=error)
        return response


def _method(request: web.Request) -> str:
    """The method as a label: a stranger's inventions must not become series."""
    return request.method if request.method in {"GET", "HEAD", "POST", "PATCH"} else "other"
