"""The pool: deadlines, no lost connections, and PostgreSQL away and back."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from msgspec import Struct

from tests import fragile
from vitte.dev import postgres
from vitte.errors import DatabaseAway, DatabaseBusy, DatabaseSlow
from vitte.store.pool import Database, PoolLimits
from vitte.store.queries import Query


class One(Struct, frozen=True):
    value: str


def query(statement: str) -> Query:
    return Query(name="test_query", intent="", statement=statement.encode())


ASK = query("SELECT 'yes' AS value")
SLEEP = query("SELECT 'late' AS value FROM pg_sleep(60)")


@asynccontextmanager
async def opened(url: str, **limits: Any) -> AsyncGenerator[Database]:
    database = Database(url, PoolLimits(**{"kept": 1, "most": 2} | limits))
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def eventually(ask: Callable[[], Awaitable[One]]) -> One:
    while True:
        try:
            return await ask()
        except DatabaseAway:
            await anyio.lowlevel.checkpoint()


async def test_a_connection_speaks_utc_and_says_who_it_is(database: Database) -> None:
    asked = query("SELECT concat_ws(' ', %(key)s::text, current_setting(%(key)s)) AS value")

    keys = ["TimeZone", "application_name", "statement_timeout", "lock_timeout"]
    told = [(await database.row(asked, One, key=key)).value for key in keys]

    assert told == [
        "TimeZone UTC",
        "application_name vitte",
        "statement_timeout 10s",
        "lock_timeout 2s",
    ]


async def test_options_of_the_url_win(database_url: str) -> None:
    url = f"{database_url}&application_name=mine&options=-c%20statement_timeout%3D7s"
    asked = query(
        "SELECT current_setting('statement_timeout') || current_setting('application_name') AS value"
    )

    async with opened(url) as database:
        assert (await database.row(asked, One)).value == "7smine"


async def test_who_waits_for_a_connection_is_refused_in_time(database_url: str) -> None:
    async with opened(database_url, wait_seconds=0.05, most=1) as database:
        async with database.transaction():
            assert database.state().lent == 1
            with pytest.raises(DatabaseBusy):
                await database.row(ASK, One)
            with pytest.raises(DatabaseBusy):
                await database.check(0.05)

        assert (await database.row(ASK, One)).value == "yes"
        assert await database.check() < 1


async def test_a_queue_that_is_too_long_refuses_at_once(database_url: str) -> None:
    async with (
        opened(database_url, most=1, most_waiting=1, wait_seconds=60) as database,
        database.transaction(),
        anyio.create_task_group() as group,
    ):
        group.start_soon(database.row, ASK, One)
        await anyio.wait_all_tasks_blocked()

        with anyio.fail_after(5), pytest.raises(DatabaseBusy):
            await database.row(ASK, One)
        assert database.state().waiting == 1
        group.cancel_scope.cancel()


async def test_a_statement_that_takes_too_long_is_cut_off(database_url: str) -> None:
    async with opened(database_url, statement_seconds=0.05) as database:
        with pytest.raises(DatabaseSlow):
            await database.row(SLEEP, One)

        assert (await database.row(ASK, One)).value == "yes"


async def test_a_lock_that_is_not_given_in_time_is_an_answer(database_url: str) -> None:
    take = query("SELECT pg_advisory_xact_lock(1)::text AS value")
    async with opened(database_url, lock_seconds=0.05) as database, database.transaction() as held:
        await held.row(take, One)
        with pytest.raises(DatabaseBusy):
            await database.row(take, One)


async def test_whoever_is_cancelled_gives_the_connection_back_and_leaves_nothing(
    database_url: str,
) -> None:
    write = query("INSERT INTO usage (user_id, day, messages) VALUES (1, '2026-01-01', 1)")
    count = query("SELECT count(*)::text AS value FROM usage")
    begun = anyio.Event()

    async def begin(database: Database) -> None:
        async with database.transaction() as transaction:
            await transaction.change(query("SET CONSTRAINTS ALL DEFERRED"))
            await transaction.change(query("ALTER TABLE usage DROP CONSTRAINT usage_user_id_fkey"))
            await transaction.change(write)
            begun.set()
            await transaction.row(SLEEP, One)

    async with opened(database_url, most=1) as database:
        for _ in range(3):
            begun = anyio.Event()
            with anyio.fail_after(5):
                async with anyio.create_task_group() as group:
                    group.start_soon(begin, database)
                    await begun.wait()
                    group.cancel_scope.cancel()
                assert (await database.row(count, One)).value == "0"
        assert database.state().lent == 0


async def test_no_moment_of_cancellation_loses_a_connection(database_url: str) -> None:
    async def ask(database: Database) -> None:
        async with database.transaction() as transaction:
            await transaction.row(ASK, One)

    async with opened(database_url, most=1, wait_seconds=1) as database:
        with anyio.fail_after(30):
            for moment in range(40):
                async with anyio.create_task_group() as group:
                    for _ in range(3):
                        group.start_soon(ask, database)
                    for _ in range(moment):
                        await anyio.lowlevel.checkpoint()
                    group.cancel_scope.cancel()
                await ask(database)


async def test_a_closed_database_refuses_and_opens_again(database_url: str) -> None:
    async with opened(database_url) as database:
        await database.close()
        with pytest.raises(DatabaseAway):
            await database.row(ASK, One)

        await database.open()
        assert (await database.row(ASK, One)).value == "yes"


class Server:
    """A PostgreSQL that a test may stop and start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        return f"postgresql://vitte@/vitte?host={self._folder}"

    def start(self) -> None:
        running = postgres.running(self._folder, self._folder, durable=False)
        assert self._stack.enter_context(running) == self.url

    def stop(self) -> None:
        self._stack.close()

    def frozen(self) -> AbstractContextManager[None]:
        pid = (self._folder / "postgres" / "postmaster.pid").read_text().split("\n")[0]
        return fragile.Server(url=self.url, pid=int(pid)).frozen()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.stop()


async def test_opening_without_postgresql_does_not_fail_but_asking_does(server: Server) -> None:
    async with opened(server.url, wait_seconds=0.05) as database:
        with pytest.raises(DatabaseAway):
            await database.row(ASK, One)
        with pytest.raises(DatabaseAway):
            await database.check(0.05)

        server.start()
        with anyio.fail_after(10):
            assert (await eventually(lambda: database.row(ASK, One))).value == "yes"


async def test_who_comes_after_one_that_waited_in_vain_is_told_at_once(server: Server) -> None:
    async with opened(server.url, wait_seconds=1) as database:
        with pytest.raises(DatabaseAway):
            await database.row(ASK, One)

        with anyio.fail_after(1):
            for _ in range(5):
                with pytest.raises(DatabaseAway):
                    await database.row(ASK, One)

        server.start()
        with anyio.fail_after(10):
            assert (await eventually(lambda: database.row(ASK, One))).value == "yes"


async def test_a_restart_of_postgresql_is_not_noticed_by_the_next_question(server: Server) -> None:
    server.start()
    async with opened(server.url, kept=5, most=5) as database:
        with anyio.fail_after(10):
            while database.state().idle < 5:
                await database.row(ASK, One)

            server.stop()
            server.start()

            assert (await database.row(ASK, One)).value == "yes"
            assert database.state().lent == 0


async def test_postgresql_that_falls_in_the_middle_is_an_error_with_a_name(server: Server) -> None:
    server.start()
    async with opened(server.url) as database:

        async def ask_twice() -> None:
            async with database.transaction() as transaction:
                await transaction.row(ASK, One)
                server.stop()
                await transaction.row(ASK, One)

        with pytest.raises(DatabaseAway):
            await ask_twice()

        server.start()
        with anyio.fail_after(10):
            assert (await eventually(lambda: database.row(ASK, One))).value == "yes"


async def test_a_server_that_hangs_is_hung_up_on(server: Server) -> None:
    async def ask_in_a_transaction(database: Database) -> None:
        async with database.transaction() as transaction:
            await transaction.row(ASK, One)

    async def commit(database: Database) -> None:
        async with database.transaction() as transaction:
            await transaction.row(ASK, One)
            hang.enter_context(server.frozen())

    server.start()
    async with opened(server.url, statement_seconds=0.1, wait_seconds=0.1) as database:
        for ask in (lambda: database.row(ASK, One), lambda: ask_in_a_transaction(database)):
            await ask()
            with server.frozen(), anyio.fail_after(5), pytest.raises(DatabaseAway):
                await ask()
            await eventually(lambda: database.row(ASK, One))
        with ExitStack() as hang, anyio.fail_after(5), pytest.raises(DatabaseAway):
            await commit(database)

        with anyio.fail_after(10):
            assert (await eventually(lambda: database.row(ASK, One))).value == "yes"
        assert database.state().lent == 0
