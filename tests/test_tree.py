"""The whole tree: whoever is killed comes back, and the next message is answered."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgspec
import pytest

from tests.fragile import killed
from tests.processes import free_port
from tests.whole import Whole, configured, whole
from vitte import config, tree
from vitte.config import Config, Redis, Secret
from vitte.dev.telegram import LocalTelegram
from vitte.house import House
from vitte.runtime import Events, Spec, Stopped, Supervisor


def paths(spec: Spec, above: str = "") -> list[str]:
    """Every place of the tree, in the order of the start."""
    path = f"{above}/{spec.id}".lstrip("/")
    below = spec.children if isinstance(spec, Supervisor) else ()
    return [path, *[inner for child in below for inner in paths(child, path)]]


NOWHERE = Config(redis=Redis(url=Secret("redis://localhost")))
PLACES = paths(tree.plant(House(NOWHERE)))
# Its fall is the end of the process: see the tests of ``vitte run``.
ROOT = PLACES[0]


async def is_answered(vitte: Whole, name: str) -> None:
    """Write as somebody new, who is then greeted: every store is needed for that."""
    person = vitte.telegram.person(name, language_code="en")
    await person.writes("hello")
    assert (await person.hears_one(within=20)).text


async def healthy(vitte: Whole) -> None:
    with anyio.fail_after(10):
        while True:
            try:
                status, _ = await vitte.get("/api/v1/health")
            except OSError:
                status = 0
            if status == 200:
                return
            await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("part", [path for path in PLACES if path.count("/") == 1])
async def test_whoever_is_killed_comes_back_and_the_next_message_is_answered(
    vitte: Whole, part: str
) -> None:
    await is_answered(vitte, "Anna")

    for path in [place for place in PLACES if f"{place}/".startswith(f"{part}/")]:
        await killed(vitte.running, path)

        await is_answered(vitte, f"after {path}")
        await healthy(vitte)
        assert {place.state for place in vitte.running.statistics()} == {"running"}, path


def test_the_picture_has_every_place_that_runs() -> None:
    assert len(PLACES) == len(set(PLACES)) >= 18
    assert f"{ROOT}/edges/poller" in PLACES


async def test_what_runs_is_what_is_drawn(vitte: Whole) -> None:
    assert [place.path for place in vitte.running.statistics()] == PLACES


# Who falls, and who of the neighbours must not notice.
KEPT = {
    "edges/api": ("edges/metrics", "updates/bot", "edges/poller"),
    "edges/metrics": ("edges/api", "edges/poller"),
    "edges/poller": ("edges/api", "updates/chats/inbox"),
    "updates/outbox": ("updates/scribe", "updates/bot", "edges/poller"),
    "updates/scribe": ("updates/outbox", "updates/bot", "updates/chats/inbox"),
    "updates/bot": ("edges/api", "updates/chats/inbox", "stores/services/cache"),
    "updates/chats/inbox": ("updates/chats/conversations", "updates/bot", "edges/poller"),
    "updates/chats/conversations": ("updates/bot", "edges/poller"),
    "crons/worker-1": ("crons/worker-2", "crons/cron", "edges/api"),
    "crons/cron": ("crons/worker-1", "edges/api"),
    "stores/services/cache": ("stores/services/limiter", "edges/api"),
    "stores/services/limiter": ("stores/database", "updates/bot"),
}


async def test_a_fall_keeps_the_others_alive(vitte: Whole) -> None:
    def uptimes(kept: tuple[str, ...]) -> list[float]:
        return [vitte.running.statistics(f"{ROOT}/{path}")[0].uptime for path in kept]

    for path, kept in KEPT.items():
        before = uptimes(kept)

        await killed(vitte.running, f"{ROOT}/{path}")

        assert all(now > then for now, then in zip(uptimes(kept), before, strict=True)), path


async def test_the_fall_of_the_database_starts_the_services_anew(vitte: Whole) -> None:
    known = {place.path for place in vitte.running.statistics()}
    began = anyio.current_time()

    await killed(vitte.running, "vitte/stores/database")
    await is_answered(vitte, "Anna")

    places = vitte.running.statistics()
    since = anyio.current_time() - began
    younger = {place.path for place in places if place.path in known and place.uptime < since}
    assert younger == {path for path in PLACES if path.startswith("vitte/stores/")}


@pytest.mark.parametrize("down", ["bot", "scribe", "outbox", "chats", "chats/inbox"])
async def test_what_was_written_while_a_part_was_down_is_answered(vitte: Whole, down: str) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    await vitte.running.terminate_child(f"vitte/updates/{down}")
    await anna.writes("is anybody there?")

    await vitte.running.restart_child(f"vitte/updates/{down}")

    assert (await anna.hears_one(within=20)).text


@pytest.mark.parametrize("who", ["bot", "scribe", "outbox", "chats/conversations", "chats/inbox"])
async def test_many_falls_in_a_row_are_outlived(vitte: Whole, who: str) -> None:
    for number in range(4):
        await killed(vitte.running, f"vitte/updates/{who}")
        await is_answered(vitte, f"Person {number}")


async def test_a_stop_goes_in_the_reverse_order_of_the_start(
    telegram: LocalTelegram, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    events, stopped = Events(), list[str]()
    events.call(lambda event: stopped.append(event.path) if isinstance(event, Stopped) else None)
    settings = configured(telegram, database_url, redis_url, tmp_path)

    async with whole(settings, telegram, events=events) as vitte:
        await is_answered(vitte, "Anna")

    leaves = [path for path in PLACES if not any(other.startswith(f"{path}/") for other in PLACES)]
    assert [path for path in stopped if path in leaves] == leaves[::-1]


@asynccontextmanager
async def hooked(
    telegram: LocalTelegram, database_url: str, redis_url: str, folder: Path
) -> AsyncGenerator[Whole]:
    listen = f"127.0.0.1:{free_port()}"
    polled = configured(telegram, database_url, redis_url, folder, http=config.Http(listen=listen))
    hook = msgspec.structs.replace(
        polled.telegram, updates="webhook", webhook_url=f"http://{listen}/telegram"
    )
    async with whole(msgspec.structs.replace(polled, telegram=hook), telegram) as vitte:
        await telegram.called("setWebhook")
        yield vitte


async def test_by_webhook_as_well(
    telegram: LocalTelegram, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with hooked(telegram, database_url, redis_url, tmp_path) as vitte:
        await is_answered(vitte, "Anna")
        for path in ("vitte/edges/api", "vitte/updates/bot", "vitte/stores/database"):
            await killed(vitte.running, path)
            await is_answered(vitte, f"after {path}")
        assert "vitte/edges/poller" not in {place.path for place in vitte.running.statistics()}
