"""The description is the API: every route is in it, and nothing else."""

import re

from aiohttp import web

from tests.http.api.conftest import People
from tests.http.api.test_access import TABLE
from tests.whole import Whole
from vitte import http
from vitte.http import openapi
from vitte.http.route import OPEN
from vitte.store import tokens

DOCUMENT = openapi.describe(TABLE)


async def test_the_routes_of_the_application_are_those_of_the_document(vitte: Whole) -> None:
    app: web.Application = http.build(vitte.house.services)

    served = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "*"
    }

    described = {
        (method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods
    }
    assert served == described


def test_every_operation_says_who_may_ask_and_what_may_be_answered() -> None:
    for route in TABLE:
        operation = DOCUMENT["paths"][route.path][route.method.lower()]
        expected = [] if route.scope == OPEN else [{"token": [route.scope]}]

        assert operation["security"] == expected
        assert str(route.status) in operation["responses"]
        if route.scope != OPEN:
            assert {"401", "403", "422", "429", "503"} <= operation["responses"].keys()


def test_every_reference_leads_somewhere_and_every_shape_is_used() -> None:
    text = openapi.encoded(DOCUMENT).decode()
    pointed = set(re.findall(r'"#/components/schemas/([^"]+)"', text))

    assert pointed == DOCUMENT["components"]["schemas"].keys()


def test_every_scope_of_a_token_opens_something() -> None:
    assert {route.scope for route in TABLE} - {OPEN} == set(tokens.SCOPES)


async def test_the_document_and_its_page_are_open_to_all(people: People) -> None:
    stranger = people.stranger()

    document = await stranger.get("/openapi.json")
    page = await stranger.get("/docs")

    assert (document.status, document.body["openapi"]) == (200, "3.1.0")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    text = page.raw.decode()
    assert "<script" not in text
    assert "http://" not in text.replace("http://vitte", "")
    assert all(path in text for path in document.body["paths"])


async def test_every_answer_has_an_id_and_strict_headers(people: People) -> None:
    stranger = people.stranger()

    one, two = await stranger.get("/health"), await stranger.get("/users/1")
    own = await stranger.get("/health", X_Request_Id="mine-1")
    forged = await stranger.get("/health", X_Request_Id="a b\tc")

    assert one.headers["x-request-id"] != two.headers["x-request-id"]
    assert own.headers["x-request-id"] == "mine-1"
    assert re.fullmatch("[0-9a-f]+", forged.headers["x-request-id"])
    assert two.headers["www-authenticate"].startswith("Bearer")
    for answered in (one, two):
        assert answered.headers["x-content-type-options"] == "nosniff"
        assert answered.headers["cache-control"] == "no-store"
        assert answered.headers["server"] == "vitte"
        assert "access-control-allow-origin" not in answered.headers
