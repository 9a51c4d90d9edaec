"""A running vitte with operators, and their browsers without a screen."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from anyio import to_thread
from msgspec import Struct

from tests.processes import free_port
from tests.whole import Whole, configured, whole
from vitte import config
from vitte.admin import codes, passwords
from vitte.admin.gate import COOKIE
from vitte.dev.telegram import LocalTelegram
from vitte.house import utc_now
from vitte.store import operators
from vitte.store.operators import Role

PASSWORD = "correct horse battery staple"
SECRET = b"12345678901234567890"


class Clock:
    """The time of a test: it goes on by itself, and can be put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def passes(self, **span: float) -> None:
        self.ahead += timedelta(**span)


class Answered(Struct, frozen=True, kw_only=True):
    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    text: str

    @property
    def where(self) -> str:
        return self.headers.get("location", "")

    @property
    def plain(self) -> str:
        """The text that a reader sees, with single spaces."""
        reader = _Reader()
        reader.feed(self.text)
        return " ".join(" ".join(reader.said).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)


class Browser:
    """What a browser does: keeps the one cookie, sends the page's own token and origin."""

    def __init__(self, panel: "Panel") -> None:
        self.panel = panel
        self.cookie = ""
        self.csrf = ""
        self.agent = "test"
        self.address = ""

    async def ask(
        self, method: str, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> Answered:
        sent = {"Host": self.panel.host, "User-Agent": self.agent}
        if self.cookie:
            sent["Cookie"] = f"{COOKIE}={self.cookie}"
        if method == "POST":
            sent["Origin"] = self.panel.url
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        async with self.panel.http.request(
            method, f"{self.panel.url}{path}", data=form, headers=sent, allow_redirects=False
        ) as response:
            answered = Answered(
                status=response.status,
                headers={name.lower(): value for name, value in response.headers.items()},
                cookies={name: each.value for name, each in response.cookies.items()},
                text=await response.text(),
            )
        if COOKIE in answered.cookies:
            self.cookie = answered.cookies[COOKIE]
        if found := re.search(r'name="csrf" value="([^"]+)"', answered.text):
            self.csrf = found[1]
        return answered

    async def get(self, path: str, **headers: str) -> Answered:
        return await self.ask("GET", path, None, **headers)

    async def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> Answered:
        return await self.ask("POST", path, {"csrf": self.csrf, **(form or {})}, **headers)

    async def gives_password(self, name: str, password: str = PASSWORD) -> Answered:
        await self.get("/login")
        return await self.post("/login", {"name": name, "password": password})

    async def comes_in(self, name: str) -> Answered:
        answered = await self.gives_password(name)
        assert answered.where == "/login/code", answered.plain
        await self.get("/login/code")
        answered = await self.post("/login/code", {"code": self.panel.code()})
        assert answered.status == 303, answered.plain
        await self.get("/sessions")
        return answered


class Panel:
    """A running panel, and its operators."""

    def __init__(self, vitte: Whole, url: str, clock: Clock, http: aiohttp.ClientSession) -> None:
        self.vitte = vitte
        self.url = url
        self.host = url.removeprefix("http://")
        self.clock = clock
        self.http = http
        self.database = vitte.house.services.database
        self._steps: set[int] = set()

    def code(self) -> str:
        """A code that counts now and was not used yet; the time goes on where there is none."""
        while (step := codes.step_at(self.clock()) + 1) in self._steps:
            self.clock.passes(seconds=codes.STEP_SECONDS)
        self._steps.add(step)
        return codes.hotp(SECRET, step)

    async def operator(self, name: str, role: Role = "owner", **given: Any) -> operators.Operator:
        given = {"totp_secret": SECRET, "telegram_id": None, "language": "en"} | given
        kept = await to_thread.run_sync(passwords.make, PASSWORD)
        return await operators.add(self.database, name, role, self.clock(), password=kept, **given)

    def browser(self) -> Browser:
        return Browser(self)

    async def inside(self, name: str = "anna", role: Role = "owner", **given: Any) -> Browser:
        """A browser in which a new operator is in."""
        await self.operator(name, role, **given)
        browser = self.browser()
        await browser.comes_in(name)
        return browser


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def panel(
    telegram: LocalTelegram, database_url: str, redis_url: str, tmp_path: Path, clock: Clock
) -> AsyncIterator[Panel]:
    """The whole of vitte, its panel on a port of this machine."""
    listen = f"127.0.0.1:{free_port()}"
    settings = configured(
        telegram, database_url, redis_url, tmp_path, admin=config.Admin(listen=listen)
    )
    async with (
        whole(settings, telegram, clock) as vitte,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield Panel(vitte, f"http://{listen}", clock, http)
