"""Prometheus itself reads our files, tries the rules, and asks what each panel asks.

What takes longer is done by ``make check-operations``; without its programs a test says so.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest
from anyio import to_thread
from prometheus_client import generate_latest

from tests.processes import free_port, vitte_lives
from vitte import metrics
from vitte.dev.telegram import LocalTelegram
from vitte.house import utc_now
from vitte.resources import ROOT
from vitte.store import tokens
from vitte.store.pool import Database

CONFIG = ROOT / "config" / "prometheus"
SCRAPE_SECONDS = 1
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)"
)
takes_long = pytest.mark.skipif(
    not os.environ.get("VITTE_OPERATIONS"), reason="it takes a minute: make check-operations"
)


def promtool(*words: str, given: str | None = None) -> None:
    done = subprocess.run(
        ["promtool", *words], input=given, capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_rules_can_be_read() -> None:
    promtool("check", "rules", str(CONFIG / "recording.yml"), str(CONFIG / "alerts.yml"))


def configured(folder: Path, target: str = "127.0.0.1:9108") -> Path:
    """The configuration as it would lie on a machine, with the rules in this folder."""
    text = (CONFIG / "prometheus.yml").read_text(encoding="utf-8")
    text = text.replace("/etc/prometheus/vitte", str(CONFIG)).replace("127.0.0.1:9108", target)
    text = re.sub(r"(scrape_interval|evaluation_interval|scrape_timeout): \d+s", rf"\1: {SCRAPE_SECONDS}s", text)  # fmt: skip
    path = folder / "prometheus.yml"
    path.write_text(text, encoding="utf-8")
    return path


@needs_promtool
def test_the_configuration_can_be_read(tmp_path: Path) -> None:
    promtool("check", "config", str(configured(tmp_path)))


@takes_long
@needs_promtool
def test_every_alert_fires_when_it_should_and_not_before() -> None:
    tests = ROOT / "tests" / "operations"
    promtool("test", "rules", *map(str, sorted(tests.glob("alerts*.test.yml"))))


# -- Every panel, on a real Prometheus that reads a real vitte


@asynccontextmanager
async def prometheus(folder: Path, target: str) -> AsyncGenerator[str]:
    """A Prometheus that reads one target; gives its address."""
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={configured(folder, target)}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={address}",
        "--log.level=error",
    ]
    process = await anyio.open_process(command, stdout=None, stderr=None)
    async with process:
        try:
            yield f"http://{address}"
        finally:
            process.terminate()
            with anyio.CancelScope(shield=True):
                await process.wait()


async def asked(http: aiohttp.ClientSession, address: str, expression: str) -> list[Any]:
    """What Prometheus answers to an expression: its series."""
    url = f"{address}/api/v1/query"
    async with http.get(url, params={"query": expression}) as response:
        answer = await response.json()
    assert answer["status"] == "success", (expression, answer)
    return answer["data"]["result"]


def expressions() -> dict[str, str]:
    """What each panel asks, by where it stands, with Grafana's variables filled in."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "config" / "grafana" / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                place = f"{path.stem}: {panel['title']} ({target['legendFormat']})"
                found[place] = target["expr"].replace("$__rate_interval", f"{60 * SCRAPE_SECONDS}s")
    return found


async def traffic(telegram: LocalTelegram, api: str, admin: str, token: str) -> None:
    """A little of everything that is counted."""
    for number, language in enumerate(("en", "ru")):
        person = telegram.person(f"Anna {number}", language_code=language)
        await person.starts()
        await person.hears_one()
        for word in range(12):  # the eleventh of a minute is refused
            await person.writes(f"hello {word}")
        await person.blocks()
    await telegram.drained()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
        paths = ("users/101", "subscriptions/101", "dialogs/?user_id=101", "health", "nothing")
        for url in (*(f"{api}/api/v1/{path}" for path in paths), f"{admin}/login"):
            async with http.get(url) as response:
                await response.read()


@takes_long
@needs_promtool
@pytest.mark.timeout(240)
@pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")
async def test_every_panel_and_every_recording_rule_returns_a_series(
    telegram: LocalTelegram,
    database: Database,
    database_url: str,
    redis_url: str,
    tmp_path: Path,
) -> None:
    token, _ = await tokens.create(database, "panels", [tokens.ALL], utc_now())
    http, admin, page_at = (f"127.0.0.1:{free_port()}" for _ in range(3))
    variables = {
        "telegram_token": telegram.token,
        "telegram_api": telegram.url,
        "database_url": database_url,
        "redis_url": redis_url,
        "http_listen": http,
        "admin_listen": admin,
        "metrics_listen": page_at,
        "data": str(tmp_path),
        "cron_user_stats_schedule": "* * * * *",
    }
    async with (
        vitte_lives("run", cwd=tmp_path, **variables) as living,
        prometheus(tmp_path, page_at) as address,
        aiohttp.ClientSession() as client,
    ):
        await living.says("Bot started successfully")
        await traffic(telegram, f"http://{http}", f"http://{admin}", token)
        await living.says("user-stats", within=90)
        await traffic(telegram, f"http://{http}", f"http://{admin}", token)

        async with client.get(f"http://{page_at}/metrics") as response:
            page = await response.text()
        await to_thread.run_sync(lambda: promtool("check", "metrics", given=page))
        silent = await never_answered(client, address, {**expressions(), **recorded()})
        firing = await asked(client, address, 'ALERTS{alertstate="firing"}')

    assert silent == {}
    assert firing == []


def recorded() -> dict[str, str]:
    """Every recording rule by its name; that of a day before cannot be waited for."""
    text = (CONFIG / "recording.yml").read_text(encoding="utf-8")
    return {name: name for name in re.findall(r"- record: (\S+)", text)}


async def never_answered(
    client: aiohttp.ClientSession, address: str, expected: dict[str, str], within: float = 30
) -> dict[str, str]:
    """What returned no series, though it was asked again and again."""
    left = dict(expected)
    with anyio.move_on_after(within):
        while left:
            for place, expression in list(left.items()):
                if await asked(client, address, expression):
                    del left[place]
            await anyio.sleep(SCRAPE_SECONDS)
    return left


@needs_promtool
def test_the_metrics_are_as_prometheus_wants_them() -> None:
    """Names, units and words, as promtool lints them, of a process that has just begun."""
    promtool("check", "metrics", given=generate_latest(metrics.REGISTRY).decode())
