"""The tree's page: true, live, and able to act, with every act in the audit."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
import anyio
import pytest
from prometheus_client import CollectorRegistry, Histogram

from tests.admin.conftest import Browser, Panel
from tests.fragile import killed
from vitte.admin import figures, places
from vitte.admin.gate import COOKIE
from vitte.errors import Contradiction
from vitte.store import audit, sessions


@asynccontextmanager
async def following(browser: Browser, query: str = "") -> AsyncGenerator["Stream"]:
    """Follow a live page for the block."""
    headers = {"Host": browser.panel.host, "Cookie": f"{COOKIE}={browser.cookie}"}
    url = f"{browser.panel.url}/tree/events{query}"
    async with browser.panel.http.get(url, headers=headers) as response:
        assert response.status == 200
        yield Stream(response.content)


class Stream:
    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content
        self.seen: list[tuple[str, str]] = []

    async def next(self) -> tuple[str, str]:
        """The next event: its name and its data."""
        name, data = "", list[str]()
        with anyio.fail_after(10):
            while True:
                line = (await self._content.readline()).decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    data.append(line.removeprefix("data: "))
                elif not line and name:
                    self.seen.append((name, "\n".join(data)))
                    return self.seen[-1]

    async def tells(self, *words: str) -> str:
        """Wait for an event that holds these words."""
        while True:
            _, data = await self.next()
            if all(word in data for word in words):
                return data


async def test_every_place_is_on_the_page(panel: Panel) -> None:
    browser = await panel.inside("anna", "read")

    page = await browser.get("/tree")

    for place in panel.vitte.running.statistics():
        assert f'data-key="{place.path}"' in page.text
    assert "0 of 3" in page.plain
    assert "the way of an update, from its end to its beginning" in page.plain


async def test_the_page_speaks_the_operators_language(panel: Panel) -> None:
    browser = await panel.inside("anna", "read", language="ru")

    page = await browser.get("/tree")

    assert '<html lang="ru">' in page.text
    assert "работает" in page.plain
    assert "running" not in page.plain
    await browser.post("/language", {"language": "en", "to": "/tree"})
    assert "running" in (await browser.get("/tree")).plain


async def test_why_a_place_stands_there_is_said_in_either_language(panel: Panel) -> None:
    browser = await panel.inside("anna", "read", language="ru")

    page = (await browser.get("/tree")).plain

    running = panel.vitte.running
    notes = {places.note_of(running.find(each.path)) for each in running.statistics()} - {""}
    assert len(notes) > 30
    assert [note for note in notes if note in page] == []


async def test_a_fall_is_on_the_page_within_a_second(panel: Panel) -> None:
    browser = await panel.inside("anna", "read")
    async with following(browser) as stream:
        assert (await stream.next())[0] == "all"

        began = anyio.current_time()
        await panel.vitte.running.kill("vitte/updates/bot")
        row = await stream.tells('data-key="vitte/updates/bot"', "Killed: it was killed")

        assert anyio.current_time() - began < 1
        assert row.startswith("<tr")
        assert "bot fell: Killed: it was killed" in await stream.tells("bot fell")


async def test_a_quiet_tree_sends_only_what_has_changed(panel: Panel) -> None:
    browser = await panel.inside("anna", "read")
    async with following(browser) as stream:
        _, whole = await stream.next()
        name, part = await stream.next()

    assert name == "part"
    assert len(part) < len(whole) / 10


async def test_a_stream_ends_with_its_session(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitte.admin.live.CHECK_SECONDS", 0.0)
    browser = await panel.inside("anna", "read")
    async with following(browser) as stream:
        await stream.next()

        await sessions.end_all(panel.database, "anna")

        while stream.seen[-1][0] != "over":
            await stream.next()


async def test_a_stream_does_not_hold_up_the_stop(panel: Panel) -> None:
    browser = await panel.inside("anna", "read")
    async with following(browser) as stream:
        await stream.next()

        began = anyio.current_time()
        await panel.vitte.running.terminate_child("vitte/edges/admin")

        assert anyio.current_time() - began < 2


async def test_only_so_many_streams_are_open(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vitte.admin.live.MOST_STREAMS", 1)
    browser = await panel.inside("anna", "read")
    async with following(browser) as stream:
        await stream.next()

        assert (await browser.get("/tree/events")).status == 503


async def test_a_place_shows_its_falls_with_their_stacks(panel: Panel) -> None:
    browser = await panel.inside("anna", "read")
    await killed(panel.vitte.running, "vitte/edges/poller")

    page = await browser.get("/tree/place?path=vitte/edges/poller")

    assert "Killed: it was killed" in page.plain
    assert "asks Telegram for updates" in page.plain


async def test_an_act_is_asked_once_more_then_done_and_written_down(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    before = panel.vitte.running.statistics("vitte/edges/poller")[0]
    asked = await browser.get("/tree/place?path=vitte/edges/poller&ask=restart")

    done = await browser.post(
        "/tree/act", {"path": "vitte/edges/poller", "act": "restart", "reason": "it hangs"}
    )

    assert "Restart poller?" in asked.plain
    assert done.where == "/tree/place?path=vitte%2Fedges%2Fpoller&done=restart"
    assert "It was started anew." in (await browser.get(done.where)).plain
    after = panel.vitte.running.statistics("vitte/edges/poller")[0]
    assert (after.state, after.restarts) == ("running", before.restarts)
    assert after.uptime < before.uptime
    act = (await audit.list_all(panel.database, limit=1))[0]
    assert (act.who, act.noun, act.action, act.subject, act.reason) == (
        "operator:anna", "actor", "restart", "vitte/edges/poller", "it hangs",
    )  # fmt: skip


async def test_what_was_paused_rests_and_what_is_resumed_takes_up_what_waits(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    anna = panel.vitte.telegram.person("Anna", language_code="en")

    await browser.post("/tree/act", {"path": "vitte/updates/bot", "act": "pause"})
    await anna.writes("is anybody there?")
    assert panel.vitte.running.statistics("vitte/updates/bot")[0].state == "stopped"
    assert "stopped" in (await browser.get("/tree")).plain
    await browser.post("/tree/act", {"path": "vitte/updates/bot", "act": "resume"})

    assert (await anna.hears_one(within=20)).text


async def test_drained_means_nothing_waits(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    anna = panel.vitte.telegram.person("Anna", language_code="en")
    await anna.writes("hello")
    await anna.hears_one(within=20)

    done = await browser.post("/tree/act", {"path": "vitte/updates/scribe", "act": "drain"})

    assert done.status == 303
    place = panel.vitte.running.statistics("vitte/updates/scribe")[0]
    assert place.state == "stopped"
    assert place.mailbox is not None
    assert place.mailbox.depth == 0


@pytest.mark.parametrize(
    ("path", "act"),
    [
        ("vitte", "restart"),
        ("vitte/edges", "restart"),
        ("vitte/edges/admin", "pause"),
        ("vitte/stores", "restart"),
        ("vitte/stores/database", "pause"),
        ("vitte/updates/bot", "resume"),
        ("vitte/updates/bot", "explode"),
        ("vitte/nothing", "restart"),
    ],
)
async def test_the_panel_does_not_saw_off_its_own_branch(panel: Panel, path: str, act: str) -> None:
    browser = await panel.inside("anna", "owner")

    answered = await browser.post("/tree/act", {"path": path, "act": act})

    assert answered.status in {400, 404, 409}
    assert {place.state for place in panel.vitte.running.statistics()} == {"running"}


async def test_a_restart_concerns_whom_the_rule_concerns(panel: Panel) -> None:
    running = panel.vitte.running
    before = {place.path: place.uptime for place in running.statistics()}

    await places.carry_out(running, "restart", "vitte/stores/database", "vitte/edges/admin")

    younger = {p.path for p in running.statistics() if p.uptime < before[p.path]}
    assert younger == {path for path in before if path.startswith("vitte/stores/")}
    with pytest.raises(Contradiction):
        await places.carry_out(running, "resume", "vitte/stores/database", "vitte/edges/admin")


async def test_who_may_not_act_is_offered_nothing(panel: Panel) -> None:
    browser = await panel.inside("anna", "support")

    page = await browser.get("/tree/place?path=vitte/edges/poller&ask=restart")

    assert "Restart poller?" not in page.plain
    assert 'href="/tree/place?path=vitte%2Fedges%2Fpoller&amp;ask' not in page.text


async def test_with_postgresql_away_who_is_in_still_sees_the_tree(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    await browser.get("/tree")
    await panel.vitte.running.terminate_child("vitte/stores/database")

    seen, acted = await browser.get("/tree"), await browser.post("/logout")
    stranger = await panel.browser().gives_password("anna")

    assert seen.status == 200
    assert 'data-key="vitte/stores/database"' in seen.text
    assert (acted.status, stranger.status) == (503, 503)
    assert "PostgreSQL is away" in acted.plain
    await panel.vitte.running.restart_child("vitte/stores/database")


def test_a_percentile_is_estimated_as_prometheus_does() -> None:
    histogram = Histogram("x", "x", ["a"], buckets=(1, 2, 4), registry=CollectorRegistry())
    assert figures.percentile(histogram, 0.99) is None

    for value in [0.5] * 50 + [1.5] * 40:
        histogram.labels("one").observe(value)
    for value in [3.0] * 10:
        histogram.labels("other").observe(value)

    assert figures.percentile(histogram, 0.5) == pytest.approx(1.0)
    assert figures.percentile(histogram, 0.95) == pytest.approx(3.0)
    histogram.labels("one").observe(100)
    assert figures.percentile(histogram, 1.0) == 4
