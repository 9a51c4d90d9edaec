"""The jobs in the panel: what runs by the clock is seen, run now, let rest and let run again, and audited."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import anyio
import pytest

from tests.admin.conftest import Browser, Panel
from vitte.admin.rooms import runs as room
from vitte.store import audit, jobs, runs
from vitte.store.audit import SHELL, Change
from vitte.store.jobs import Standing
from vitte.store.operators import Role
from vitte.store.runs import Ending, Planned, Run

NASTY = """'"><img src=x onerror=alert(1)><script>alert(1)</script>"""
JOB = "make-partitions"


async def standing(panel: Panel) -> Standing:
    [found] = await jobs.list_standing(panel.database, [JOB])
    return found


async def acts(panel: Panel) -> list[Change]:
    return [each for each in await audit.list_all(panel.database, limit=50) if each.noun == "job"]


async def order(browser: Browser, act: str, **given: str) -> int:
    await browser.get(f"/jobs/{JOB}?ask={act}")
    return (await browser.post(f"/jobs/{JOB}/act", {"act": act, **given})).status


async def ended(panel: Panel) -> Run:
    """The latest run, as soon as it is over."""
    with anyio.fail_after(15):
        while True:
            [run, *_] = await runs.list_latest(panel.database, JOB, limit=1)
            if run.ended_at is not None and run.not_before is None:
                return run
            await anyio.sleep(0.05)


async def in_the_books(panel: Panel, many: int, **ending: Any) -> None:
    """Runs of the past that ended so."""
    began = panel.clock() - timedelta(days=many)
    planned = [Planned(scheduled_for=began + timedelta(days=day), not_before=began) for day in range(many)]  # fmt: skip
    await runs.plan(panel.database, JOB, planned, began)
    for _ in range(many):
        run = await runs.claim(panel.database, [JOB], "elsewhere", panel.clock())
        assert run is not None
        await runs.end(panel.database, run, Ending(**ending), panel.clock())


async def at_rest(panel: Panel) -> None:
    """No worker of ours takes what a test wants to see waiting."""
    for number in range(1, 5):
        await panel.vitte.running.terminate_child(f"vitte/crons/worker-{number}")


async def test_every_job_is_shown_with_its_next_times_in_its_own_timezone(panel: Panel) -> None:
    browser = await panel.inside("anna", "read")

    page = (await browser.get("/jobs")).plain

    services = panel.vitte.house.services
    assert len(services.jobs) >= 7
    for job in services.jobs:
        assert job.name in page
        one = (await browser.get(f"/jobs/{job.name}")).plain
        times = job.times(panel.clock(), 5)
        assert f"The next times ({job.timezone})" in one
        for time in times:
            local = time.astimezone(ZoneInfo(job.timezone))
            assert f"{local:%Y-%m-%d %H:%M:%S}" in one
    assert "Nothing has run yet." in page


async def test_a_job_is_run_now_by_a_worker_and_who_wanted_it_is_in_the_audit(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")

    asked = await browser.get(f"/jobs/{JOB}?ask=run")
    done = await browser.post(f"/jobs/{JOB}/act", {"act": "run", "reason": "a look at it"})

    assert f"Run {JOB} now?" in asked.plain
    assert (done.status, done.where) == (303, f"/jobs/{JOB}?done=run")
    run = await ended(panel)
    assert (run.state, run.asked_by, run.attempt) == ("ok", "operator:anna", 1)
    [act] = await acts(panel)
    assert (act.who, act.action, act.subject, act.reason) == ("operator:anna", "run", JOB, "a look at it")  # fmt: skip
    page = (await browser.get(done.where)).plain
    assert "It waits for a worker" in page
    assert "operator:anna" in page
    assert "went well" in page


async def test_while_one_waits_no_other_is_asked_for(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    await at_rest(panel)

    answers = [await order(browser, "run"), await order(browser, "run")]

    assert answers == [303, 409]
    assert len(await runs.list_latest(panel.database, JOB)) == 1
    assert len(await acts(panel)) == 1
    assert "waits" in (await browser.get("/jobs")).plain


async def test_a_job_rests_and_runs_again_once_each(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")

    rested = [await order(browser, "pause", reason="it is too much"), await order(browser, "pause")]
    seen = (await browser.get(f"/jobs/{JOB}")).plain
    known = await standing(panel)
    resumed = [await order(browser, "resume"), await order(browser, "resume")]

    assert (rested, resumed) == ([303, 409], [303, 409])
    assert known.paused_by == "operator:anna"
    assert "they will be skipped until it is resumed" in seen
    assert "Let it rest" not in seen
    assert (await standing(panel)).paused_at is None
    assert [(each.action, each.reason) for each in await acts(panel)] == [
        ("resume", None),
        ("pause", "it is too much"),
    ]


async def test_it_is_the_same_as_from_the_command_line(panel: Panel) -> None:
    """What one wrote the other reads: there is one ledger, and one way to it."""
    browser = await panel.inside("anna", "owner")
    async with panel.database.transaction() as transaction:
        assert await jobs.pause(transaction, JOB, "0 0 * * * UTC", SHELL, panel.clock())

    assert await order(browser, "pause") == 409
    assert await order(browser, "resume") == 303
    async with panel.database.transaction() as transaction:
        assert not await jobs.resume(transaction, JOB, SHELL, panel.clock())


@pytest.mark.parametrize("role", ["read", "support"])
async def test_only_an_owner_orders_and_the_others_look_on(panel: Panel, role: Role) -> None:
    browser = await panel.inside("anna", role)

    page = await browser.get(f"/jobs/{JOB}?ask=run")
    answers = [await order(browser, act) for act in ("run", "pause", "resume")]

    assert "Run now" not in page.plain
    assert answers == [403] * 3
    assert (await standing(panel)).last_state is None
    assert await acts(panel) == []


async def test_what_is_no_job_or_no_order_does_nothing(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")

    assert (await browser.get("/jobs/no-such-job")).status == 404
    assert (await browser.get("/jobs/events?job=no-such-job")).status == 404
    assert (await browser.post("/jobs/no-such-job/act", {"act": "run"})).status == 404
    assert await order(browser, "drop") == 400
    assert await acts(panel) == []


async def test_the_history_goes_on_where_it_stopped(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "PAGE", 3)
    await at_rest(panel)
    await in_the_books(panel, 7, state="ok")
    browser = await panel.inside("anna", "read")

    seen: list[int] = []
    for path in ("/jobs", f"/jobs/{JOB}"):
        where: str | None = path
        while where is not None:
            page = await browser.get(where)
            seen.append(page.text.count(">went well<"))
            more = re.search(r'href="([^"]+before=[^"]+)"', page.text)
            where = None if more is None else more[1]

    # On the first page its state is told once more, above its runs.
    assert seen == [4, 3, 1, 4, 3, 1]


@pytest.mark.parametrize("before", ["x", "~", "2026-11-20T00:00:00~1", "9~9", "\0~1", "2026-11-20T00:00:00+00:00~" + "9" * 30])  # fmt: skip
async def test_a_page_that_cannot_be_meant_is_the_first(panel: Panel, before: str) -> None:
    browser = await panel.inside("anna", "read")

    answered = await browser.get(f"/jobs/{JOB}?before={before}")

    assert answered.status == 200
    assert "The next times" in answered.plain


async def test_why_a_run_failed_is_told_and_stays_text(panel: Panel) -> None:
    await at_rest(panel)
    await in_the_books(panel, 1, state="failed", error=NASTY)
    browser = await panel.inside("anna", "read")

    for path in ("/jobs", f"/jobs/{JOB}"):
        page = await browser.get(path)
        assert NASTY in page.plain
        assert "<script>" not in page.text.replace('<script src="', "")
        assert "<img src=x" not in page.text


async def test_a_skip_says_why_and_a_late_run_how_late(panel: Panel) -> None:
    await at_rest(panel)
    now = panel.clock()
    late = Planned(scheduled_for=now - timedelta(hours=3), not_before=now)
    await runs.plan(panel.database, JOB, [Planned(scheduled_for=now - timedelta(hours=5), reason="paused"), late], now)  # fmt: skip
    await runs.claim(panel.database, [JOB], "elsewhere", now)
    browser = await panel.inside("anna", "read")

    page = (await browser.get(f"/jobs/{JOB}")).plain

    assert "it rested" in page
    assert "3 h" in page


async def test_whoever_looks_on_sees_a_run_end_without_reloading(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    headers = {"Host": panel.host, "Cookie": f"__Host-vitte={browser.cookie}"}
    url = f"{panel.url}/jobs/events?job={JOB}"

    async with panel.http.get(url, headers=headers) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        await order(browser, "run")
        with anyio.fail_after(20):
            told = ""
            while "went well" not in told or "operator:anna" not in told:
                told += (await stream.content.readline()).decode()
    assert "event: all" in told
    assert "event: part" in told
