"""One measurement of vitte.runtime in a fresh process: prints one JSON line.

Rates are per second; ``*_us`` are microseconds an actor; ``idle_bytes`` is the
growth of resident memory an idle actor. Messages are Structs that are made once,
as the peers send small numbers: what is measured is the way, not the message.
"""

import argparse
import gc
import json
import statistics
import time

import anyio
from msgspec import Struct
from runtime_memory import resident

from vitte.runtime import (
    INFINITY,
    ONE_FOR_ONE,
    Child,
    Dynamic,
    Life,
    Mailbox,
    Ref,
    Registry,
    Reply,
    Supervisor,
    start,
    within,
)

clock = time.perf_counter
PATIENCE = 60.0


class Add(Struct, frozen=True, kw_only=True):
    """Add this much."""

    n: int


class Next(Struct, frozen=True, kw_only=True):
    """Which number comes after this one?"""

    n: int
    reply: Reply[int]


class Fall(Struct, frozen=True, kw_only=True):
    """Fall over."""


Message = Add | Next | Fall
OFTEN = within(10_000_000, seconds=1)


class Counter:
    """Adds up; answers; falls when asked."""

    def __init__(self, goal: int = -1, done: anyio.Event | None = None) -> None:
        self.n = 0
        self.goal = goal
        self.done = done

    async def run(self, life: Life[Message]) -> None:
        """Serve one message after the other."""
        life.ready()
        receive = life.receive
        while True:
            message = await receive()
            if isinstance(message, Add):
                self.n += message.n
                if self.n == self.goal and self.done is not None:
                    self.done.set()
            elif isinstance(message, Next):
                message.reply.send(message.n + 1)
            else:
                raise RuntimeError("asked to fall")  # noqa: TRY004 - it is no mistake of a type


class Batches(Counter):
    """The same, with the natural batch."""

    async def run(self, life: Life[Message]) -> None:
        """Serve all that wait."""
        life.ready()
        while True:
            for message in await life.receive_all():
                if isinstance(message, Add):
                    self.n += message.n
            if self.n >= self.goal and self.done is not None:
                self.done.set()


def tree(box: Mailbox[Message], actor: Counter | None = None) -> Supervisor:
    """Give a tree of one actor."""
    child = Child("counter", (lambda: actor) if actor else Counter, mailbox=box, shutdown=INFINITY)
    return Supervisor("bench", ONE_FOR_ONE, OFTEN, [child])


async def tell_rate(count: int, *, bounded: bool, kind: type[Counter] = Counter) -> float:
    """Tell many, waiting for room or not, until all are handled."""
    done = anyio.Event()
    box = Mailbox[Message]("counter", capacity=1024 if bounded else count + 1)
    one = Add(n=1)
    async with start(tree(box, kind(count, done))):
        tell = box.ref.tell
        began = clock()
        for _ in range(count):
            await tell(one)
        await done.wait()
        return count / (clock() - began)


async def ask(counter: Ref[Message], n: int) -> int:
    """Ask for the next number."""
    return await counter.ask(lambda reply: Next(n=n, reply=reply), within=PATIENCE)


async def ask_rate(count: int, callers: int) -> float:
    """Ask one after the other, from so many callers."""
    box = Mailbox[Message]("counter")

    async def caller() -> None:
        ref = box.ref
        for i in range(count // callers):
            n: int = await ref.ask(lambda reply, i=i: Next(n=i, reply=reply), within=PATIENCE)
            if n != i + 1:
                raise AssertionError

    async with start(tree(box)):
        began = clock()
        async with anyio.create_task_group() as group:
            for _ in range(callers):
                group.start_soon(caller)
        return count / (clock() - began)


async def many(count: int) -> dict[str, float]:
    """Start many dynamic children, each ready, and stop them one by one."""
    registry = Registry[int, Message]("many")
    spec = Dynamic("many", registry, lambda _: Counter(), OFTEN)
    async with start(Supervisor("bench", ONE_FOR_ONE, OFTEN, [spec])):
        gc.collect()
        before = resident()
        began = clock()
        for key in range(count):
            await registry.ref(key)
        started = clock()
        grown = resident() - before
        stopping = clock()
        for key in range(count):
            await registry.stop(key)
        stopped = clock()
    return {
        "spawn_us": (started - began) / count * 1e6,
        "stop_us": (stopped - stopping) / count * 1e6,
        "idle_bytes": grown / count,
    }


async def fall_to_ready(count: int) -> float:
    """Tell one to fall, then ask: microseconds until the next life answers."""
    box = Mailbox[Message]("counter", deliveries=1)
    took: list[float] = []
    async with start(tree(box)):
        await ask(box.ref, 1)
        for i in range(count):
            began = clock()
            await box.ref.tell(Fall())
            while True:
                try:
                    await ask(box.ref, i)
                except Exception:  # noqa: BLE001, S112 - it was asked before it fell
                    continue
                break
            took.append(clock() - began)
    return statistics.median(took) * 1e6


async def measure(scale: float, only_many: int) -> dict[str, float]:
    """Measure everything once, or only the start and stop of so many."""
    if only_many:
        return await many(only_many)
    tells, asks = int(200_000 * scale), int(40_000 * scale)
    found = {
        "tell": await tell_rate(tells, bounded=False),
        "tell_bounded": await tell_rate(tells, bounded=True),
        "tell_batch": await tell_rate(tells, bounded=True, kind=Batches),
        "ask_seq": await ask_rate(asks, 1),
        "ask_100": await ask_rate(asks * 5 // 2, 100),
    }
    found |= await many(int(10_000 * scale))
    found["restart_us"] = await fall_to_ready(int(300 * scale) or 1)
    return found


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--loop", choices=["asyncio", "uvloop", "trio"], default="uvloop")
    arguments.add_argument("--scale", type=float, default=1.0)
    arguments.add_argument("--only-many", type=int, default=0)
    given = arguments.parse_args()
    trio = given.loop == "trio"
    print(
        json.dumps(
            anyio.run(
                measure,
                given.scale,
                given.only_many,
                backend="trio" if trio else "asyncio",
                backend_options={} if trio else {"use_uvloop": given.loop == "uvloop"},
            )
        )
    )
