"""From the socket to a handler and back: who asks, may they, what do they want; the answer in JSON."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from vitte.http import reading
from vitte.http.access import Access
from vitte.http.middleware import Handler
from vitte.http.route import OPEN, Answer, Asked, Route
from vitte.http.written import Written

_encode: Final = msgspec.json.Encoder().encode


def make(route: Route, access: Access) -> Handler:
    """What aiohttp calls for a route."""
    if route.scope == OPEN:
        return route.answer
    read = _reader(route)

    async def handle(request: web.Request) -> Written:
        caller = await access.admit(request.headers.get("Authorization", ""), route.scope)
        return _written(await route.answer(await read(request, caller)))

    return handle


def _reader(route: Route) -> Callable[[web.Request, Any], Awaitable[Asked[Any, Any]]]:
    """What reads a request to a route: made once, so that each request does only its own work."""
    name = route.path.partition("{")[2].partition("}")[0]
    query = reading.Query(route.query or Nothing)
    body = reading.Body(route.takes) if route.takes is not None else None
    changes, repeatable = route.changes, route.repeatable

    async def read(request: web.Request, caller: Any) -> Asked[Any, Any]:
        headers = request.headers
        return Asked(
            caller=caller,
            number=reading.number(name, request.match_info[name]) if name else 0,
            query=query.read(request),
            body=await body.read(request) if body is not None else None,
            version=reading.version(headers.get("If-Match")) if changes else None,
            key=reading.key(headers.get("Idempotency-Key")) if repeatable else None,
            request=request,
        )

    return read


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of a route that takes none."""


def _written(answer: Answer) -> Written:
    body = answer.body
    return Written(answer.status, answer.head, body if isinstance(body, bytes) else _encode(body))
