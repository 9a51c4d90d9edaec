"""What a route is: one row of the table that the application, the document and the tests read.

A handler gets what was asked, read and checked, and gives an answer; what lies
between the socket and it is in ``endpoint``.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, Generic, Literal, TypeVar

from aiohttp import web
from msgspec import Struct

from vitte.http.access import Caller
from vitte.http.middleware import REQUEST_ID
from vitte.store.audit import Author

Q = TypeVar("Q")
B = TypeVar("B")

OPEN: Final = "open"
"""Declared instead of a scope: whoever comes gets an answer."""


class Asked(Struct, Generic[Q, B], frozen=True, kw_only=True):
    """A request, read and checked: who asks, the id in the path, the query, the body.

    ``version`` is what ``If-Match`` says the change is meant for; None is any.
    """

    caller: Caller
    number: int
    query: Q
    body: B
    version: datetime | None
    key: str | None
    request: web.Request

    def author(self) -> Author:
        """Who makes the change that is asked for, for the audit."""
        return Author(
            who=f"token:{self.caller.name}",
            token_id=self.caller.token_id,
            request_id=self.request[REQUEST_ID],
        )


class Answer(Struct, frozen=True, kw_only=True, gc=False):
    """What is answered, as a payload or as JSON already; ``head`` are further lines of its head."""

    body: Struct | bytes
    status: int = 200
    head: str = ""


class Route(Struct, frozen=True, kw_only=True):
    """A method and a path, who may ask, what comes in and what goes out.

    An open route knows nobody and reads nothing: its handler gets the request as it is.
    """

    method: Literal["GET", "POST", "PATCH"]
    path: str
    summary: str
    scope: str
    answer: Callable[[Any], Awaitable[Any]]
    gives: Any = None
    query: Any = None
    takes: Any = None
    status: int = 200
    refuses: tuple[int, ...] = ()
    repeatable: bool = False
    """Whether it takes an Idempotency-Key."""
    media: str = "application/json"

    @property
    def changes(self) -> bool:
        """Whether it changes something that has a version, and so heeds If-Match."""
        return self.method == "PATCH"

    @property
    def name(self) -> str:
        """The operation's name in the document: ``patch_dialogs_dialog_id``."""
        words = self.path.removeprefix("/api/v1/").replace("{", "").replace("}", "")
        return "_".join([self.method.lower(), *words.replace(".", "/").strip("/").split("/")])
