"""What the runtime's statistics cost: the runtime beside a copy of itself without them.

The copy takes down no time of coming (of one message in 64) and no time of
waiting. The number of messages stays in both: it also sees to it that an actor
that always has work lets everyone else have a turn.

Rounds in turn in one process, in processor time; prints the messages a second of
the best round of each, and the median of the ratios.
"""

import argparse
import gc
import importlib
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import uvloop

import vitte.runtime

TELLS, ASKS = 60_000, 10_000
STATISTICS = {
    "actor.py": (
        """            self.parked_at = loop.now()
            try:
                await slot
            finally:
                self.idle += loop.now() - self.parked_at
                self.parked_at = None
""",
        """            await slot
""",
    ),
    "address.py": (
        """        elif not waiting % MARKED:
            box.mark()
""",
        "",
    ),
}
"""In each file, what keeps the statistics, and what stands there without them."""


def main() -> None:
    """Measure, and print a line for tells and one for asks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=25)
    rounds: int = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        bare = _without_statistics(Path(folder))
        for name, measure in (("tells", _tells), ("asks", _asks)):
            _compare(name, measure, bare, rounds)


def _without_statistics(folder: Path) -> Any:
    """Import a copy of the runtime that keeps no statistics."""
    package = folder / "bare_runtime"
    shutil.copytree(Path(vitte.runtime.__file__).parent, package)
    for file in package.glob("*.py"):
        text = file.read_text(encoding="utf-8").replace("vitte.runtime", "bare_runtime")
        kept, bare = STATISTICS.get(file.name, ("", ""))
        if kept not in text:
            sys.exit(f"{file.name} keeps its statistics in another way now: mend this benchmark")
        file.write_text(text.replace(kept, bare) if kept else text, encoding="utf-8")
    sys.path.insert(0, str(folder))
    return importlib.import_module("bare_runtime")


def _compare(name: str, measure: Callable[[Any], Awaitable[float]], bare: Any, rounds: int) -> None:
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(rounds):
        order = ((vitte.runtime, ours), (bare, theirs))
        for runtime, rates in order if number % 2 else order[::-1]:
            rates.append(uvloop.run(_rate(measure, runtime)))
    ratio = statistics.median(one / two for one, two in zip(ours, theirs, strict=True))
    print(f"{name}: {max(ours):,.0f} a second, {max(theirs):,.0f} without; ratio {ratio:.3f}")


async def _rate(measure: Callable[[Any], Awaitable[float]], runtime: Any) -> float:
    gc.collect()
    gc.disable()
    try:
        return await measure(runtime)
    finally:
        gc.enable()


async def _tells(runtime: Any) -> float:
    box, done = runtime.Mailbox("actor"), anyio.Event()

    async def body(life: Any) -> None:
        for _ in range(TELLS):
            await life.receive()
        done.set()
        await life.receive()

    async with runtime.start(_tree(runtime, box, body)):
        began = time.process_time()
        for _ in range(TELLS):
            await box.ref.tell(1)
        await done.wait()
        return TELLS / (time.process_time() - began)


async def _asks(runtime: Any) -> float:
    box = runtime.Mailbox("actor")

    async def body(life: Any) -> None:
        while True:
            (await life.receive()).send(1)

    async with runtime.start(_tree(runtime, box, body)):
        began = time.process_time()
        for _ in range(ASKS):
            await box.ref.ask(_itself, within=5.0)
        return ASKS / (time.process_time() - began)


def _itself(reply: Any) -> Any:
    """The question is the reply alone."""
    return reply


def _tree(runtime: Any, box: Any, body: Callable[[Any], Awaitable[None]]) -> Any:
    child = runtime.Child("actor", lambda: body, mailbox=box)
    return runtime.Supervisor("top", runtime.ONE_FOR_ONE, runtime.within(1, seconds=1), [child])


if __name__ == "__main__":
    main()
