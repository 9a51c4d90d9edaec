"""One measurement of pykka or xoscar in a fresh process: prints one JSON line.

They are no tools of the project: ``runtime.py --help`` says how to put them beside it.
"""

import argparse
import asyncio
import gc
import importlib
import json
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from runtime_memory import resident

clock = time.perf_counter


async def in_xoscar(scale: float) -> dict[str, float]:
    """Measure xoscar's actors in their main pool."""
    xoscar: Any = importlib.import_module("xoscar")  # beside, if at all

    pool: Any = await xoscar.create_actor_pool("127.0.0.1:0", n_process=0)

    class Adder(xoscar.Actor):
        def __init__(self) -> None:
            self.sum = 0

        async def bump(self, number: int) -> None:
            self.sum += number

        async def add(self, number: int) -> int:
            return number + 1

        async def total(self) -> int:
            return self.sum

    async with pool:

        async def make(name: str) -> Any:
            return await xoscar.create_actor(Adder, address=pool.external_address, uid=name)

        return await _through(make, xoscar.destroy_actor, int(20_000 * scale))


async def _through(
    make: Callable[[str], Awaitable[Any]], destroy: Callable[[Any], Awaitable[Any]], count: int
) -> dict[str, float]:
    adder = await make("adder")
    began = clock()
    for _ in range(count):
        await adder.bump.tell(1)
    while await adder.total() < count:  # noqa: ASYNC110 - a peer has no event to give
        await asyncio.sleep(0)
    found = {"tell_bounded": count / (clock() - began)}

    async def caller(asks: int) -> None:
        for number in range(asks):
            if await adder.add(number) != number + 1:
                raise AssertionError

    for name, callers in (("ask_seq", 1), ("ask_100", 100)):
        began = clock()
        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(caller(count // callers))
        found[name] = count / (clock() - began)
    gc.collect()
    before, began = resident(), clock()
    made = [await make(str(number)) for number in range(count // 2)]
    started, grown = clock(), resident() - before
    for one in made:
        await destroy(one)
    ended = clock()
    return found | {
        "spawn_us": (started - began) / len(made) * 1e6,
        "stop_us": (ended - started) / len(made) * 1e6,
        "idle_bytes": grown / len(made),
    }


def in_pykka(scale: float) -> dict[str, float]:
    """Measure pykka's actors, a thread each."""
    pykka: Any = importlib.import_module("pykka")  # beside, if at all
    done = threading.Event()
    tells, asks = int(100_000 * scale), int(10_000 * scale)

    class Adder(pykka.ThreadingActor):
        sum = 0

        def on_receive(self, message: Any) -> Any:
            if message.__class__ is not int:
                return message[0] + 1
            self.sum += message
            if self.sum == tells:
                done.set()
            return None

    adder: Any = Adder.start()
    began = clock()
    for _ in range(tells):
        adder.tell(1)
    done.wait()
    found = {"tell": tells / (clock() - began)}
    for name, callers in (("ask_seq", 1), ("ask_100", 100)):
        found[name] = asks / _asking(adder, callers, asks // callers)
    adder.stop()
    return found | _many_threads(Adder.start, int(1_000 * scale))


def _asking(adder: Any, callers: int, count: int) -> float:
    def caller() -> None:
        for number in range(count):
            if adder.ask((number,)) != number + 1:
                raise AssertionError

    threads = [threading.Thread(target=caller) for _ in range(callers)]
    began = clock()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return clock() - began


def _many_threads(start: Callable[[], Any], many: int) -> dict[str, float]:
    gc.collect()
    before, began = resident(), clock()
    made = [start() for _ in range(many)]
    started, grown = clock(), resident() - before
    for one in made:
        one.stop(block=True)
    return {
        "spawn_us": (started - began) / many * 1e6,
        "stop_us": (clock() - started) / many * 1e6,
        "idle_bytes": grown / many,
    }


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("peer", choices=["pykka", "xoscar"])
    arguments.add_argument("--scale", type=float, default=1.0)
    given = arguments.parse_args()
    if given.peer == "pykka":
        print(json.dumps(in_pykka(given.scale)))
    else:
        print(json.dumps(asyncio.run(in_xoscar(given.scale))))
