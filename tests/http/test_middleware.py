"""What every request passes: its id, its headers, its metrics, its errors of one shape."""

import logging
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.fragile import counted
from vitte.errors import DatabaseAway, NoSuchCharacter
from vitte.http import middleware
from vitte.http.middleware import Served
from vitte.http.written import Written, line

PATH = "/fine/{number}"


def application(handler: middleware.Handler) -> web.Application:
    return middleware.application([Served("GET", PATH, handler)])


@pytest.fixture
async def api() -> AsyncGenerator[TestClient[Any, Any]]:
    """A little application behind the middleware of the real one."""

    async def fine(_request: web.Request) -> web.Response:
        return web.Response(text="fine")

    async with TestClient(TestServer(application(fine))) as client:
        yield client


async def test_every_answer_has_its_id_and_the_headers_of_safety(api: TestClient[Any, Any]) -> None:
    for path in ("/fine/1", "/nothing"):
        headers = (await api.get(path)).headers

        assert len(headers["X-Request-Id"]) == 32
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


async def test_a_plain_id_that_was_brought_is_kept(api: TestClient[Any, Any]) -> None:
    headers = (await api.get("/fine/1", headers={"X-Request-Id": "from-nginx_42"})).headers

    assert headers["X-Request-Id"] == "from-nginx_42"


@pytest.mark.parametrize("brought", ["", "a b", "x" * 65, "<script>", "ü", 'a"b'])
async def test_an_id_that_could_do_harm_is_replaced(
    api: TestClient[Any, Any], brought: str
) -> None:
    headers = (await api.get("/fine/1", headers={"X-Request-Id": brought})).headers

    assert headers["X-Request-Id"] != brought
    assert len(headers["X-Request-Id"]) == 32


async def test_nothing_at_an_address_is_a_problem(api: TestClient[Any, Any]) -> None:
    response = await api.get("/api/v1/nothing")

    assert response.status == 404
    assert response.content_type == "application/problem+json"
    problem = msgspec.json.decode(await response.read())
    assert set(problem) == {"type", "title", "status", "detail"}
    assert (problem["status"], problem["title"]) == (404, "Not Found")


async def test_a_wrong_method_is_told_the_right_ones(api: TestClient[Any, Any]) -> None:
    response = await api.delete("/fine/1")

    assert response.status == 405
    assert response.headers["Allow"] == "GET"
    assert msgspec.json.decode(await response.read())["status"] == 405


async def test_head_is_no_method_of_ours_and_has_no_body(api: TestClient[Any, Any]) -> None:
    response = await api.head("/fine/1")

    assert (response.status, await response.read()) == (405, b"")


async def test_what_is_expected_is_a_body_and_nothing_else(api: TestClient[Any, Any]) -> None:
    waits = await api.get("/fine/1", headers={"Expect": "100-continue"})
    hopes = await api.get("/fine/1", headers={"Expect": "a miracle"})

    assert (waits.status, hopes.status) == (200, 417)
    assert hopes.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("version", "connection", "said"),
    [
        ("1.1", "", None),
        ("1.1", "Connection: close\r\n", b"close"),
        ("1.0", "", b"close"),
        ("1.0", "Connection: keep-alive\r\n", b"keep-alive"),
    ],
)
async def test_an_answer_that_is_bytes_already_is_http_all_the_same(
    version: str, connection: str, said: bytes | None
) -> None:
    async def written(_request: web.Request) -> Written:
        return Written(201, 'ETag: "1"\r\n', b'{"a": 1}')

    async with TestServer(application(written)) as server:
        url = server.make_url("/")
        async with await anyio.connect_tcp("127.0.0.1", url.port or 0) as stream:
            request = f"GET /fine/1 HTTP/{version}\r\nHost: vitte\r\n{connection}\r\n"
            await stream.send(request.encode())
            with anyio.fail_after(5):
                answer = await stream.receive()
                if said == b"close":
                    with pytest.raises(anyio.EndOfStream):
                        await stream.receive()
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(b": ") for each in lines)}

    assert (status, body) == (b"HTTP/1.1 201 Created", b'{"a": 1}')
    assert headers[b"content-length"] == b"8"
    assert headers[b"etag"] == b'"1"'
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"server"] == b"vitte"
    assert len(headers[b"x-request-id"]) == 32
    assert headers[b"date"].endswith(b"GMT")
    assert headers.get(b"connection") == said


async def test_a_large_answer_arrives_whole() -> None:
    large = b"x" * 20_000_000

    async def written(_request: web.Request) -> Written:
        return Written(200, "", large)

    async with TestClient(TestServer(application(written))) as client:
        response = await client.get("/fine/1")

        assert await response.read() == large


def test_a_line_of_a_head_is_one_line() -> None:
    with pytest.raises(ValueError, match="Link"):
        line("Link", "a\r\nSet-Cookie: b")


async def test_what_strangers_invent_makes_no_series(api: TestClient[Any, Any]) -> None:
    before = counted("http_requests_total", route="none", method="other", status="405")
    found = counted("http_requests_total", route="none", method="GET", status="404")

    await api.request("PROPFIND", "/fine/1")
    for number in range(5):
        await api.get(f"/users/{number}")

    assert counted("http_requests_total", route="none", method="other", status="405") == before + 1
    assert counted("http_requests_total", route="none", method="GET", status="404") == found + 5


async def test_answers_are_counted_by_route_and_timed(api: TestClient[Any, Any]) -> None:
    labels = {"route": PATH, "method": "GET", "status": "200"}
    before = counted("http_requests_total", **labels)
    timed = counted("http_seconds_count", route=PATH)

    await api.get("/fine/1")

    assert counted("http_requests_total", **labels) == before + 1
    assert counted("http_seconds_count", route=PATH) == timed + 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ZeroDivisionError("the secret of the house"), 500),
        (NoSuchCharacter("the secret of the house"), 500),
        (DatabaseAway("the secret of the house"), 503),
        (web.HTTPBadRequest(text="say it otherwise"), 400),
        (web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2), 413),
    ],
)
async def test_an_error_becomes_a_problem_and_tells_no_secret(
    error: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_request: web.Request) -> web.Response:
        raise error

    async with TestClient(TestServer(application(fail))) as client:
        response = await client.get("/fine/1")
        body = await response.text()

    assert response.status == status
    assert response.content_type == "application/problem+json"
    assert "secret" not in body
    assert msgspec.json.decode(body)["status"] == status
    assert ("Retry-After" in response.headers) == (status == 503)
    assert bool(caplog.records) == (status >= 500)


@pytest.mark.parametrize("said_of_all", [[], ["POST /fine/{number} 200", "GET none 404"]])
async def test_a_request_leaves_a_line_where_it_is_wanted_and_never_what_it_said(
    said_of_all: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def fine(_request: web.Request) -> web.Response:
        return web.Response()

    caplog.set_level(logging.INFO, logger="vitte.http.middleware")
    app = middleware.application([Served("POST", PATH, fine)], log_all=bool(said_of_all))
    async with TestClient(TestServer(app)) as client:
        await client.post("/fine/4711?q=secret", data=b"secret")
        await client.get("/secret")

    said = [record.getMessage() for record in caplog.records]
    assert [text.rpartition(" in ")[0] for text in said] == said_of_all
    assert "secret" not in caplog.text
    assert "4711" not in caplog.text
