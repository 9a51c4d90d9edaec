"""Stores of a test's own, which may be killed, frozen and thawed; and actors without the rest."""

import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import anyio
import redis
from msgspec import Struct

from vitte.dev import valkey
from vitte.metrics import REGISTRY
from vitte.runtime import ONE_FOR_ONE, Events, Running, Spec, Supervisor, start, within

T = TypeVar("T")


class Server(Struct, frozen=True, kw_only=True):
    """A running server: its address, and the process that may be hurt."""

    url: str
    pid: int

    def kill(self) -> None:
        """End it as a power cut does."""
        os.kill(self.pid, signal.SIGKILL)

    @contextmanager
    def frozen(self) -> Generator[None]:
        """Let it and its children hang for the block: connections stay, answers do not come."""
        os.kill(self.pid, signal.SIGSTOP)  # before it is asked who its children are: no more come
        processes = [self.pid, *children(self.pid)]
        try:
            _signal(processes, signal.SIGSTOP)
            yield
        finally:
            _signal(processes, signal.SIGCONT)


def _signal(processes: Iterable[int], order: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(process, order)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still live."""
    return [
        int(number)
        for task in Path(f"/proc/{pid}/task").glob("*/children")
        for number in task.read_text().split()
    ]


@contextmanager
def own_redis(folder: Path) -> Generator[Server]:
    """A Valkey for the block, nobody else's."""
    with valkey.running(folder, folder, durable=False) as url:
        yield Server(url=url, pid=int((folder / "valkey" / "valkey.pid").read_text()))


@contextmanager
def looking_into(url: str) -> Generator[Any]:
    """A plain client, to see what stands in Redis; its answers are typed loosely."""
    with redis.Redis.from_url(url, decode_responses=True) as client:  # pyright: ignore[reportUnknownMemberType]  # untyped there
        yield client


@asynccontextmanager
async def living(*children: Spec, events: Events | None = None) -> AsyncGenerator[Running]:
    """A few actors under one supervisor that forgives ten falls."""
    tree = Supervisor("test", ONE_FOR_ONE, within(10, minutes=1), list(children))
    with anyio.fail_after(30):
        async with start(tree, events=events) as running:
            yield running


async def killed(running: Running, path: str) -> None:
    """Kill a place, and wait until its next life is ready."""
    before = running.statistics(path)[0].restarts
    await running.kill(path)
    with anyio.fail_after(10):
        while (now := running.statistics(path)[0]).restarts == before or now.state != "running":
            await anyio.lowlevel.checkpoint()


async def together(*calls: Callable[[], Awaitable[T]]) -> list[T]:
    """Call all at once; gives the answers in the order of the calls."""
    answers: dict[int, T] = {}

    async def call(place: int) -> None:
        answers[place] = await calls[place]()

    async with anyio.create_task_group() as group:
        for place in range(len(calls)):
            group.start_soon(call, place)
    return [answers[place] for place in range(len(calls))]


def counted(name: str, /, **labels: str) -> float:
    """The value of a metric now."""
    return REGISTRY.get_sample_value(f"vitte_{name}", labels) or 0.0
