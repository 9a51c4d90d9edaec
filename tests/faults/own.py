"""Stores that the fault tests hurt: killed, frozen, stopped at once, and started again."""

import os
import signal
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import psycopg
import redis

from tests.fragile import Server
from tests.processes import all_gone
from vitte.dev import postgres, valkey
from vitte.store import migrations

_NUMBERS: Final = count(1)


class Fragile:
    """A store that may fall and be raised again; it always comes back to the same address."""

    def __init__(self, begin: Callable[[], AbstractContextManager[str]], pid_file: Path) -> None:
        self._begin = begin
        self._pid_file = pid_file
        self._life = ExitStack()
        self.url = ""

    def start(self) -> None:
        """Raise it. This thread stays, as the kernel demands of whoever has such a child."""
        self.url = self._life.enter_context(self._begin())

    def stop(self) -> None:
        """End it in good order, if it lives."""
        self._life.close()

    @property
    def server(self) -> Server:
        """The server that lives now."""
        return Server(url=self.url, pid=int(self._pid_file.read_text().split("\n")[0]))

    @asynccontextmanager
    async def fallen(self, order: signal.Signals = signal.SIGKILL) -> AsyncGenerator[None]:
        """Let it be gone for the block, ended by a signal and not in good order."""
        pid = self.server.pid
        os.kill(pid, order)
        self.stop()  # what is dead by now is only buried
        await all_gone([pid])
        try:
            yield
        finally:
            self.start()

    @asynccontextmanager
    async def frozen(self) -> AsyncGenerator[None]:
        """Let it hang for the block: connections stay, answers do not come."""
        with self.server.frozen():
            yield


class Own:
    """A PostgreSQL and a Valkey for the fault tests alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = Fragile(
            lambda: postgres.running(folder, folder, durable=True),
            folder / "postgres" / "postmaster.pid",
        )
        self.redis = Fragile(
            lambda: valkey.running(folder, folder, durable=False),
            folder / "valkey" / "valkey.pid",
        )

    @contextmanager
    def running(self) -> Generator["Own"]:
        """Run both for the block, the schema in a database that others are copied from."""
        self.postgres.start()
        self.redis.start()
        try:
            migrations.apply(self.postgres.url)
            yield self
        finally:
            self.redis.stop()
            self.postgres.stop()

    @contextmanager
    def database(self, template: str = "vitte") -> Generator[str]:
        """The URL of a migrated database for the block, and an empty Redis."""
        name = f"scene_{next(_NUMBERS)}"
        with redis.Redis.from_url(self.redis.url) as client:  # pyright: ignore[reportUnknownMemberType]  # untyped there
            client.flushall()  # pyright: ignore[reportUnknownMemberType]
        self.does(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.postgres.url.replace("/vitte?", f"/{name}?")
        finally:
            self.does(f"DROP DATABASE {name} WITH (FORCE)")

    def does(self, statement: str) -> int:
        """Have an administrator do something; gives the rows that it concerned."""
        url = self.postgres.url.replace("/vitte?", "/postgres?")
        with psycopg.connect(url, autocommit=True) as connection:
            return connection.execute(statement.encode()).rowcount
