"""A bot's program at its barest: raw calls of the Bot API, as any client makes them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import anyio

from vitte.dev.telegram import LocalTelegram


class Program:
    """Makes calls for one token."""

    def __init__(self, http: aiohttp.ClientSession, telegram: LocalTelegram, token: str) -> None:
        self.http = http
        self.address = f"{telegram.url}/bot{token}"
        self.offset = 0

    async def answer(self, method: str, **arguments: Any) -> dict[str, Any]:
        """The whole answer to a call in JSON."""
        async with self.http.post(f"{self.address}/{method}", json=arguments) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == answer.get("error_code", 200)
            return answer

    async def call(self, method: str, **arguments: Any) -> Any:
        """The result of a call that succeeds."""
        answer = await self.answer(method, **arguments)
        assert answer["ok"], answer
        return answer["result"]

    async def refused(self, method: str, **arguments: Any) -> str:
        """The words with which a call is refused."""
        answer = await self.answer(method, **arguments)
        assert not answer["ok"], answer
        return answer["description"]

    async def updates(self, timeout: int = 5) -> list[dict[str, Any]]:
        """The next updates; each is confirmed by asking again."""
        found = await self.call("getUpdates", offset=self.offset, timeout=timeout)
        if found:
            self.offset = found[-1]["update_id"] + 1
        return found

    async def update(self) -> dict[str, Any]:
        """The next update, which is to come alone."""
        with anyio.fail_after(5):
            [update] = await self.updates()
            return update


@asynccontextmanager
async def program(telegram: LocalTelegram, token: str = "") -> AsyncGenerator[Program]:
    """A program that talks to a local Telegram."""
    async with aiohttp.ClientSession() as http:
        yield Program(http, telegram, token or telegram.token)
