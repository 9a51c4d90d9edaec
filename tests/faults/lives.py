"""The whole process in many lives, one after the other, on the same stores and the same Telegram."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.faults.books import Books
from tests.faults.crowd import Crowd
from tests.processes import Living, free_port, vitte_lives
from vitte.dev.telegram import LocalTelegram
from vitte.store.pool import Database


class Lives:
    """Where the lives take place, who writes meanwhile, and the books of all of them."""

    def __init__(
        self, telegram: LocalTelegram, database: Database, urls: tuple[str, str], folder: Path
    ) -> None:
        self.telegram = telegram
        self.database = database
        self.books = Books(telegram, database)
        self.http = f"127.0.0.1:{free_port()}"
        self._metrics, self._panel = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self._folder = folder
        self._variables = {
            # Of its own: two processes may run on the same stores, but not in the same folder.
            "data": str(folder / self.http.replace(":", "-")),
            "telegram_token": telegram.token,
            "telegram_api": telegram.url,
            "telegram_poll_seconds": "2",
            "database_url": urls[0],
            "redis_url": urls[1],
            "http_listen": self.http,
            "metrics_listen": self._metrics,
            "admin_listen": self._panel,
            "limiter_messages_per_minute": "1000",
        }

    def crowd(self, size: int) -> Crowd:
        """So many people who write to it."""
        return Crowd(self.telegram, size)

    @asynccontextmanager
    async def one(self, *words: str, **more: str) -> AsyncGenerator[Living]:
        """One life, from its first instant on."""
        variables = {**self._variables, **more}
        async with vitte_lives("run", *words, cwd=self._folder, **variables) as living:
            yield living

    async def metrics(self) -> str:
        """What Prometheus would read of this life."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://{self._metrics}/metrics") as response,
        ):
            return await response.text()

    async def asks(self, path: str, token: str = "") -> int:
        """Ask the API; gives the status, or nought where nobody answers."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.get(f"http://{self.http}/api/v1/{path}", headers=headers) as response,
            ):
                return response.status
        except aiohttp.ClientError:
            return 0
