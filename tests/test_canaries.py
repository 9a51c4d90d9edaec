"""Canaries: secrets and people's words that would be recognised anywhere, and are seen nowhere.

One process as an operator runs it, with the log at DEBUG, errors reported, and
trouble on every side: what it says and shows is searched for each of them.
"""

import re
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import msgspec
import psycopg
import pytest
import redis
from aiohttp import web
from anyio import to_thread
from msgspec import Struct

from tests.processes import Living, free_port, vitte_lives
from vitte.actors import observer
from vitte.dev.telegram import LocalTelegram
from vitte.dev.telegram.people import Person
from vitte.house import utc_now
from vitte.runtime import ONE_FOR_ONE, Child, Events, GaveUp, Life, Supervisor, start, within
from vitte.store import tokens
from vitte.store.pool import Database

TOKEN = "4242424242:CANARY-token-AAAAAAAAAAAAAAAAAAAAAA"
DSN_PASSWORD = "CANARY-database-9f2c1e7ab0"
REDIS_PASSWORD = "CANARY-redis-0b7d5e91c3"
WEBHOOK_SECRET = "CANARY-webhook-3a84f26d1c"
SENTRY_KEY = "CANARY0sentry0key0123456789abcdef"
TEXT = "CANARY-text my dearest secret"
CANARY = re.compile(r"CANARY\S*")


class Sentry:
    """A server that takes what is reported."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.dsn = ""

    async def take(self, request: web.Request) -> web.Response:
        # The key is how a report shows where it belongs: it stands in its head, and nowhere else.
        body = await request.read()
        self.taken.append(body)
        return web.json_response({})

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator["Sentry"]:
        app = web.Application()
        app.router.add_post("/api/1/envelope/", self.take)
        runner = web.AppRunner(app, auto_decompress=True)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.dsn = f"http://{SENTRY_KEY}@127.0.0.1:{runner.addresses[0][1]}/1"
            yield self
        finally:
            await runner.cleanup()


class Scene(Struct, frozen=True, kw_only=True):
    """A process with a canary in each place that holds a secret, and who looks at it."""

    living: Living
    telegram: LocalTelegram
    anna: Person
    sentry: Sentry
    api: str
    metrics: str
    api_token: str
    seen: list[str]

    async def get(self, url: str, **headers: str) -> str:
        """Ask one of its servers; the answer is remembered with the headers."""
        async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as response:
            self.seen.append(f"{response.headers} {await response.text()}")
        return self.seen[-1]

    async def send(self, path: str, body: str, **headers: str) -> int:
        """Send something to the API; the answer is remembered."""
        given = {
            "Authorization": f"Bearer {self.api_token}",
            "Content-Type": "application/json",
            **headers,
        }
        async with (
            aiohttp.ClientSession() as http,
            http.patch(f"{self.api}{path}", data=body, headers=given) as response,
        ):
            self.seen.append(await response.text())
            return response.status


@pytest.fixture
def locked_redis_url(redis_url: str) -> Iterator[str]:
    """A Redis that wants a password."""

    def ask(*words: str) -> None:
        with redis.Redis.from_url(redis_url) as client:  # pyright: ignore[reportUnknownMemberType]  # untyped in redis-py
            client.execute_command("ACL", *words)  # pyright: ignore[reportUnknownMemberType]  # as above

    ask("SETUSER", "canary", "on", f">{REDIS_PASSWORD}", "~*", "&*", "+@all")
    yield f"{redis_url}&username=canary&password={REDIS_PASSWORD}"
    ask("DELUSER", "canary")


@pytest.fixture
async def scene(
    database: Database, database_url: str, locked_redis_url: str, tmp_path: Path
) -> AsyncIterator[Scene]:
    token, _ = await tokens.create(database, "canary", [tokens.ALL], utc_now())
    http, metrics = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    async with LocalTelegram.serve(tokens=[TOKEN]) as telegram, Sentry().serving() as sentry:
        variables = {
            "telegram_token": TOKEN,
            "telegram_api": telegram.url,
            "telegram_webhook_secret": WEBHOOK_SECRET,
            "database_url": database_url.replace("vitte@", f"vitte:{DSN_PASSWORD}@"),
            "redis_url": locked_redis_url,
            "sentry_dsn": sentry.dsn,
            "http_listen": http,
            "metrics_listen": metrics,
            "admin_listen": f"127.0.0.1:{free_port()}",
            "log_level": "DEBUG",
            "data": str(tmp_path),
        }
        assert DSN_PASSWORD in variables["database_url"]
        async with vitte_lives("run", cwd=tmp_path, **variables) as living:
            await living.says("Bot started successfully")
            yield Scene(
                living=living,
                telegram=telegram,
                anna=telegram.person("Anna", language_code="en"),
                sentry=sentry,
                api=f"http://{http}",
                metrics=f"http://{metrics}/metrics",
                api_token=token,
                seen=[],
            )


async def everyday(scene: Scene) -> None:
    """A talk, and every address that shows something."""
    await scene.anna.starts()
    await scene.anna.hears_one()
    await scene.anna.writes(TEXT)
    await scene.anna.hears_one()
    for path in ("health", "health/db", "health/redis", "docs", "openapi.json"):
        await scene.get(f"{scene.api}/api/v1/{path}")
    await scene.get(f"{scene.api}/api/v1/users/{scene.anna.id}", Authorization=f"Bearer {scene.api_token}")  # fmt: skip


async def trouble(scene: Scene) -> None:
    """Updates that break us, a Telegram that quotes, requests that are none."""
    person = {"id": scene.anna.id, "type": "private", "first_name": "Anna"}
    # aiogram's validators quote what they are given; so does Telegram when it cannot read markup.
    broken = {"message_id": 1, "date": TEXT, "chat": person, "text": TEXT, "photo": TEXT}
    scene.telegram.deliver({"message": broken})
    await scene.living.says("became a dead letter")
    for description in (f"Bad Request: can't parse entities: {TEXT}", f"Bad Request: {TEXT}"):
        scene.telegram.fail_next("sendMessage", status=400, description=description)
        await scene.anna.writes(TEXT)
    await scene.telegram.drained()
    for authorization in (f"Bearer {scene.api_token}x", "Bearer CANARY-guess", f"Basic {TEXT}"):
        await scene.get(f"{scene.api}/api/v1/users/1", Authorization=authorization)
    await scene.get(f"{scene.api}/api/v1/dialogs/?user_id={TEXT}")
    assert await scene.send("/api/v1/dialogs/1", f'{{"title": ["{TEXT}"]}}') == 422
    assert await scene.send("/api/v1/dialogs/1", f'{{"title": "{TEXT}') == 400
    assert await scene.send("/api/v1/dialogs/999", f'{{"title": "{TEXT}"}}') == 404


async def test_no_secret_and_nobodys_words_are_seen_anywhere(
    scene: Scene, database_url: str
) -> None:
    await everyday(scene)
    await trouble(scene)
    await break_the_database(database_url)
    await scene.anna.writes(f"{TEXT}, again")
    await scene.living.says("became a dead letter[^$]*became a dead letter")
    with scene.telegram.outage():
        await scene.living.says("Telegram cannot be reached")
    await scene.get(scene.metrics)
    seen_by_all = await to_thread.run_sync(command_lines, scene.living)

    assert await scene.living.ends(signal.SIGTERM) == 0
    reports = [body.decode() for body in scene.sentry.taken]

    assert '"levelname":"DEBUG"' in scene.living.said
    assert "dead letter" in " ".join(reports)
    assert "vitte_updates_done_total" in " ".join(scene.seen)
    for what, said in {
        "the log": scene.living.said,
        "answers": "\n".join(scene.seen),
        "command lines": "\n".join(seen_by_all),
        "reports": "\n".join(reports),
    }.items():
        assert CANARY.findall(said) == [], what
        assert scene.api_token not in said, what
    assert [line for line in scene.living.said.splitlines() if not is_json(line)] == []


async def break_the_database(url: str) -> None:
    """Make PostgreSQL refuse what people say, and quote it as it does."""

    def add() -> None:
        with psycopg.connect(url) as connection:
            connection.execute("ALTER TABLE messages ADD CHECK (text NOT LIKE '%again')")

    await to_thread.run_sync(add)


def command_lines(living: Living) -> list[str]:
    """What anybody on the machine can read of the process and of those that it started."""
    return [
        Path(f"/proc/{pid}/cmdline").read_text() for pid in (living.process.pid, *living.family())
    ]


def is_json(line: str) -> bool:
    try:
        return "message" in msgspec.json.decode(line)
    except msgspec.MsgspecError:
        return False


async def test_errors_in_an_actor_s_fall_quote_nothing() -> None:
    """What the runtime tells of a fall goes to the log, to who asked, and to the tree's page."""

    class Falling:
        async def run(self, life: Life[Any]) -> None:
            life.ready()
            raise ValueError(TEXT)

    events = Events()
    spec = Supervisor("root", ONE_FOR_ONE, within(1, minutes=1), [Child("falling", Falling)])
    observer.observe(events, spec)
    told: list[str] = []
    events.call(lambda event: told.append(repr(event)))
    async with start(spec, events=events) as running:
        with anyio.fail_after(5), pytest.raises(GaveUp) as caught:
            await running.wait()

    assert "ValueError" in " ".join(told)
    assert CANARY.findall(" ".join(told)) == []
    assert CANARY.findall(str(caught.value)) == []
