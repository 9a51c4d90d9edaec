"""The one map from errors to answers: problem+json (RFC 9457), of one shape.

``type`` is "about:blank" since the status says all there is to say; ``title``
names the status, ``detail`` tells what happened and what to do, ``errors`` names
each field that is wrong.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from vitte import errors
from vitte.runtime import RuntimeFault

_BEARER: Final = 'Bearer realm="vitte"'
_AGAIN: Final = {"Retry-After": "1"}


class Fault(Struct, frozen=True, kw_only=True):
    """One field that is wrong: of the body, the query, the path or a header; "" is the body itself."""

    field: Annotated[str, Meta(examples=["title"])]
    problem: Annotated[str, Meta(examples=["Expected str of length <= 200"])]


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error as RFC 9457 writes it."""

    type: str = msgspec.field(default_factory=lambda: "about:blank")
    title: Annotated[str, Meta(examples=["Unprocessable Entity"])]
    status: Annotated[int, Meta(examples=[422])]
    detail: Annotated[str, Meta(examples=["Some of what was sent cannot be meant: see errors."])]
    errors: tuple[Fault, ...] = ()


def answer(
    status: int,
    detail: str,
    headers: dict[str, str] | None = None,
    faults: Sequence[tuple[str, str]] = (),
) -> web.Response:
    """A problem as an answer."""
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        errors=tuple(Fault(field=field, problem=problem) for field, problem in faults),
    )
    return web.Response(
        status=status,
        body=msgspec.json.encode(problem),
        content_type="application/problem+json",
        headers=headers,
    )


def of(error: Exception) -> web.Response:
    """The answer to whatever a handler raised; what we do not know is a 500 without details."""
    match error:
        case web.HTTPException():
            return _of_aiohttp(error)
        case errors.NobodyKnown() | errors.NotAllowed() | errors.TooManyRequests():
            return _of_access(error)
        case errors.NotJson() | errors.WrongMedium() | errors.SlowBody() | errors.BadInput():
            return _of_what_was_sent(error)
        case errors.NotThere() | errors.Contradiction() | errors.VersionGone():
            return _of_how_things_stand(error)
        case RuntimeFault() | errors.VitteError(permanent=False):
            return answer(503, "A part that is needed is away; try again.", _AGAIN)
        case _:
            return answer(500, "Something went wrong on our side; it has been noted.")


def _of_aiohttp(error: web.HTTPException) -> web.Response:
    match error:
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return answer(405, f"This address answers to {allowed}.", {"Allow": allowed})
        case web.HTTPNotFound():
            return answer(404, "There is nothing at this address.")
        case web.HTTPRequestEntityTooLarge():
            return answer(413, "The body is longer than this address reads.")
        case _:
            return answer(error.status, error.text or error.reason)


def _of_access(
    error: errors.NobodyKnown | errors.NotAllowed | errors.TooManyRequests,
) -> web.Response:
    match error:
        case errors.NobodyKnown():
            detail = "Say who you are: Authorization: Bearer with a token that is in force."
            return answer(401, detail, {"WWW-Authenticate": _BEARER})
        case errors.NotAllowed(scope=scope):
            proof = f'{_BEARER}, error="insufficient_scope", scope="{scope}"'
            return answer(403, f"The token lacks the scope {scope}.", {"WWW-Authenticate": proof})
        case errors.TooManyRequests(wait_seconds=seconds):
            wait = {"Retry-After": str(seconds)}
            return answer(429, "This token asks too often; wait as long as Retry-After says.", wait)


def _of_what_was_sent(
    error: errors.NotJson | errors.WrongMedium | errors.SlowBody | errors.BadInput,
) -> web.Response:
    match error:
        case errors.NotJson():
            text = str(error)
            return answer(400, f"{text[:1].upper()}{text[1:]}.")
        case errors.WrongMedium():
            return answer(415, "Send the body as application/json in UTF-8, not packed.")
        case errors.SlowBody():
            return answer(408, "The body did not arrive in time.", {"Connection": "close"})
        case errors.BadInput(faults=faults):
            return answer(422, "Some of what was sent cannot be meant: see errors.", None, faults)


def _of_how_things_stand(
    error: errors.NotThere | errors.Contradiction | errors.VersionGone,
) -> web.Response:
    match error:
        case errors.NotThere(noun=noun):
            return answer(404, f"There is no such {noun}.")
        case errors.VersionGone():
            return answer(412, "It was changed since you read it: read it again.")
        case errors.Contradiction(problem=problem, field=field):
            faults = ((field, problem),) if field else ()
            return answer(409, f"This contradicts how things stand: {problem}.", None, faults)
