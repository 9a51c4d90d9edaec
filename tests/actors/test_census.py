"""The census: what only PostgreSQL knows, counted; and that nobody knows while it is away."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from math import isnan

import anyio
import psycopg

from tests.store.people import ANNA, BORIS, NOW, VERA, register, start_dialog
from vitte import metrics
from vitte.actors.census import Census
from vitte.runtime import ONE_FOR_ONE, Child, Running, Supervisor, start, within
from vitte.store import outbox
from vitte.store.outbox import Lane, Words
from vitte.store.pool import Database, PoolLimits


@asynccontextmanager
async def counting(database: Database) -> AsyncGenerator[Running]:
    def census() -> Census:
        return Census(database=database, clock=lambda: NOW, every_seconds=0.01)

    spec = Supervisor("root", ONE_FOR_ONE, within(1, minutes=1), [Child("census", census)])
    metrics.database_up.set(-1)
    async with start(spec) as running:
        with anyio.fail_after(10):
            while value("database_up") < 0:  # noqa: ASYNC110  # it tells nobody
                await anyio.sleep(0.01)
        yield running


def value(name: str, **labels: str) -> float:
    found = metrics.REGISTRY.get_sample_value(f"vitte_{name}", labels)
    assert found is not None, name
    return found


async def becomes(expected: float, name: str, **labels: str) -> None:
    with anyio.fail_after(10):
        while value(name, **labels) != expected:  # noqa: ASYNC110  # it tells nobody
            await anyio.sleep(0.01)


async def test_people_and_what_waits_are_counted(database: Database, database_url: str) -> None:
    await register(database, ANNA, BORIS, VERA)
    await start_dialog(database, BORIS, NOW - timedelta(hours=2))
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE users SET unreachable_since = %s WHERE id = %s", (NOW, VERA.id))
        connection.execute("INSERT INTO updates (id, chat_id, kind, body, received_at) VALUES (7, 1, 'message', '{}', %s)", (NOW - timedelta(seconds=90),))  # fmt: skip
        connection.execute("INSERT INTO updates (id, chat_id, kind, body, state, reason, received_at, done_at) VALUES (8, 1, 'message', '{}', 'failed', 'x', %(at)s, %(at)s)", {"at": NOW})  # fmt: skip
    said = Words(chat_id=1, lane=Lane.BROADCAST, method="sendMessage", payload="{}")
    await outbox.add(database, [said, said], NOW - timedelta(seconds=30))

    async with counting(database):
        await becomes(1, "users", plan="premium", language="ru")
        assert value("users", plan="free", language="ru") == 1
        assert value("users_active", plan="free", language="ru") == 1
        assert value("users_active", plan="premium", language="ru") == 0
        assert value("updates_oldest_seconds") == 90
        assert value("letters") == 1
        assert value("words_waiting", lane="broadcast") == 2
        assert value("words_oldest_seconds", lane="broadcast") == 30
        assert value("words_waiting", lane="reply") == 0
        assert value("database_up") == 1
        assert 0 < value("database_answer_seconds") < 10
        await becomes(value("database_bytes"), "database_bytes")


async def test_while_postgresql_is_away_nobody_knows_and_nothing_falls(tmp_path: object) -> None:
    nowhere = Database(
        f"postgresql://vitte@/vitte?host={tmp_path}", PoolLimits(kept=1, most=2, wait_seconds=0.1)
    )
    await nowhere.open()

    async with counting(nowhere) as running:
        assert value("database_up") == 0
        for name in ("letters", "updates_oldest_seconds", "database_answer_seconds"):
            assert isnan(value(name)), name
        assert isnan(value("words_waiting", lane="reply"))
        assert running.statistics("root/census")[0].restarts == 0

    await nowhere.close()
