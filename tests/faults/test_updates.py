"""Updates that come again, come in a crowd, or break us: once each, in order, and the chat goes on."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import msgspec
import pytest
from anyio import to_thread

from tests.faults.books import Counted
from tests.faults.lives import Lives
from tests.faults.own import Own
from tests.faults.scene import Plan, Player, Scene, staged
from tests.faults.wire import Wire
from tests.processes import vitte_does
from vitte.config import Secret, Telegram
from vitte.dev.telegram import Person
from vitte.store.queries import Query

NOBODY_ANSWERS = Query(
    name="nobody_answers", intent="", statement=b"UPDATE characters SET active = false"
)
ALL_ANSWER = Query(name="all_answer", intent="", statement=b"UPDATE characters SET active = true")


def message(update: int, person: Person, **content: Any) -> dict[str, Any]:
    return {
        "update_id": update,
        "message": {
            "message_id": 7,
            "date": 1_700_000_000,
            "chat": person.chat.info,
            "from": person.user,
            **content,
        },
    }


@pytest.mark.parametrize("how", ["polling", "webhook"])
async def test_the_same_update_at_once_and_after_a_restart_is_answered_once(
    lives: Lives, how: str
) -> None:
    hook = {"telegram_updates": how, "telegram_webhook_url": f"http://{lives.http}/hook"}
    secret = Telegram(token=Secret(lives.telegram.token)).secret_token()
    anna = lives.telegram.person("Anna", language_code="en")
    anna.ear()
    update = message(5_000, anna, text="hello")
    lives.books.handed_over(update["update_id"])

    async def bring_three_times() -> None:
        if how == "polling":
            for _ in range(3):
                lives.telegram.deliver(update)
            await lives.telegram.drained(within=20)
            return
        async with aiohttp.ClientSession() as http, anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(post, http, f"http://{lives.http}/hook")

    async def post(http: aiohttp.ClientSession, url: str) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        async with http.post(url, json=update, headers=headers) as response:
            assert response.status == 200

    for _ in range(2):
        async with lives.one("--no-migrate", **hook) as living:
            await living.says("Bot started successfully")
            await bring_three_times()
            await anna.writes("and then?")  # what was brought before it is done with by then
            await anna.sees(lambda _: len(anna.messages) == len(asked(anna)) * 2 + 1, within=20)
            await lives.books.settled()

    books = await lives.books.balanced()
    assert (books.received, books.answered, books.sent) == (3, 3, 3)
    assert len(lives.telegram.calls("sendMessage", chat=anna.id)) == 3


def asked(person: Person) -> list[str]:
    return [each.text for each in person.messages if each.raw["from"]["id"] == person.id]


async def test_a_hundred_messages_of_one_chat_keep_their_order_among_fifty_chats(
    own: Own, tmp_path: Path
) -> None:
    async with staged(own, tmp_path, people=50) as scene:
        talkative, *others = scene.crowd.people
        for number in range(100):
            await scene.crowd.one_writes(talkative)
            await scene.crowd.one_writes(others[number % len(others)])
        await scene.crowd.hears(within=60)
        books = await scene.books.settled()
        await scene.books.metrics_balance(scene.metrics, scene.before)

        assert await scene.crowd.accounted(scene.database) == 0
    assert books.answered == books.sent == 250
    # Without a fault, what was heard is what was answered: exactly that, in that order.
    assert len(scene.crowd.heard[talkative.id]) == 101


def test_backends_that_are_killed_cost_nobody_an_answer(player: Player, own: Own) -> None:
    seen = player(Plan(own=own, trouble=backends_killed, times=5))

    assert seen.unanswered == 0
    assert seen.told() <= {(200, "ok"), (503, "down")}  # its own connection may be the one
    assert {look.read for look in seen.during} <= {200, 503}
    seen.is_well()


@asynccontextmanager
async def backends_killed(scene: Scene) -> AsyncGenerator[None]:
    """One after the other, whichever is at work."""

    async def kill() -> None:
        while True:
            killed = await to_thread.run_sync(scene.own.does, KILL_ONE.format(scene.name))
            assert killed <= 1
            await anyio.sleep(0.05)

    async with anyio.create_task_group() as group:
        group.start_soon(kill)
        yield
        group.cancel_scope.cancel()


KILL_ONE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = '{}' AND application_name = 'vitte' ORDER BY query_start DESC LIMIT 1
"""


async def test_what_was_committed_and_not_told_is_not_done_again(own: Own, tmp_path: Path) -> None:
    wire = Wire(own.folder, b"WITH kept AS")
    async with staged(own, tmp_path, wire=wire) as scene:
        for _ in range(4):
            wire.cut_next()
            await scene.crowd.write()
            await scene.crowd.hears()
        books = await scene.books.settled()
        await scene.books.metrics_balance(scene.metrics, scene.before)
        assert await scene.crowd.accounted(scene.database) == 0

    assert wire.cuts == 4
    assert (books.answered, books.sent, books.failed) == (60, 60, {})


async def test_a_poison_update_becomes_a_letter_and_its_chat_goes_on(
    own: Own, tmp_path: Path
) -> None:
    async with staged(own, tmp_path) as scene:
        anna, boris = scene.crowd.people[:2]
        for person in (anna, boris):
            await person.hears_one()
        poison = scene.telegram.deliver(message(9_000_000_000, anna, text=["no", "text"]))
        await anna.writes("/help")
        await boris.writes("/help")
        await boris.hears_one(within=2)  # nobody else waits
        apology, help_ = await anna.hears(2, within=20)
        books = await scene.books.settled()
        await scene.books.metrics_balance(scene.metrics, scene.before)

        assert sum(books.failed.values()) == 1
        assert "broke 3 times" in next(iter(books.failed))
        assert "our" in apology.text
        assert "/status" in help_.text
        assert [letter["id"] for letter in await letters(scene, "list")] == [poison]
        await letters(scene, "drop", str(poison))
        assert (await scene.books.balanced()).refused == {"dropped": 1}


async def test_a_letter_that_is_put_back_is_answered_when_its_cause_is_gone(
    own: Own, tmp_path: Path
) -> None:
    async with staged(own, tmp_path) as scene:
        await scene.database.change(NOBODY_ANSWERS)
        vera = scene.telegram.person("Vera", language_code="en")
        await vera.writes("hello")
        apology = await vera.hears_one(within=20)
        books = await scene.books.settled()
        [letter] = await letters(scene, "list")

        await scene.database.change(ALL_ANSWER)
        await letters(scene, "requeue", str(letter["id"]))
        answer = await vera.hears_one(within=20)
        after = await scene.books.settled()

    assert sum(books.failed.values()) == 1
    assert answer.text != apology.text
    assert (after.answered, after.failed) == (after.received, {})


async def letters(scene: Scene, *words: str) -> Any:
    """Do as an operator does."""
    config = scene.vitte.house.config
    variables: dict[str, Any] = {
        "telegram_token": config.telegram.token.reveal(),
        "database_url": config.database.url.reveal(),
        "redis_url": config.redis.url.reveal(),
    }

    def does() -> str:
        done = vitte_does("letters", *words, "--json", **variables)
        assert done.code == 0, done
        return done.out

    out = await to_thread.run_sync(does)
    return msgspec.json.decode(out) if words == ("list",) else out


NOTHING = Counted(received=0, done={}, pending=0)


async def test_three_hundred_people_and_a_slow_telegram_keep_memory_bounded(lives: Lives) -> None:
    crowd = lives.crowd(300)
    async with lives.one("--no-migrate") as living:
        await living.says("Bot started successfully")
        await crowd.write()
        await crowd.hears(within=60)
        began = memory(living.process.pid)
        with lives.telegram.slow(1, "sendMessage"):
            await crowd.write(10)
            await crowd.hears(crowd.answers + 300, within=60)
            books = await lives.books.balanced()
            backlog = books.pending + books.waiting + len(lives.telegram.bot.updates.pending)
        await crowd.hears(within=90)
        grown = memory(living.process.pid) - began
        books = await lives.books.settled()
        await lives.books.metrics_balance(lives.metrics, NOTHING)
    assert await crowd.accounted(lives.database) == 0

    assert backlog > 1_000  # it stood in the tables, not in memory
    assert grown < 40 * 2**20, grown
    assert (books.received, books.answered, books.sent) == (3_300, 3_300, 3_300)


def memory(pid: int) -> int:
    """The most that a process has held so far, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LookupError(pid)
