"""One measurement of one peer in a fresh process: prints one JSON line, as runtime_own does.

``bare`` is the limit: a deque, and one future of the loop for whoever waits, with no
type, no bound but a count, no name, nobody who would notice a fall. What every peer
is sent is as small as can be: a number, or a pair of a place for the answer and a number.
"""

import argparse
import asyncio
import gc
import json
import math
import time
from collections import deque
from typing import Any

import anyio
from runtime_memory import resident

clock = time.perf_counter


STOP = object()


class Bare:
    """A deque, and a future for its one reader and its one writer."""

    def __init__(self, room: float = math.inf) -> None:
        self.items: deque[Any] = deque()
        self.room = room
        self.loop = asyncio.get_running_loop()
        self.reader: asyncio.Future[None] | None = None
        self.writer: asyncio.Future[None] | None = None

    def put_now(self, item: Any) -> None:
        """Put, whatever the room."""
        self.items.append(item)
        reader = self.reader
        if reader is not None:
            self.reader = None
            if not reader.done():
                reader.set_result(None)

    async def put(self, item: Any) -> None:
        """Put when there is room."""
        while len(self.items) >= self.room:
            self.writer = self.loop.create_future()
            await self.writer
        self.put_now(item)

    async def get(self) -> Any:
        """Take, and let the writer in when half is free."""
        items = self.items
        while not items:
            self.reader = self.loop.create_future()
            await self.reader
        item = items.popleft()
        writer = self.writer
        if writer is not None and len(items) <= self.room / 2:
            self.writer = None
            writer.set_result(None)
        return item


class Queue:
    """asyncio's own."""

    def __init__(self, room: float = math.inf) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue(0 if math.isinf(room) else int(room))
        self.put, self.get = self._queue.put, self._queue.get
        self.put_now = self._queue.put_nowait


class Stream:
    """A pair of anyio's memory object streams."""

    def __init__(self, room: float = math.inf) -> None:
        self.ends = anyio.create_memory_object_stream[Any](room)
        self.put, self.get = self.ends[0].send, self.ends[1].receive
        self.put_now = self.ends[0].send_nowait

    def __del__(self) -> None:
        for end in self.ends:
            end.close()


Box = Bare | Queue | Stream
BOXES: dict[str, type[Box]] = {"bare": Bare, "asyncio.Queue": Queue, "anyio streams": Stream}


class Counted:
    """What an actor of a peer has seen."""

    def __init__(self, goal: int = -1) -> None:
        self.goal = goal
        self.sum = 0
        self.done = asyncio.Event()


async def actor(box: Box, counted: Counted) -> None:
    """Add numbers; answer pairs."""
    get = box.get
    while True:
        message = await get()
        if message.__class__ is int:
            counted.sum += message
            if counted.sum == counted.goal:
                counted.done.set()
        elif message is STOP:
            return
        else:
            place, number = message
            if place is None:
                raise RuntimeError("asked to fall")
            place.set_result(number + 1)


async def ask(box: Box, number: int) -> int:
    """Ask for the next number."""
    place = asyncio.get_running_loop().create_future()
    box.put_now((place, number))
    return await place


async def in_loop(kind: type[Box], scale: float) -> dict[str, float]:
    """Measure a mailbox of the loop, with one task an actor."""
    found: dict[str, float] = {}
    for name, room in (("tell", math.inf), ("tell_bounded", 1024)):
        count = int(200_000 * scale)
        box, counted = kind(room), Counted(count)
        async with asyncio.TaskGroup() as group:
            group.create_task(actor(box, counted))
            put = box.put
            began = clock()
            for _ in range(count):
                await put(1)
            await counted.done.wait()
            found[name] = count / (clock() - began)
            await put(STOP)
    for name, callers in (("ask_seq", 1), ("ask_100", 100)):
        count = int((40_000 if callers == 1 else 100_000) * scale)
        found[name] = await _ask_rate(kind(), count, callers)
    return found | await _many(kind, int(10_000 * scale)) | {"restart_us": await _restart(kind)}


async def _ask_rate(box: Box, count: int, callers: int) -> float:
    async def caller() -> None:
        for number in range(count // callers):
            if await ask(box, number) != number + 1:
                raise AssertionError

    async with asyncio.TaskGroup() as group:
        group.create_task(actor(box, Counted()))
        began = clock()
        async with asyncio.TaskGroup() as callers_group:
            for _ in range(callers):
                callers_group.create_task(caller())
        rate = count / (clock() - began)
        box.put_now(STOP)
    return rate


async def _many(kind: type[Box], count: int) -> dict[str, float]:
    boxes: list[Box] = []
    gc.collect()
    before, began = resident(), clock()
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            box = kind()
            boxes.append(box)
            group.create_task(actor(box, Counted()))
            await asyncio.sleep(0)
        started, grown = clock(), resident() - before
        for box in boxes:
            box.put_now(STOP)
            await asyncio.sleep(0)
    return {
        "spawn_us": (started - began) / count * 1e6,
        "stop_us": (clock() - started) / count * 1e6,
        "idle_bytes": grown / count,
    }


async def _restart(kind: type[Box]) -> float:
    box, took = kind(), list[float]()

    async def keep() -> None:
        while True:
            try:
                return await actor(box, Counted())
            except RuntimeError:
                continue

    async with asyncio.TaskGroup() as group:
        group.create_task(keep())
        for number in range(300):
            began = clock()
            box.put_now((None, 0))
            await ask(box, number)
            took.append(clock() - began)
        box.put_now(STOP)
    return sorted(took)[150] * 1e6


def measure(peer: str, loop: str, scale: float) -> dict[str, float]:
    """Measure one peer once."""
    options: dict[str, Any] = {"use_uvloop": loop == "uvloop"}
    return anyio.run(in_loop, BOXES[peer], scale, backend_options=options)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("peer", choices=[*BOXES])
    arguments.add_argument("--loop", choices=["asyncio", "uvloop"], default="uvloop")
    arguments.add_argument("--scale", type=float, default=1.0)
    given = arguments.parse_args()
    print(json.dumps(measure(given.peer, given.loop, given.scale)))
