"""What every page is handed: the desk (shared) and the visit (one request's own)."""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

import anyio
from aiohttp import web
from msgspec import Struct

from vitte.admin.passwords import Judge
from vitte.errors import NobodyKnown
from vitte.i18n import Language, Variable
from vitte.runtime import Running
from vitte.services import Services
from vitte.store import operators
from vitte.store.audit import Author
from vitte.store.operators import Role
from vitte.store.sessions import Held
from vitte.store.text import storable

Access: TypeAlias = Literal["open", "code", "read", "support", "owner"]
"""Who may: anybody; who gave a password and owes a code; or who is in, with at least that role."""

LONGEST_FIELD: Final = 4_000
_PATTERN: Final = re.compile(r":[^/]*\}(?=/|$)")


class Desk(Struct, frozen=True, kw_only=True):
    """What the panel works with; one a life of it."""

    services: Services
    tree: Running
    place: str
    judge: Judge
    zone: ZoneInfo
    streams: set[anyio.CancelScope]

    def close(self) -> None:
        """End the streams that are open: they would hold up the stop."""
        for scope in list(self.streams):
            scope.cancel()


class Visit:
    """One request: who asks, in which language, from where, and what was typed."""

    __slots__ = ("address", "cookie", "desk", "form", "held", "language", "request")

    def __init__(self, desk: Desk, request: web.Request) -> None:
        self.desk = desk
        self.request = request
        self.cookie = ""
        self.held: Held | None = None
        self.language: Language = "en"
        self.address = ""
        self.form: dict[str, str] = {}

    @property
    def now(self) -> datetime:
        """The time."""
        return self.desk.services.clock()

    @property
    def holder(self) -> Held:
        """Who asks; a route with a role is reached by nobody else.

        Raises:
            NobodyKnown: Nobody is in.
        """
        if self.held is None:
            raise NobodyKnown
        return self.held

    @property
    def csrf(self) -> str:
        """What an unsafe request must bring: it follows from the cookie, which no other site reads."""
        digest = hashlib.sha256(f"vitte csrf {self.cookie}".encode()).digest()
        return base64.urlsafe_b64encode(digest).decode()

    def may(self, role: Role) -> bool:
        """Tell whether who asks may do what this role is wanted for."""
        return self.held is not None and operators.may(self.held.role, role)

    def author(self, reason: str | None = None) -> Author:
        """Who answers for what is done now."""
        return Author(who=f"operator:{self.holder.name}", reason=reason, address=self.address)

    def asked(self, name: str, default: str = "") -> str:
        """A parameter of the address."""
        return self.request.query.get(name, default)[:LONGEST_FIELD]

    def typed(self, name: str) -> str:
        """A field of the form, without the spaces around it."""
        return self.form.get(name, "").strip()[:LONGEST_FIELD]

    def written(self, name: str) -> str:
        """A text of several lines, whole: the gate bounds a form."""
        lines = self.form.get(name, "").replace("\r\n", "\n").replace("\r", "\n")
        return storable(lines, len(lines)).strip()


Answer: TypeAlias = Callable[[Visit], Awaitable[web.StreamResponse]]


class Route(Struct, frozen=True, kw_only=True):
    """One address of the panel; without saying who may, it cannot be written down."""

    method: Literal["GET", "POST"]
    path: str
    access: Access
    answer: Answer

    @property
    def label(self) -> str:
        """The path as metrics name it: without what its parts may be."""
        return _PATTERN.sub("}", self.path)


def say(visit: Visit, line: str, /, **variables: Variable) -> str:
    """A line in the visitor's language; it is text, and escaped where it is put."""
    return visit.desk.services.words.plain(visit.language, line, **variables)
