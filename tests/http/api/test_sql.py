"""SQL in every parameter of every route: PostgreSQL sees the statements of ours that it always sees.

It counts them itself (``pg_stat_statements``): what programs sent in good faith is one set of
statements, and what they send in bad faith makes no other.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import psycopg
import pytest
from msgspec import Struct

from tests.http.api.conftest import People, Program
from tests.http.api.test_access import CLOSED
from tests.store.people import ANNA, BORIS, NOW, register
from tests.whole import configured, whole
from vitte.dev import stores
from vitte.dev.telegram import LocalTelegram
from vitte.http.route import Route
from vitte.store import migrations

PRELOAD = """
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track_utility = off
"""
PAYLOADS = (
    "1; DROP TABLE users",
    "1' OR '1'='1",
    "' UNION SELECT digest FROM tokens --",
    "\\'; SELECT pg_sleep(10); --",
    "%s %(id)s $1",
)
MARKS = ("drop table users", "'1'='1", "select digest", "pg_sleep", "%s %(id)s")

GOOD: dict[str, Any] = {
    "user_id": ANNA.id,
    "state": "closed",
    "character_id": 1,
    "role": "user",
    "limit": 1,
    "cursor": f"{2**40:016x}",
    "from": "2026-11-01",
    "to": "2026-11-30",
    "title": "Evening",
    "first_name": "Anna",
    "last_name": "A",
    "username": "anna",
    "language": "en",
    "timezone": "Europe/Berlin",
    "reminders": True,
    "plan": "premium",
    "expires_at": "2099-01-01T00:00:00Z",
}


BEHIND = ("outbox", "leases", "updates", "broadcasts", "cron_runs", "cron_jobs", "minutes")
"""Tables that no route touches, at which vitte looks now and then."""


class Counted(Struct, frozen=True, kw_only=True):
    """The statements that PostgreSQL was given: their fingerprints, and their texts."""

    fingerprints: set[int]
    texts: str


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stores.Stores]:
    """Stores whose PostgreSQL counts its statements."""
    folder = tmp_path_factory.mktemp("counting")
    with stores.running(folder, durable=False):
        pass  # it makes the cluster, whose settings are then ours to complete
    with (folder / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write(PRELOAD)
    with stores.running(folder, durable=False) as running:
        migrations.apply(running.database_url)
        yield running


def _fields(shape: Any) -> list[str]:
    return [] if shape is None else [field.encode_name for field in msgspec.structs.fields(shape)]


def _path(route: Route, dialog: int, given: str | None = None) -> str:
    path = route.path.removeprefix("/api/v1")
    for name, value in (("{user_id}", ANNA.id), ("{dialog_id}", dialog)):
        path = path.replace(name, quote(str(value) if given is None else given, safe=""))
    return path


def _body(route: Route) -> dict[str, Any] | None:
    return None if route.takes is None else {name: GOOD[name] for name in _fields(route.takes)}


async def _ask_well(program: Program, dialog: int) -> None:
    """Every route, with each of its parameters alone, all together, and none."""
    for route in CLOSED:
        path, names = _path(route, dialog), _fields(route.query)
        queries = ["", *(f"{name}={GOOD[name]}" for name in names)]
        queries.append("&".join(f"{name}={GOOD[name]}" for name in names))
        for query in queries:
            assert await _asked(program, route, f"{path}?{query}", _body(route)) < 300
        if route.takes is not None:
            for name, value in (_body(route) or {}).items():
                alone = {name: value} | ({"user_id": ANNA.id} if route.repeatable else {})
                assert await _asked(program, route, path, alone) < 300, (route.name, name)


async def _ask_ill(program: Program, dialog: int, payload: str) -> None:
    """Every route, with a payload in each of its parameters in turn."""
    for route in CLOSED:
        path, body = _path(route, dialog), _body(route)
        if "{" in route.path:
            assert await _asked(program, route, _path(route, dialog, payload), body) == 422
        for name in _fields(route.query):
            status = await _asked(program, route, f"{path}?{name}={quote(payload)}", body)
            assert status == 422, (route.name, name)
        for name in body or {}:
            # Some take any text, and keep it as that.
            status = await _asked(program, route, path, (body or {}) | {name: payload})
            assert status in {200, 201, 422}, (route.name, name)
        for header in ("If_Match", "Idempotency_Key", "Authorization", "X_Request_Id"):
            status = await _asked(program, route, path, body, {header: payload})
            assert status in {200, 201, 401, 409, 412, 422}, (route.name, header)


async def _asked(
    program: Program, route: Route, path: str, body: Any, headers: dict[str, str] | None = None
) -> int:
    return (await program.ask(route.method, path, body, headers=headers)).status


async def test_sql_in_any_parameter_makes_no_other_statement(
    counting: stores.Stores, telegram: LocalTelegram, tmp_path: Path
) -> None:
    settings = configured(telegram, counting.database_url, counting.redis_url, tmp_path)
    async with whole(settings, telegram, lambda: NOW) as vitte:  # no job comes due meanwhile
        await register(vitte.house.services.database, ANNA, BORIS)
        people = People(vitte)
        program, dialog = await people.program(), (await people.dialog(ANNA.id, "Привет")).id
        with psycopg.connect(counting.database_url, autocommit=True) as administrator:
            administrator.execute("CREATE EXTENSION pg_stat_statements")
            await _ask_well(program, dialog)
            await program.post("/dialogs/", {"user_id": ANNA.id}, Idempotency_Key="good")
            await program.post("/dialogs/", {"user_id": ANNA.id}, Idempotency_Key="good")
            await program.post("/dialogs/", {"user_id": 9}, Idempotency_Key="refused")
            for path in (f"/users/{ANNA.id}", f"/users/{ANNA.id}/settings", f"/dialogs/{dialog}"):
                assert (await program.patch(path, {}, If_Match='"1"')).status == 412
            late = await program.patch(f"/subscriptions/{ANNA.id}", {}, If_Match='"1"')
            assert late.status == 412
            well = _counted(administrator)

            for payload in PAYLOADS:
                await _ask_ill(program, dialog, payload)
            ill = _counted(administrator)

    assert len(well.fingerprints) > 20
    assert ill.fingerprints - well.fingerprints == set(), ill.texts
    assert [mark for mark in MARKS if mark in ill.texts.lower()] == []


def _counted(connection: psycopg.Connection[Any]) -> Counted:
    """What was counted so far, but for what is asked of the catalogue, and by vitte itself in its time."""
    rows = connection.execute(
        "SELECT queryid, query FROM pg_stat_statements "
        "WHERE query !~* 'pg_stat_statements|pg_catalog|set_config' AND query !~ %s ORDER BY query",
        [rf"\m({'|'.join(BEHIND)})\M"],
    ).fetchall()
    return Counted(
        fingerprints={row[0] for row in rows}, texts="\n".join(str(row[1]) for row in rows)
    )
