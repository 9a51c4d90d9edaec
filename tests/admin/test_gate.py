"""The gate: who may reach which page, and what a request must bring to change anything."""

import gc
import re

import pytest

from tests.admin.conftest import Panel
from vitte import admin
from vitte.admin import gate
from vitte.admin.desk import Route
from vitte.store import operators, sessions
from vitte.store.operators import ROLES, Role

TABLE = admin.table()
GUARDED = [route for route in TABLE if route.access not in {"open", "code"}]
EXAMPLES = {
    "session": "1",
    "user": "1",
    "letter": "1",
    "dialog": "1",
    "receipt": "1",
    "job": "clean-messages",
    "character": "1",
    "mark": "x",
    "name": "x",
}


def address(route: Route) -> str:
    """An address of a route; what it is about need not be there."""
    return filled(route.path) + ("?path=vitte" if route.path == "/tree/place" else "")


def filled(path: str) -> str:
    return re.sub(
        r"\{(\w+)(?::[^{}]*(?:\{[^{}]*\})?[^{}]*)?\}", lambda found: EXAMPLES[found[1]], path
    )


def test_every_route_says_who_may() -> None:
    assert {route.access for route in TABLE} <= {"open", "code", *ROLES}
    assert {route.path for route in TABLE if route.access == "open"} == {
        "/static/{mark}/{name}",
        "/login",
    }
    with pytest.raises(TypeError, match="access"):
        Route(method="GET", path="/x", answer=TABLE[0].answer)  # pyright: ignore[reportCallIssue]


async def test_what_is_not_in_the_table_is_not_there(panel: Panel) -> None:
    browser = await panel.inside()

    for method, path in (("GET", "/nothing"), ("POST", "/tree"), ("PUT", "/tree"), ("DELETE", "/")):
        assert (await browser.ask(method, path)).status in {404, 405}, (method, path)
    refused = await browser.ask("PUT", "/logout")
    assert (refused.status, refused.headers["allow"]) == (405, "POST")
    assert "x-frame-options" in refused.headers


async def test_a_panel_that_has_ended_is_let_go_with_all_that_it_had(panel: Panel) -> None:
    browser = await panel.inside()
    await browser.get("/tree")
    before = sum(isinstance(each, gate.Gate) for each in gc.get_objects())

    await panel.vitte.running.terminate_child("vitte/edges/admin")
    await panel.vitte.running.restart_child("vitte/edges/admin")

    assert (await browser.get("/tree")).status == 200
    gc.collect()
    assert sum(isinstance(each, gate.Gate) for each in gc.get_objects()) == before


async def test_nobody_without_a_session_gets_in(panel: Panel) -> None:
    stranger, invented = panel.browser(), panel.browser()
    invented.cookie = sessions.invent()

    for route in GUARDED:
        for browser in (stranger, invented):
            answered = await browser.ask(route.method, address(route), {} if route.method == "POST" else None)  # fmt: skip
            assert answered.status in {303, 401}, route
            assert answered.where.startswith("/login") or answered.status == 401, route


async def test_nobody_gets_in_with_one_that_has_ended(panel: Panel) -> None:
    browser = await panel.inside()
    panel.clock.passes(hours=13)

    for route in GUARDED:
        answered = await browser.ask(route.method, address(route), {"csrf": browser.csrf} if route.method == "POST" else None)  # fmt: skip
        assert answered.status in {303, 401}, route
        assert answered.where.startswith("/login") or answered.status == 401, route


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_reaches_its_pages_and_no_others(panel: Panel, role: Role) -> None:
    browser = await panel.inside("anna", role)

    for route in GUARDED:
        if route.path == "/logout" or route.path.endswith("/events"):
            continue
        answered = await browser.ask(route.method, address(route), {"csrf": browser.csrf} if route.method == "POST" else None)  # fmt: skip
        refused = answered.status == 403
        assert refused != operators.may(role, route.access), route  # pyright: ignore[reportArgumentType]


async def test_an_operator_ends_no_session_of_others_and_an_owner_does(panel: Panel) -> None:
    anna, boris = await panel.inside("anna", "read"), await panel.inside("boris", "owner")
    listed = await sessions.list_open(panel.database, None, panel.clock())
    of = {each.name: each.id for each in listed}

    refused = await anna.post(f"/sessions/{of['boris']}/end")
    assert (await boris.get("/tree")).status == 200
    ended = await boris.post(f"/sessions/{of['anna']}/end")

    assert (refused.status, ended.status) == (404, 303)
    assert (await anna.get("/tree")).where.startswith("/login")


async def test_who_looks_on_sees_their_own_sessions_alone(panel: Panel) -> None:
    anna, _ = await panel.inside("anna", "read"), await panel.inside("boris", "owner")

    seen = (await anna.get("/sessions")).plain

    assert "anna" in seen
    assert "boris" not in seen


@pytest.mark.parametrize(
    "changed",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Content_Type": "text/plain"},
    ],
)
async def test_what_comes_from_elsewhere_changes_nothing(
    panel: Panel, changed: dict[str, str]
) -> None:
    browser = await panel.inside()

    answered = await browser.ask("POST", "/logout", {"csrf": browser.csrf}, **changed)

    assert answered.status in {400, 403}
    assert (await browser.get("/tree")).status == 200


@pytest.mark.parametrize("path", [route.path for route in TABLE if route.method == "POST"])
async def test_without_the_pages_own_token_nothing_is_changed(panel: Panel, path: str) -> None:
    browser, other = await panel.inside("anna"), await panel.inside("boris")
    if path == "/login/code":
        await browser.gives_password("anna")

    for token in ("", "x", other.csrf):
        browser.csrf = token
        answered = await browser.ask("POST", filled(path), {"csrf": token})  # fmt: skip
        assert answered.status == 403, path


async def test_a_name_that_somebody_made_lead_here_is_refused(panel: Panel) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "", "[::1"):
        answered = await panel.browser().get("/login", Host=host or " ")
        assert answered.status == 400, host


async def test_a_page_loads_nothing_but_our_own_files(panel: Panel) -> None:
    browser = await panel.inside()

    for path in ("/login", "/tree", "/nothing", "/static/x/panel.css"):
        headers = (await browser.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


async def test_no_page_has_script_or_style_of_its_own(panel: Panel) -> None:
    browser = await panel.inside()

    for path in ("/login", "/tree", "/tree/place?path=vitte", "/sessions"):
        page = (await browser.get(path)).text
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", page), path


async def test_files_are_kept_for_ever_under_their_mark(panel: Panel) -> None:
    browser = panel.browser()
    page = (await browser.get("/login")).text
    addresses = re.findall(r'"(/static/[^"]+)"', page)

    assert len(set(addresses)) == 3
    for each in set(addresses):
        answered = await browser.get(each)
        assert answered.status == 200
        assert "immutable" in answered.headers["cache-control"]
    assert (await browser.get("/static/x/../../etc/passwd")).status == 404
