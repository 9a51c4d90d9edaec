"""The one map from errors to answers: problem+json (RFC 9457), of one shape.

``type`` is "about:blank" since the status says all there is to say; ``title``
names the status, ``detail`` tells what happened and what to do.
"""

from http import HTTPStatus

import msgspec
from aiohttp import web
from msgspec import Struct

from vitte.errors import VitteError


class Problem(Struct, frozen=True, kw_only=True):
    """An error as RFC 9457 writes it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def answer(status: int, detail: str, headers: dict[str, str] | None = None) -> web.Response:
    """A problem as an answer."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return web.Response(
        status=status,
        body=msgspec.json.encode(problem),
        content_type="application/problem+json",
        headers=headers,
    )


def of(error: Exception) -> web.Response:
    """The answer to whatever a handler raised; what we do not know is a 500 without details."""
    match error:
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return answer(405, f"This address answers to {allowed}.", {"Allow": allowed})
        case web.HTTPNotFound():
            return answer(404, "There is nothing at this address.")
        case web.HTTPRequestEntityTooLarge():
            return answer(413, "The body is longer than this address reads.")
        case web.HTTPException():
            return answer(error.status, error.text or error.reason)
        case VitteError() if not error.permanent:
            return answer(503, "A part that is needed is away; try again.", {"Retry-After": "1"})
        case _:
            return answer(500, "Something went wrong on our side; it has been noted.")
