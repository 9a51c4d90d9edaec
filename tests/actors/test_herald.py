"""The herald on a hand-made notify socket: what systemd is told, and when it is told nothing."""

import os
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.fragile import counted
from vitte.actors import herald
from vitte.actors.herald import Herald, Systemd
from vitte.runtime import ONE_FOR_ONE, Child, Life, Mailbox, Running, Supervisor, start, within


class Keeper:
    """Stands in for systemd: hears what is told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)  # noqa: FBT003 - the standard library asks for it so

    def heard(self) -> list[str]:
        """All that was told since the last time."""
        found: list[str] = []
        while True:
            try:
                found.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return found

    async def hears(self, word: str) -> str:
        """Wait until something is told that holds a word."""
        with anyio.fail_after(10):
            while True:
                for news in self.heard():
                    if word in news:
                        return news
                await anyio.sleep(0.005)  # a datagram wakes nobody here

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def keeper(tmp_path: Path) -> Generator[Keeper]:
    keeper = Keeper(tmp_path / "notify")
    yield keeper
    keeper.close()


async def calm(life: Life[Any]) -> None:
    while True:
        await life.receive()


async def stuck(life: Life[Any]) -> None:
    life.ready()
    await anyio.sleep_forever()


@asynccontextmanager
async def heralded(keeper: Keeper, *children: Child[Any], **given: Any) -> AsyncGenerator[Running]:
    systemd = Systemd(str(keeper.path), watchdog_seconds=0.3)
    announcer = Child("herald", lambda: Herald(systemd, **given))
    tree = Supervisor("root", ONE_FOR_ONE, within(5, minutes=1), [*children, announcer])
    try:
        with anyio.fail_after(30):
            async with start(tree) as running:
                yield running
    finally:
        systemd.close()


async def test_a_whole_tree_is_ready_once_and_then_feeds_the_watchdog(keeper: Keeper) -> None:
    async with heralded(keeper, Child("calm", lambda: calm)):
        first = await keeper.hears("READY=1")
        second = await keeper.hears("WATCHDOG=1")

    assert "STATUS=Serving: 3 places" in first
    assert "READY=1" not in second


async def test_nothing_is_ready_before_the_last_part_is(keeper: Keeper) -> None:
    opened = anyio.Event()

    async def slow(life: Life[Any]) -> None:
        await opened.wait()
        life.ready()
        await anyio.sleep_forever()

    # Here the herald begins before the slow one: the root's own turn comes after its last child.
    systemd = Systemd(str(keeper.path), watchdog_seconds=0.3)
    children = [Child("herald", lambda: Herald(systemd)), Child("slow", lambda: slow)]
    async with anyio.create_task_group() as group:

        async def grow() -> None:
            async with start(Supervisor("root", ONE_FOR_ONE, within(5, minutes=1), children)):
                await anyio.sleep_forever()

        group.start_soon(grow)
        await anyio.sleep(0.5)  # longer than the herald's first rounds
        assert keeper.heard() == []

        opened.set()
        assert await keeper.hears("READY=1")
        group.cancel_scope.cancel()
    systemd.close()


async def test_a_dead_part_starves_the_watchdog_until_it_is_back(keeper: Keeper) -> None:
    async with heralded(keeper, Child("calm", lambda: calm)) as running:
        await keeper.hears("READY=1")
        before = counted("rounds_total", outcome="ill")

        await running.terminate_child("root/calm")
        told = await keeper.hears("Not whole")
        later = [*keeper.heard(), await keeper.hears("Not whole")]

        assert told == "STATUS=Not whole: root/calm is stopped"
        assert not any("WATCHDOG" in news for news in later)
        assert counted("rounds_total", outcome="ill") >= before + 2

        await running.restart_child("root/calm")
        assert "READY=1" not in await keeper.hears("WATCHDOG=1")


async def test_an_actor_that_takes_nothing_starves_the_watchdog(keeper: Keeper) -> None:
    box: Mailbox[str] = Mailbox("bot")
    child = Child("bot", lambda: stuck, mailbox=box)
    async with heralded(keeper, child, heard=(box,), deaf_seconds=0.4) as running:
        await keeper.hears("READY=1")
        assert await keeper.hears("WATCHDOG=1")  # nothing waits: there is nothing to take

        await box.ref.tell("hello")

        assert "bot takes nothing" in await keeper.hears("Not whole")
        assert [place.state for place in running.statistics()] == ["running"] * 3


async def test_an_actor_with_much_to_do_is_not_taken_for_stuck(keeper: Keeper) -> None:
    box: Mailbox[str] = Mailbox("bot")

    async def busy(life: Life[str]) -> None:
        while True:
            await life.receive()
            await anyio.sleep(0.05)

    child = Child("bot", lambda: busy, mailbox=box)
    async with heralded(keeper, child, heard=(box,), deaf_seconds=0.4):
        for number in range(20):
            await box.ref.tell(str(number))
        await keeper.hears("READY=1")
        await anyio.sleep(0.8)  # twice the time after which nobody may have taken anything

        assert box.depth()
        assert not any("Not whole" in news for news in keeper.heard())


async def test_a_new_life_does_not_need_a_new_line(keeper: Keeper) -> None:
    async with heralded(keeper) as running:
        await keeper.hears("READY=1")

        await running.kill("root/herald")

        # To be told twice that the start is over does systemd no harm.
        assert await keeper.hears("WATCHDOG=1")


async def test_a_keeper_that_is_gone_or_deaf_is_nobodys_fall(keeper: Keeper) -> None:
    systemd = Systemd(str(keeper.path))
    for _ in range(5_000):
        systemd.tell("WATCHDOG=1")
    keeper.close()
    systemd.tell("WATCHDOG=1")
    systemd.close()


def test_the_environment_names_the_line_and_the_watch(keeper: Keeper) -> None:
    usual = {"NOTIFY_SOCKET": str(keeper.path), "WATCHDOG_USEC": "30000000"}

    def read(**more: str) -> float | None:
        systemd = herald.listening({**usual, **more})
        systemd.tell("READY=1")
        systemd.close()
        return systemd.watchdog_seconds

    assert read() == 30.0
    assert read(WATCHDOG_PID=str(os.getpid())) == 30.0
    assert read(WATCHDOG_PID="1") is None
    assert read(WATCHDOG_USEC="soon") is None
    assert keeper.heard() == ["READY=1"] * 4


def test_a_line_outside_the_file_system_is_found() -> None:
    name = f"vitte-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(f"\0{name}")
        systemd = herald.listening({"NOTIFY_SOCKET": f"@{name}"})
        systemd.tell("READY=1", "STATUS=here")

        assert there.recv(100) == b"READY=1\nSTATUS=here"
        systemd.close()


def test_without_systemd_or_with_a_wrong_line_it_says_nothing(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
        systemd = herald.listening(environment)
        systemd.tell("READY=1")
        systemd.close()
        assert systemd.watchdog_seconds is None
