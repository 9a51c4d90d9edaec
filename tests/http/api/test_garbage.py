"""Whatever is sent, the answer is a problem of one shape, and never a 500."""

import gzip
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.http.api.conftest import Answered, People, Program
from tests.store.people import ANNA

DEEP = b'{"title": ' + b"[" * 30_000 + b"]" * 30_000 + b"}"

BODIES = {
    "nothing": (b"", 400),
    "no JSON": (b"{", 400),
    "bad UTF-8": (b'{"title": "\xff\xfe"}', 400),
    "half a surrogate pair": (b'{"title": "\\ud800"}', 400),
    "NaN": (b'{"title": NaN}', 400),
    "infinity": (b'{"title": -Infinity}', 400),
    "two values": (b"{} {}", 400),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400),
    "no object": (b"[]", 422),
    "null": (b"null", 422),
    "nested deep": (DEEP, 400),
    "nested deep from the start": (b"[" * 60_000, 422),
    "nested deep in an unknown field": (DEEP.replace(b"title", b"extra"), 400),
    "an unknown field": (b'{"titel": "x"}', 422),
    "a key given twice": (b'{"title": "x", "title": "y"}', 422),
    "a key given twice in another spelling": (b'{"title": "x", "\\u0074itle": "y"}', 422),
    "a number too large": (b'{"title": ' + b"9" * 5_000 + b"}", 422),
    "a float too large": (b'{"title": 1e999}', 422),
    "the character NUL": (b'{"title": "a\\u0000b"}', 422),
    "text too long": (b'{"title": "' + b"x" * 201 + b'"}', 422),
    "longer than is read": (b'{"title": "' + b"x" * 70_000 + b'"}', 413),
}


def refused(answered: Answered, status: int) -> bool:
    assert answered.headers["content-type"].startswith("application/problem+json")
    assert answered.body["status"] == answered.status == status, answered.body
    return True


async def test_bodies_that_are_not_meant_so(people: People) -> None:
    program = await people.program()
    path = f"/dialogs/{(await people.dialog(ANNA.id)).id}"

    for name, (body, status) in BODIES.items():
        assert refused(await program.ask("PATCH", path, raw=body), status), name


async def test_every_fault_is_named_with_its_field(program: Program) -> None:
    answered = await program.post("/dialogs/", {"user_id": "x", "character_id": 0, "extra": 1})

    assert refused(answered, 422)
    assert sorted(answered.fields) == ["character_id", "extra", "user_id"]


async def test_a_number_without_a_fraction_is_whole(program: Program) -> None:
    path = f"/users/{ANNA.id}/settings"
    statuses = {
        number: (await program.ask("PATCH", path, raw=b'{"character_id": %s}' % number)).status
        for number in (b"2.0", b"20e-1", b"2.5", b"2e4000", b"1e-4000", b"-2.0", b'"2"')
    }

    assert list(statuses.values()) == [200, 200, 422, 422, 422, 422, 422]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/merge-patch+json", 200),
        ("application/json; charset=utf-16", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("nonsense", 415),
    ],
)
async def test_json_only(program: Program, kind: str, status: int) -> None:
    answered = await program.patch(f"/users/{ANNA.id}", {}, Content_Type=kind)

    assert answered.status == status


async def test_a_packed_body_is_refused_before_it_is_unpacked(program: Program) -> None:
    path, packed = f"/users/{ANNA.id}", {"Content-Encoding": "gzip"}
    bomb = gzip.compress(b'{"first_name": "' + b"x" * 5_000_000 + b'"}')

    for body in (gzip.compress(b"{}"), b"no gzip at all", bomb):
        assert refused(await program.ask("PATCH", path, raw=body, headers=packed), 415)


QUERIES = [
    "limit=0",
    "limit=201",
    "limit=x",
    "limit=",
    "limit=-1",
    "limit=99999999999999999999999",
    "limit=1&limit=2",
    "cursor=x",
    "cursor=ffffffffffffffff",
    "cursor=%00",
    "cursor=%ff",
    "state=gone",
    "state=null",
    "user_id=0",
    "user_id=9223372036854775808",
    "character_id=1.5",
    "offset=1",
    "%ff=%ff",
]


async def test_queries_that_are_not_meant_so(program: Program) -> None:
    for query in QUERIES:
        answered = await program.get(f"/dialogs/?{query}")

        assert refused(answered, 422), query
        assert len(answered.fields) == 1, query


async def test_ids_that_are_none(program: Program) -> None:
    for text in (
        "0",
        "-1",
        "x",
        "1.0",
        "01",
        "9223372036854775808",
        "%D9%A1",
        "%00",
        "%ff",
        "1%20",
    ):
        assert refused(await program.get(f"/users/{text}"), 422), text


async def test_addresses_and_methods_that_are_not_there(program: Program) -> None:
    assert refused(await program.get("/nothing"), 404)
    assert refused(await program.get("/users/"), 404)
    deleted = await program.ask("DELETE", f"/users/{ANNA.id}")
    assert refused(deleted, 405)
    assert deleted.headers["allow"] == "GET, PATCH"
    assert refused(await program.ask("OPTIONS", f"/users/{ANNA.id}"), 405)
    assert refused(await program.ask("PROPFIND", "/characters/"), 405)


SQL = [
    "1; DROP TABLE users",
    "1' OR '1'='1",
    "' UNION SELECT digest FROM tokens --",
    "1) OR 1=1",
    "%s %(id)s",
    "$1",
    "\\'; SELECT pg_sleep(10); --",
]


async def test_sql_is_text_like_any_other(people: People) -> None:
    program = await people.program()
    dialog = await people.dialog(ANNA.id)

    for text in SQL:
        for name in ("user_id", "state", "character_id", "limit", "cursor"):
            query = "&".join([f"{name}={_quoted(text)}"])
            assert (await program.get(f"/dialogs/?{query}")).status == 422
        for name in ("from", "to"):
            assert (await program.get(f"/stats/daily?{name}={_quoted(text)}")).status == 422
        assert (await program.get(f"/users/{_quoted(text)}")).status == 422
        titled = await program.patch(f"/dialogs/{dialog.id}", {"title": text})
        named = await program.patch(f"/users/{ANNA.id}", {"first_name": text})
        kept = await program.post(
            "/dialogs/", {"user_id": ANNA.id}, Idempotency_Key="'--" + text[:1]
        )
        assert (titled.body["title"], named.body["first_name"]) == (text, text)
        assert kept.status == 201


def _quoted(text: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415

    return quote(text, safe="")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["plan", "expires_at", "title", "state", "user_id", "character_id", "timezone", "language",
     "reminders", "first_name", "last_name", "username"]
)  # fmt: skip
LIKELY = st.sampled_from(
    ["free", "premium", "2030-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59",
     "9999-12-31T23:59:59-23:59", "open", "closed", "archived", "ru", "Europe/Berlin", 1, 2,
     ANNA.id, 2**63 - 1, 2**63, "", None, True]
)  # fmt: skip
PATHS = ("/subscriptions/101", "/dialogs/1", "/users/101", "/users/101/settings")


async def test_no_body_whatever_makes_a_500(people: People) -> None:
    program = await people.program()
    await people.dialog(ANNA.id, "Привет")
    portal = anyio.from_thread.BlockingPortal

    async with portal() as calls:

        @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(
            path=st.sampled_from(PATHS),
            body=st.dictionaries(FIELDS, LIKELY | JSON, max_size=3) | JSON,
            raw=st.none() | st.binary(max_size=60),
        )
        def send(path: str, body: Any, raw: bytes | None) -> None:
            import json  # noqa: PLC0415  # msgspec would refuse to write what is to be refused

            data = json.dumps(body).encode() if raw is None else raw
            for method, where in (("PATCH", path), ("POST", "/dialogs/")):
                answered = calls.call(lambda: program.ask(method, where, raw=data))  # noqa: B023
                assert answered.status < 500, (method, where, data, answered.raw)

        await anyio.to_thread.run_sync(send)
