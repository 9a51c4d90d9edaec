"""What fires now: judged by the rules that Prometheus has, as far as this process knows, each with its paragraph."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml
from prometheus_client import Gauge

from tests.admin.conftest import Browser, Panel
from tests.admin.test_people import a_letter
from tests.store.days import counted
from tests.store.people import ANNA, register
from vitte import metrics
from vitte.admin import alarms
from vitte.admin.alarms import RULES, Alarm
from vitte.admin.rooms import overview, runbook
from vitte.errors import DatabaseAway
from vitte.resources import ROOT
from vitte.runtime import State
from vitte.store import outbox, runs, statistics, updates
from vitte.store.outbox import Lane
from vitte.store.runs import Ending, Planned

JOB = "make-partitions"


def rules() -> dict[str, Any]:
    path: Path = ROOT / "config" / "prometheus" / "alerts.yml"
    read = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {rule["alert"]: rule for group in read["groups"] for rule in group["rules"]}


def test_names_severities_and_bounds_are_those_of_prometheus() -> None:
    known = rules()

    assert RULES.keys() <= known.keys()
    for name, (bound, severity) in RULES.items():
        assert known[name]["labels"]["severity"] == severity, name
        numbers = {float(each) for each in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", known[name]["expr"])}  # fmt: skip
        product = {26 * 3_600.0} if "26 * 3600" in known[name]["expr"] else set[float]()
        bucket = {300.0} if 'le="300.0"' in known[name]["expr"] else set[float]()
        assert bound in numbers | product | bucket, name


def test_every_alarm_has_its_line_and_its_paragraph() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    words = (ROOT / "locales" / "en" / "admin.ftl").read_text(encoding="utf-8")

    for name in RULES:
        assert f"\n{overview.line_of(Alarm(name))} = " in words
        assert f"\n## {name}\n" in text


async def fires(browser: Browser) -> str:
    page = (await browser.get("/overview")).plain
    return page[page.index("What fires now") : page.index("Judged at this moment")]


async def test_where_nothing_fires_it_is_said(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await panel.inside("anna", "read")

    async def none(_: object) -> list[Alarm]:
        return []

    monkeypatch.setattr(alarms, "judge", none)

    assert "None of the rules that are judged here fires." in await fires(browser)


async def test_who_waits_for_an_answer_comes_first(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await panel.inside("anna", "read")
    ago = panel.clock() - timedelta(seconds=90)

    async def pending(_: object) -> updates.Backlog:
        return updates.Backlog(letters=0, oldest=ago)

    async def words(_: object) -> list[outbox.Backlog]:
        lanes = (Lane.REMINDER, Lane.BROADCAST)
        return [outbox.Backlog(lane=lane, words=5, oldest=ago) for lane in lanes]

    async def many(_: object) -> int:
        return 1_001

    monkeypatch.setattr("vitte.store.updates.backlog", pending)
    monkeypatch.setattr("vitte.store.updates.count_pending", many)
    monkeypatch.setattr("vitte.store.outbox.backlog", words)
    monkeypatch.setattr(metrics, "redis_breaker_open", Gauge("test_breaker", "Open", registry=None))
    metrics.redis_breaker_open.set(1)

    said = await fires(browser)

    wanted = ["The oldest update has waited for 9", "Updates that wait: 1", "Redis does not answer"]
    assert [said.index(words) for words in wanted] == sorted(said.index(words) for words in wanted)
    assert "Answers have waited" not in said, "nobody waits for a broadcast"


async def test_letters_and_jobs_are_judged_by_the_tables(panel: Panel) -> None:
    await register(panel.database, ANNA)
    browser = await panel.inside("anna", "read")
    for number in range(1, 5):
        await panel.vitte.running.terminate_child(f"vitte/crons/worker-{number}")
    now = panel.clock()
    await a_letter(panel)
    days = [now - timedelta(days=3), now - timedelta(minutes=10)]
    await runs.plan(
        panel.database, JOB, [Planned(scheduled_for=at, not_before=at) for at in days], now
    )
    for state, at in (("ok", days[0]), ("failed", now)):
        run = await runs.claim(panel.database, [JOB], "elsewhere", at)
        assert run is not None
        await runs.end(panel.database, run, Ending(state=state), at)  # pyright: ignore[reportArgumentType]

    said = await fires(browser)

    assert "An update became a dead letter" in said
    assert f"A run of {JOB} failed" in said
    assert f"{JOB} has not gone well for 72 h." in said
    assert f"{JOB} began more than five minutes" in said
    page = (await browser.get("/overview")).text
    assert 'href="/runbook#vittecronfails"' in page
    assert f'href="/jobs/{JOB}"' in page


async def test_who_falls_again_and_again_is_named(panel: Panel) -> None:
    browser = await panel.inside("anna", "read")
    for _ in range(4):
        await panel.vitte.running.kill("vitte/updates/bot")
        with anyio.fail_after(5):
            while panel.vitte.running.find("vitte/updates/bot").state is not State.RUNNING:  # noqa: ASYNC110  # a place tells nobody
                await anyio.sleep(0.01)

    assert "bot fell 4 times within a quarter of an hour." in await fires(browser)


async def test_without_postgresql_the_page_says_that_and_what_else_fires(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await panel.inside("anna", "read")

    async def away(*_: object, **__: object) -> list[object]:
        raise DatabaseAway("it is away")

    monkeypatch.setattr("vitte.store.jobs.list_standing", away)
    monkeypatch.setattr("vitte.store.minutes.list_all", away)

    page = await browser.get("/overview")

    assert page.status == 200
    assert "PostgreSQL does not answer." in page.plain
    assert "cannot be read or changed now" in page.plain


async def test_the_runbook_is_read_in_the_panel(panel: Panel) -> None:
    browser = await panel.inside("anna", "read")

    page = await browser.get("/runbook")

    for name in rules():
        assert f'<h2 id="{name.lower()}">{name}</h2>' in page.text
    assert "**" not in page.plain
    assert "<b>Look at:</b>" in page.text
    assert runbook.address("VitteDown") == "/runbook#vittedown"


async def test_who_wrote_is_told_as_the_night_counted_it(panel: Panel) -> None:
    browser = await panel.inside("anna", "read")
    before = (await browser.get("/overview")).plain
    yesterday = (panel.clock() - timedelta(days=1)).date()
    shares = {"premium": {"active": 7, "active_7": 8, "active_30": 9}}
    day = counted(yesterday, users_active=11, users_active_7=22, users_active_30=33, by_plan=shares)  # fmt: skip
    await statistics.set_day(panel.database, day, panel.clock())

    after = (await browser.get("/overview")).plain

    assert "It was not counted yet" in before
    assert "Everybody 11 22 33" in after
    assert "premium 7 8 9" in after
    assert f"To the end of {yesterday}" in after
