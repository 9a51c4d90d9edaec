"""The gate: what every request passes before a page sees it.

In this order: was it meant for us (the Host header, against a foreign name that leads
here), who asks (the session of the cookie), may they (the route's role; a route
without one cannot be written), and, where something would change, does it come from
a page of ours (Origin, and a token that follows from the cookie). What remains is
answered with headers that let a page load nothing but our own files.
"""

import hmac
import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote, urlsplit

import anyio
from aiohttp import web

from vitte import i18n, metrics
from vitte.actors import server
from vitte.admin import faults, page
from vitte.admin.desk import Desk, Route, Visit
from vitte.config import LOOPBACK
from vitte.errors import BadInput, DatabaseAway, DatabaseBusy, NobodyKnown, NotAllowed, SlowBody
from vitte.store import operators, sessions
from vitte.store.sessions import Held

COOKIE: Final = "__Host-vitte"
LARGEST_FORM: Final = 65_536
FORM_SECONDS: Final = 10.0
SLOW_SECONDS: Final = 1.0
MOST_REMEMBERED: Final = 100

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not no-referrer: with that a browser hides the Origin of our own forms.
    "Referrer-Policy": "same-origin",
    "Server": "vitte",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_THIS_MACHINE: Final = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?")
_log = logging.getLogger(__name__)


class Gate:
    """Makes a handler of a route; remembers who was here, for when PostgreSQL is away."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._address = desk.services.config.admin.address.rstrip("/")
        self._seen: dict[str, Held] = {}

    def handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """What aiohttp calls."""

        async def handle(request: web.Request) -> web.StreamResponse:
            visit = Visit(self._desk, request)
            began = time.perf_counter()
            try:
                response = await self._answer(route, visit)
            except Exception as error:  # noqa: BLE001  # an edge: no error may reach the socket as it is
                response = faults.answer(visit, error)
            _furnish(response)
            self._note(route, response.status, time.perf_counter() - began)
            return response

        return handle

    async def _answer(self, route: Route, visit: Visit) -> web.StreamResponse:
        request = visit.request
        accepted = request.headers.get("Accept-Language", "")
        visit.language = i18n.language_of(accepted.partition(",")[0])
        origin = self._origin(request)
        visit.address = self._from_where(request)
        visit.cookie = request.cookies.get(COOKIE, "")
        visit.held = await self._who(route, visit)
        if visit.held is not None:
            visit.language = visit.held.language
        if not _may(route, visit.held):
            return self._turned_away(route, visit)
        if route.method == "POST":
            await _read_form(visit, origin)
        return await route.answer(visit)

    def _origin(self, request: web.Request) -> str:
        """What a page of ours calls its origin.

        Raises:
            BadInput: The request was meant for another name, which somebody made lead here.
        """
        host = request.headers.get("Host", "").lower()
        if self._address:
            if host == urlsplit(self._address).netloc.lower():
                return self._address
        elif _THIS_MACHINE.fullmatch(host):
            return f"http://{host}"
        raise BadInput(("Host", "is not an address of this panel"))

    def _from_where(self, request: web.Request) -> str:
        """The caller's address; a server in front of us, on this machine, tells whose request it hands on."""
        peer = request.remote or "local"
        forwarded = request.headers.get("X-Forwarded-For", "")
        if self._address and forwarded and peer in {"local", *LOOPBACK}:
            return forwarded.rpartition(",")[2].strip()[:64]
        return peer[:64]

    async def _who(self, route: Route, visit: Visit) -> Held | None:
        """The session of the cookie. While PostgreSQL is away, who was in may go on looking."""
        if not visit.cookie or len(visit.cookie) > 100:  # noqa: PLR2004  # ours are 43
            return None
        try:
            held = await sessions.see(self._desk.services.database, visit.cookie, visit.now)
        except (DatabaseAway, DatabaseBusy):
            known = self._seen.get(visit.cookie)
            fresh = known is not None and visit.now < min(
                known.ends_at, known.seen_at + sessions.IDLE
            )
            if not fresh or route.method != "GET":
                raise
            return known
        self._remember(visit.cookie, held)
        return held

    def _remember(self, cookie: str, held: Held | None) -> None:
        self._seen.pop(cookie, None)
        if held is not None and held.stage == "open":
            self._seen[cookie] = held
        if len(self._seen) > MOST_REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def _turned_away(self, route: Route, visit: Visit) -> web.StreamResponse:
        held = visit.held
        if held is not None and held.stage == "open" and route.access != "code":
            return faults.answer(visit, NotAllowed(route.access))
        if route.path.endswith("/events"):
            return faults.answer(visit, NobodyKnown())
        where = "/login/code" if held is not None and held.stage == "code" else "/login"
        if held is not None and held.stage == "open":
            where = "/"
        wanted = visit.request.path_qs
        if route.method == "GET" and where == "/login" and wanted != "/":
            where += f"?to={quote(wanted, safe='')}"
        return page.see(where)

    def _note(self, route: Route, status: int, seconds: float) -> None:
        metrics.admin_requests.labels(route.label, route.method, str(status)).inc()
        if not route.path.endswith("/events"):
            metrics.admin_seconds.labels(route.label).observe(seconds)
            if seconds >= SLOW_SECONDS:
                _log.warning("%s %s %d in %.3f s", route.method, route.path, status, seconds)


def _furnish(response: web.StreamResponse) -> None:
    if not response.prepared:  # a stream wrote its own before it began
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)


async def nothing(request: web.Request) -> web.StreamResponse:
    """Say in few words, to whoever asks, that there is nothing, or that it takes other methods."""
    refused = await server.refusal(request)
    response = page.bare(f"{refused.status} {refused.reason}", refused.status)
    if "Allow" in refused.headers:
        response.headers["Allow"] = refused.headers["Allow"]
    _furnish(response)
    return response


def welcome(visit: Visit) -> None:
    """Give who has no cookie one of their own, for the token of the form; it opens nothing."""
    if not visit.cookie:
        visit.cookie = sessions.invent()


def keep_cookie(visit: Visit, response: web.StreamResponse) -> None:
    """Have the browser keep the visit's cookie. It takes it from https and from this machine only."""
    response.set_cookie(
        COOKIE, visit.cookie, path="/", secure=True, httponly=True, samesite="Strict"
    )


def drop_cookie(response: web.StreamResponse) -> None:
    """Have the browser forget it."""
    response.set_cookie(
        COOKIE, "", max_age=0, path="/", secure=True, httponly=True, samesite="Strict"
    )


def _may(route: Route, held: Held | None) -> bool:
    match route.access:
        case "open":
            return True
        case "code":
            return held is not None and held.stage == "code"
        case role:
            return held is not None and held.stage == "open" and operators.may(held.role, role)


async def _read_form(visit: Visit, origin: str) -> None:
    """Read a form that a page of ours sent.

    Raises:
        NotAllowed: It comes from elsewhere, or from a page of another session.
        SlowBody: It does not arrive in time.
    """
    request = visit.request
    if request.headers.get("Origin") != origin:
        raise NotAllowed("origin")
    if request.content_type != "application/x-www-form-urlencoded":
        raise BadInput(("Content-Type", "is none that a form of ours has"))
    try:
        with anyio.fail_after(FORM_SECONDS):
            form = await request.post()
    except TimeoutError:
        raise SlowBody from None
    visit.form = {name: value for name, value in form.items() if isinstance(value, str)}
    if not visit.cookie or not hmac.compare_digest(
        visit.typed("csrf").encode(), visit.csrf.encode()
    ):
        raise NotAllowed("csrf")
