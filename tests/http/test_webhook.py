"""The webhook: proof first, then the inbox, then 200."""

import io
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from anyio import to_thread
from msgspec import Struct

from tests.fragile import living
from tests.whole import configured, whole
from vitte import config, http
from vitte.actors import inbox
from vitte.dev.telegram import LocalTelegram
from vitte.errors import DatabaseAway
from vitte.house import House
from vitte.runtime import Child, Life, Running

SECRET = "the-secret_1"
GOOD = {"update_id": 7, "message": {"chat": {"id": 5}}}


class Inbox:
    """Notes what it was handed, and says "written" when it is allowed to."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.at_work = anyio.Event()
        self.may_go_on = anyio.Event()
        self.may_go_on.set()
        self.falls = False
        self.away = False

    async def __call__(self, life: Life[inbox.Message]) -> None:
        while True:
            match await life.receive():
                case inbox.Take(arrived=arrived, reply=reply):
                    self.seen += [update.id for update in arrived]
                    self.at_work.set()
                    if self.falls:
                        raise RuntimeError("the inbox falls")
                    if self.away:
                        reply.fail(DatabaseAway("gone"))
                        continue
                    await self.may_go_on.wait()
                    reply.send(None)
                case inbox.Done():
                    pass


class Hook(Struct, frozen=True, kw_only=True):
    """The API with a webhook, and the inbox behind it."""

    inbox: Inbox
    running: Running
    client: TestClient[Any, Any]

    async def post(self, body: bytes | object, secret: str | None = SECRET) -> ClientResponse:
        """Hand something over, as Telegram does."""
        headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self.client.post("/hook", data=io.BytesIO(data), headers=headers)


@pytest.fixture
async def hook(tmp_path: Path) -> AsyncGenerator[Hook]:
    settings = config.Config(
        data=str(tmp_path),
        telegram=config.Telegram(
            updates="webhook",
            webhook_url="https://example.org/hook",
            webhook_secret=config.Secret(SECRET),
        ),
        redis=config.Redis(url=config.Secret(f"unix://{tmp_path}/nobody.sock")),
    )
    house, box = await to_thread.run_sync(House, settings), Inbox()
    async with (
        aclosing(house.services.redis),
        living(Child("inbox", lambda: box, mailbox=house.inbox_box, backoff=None)) as running,
        TestClient(TestServer(http.build(house.services))) as client,
    ):
        yield Hook(inbox=box, running=running, client=client)


@pytest.mark.parametrize(
    "secret", [None, "", "wrong", SECRET + "x", SECRET[:-1], SECRET.upper(), "sécret", "секрет"]
)
async def test_without_the_right_proof_nothing_is_done(hook: Hook, secret: str | None) -> None:
    response = await hook.post(GOOD, secret)

    assert response.status == 401
    assert response.content_type == "application/problem+json"
    assert hook.inbox.seen == []


async def test_bytes_that_are_no_text_are_no_proof(hook: Hook) -> None:
    url = hook.client.make_url("/hook")
    async with await anyio.connect_tcp("127.0.0.1", url.port or 0) as line:
        await line.send(
            b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
            b"X-Telegram-Bot-Api-Secret-Token: \xff\xfe\r\n\r\n{}"
        )
        answer = await line.receive()

    assert answer.split(b" ", 2)[1] in {b"400", b"401"}
    assert hook.inbox.seen == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b"\xff", b'{"update_id": "7"}'])
async def test_what_is_no_update_is_refused(hook: Hook, body: bytes) -> None:
    response = await hook.post(body)

    assert response.status == 400
    assert response.content_type == "application/problem+json"


async def test_a_body_of_a_mebibyte_is_read_and_a_longer_one_refused(hook: Hook) -> None:
    good = msgspec.json.encode(GOOD)

    most = await hook.post(good + b" " * (1_048_576 - len(good)))
    more = await hook.post(good + b" " * (1_048_577 - len(good)))

    assert (most.status, more.status) == (200, 413)
    assert more.content_type == "application/problem+json"
    assert hook.inbox.seen == [7]


async def test_the_proof_is_asked_for_before_the_body_is_read(hook: Hook) -> None:
    response = await hook.post(b" " * 2_000_000, "wrong")

    assert response.status == 401


async def test_it_says_200_only_when_the_update_is_written_down(hook: Hook) -> None:
    hook.inbox.may_go_on = anyio.Event()
    said: list[int] = []

    async def post() -> None:
        said.append((await hook.post(GOOD)).status)

    async with anyio.create_task_group() as group:
        group.start_soon(post)
        await hook.inbox.at_work.wait()
        await anyio.wait_all_tasks_blocked()
        assert said == []
        hook.inbox.may_go_on.set()

    assert said == [200]


async def test_an_inbox_that_falls_has_it_sent_again(hook: Hook) -> None:
    hook.inbox.falls = True

    response = await hook.post(GOOD)

    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.headers["Retry-After"] == "1"
    hook.inbox.falls = False
    assert (await hook.post(GOOD)).status == 200


async def test_while_postgresql_is_away_it_is_sent_again(hook: Hook) -> None:
    hook.inbox.away = True

    response = await hook.post(GOOD)

    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.headers["Retry-After"] == "1"


async def test_while_the_inbox_is_gone_it_is_sent_again(hook: Hook) -> None:
    await hook.running.terminate_child("test/inbox")

    with anyio.fail_after(5):
        assert (await hook.post(GOOD)).status == 503


async def test_other_methods_and_addresses_are_none_of_its_business(hook: Hook) -> None:
    assert (await hook.client.get("/hook")).status == 405
    assert (await hook.client.post("/", data=b"{}")).status == 404


async def test_with_polling_there_is_no_webhook(tmp_path: Path) -> None:
    settings = config.Config(
        data=str(tmp_path), redis=config.Redis(url=config.Secret("redis://localhost"))
    )
    house = await to_thread.run_sync(House, settings)

    addresses = [resource.canonical for resource in http.build(house.services).router.resources()]
    assert all(address.startswith("/api/v1/") for address in addresses if address != "/{nothing}")


@asynccontextmanager
async def hooked(
    telegram: LocalTelegram, database_url: str, redis_url: str, folder: Path
) -> AsyncGenerator[None]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    polled = configured(telegram, database_url, redis_url, folder, http=config.Http(listen=listen))
    hook = msgspec.structs.replace(
        polled.telegram, updates="webhook", webhook_url=f"http://{listen}/telegram"
    )
    settings = msgspec.structs.replace(polled, telegram=hook)
    async with whole(settings, telegram):
        await telegram.called("setWebhook")
        yield


async def test_a_whole_conversation_by_webhook(
    telegram: LocalTelegram, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with hooked(telegram, database_url, redis_url, tmp_path):
        anna = telegram.person("Anna", language_code="en")
        await anna.starts()
        welcome = await anna.hears_one()
        await anna.presses(welcome, "Mila")
        await anna.hears(2)
        await anna.writes("hello")

        assert (await anna.hears_one()).text
        await telegram.drained()
    assert telegram.calls("getUpdates") == []
    [call] = telegram.calls("setWebhook")
    assert call.arguments["secret_token"]
    assert "message" in call.arguments["allowed_updates"]
    assert telegram.calls("deleteWebhook") == []
