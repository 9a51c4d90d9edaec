"""``vitte run`` as an operator runs it: a process, environment variables, signals, exit codes."""

import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest
from anyio import to_thread

from tests.processes import Living, free_port, taken_port, vitte_does, vitte_lives
from vitte.dev.telegram import LocalTelegram


class Where:
    """The stores, the Telegram and the addresses of one run."""

    def __init__(self, telegram: LocalTelegram, database_url: str, redis_url: str) -> None:
        self.telegram = telegram
        self.http = f"127.0.0.1:{free_port()}"
        self.variables = {
            "telegram_token": telegram.token,
            "telegram_api": telegram.url,
            "database_url": database_url,
            "redis_url": redis_url,
            "http_listen": self.http,
            "metrics_listen": f"127.0.0.1:{free_port()}",
            "admin_listen": f"127.0.0.1:{free_port()}",
        }

    @asynccontextmanager
    async def run(self, folder: Path, **more: str) -> AsyncGenerator[Living]:
        """Run it, from another folder than the checkout, until it listens."""
        variables = {**self.variables, **more}
        async with vitte_lives("run", cwd=folder, **variables) as living:
            await living.says("Bot started successfully")
            yield living


@pytest.fixture
def where(telegram: LocalTelegram, empty_database_url: str, redis_url: str) -> Where:
    return Where(telegram, empty_database_url, redis_url)


async def is_answered(where: Where, name: str = "Anna") -> None:
    person = where.telegram.person(name, language_code="en")
    await person.starts()
    assert name in (await person.hears_one(within=20)).text


async def test_it_serves_by_polling_and_ends_with_nought(where: Where, tmp_path: Path) -> None:
    async with where.run(tmp_path) as living:
        await is_answered(where)
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://{where.http}/api/v1/health") as response,
        ):
            assert response.status == 200

        assert await living.ends(signal.SIGTERM) == 0
        await living.says('"Stopped"')

    for line in living.said.splitlines():
        record = msgspec.json.decode(line)
        assert {"time", "levelname", "logger", "message"} <= set(record)
    assert '"Migration applied: 0001.users"' in living.said
    assert where.telegram.token not in living.said
    assert where.telegram.calls("deleteWebhook") == []


async def test_it_serves_by_webhook_and_ends_with_nought(where: Where, tmp_path: Path) -> None:
    hook = {"telegram_updates": "webhook", "telegram_webhook_url": f"http://{where.http}/hook"}
    async with where.run(tmp_path, **hook) as living:
        await is_answered(where)

        assert await living.ends(signal.SIGTERM) == 0

    assert where.telegram.calls("getUpdates") == []
    assert len(where.telegram.calls("setWebhook")) == 1


@pytest.mark.parametrize("how", ["polling", "webhook"])
async def test_a_stop_sends_the_answer_in_hand_and_no_answer_comes_twice(
    where: Where, tmp_path: Path, how: str
) -> None:
    hook = {"telegram_updates": how, "telegram_webhook_url": f"http://{where.http}/hook"}
    slow = {"voice_pause_seconds": "1.5", **hook}
    anna = where.telegram.person("Anna", language_code="en")
    async with where.run(tmp_path, **slow) as living:
        await anna.writes("hello")
        await anna.sees_typing()

        assert await living.ends(signal.SIGTERM) == 0

    assert (await anna.hears_one()).text
    async with where.run(tmp_path, **hook) as living:
        await anna.writes("and again")
        assert (await anna.hears_one()).text
        await where.telegram.drained()
        assert await living.ends(signal.SIGINT) == 0

    assert len(where.telegram.calls("sendMessage", chat=anna.id)) == 2


async def test_a_port_that_is_taken_is_named_and_ends_with_one(
    where: Where, tmp_path: Path
) -> None:
    with taken_port() as port:
        taken = {**where.variables, "http_listen": f"127.0.0.1:{port}"}
        done = await to_thread.run_sync(lambda: vitte_does("run", cwd=tmp_path, **taken))

    assert done.code == 1
    assert f"cannot listen on 127.0.0.1:{port}: another program listens there" in done.out
    assert "VITTE_HTTP_LISTEN" in done.err


async def test_a_bad_configuration_ends_with_two(where: Where, tmp_path: Path) -> None:
    bad = {**where.variables, "cron_timezone": "Mars/Olympus"}

    done = await to_thread.run_sync(lambda: vitte_does("run", cwd=tmp_path, **bad))

    assert done.code == 2
    assert "Mars/Olympus" in done.err
    assert "Traceback" not in done.err


async def test_a_password_that_anybody_tries_first_ends_with_two(
    where: Where, tmp_path: Path
) -> None:
    weak = {
        **where.variables,
        "database_url": "postgresql://vitte:password@localhost/vitte",
        "redis_url": "redis://:foobared@localhost",
    }

    done = await to_thread.run_sync(lambda: vitte_does("run", cwd=tmp_path, **weak))

    assert done.code == 2
    assert "database.url: its password is one that everybody tries first" in done.err
    assert "redis.url: its password" in done.err
    assert "foobared" not in done.err


async def test_with_its_stores_away_it_comes_up_and_says_that_it_is_down(
    telegram: LocalTelegram, tmp_path: Path
) -> None:
    nowhere = f"postgresql://vitte@/vitte?host={tmp_path}"
    where = Where(telegram, nowhere, f"unix://{tmp_path}/nobody.sock")
    async with where.run(tmp_path) as living:
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://{where.http}/api/v1/health") as response,
        ):
            assert response.status == 503
        anna = telegram.person("Anna", language_code="en")
        await anna.writes("hello")
        await telegram.called("getUpdates", count=2, within=20)

        assert await living.ends(signal.SIGTERM) == 0
    assert len(telegram.bot.updates.pending) == 1  # it stays with Telegram until it is written
    assert "PostgreSQL is away, so no migration was applied" in living.said


async def test_the_webhook_on_record_is_shown_and_removed(where: Where, tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as http:
        address = f"{where.telegram.url}/bot{where.telegram.token}/setWebhook"
        await http.post(address, json={"url": f"{where.telegram.url}/nobody"})

    def does(*words: str) -> str:
        done = vitte_does("webhook", *words, cwd=tmp_path, **where.variables)
        assert done.code == 0, done
        return done.out

    shown = await to_thread.run_sync(does, "status", "--json")
    assert msgspec.json.decode(shown)["url"].endswith("/nobody")
    assert "No webhook is set" in await to_thread.run_sync(does, "delete")
    assert "none: updates are polled" in await to_thread.run_sync(does, "status")


async def test_a_telegram_that_is_away_is_three_and_the_token_stays_hidden(
    where: Where, tmp_path: Path
) -> None:
    away = {**where.variables, "telegram_api": f"http://127.0.0.1:{free_port()}"}

    done = await to_thread.run_sync(lambda: vitte_does("webhook", "status", cwd=tmp_path, **away))

    assert done.code == 3
    assert "Telegram refused getWebhookInfo" in done.err
    assert where.telegram.token not in done.out + done.err
