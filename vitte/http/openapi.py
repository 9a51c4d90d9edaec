"""The API described: OpenAPI 3.1, made from the table of routes and the Structs that it names.

What a route reads is what its description says, for both come from one Struct.
The document is made when it is first asked for, and kept.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web

import vitte
from vitte.http import docs, problems, reading
from vitte.http.route import OPEN, Route
from vitte.store import tokens

_REF: Final = "#/components/schemas/{name}"
_NUMBERS: Final = {"user_id": "The user's id, as Telegram gave it", "dialog_id": "The dialog's id"}

ABOUT: Final = """\
What the bot knows, for programs. Show your token with each request: `Authorization: Bearer vtt_…`
(`vitte token create` makes one). Lists come in pages: hand `next` back as `cursor`, or follow the
`Link` header. What can be changed has an `ETag`: send it as `If-Match` and your change is refused (412)
when somebody was quicker. Changes are merge patches (RFC 7396): what is absent stays, null takes away.
Errors are problems (RFC 9457): 422 is wrong in itself, 409 contradicts how things stand."""


class OpenApi:
    """Answers the addresses of the description."""

    def __init__(self) -> None:
        self.routes: tuple[Route, ...] = ()

    async def json(self, _request: web.Request) -> web.Response:
        """The document."""
        return web.Response(body=self._json, content_type="application/json")

    async def page(self, _request: web.Request) -> web.Response:
        """The same as a page to read."""
        return web.Response(
            body=self._page,
            headers={
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": docs.POLICY,
            },
        )

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document, as an object."""
        return describe(self.routes)

    @cached_property
    def _json(self) -> bytes:
        return encoded(self.document)

    @cached_property
    def _page(self) -> bytes:
        return docs.page(self.document).encode()


def routes(others: Sequence[Route]) -> tuple[Route, ...]:
    """The two routes of the description, which describes them as well."""
    api = OpenApi()
    ours = (
        Route(
            method="GET",
            path="/api/v1/openapi.json",
            scope=OPEN,
            answer=api.json,
            gives=dict[str, Any],
            summary="This description, for programs",
        ),
        Route(
            method="GET",
            path="/api/v1/docs",
            scope=OPEN,
            answer=api.page,
            gives=str,
            media="text/html",
            summary="This description, for people",
        ),
    )
    api.routes = (*others, *ours)
    return ours


def encoded(document: dict[str, Any]) -> bytes:
    """A document as it is sent."""
    return msgspec.json.encode(document)


def describe(table: Sequence[Route]) -> dict[str, Any]:
    """The document of a table of routes."""
    shapes = [shape for route in table for shape in (route.gives, route.takes) if shape is not None]
    queries = [route.query for route in table if route.query is not None]
    every = [*shapes, *queries, problems.Problem]
    found, components = msgspec.json.schema_components(every, ref_template=_REF)
    schemas = dict(zip(map(repr, every), found, strict=True))
    for shape in shapes:
        if rules := getattr(shape, "RULES", None):
            components[shape.__name__] |= rules
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        operation = _operation(route, schemas, components)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    for query in queries:
        components.pop(query.__name__, None)  # said as parameters, field by field
    return {
        "openapi": "3.1.0",
        "info": {"title": "vitte", "version": vitte.__version__, "description": ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            # Not among the parameters of an operation: a schema can tell which ETags are well
            # formed and not which one is right, and whoever makes up values that fit the schema
            # would be refused all the time.
            "parameters": {"If-Match": _IF_MATCH},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "vtt_…",
                    "description": f"Made by `vitte token create`. Scopes: {', '.join(tokens.SCOPES)}.",
                }
            },
        },
    }


def _operation(route: Route, schemas: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.path.split("/")[3]],
        "parameters": list(_parameters(route, components)),
        "responses": _responses(route, schemas),
    }
    if route.scope == OPEN:
        operation["security"] = []
    else:
        heeds = " Heeds `If-Match` (see components)." if route.changes else ""
        operation["description"] = f"Scope: `{route.scope}`.{heeds}"
        operation["security"] = [{"token": [route.scope]}]
    if route.takes is not None:
        body = {"application/json": {"schema": schemas[repr(route.takes)]}}
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _parameters(route: Route, components: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if name := route.path.partition("{")[2].partition("}")[0]:
        schema = {"type": "integer", "minimum": 1, "maximum": reading.LARGEST}
        yield _parameter("path", name, _NUMBERS[name], schema)
    if route.query is not None:
        for name, schema in components[route.query.__name__]["properties"].items():
            plain = {key: value for key, value in schema.items() if key != "description"}
            yield _parameter("query", name, schema.get("description", ""), plain)
    if route.repeatable:
        words = "A text of your own: the same request again within a day gets the same answer"
        yield _parameter("header", "Idempotency-Key", words, _text(reading.KEY_PATTERN, "order-1"))


def _parameter(place: str, name: str, words: str, schema: dict[str, Any]) -> dict[str, Any]:
    required = place == "path"
    return {"name": name, "in": place, "description": words, "required": required, "schema": schema}


def _text(pattern: str, example: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern, "examples": [example]}


_IF_MATCH: Final = _parameter(
    "header",
    "If-Match",
    "The ETag of what you read: refused with 412 if it was changed since",
    _text(reading.VERSION_PATTERN, '"64f1a2b3c4d5e"'),
)


def _responses(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    content = {route.media: {"schema": schemas[repr(route.gives)]}}
    good: dict[str, Any] = {"description": HTTPStatus(route.status).phrase, "content": content}
    headers = dict(_headers(route))
    if headers:
        good["headers"] = headers
    responses = {str(route.status): good}
    ill = (
        content if route.scope == OPEN else None
    )  # health says how it is, also when it is not well
    for status in _refusals(route):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": ill
            or {"application/problem+json": {"schema": schemas[repr(problems.Problem)]}},
        }
    return responses


def _refusals(route: Route) -> list[int]:
    found = set(route.refuses)
    if route.scope != OPEN:
        found |= {401, 403, 422, 429, 503}
    if route.takes is not None:
        found |= {400, 408, 413, 415}
    if route.changes:
        found |= {412}
    return sorted(found)


def _headers(route: Route) -> Iterator[tuple[str, Any]]:
    text = {"type": "string"}
    if route.changes or ("{" in route.path and route.query is None):
        yield "ETag", {"description": "The version, for If-Match", "schema": text}
    if route.query is not None:
        yield "Link", {"description": 'The next page, as rel="next"', "schema": text}
    if route.repeatable:
        yield "Location", {"description": "Where it is", "schema": text}
