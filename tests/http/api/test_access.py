"""Who calls: every route, asked with every kind of token."""

from datetime import timedelta

import pytest

from tests.http.api.conftest import People, Program
from tests.store.people import ANNA, BORIS
from vitte import http
from vitte.house import utc_now
from vitte.http.route import OPEN, Route
from vitte.store import tokens


class _Nowhere:
    """Services for a table that nobody asks anything."""

    def __getattr__(self, name: str) -> "_Nowhere":
        return self


TABLE = http.table(_Nowhere())  # pyright: ignore[reportArgumentType]  # only read, never asked
CLOSED = [route for route in TABLE if route.scope != OPEN]
BODIES = {"/api/v1/dialogs/": {"user_id": ANNA.id}}


def _id(route: Route) -> str:
    return route.name


def test_every_route_declares_a_scope_that_tokens_can_have() -> None:
    for route in TABLE:
        assert route.scope == OPEN or route.scope in tokens.SCOPES, route.name


def test_only_health_and_the_description_are_open() -> None:
    open_to_all = {route.path for route in TABLE if route.scope == OPEN}

    assert open_to_all == {
        "/api/v1/health",
        "/api/v1/health/db",
        "/api/v1/health/redis",
        "/api/v1/openapi.json",
        "/api/v1/docs",
    }


async def _ask(program: Program, route: Route, dialog: int) -> int:
    path = route.path.removeprefix("/api/v1")
    path = path.replace("{user_id}", str(ANNA.id)).replace("{dialog_id}", str(dialog))
    if route.path == "/api/v1/dialogs/" and route.method == "GET":
        path += f"?user_id={ANNA.id}"
    body = BODIES.get(route.path, {}) if route.takes is not None else None
    return (await program.ask(route.method, path, body)).status


@pytest.mark.parametrize("route", CLOSED, ids=_id)
async def test_a_route_answers_whom_it_should_and_nobody_else(people: People, route: Route) -> None:
    dialog = (await people.dialog(ANNA.id, "Привет")).id
    past = utc_now() - timedelta(seconds=1)
    revoked = await people.program(name="revoked")
    await tokens.revoke(people.database, "revoked", utc_now())
    right = await people.program(route.scope)
    mistyped = f"{right.token}"[:-1] + ("A" if f"{right.token}"[-1] != "A" else "B")
    others = [scope for scope in tokens.SCOPES if scope != route.scope]
    personal = route.scope in tokens.PERSONAL
    good = {200, 201}

    found = {
        "none": await _ask(people.stranger(), route, dialog),
        "bad": await _ask(people.stranger("vtt_nonsense"), route, dialog),
        "mistyped": await _ask(people.stranger(mistyped), route, dialog),
        "unknown": await _ask(people.stranger(tokens.invent()), route, dialog),
        "expired": await _ask(await people.program(expires_at=past), route, dialog),
        "revoked": await _ask(revoked, route, dialog),
        "wrong scope": await _ask(await people.program(*others), route, dialog),
        "other user": await _ask(await people.program(user=BORIS.id), route, dialog),
        "own user": await _ask(await people.program(user=ANNA.id), route, dialog),
        "right scope": await _ask(right, route, dialog),
    }

    assert found.pop("right scope") in good
    shared = "user_id" not in route.path and "dialog" not in route.path
    assert found.pop("own user") in (good if personal else {403})
    assert found.pop("other user") == (403 if not personal else 200 if shared else 404)
    assert found == {
        "none": 401,
        "bad": 401,
        "mistyped": 401,
        "unknown": 401,
        "expired": 401,
        "revoked": 401,
        "wrong scope": 403,
    }
