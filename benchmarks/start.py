"""Measures how soon vitte is there and how much memory it takes: ``make bench``.

Each round starts ``vitte run`` as production does, against an embedded PostgreSQL
and Valkey and the local Telegram, in which a person has pressed Start before.
Three times are taken from the start of the process: until the first 200 of
``/api/v1/health``, until that person has read the answer, and the CPU seconds
spent up to then. Memory is weighed when all is quiet, and again after a hundred
people have pressed Start and said something.

In the same rounds fresh interpreters import aiogram alone, what vitte needs besides
it, and both: aiogram plainly and as vitte does. One that imports nothing is the
floor. What is compared is the ratio within one run: the seconds are those of the
machine and of its mood.

Everything is on loopback and in a folder that is removed; each process that is
started here is ended here, by its id.
"""

import argparse
import json
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import anyio
import measuring
import replaced
from msgspec import Struct

from vitte.dev import stores
from vitte.dev.telegram import LocalTelegram, Person
from vitte.store import migrations

EXPLAINED: Final = """\
examples:
  make bench                                five rounds of everything
  make bench ARGS="--rounds 1 --people 10"  a quick look
  make bench ARGS="--json start.json"       the figures of every round, for a program
  make bench REPLACED=/path/to/it           beside the stack that vitte replaces
  make bench ARGS='--beside "other=/path/to/other --port {port}"'

A command given with --beside is measured in the same rounds. These words in it are
filled in: {port} where it must answer /api/v1/health or /health with 200, {token} and
{telegram} (the Bot API to poll), {database} and {redis} (its own, both empty)."""

PATIENCE: Final = 60.0
QUIET_SECONDS: Final = 2.0

FLOOR, ALONE, BESIDES = "nothing", "aiogram alone, plainly", "what vitte needs besides aiogram"
QUICK, PLAIN = "the same and aiogram, as vitte does", "the same and aiogram, plainly"
_BESIDES: Final = "import aiohttp, vitte.telegram; from pydantic import BaseModel"
IMPORTS: Final = {
    FLOOR: "pass",
    ALONE: "import aiogram",
    BESIDES: _BESIDES,
    QUICK: f"{_BESIDES}; from vitte.telegram import quick_import; quick_import.now()",
    PLAIN: f"{_BESIDES}; import aiogram",
}
# Read by the interpreter itself: the CPU and the memory of the whole process, start included.
WEIGH_ITSELF: Final = """
import time
cpu = time.process_time()
with open("/proc/self/smaps_rollup") as rollup:
    kibibytes = next(line.split()[1] for line in rollup if line.startswith("Pss:"))
print(cpu, int(kibibytes) / 1024)
"""


class Scene(Struct, frozen=True, kw_only=True):
    """What all rounds share: the Telegram, the stores, a place for logs."""

    telegram: LocalTelegram
    running: stores.Stores
    folder: Path
    people: int


def main() -> int:
    """Measure, print the tables, keep the figures where asked to."""
    given = _parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="vitte-bench-") as folder:
        print("Starting PostgreSQL and Valkey ...", file=sys.stderr, flush=True)
        with stores.running(Path(folder, "stores")) as running:
            migrations.apply(running.database_url)
            return anyio.run(_measure, given, running, Path(folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench",
        description=(__doc__ or "").partition("\n\n")[0],
        epilog=EXPLAINED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5, help="how many (default 5)")
    parser.add_argument("--people", type=int, default=100, help="who come (default 100)")
    parser.add_argument(
        "--beside", action="append", default=[], metavar="NAME=COMMAND", help="measure this as well"
    )
    replaced.add_argument(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures of every round")
    return parser


async def _measure(given: argparse.Namespace, running: stores.Stores, folder: Path) -> int:
    starts, imports = measuring.Figures(), measuring.Figures()
    async with LocalTelegram.serve() as telegram:
        scene = Scene(telegram=telegram, running=running, folder=folder, people=given.people)
        peers = [_vitte(scene)]
        if given.replaced:
            peers.append(_replaced(scene, given.replaced))
        peers += [_beside(scene, words) for words in given.beside]
        for number in range(1, given.rounds + 1):
            for peer in peers:
                measuring.progress(f"round {number} of {given.rounds}: {peer.name}")
                starts.add(peer.name, **await _start_once(peer, scene))
            for name, code in IMPORTS.items():
                measuring.progress(f"round {number} of {given.rounds}: importing {name}")
                imports.add(name, **await _import_once(code))
    measuring.progress("")
    _report(starts, imports, given)
    return 0


def _report(
    starts: measuring.Figures, imports: measuring.Figures, given: argparse.Namespace
) -> None:
    print(f"From the start of the process, medians of {given.rounds} rounds (least..most):\n")
    print(starts.table({"health s": 2, "/start s": 2, "CPU s": 2}))
    print(f"\nMemory in MiB: when all is quiet, and after {given.people} people:\n")
    print(starts.table({"PSS": 0, "RSS": 0, "PSS after": 0, "RSS after": 0}))
    print("\nA fresh interpreter that imports:\n")
    print(imports.table({"CPU s": 2, "PSS MiB": 1}))
    shares = (
        f"{_share(imports, column):.2f} of the {what}"
        for column, what in (("CPU s", "CPU"), ("PSS MiB", "memory"))
    )
    print("\nvitte's import of aiogram takes", " and ".join(shares), "of the plain one.")
    if given.json:
        given.json.write_text(json.dumps({"starts": starts.rows, "imports": imports.rows}))


def _share(imports: measuring.Figures, column: str) -> float:
    """What vitte's import of aiogram costs, as a share of the plain one."""
    besides, quick, plain = (imports.median(row, column) for row in (BESIDES, QUICK, PLAIN))
    return (quick - besides) / (plain - besides)


def _vitte(scene: Scene) -> measuring.Peer:
    port, metrics = measuring.free_port(), measuring.free_port()
    return measuring.Peer(
        name="vitte run",
        command=[sys.executable, "-m", "vitte", "run"],
        port=port,
        environment={
            "VITTE_TELEGRAM_TOKEN": scene.telegram.token,
            "VITTE_TELEGRAM_API": scene.telegram.url,
            "VITTE_DATABASE_URL": scene.running.database_url,
            "VITTE_REDIS_URL": scene.running.redis_url,
            "VITTE_HTTP_LISTEN": f"127.0.0.1:{port}",
            "VITTE_METRICS_LISTEN": f"127.0.0.1:{metrics}",
        },
    )


def _replaced(scene: Scene, folder: Path) -> measuring.Peer:
    """All processes of the stack it replaces, whose tables are there before the first start."""
    port = measuring.free_port()
    told = replaced.environment(
        folder,
        database_url=scene.running.database_url.replace("/vitte?", "/postgres?"),
        redis_url=f"{scene.running.redis_url}?db=2",
        token=scene.telegram.token,
        telegram=scene.telegram.url,
    )
    replaced.create_tables(told, 0, 0, 0)
    return measuring.Peer(
        name=replaced.NAME, command=replaced.whole(port), port=port, environment=told
    )


def _beside(scene: Scene, words: str) -> measuring.Peer:
    """Read ``NAME=COMMAND``; what is beside gets an empty database and Redis of its own."""
    name, _, command = words.partition("=")
    port = measuring.free_port()
    filled = command.format(
        port=port,
        token=scene.telegram.token,
        telegram=scene.telegram.url,
        database=scene.running.database_url.replace("/vitte?", "/postgres?"),
        redis=f"{scene.running.redis_url}?db=1",
    )
    return measuring.Peer(name=name, command=shlex.split(filled), port=port, environment={})


async def _start_once(peer: measuring.Peer, scene: Scene) -> dict[str, float]:
    """Start it, take the times, weigh it, let people come, weigh it again, end it."""
    first = scene.telegram.person("Anna", language_code="en")
    await first.starts()
    async with measuring.started(peer, scene.folder) as (process, began):
        healthy = answered = 0.0

        async def watch_health() -> None:
            nonlocal healthy
            healthy = await measuring.until_healthy(peer, process) - began

        async with anyio.create_task_group() as group:
            group.start_soon(watch_health)
            await first.hears(within=PATIENCE)
            answered = time.perf_counter() - began
        cpu = measuring.cpu(process.pid)
        await anyio.sleep(QUIET_SECONDS)
        quiet = measuring.weigh(process.pid)
        await _come(scene)
        await anyio.sleep(QUIET_SECONDS)
        after = measuring.weigh(process.pid)
    return {
        "health s": healthy,
        "/start s": answered,
        "CPU s": cpu,
        "PSS": quiet["Pss"],
        "RSS": quiet["Rss"],
        "PSS after": after["Pss"],
        "RSS after": after["Rss"],
    }


async def _come(scene: Scene) -> None:
    """Let people press Start and say something, ten at a time, each waiting for the answers."""
    room = anyio.Semaphore(10)

    async def come(person: Person) -> None:
        async with room:
            await person.starts()
            await person.hears(within=PATIENCE)
            await person.writes("Hello, how was your day?")
            await person.hears(within=PATIENCE)

    async with anyio.create_task_group() as group:
        for number in range(scene.people):
            group.start_soon(come, scene.telegram.person(f"Boris {number}", language_code="ru"))


async def _import_once(code: str) -> dict[str, float]:
    done = await anyio.run_process([sys.executable, "-c", f"{code}\n{WEIGH_ITSELF}"])
    cpu, memory = done.stdout.split()
    return {"CPU s": float(cpu), "PSS MiB": float(memory)}


if __name__ == "__main__":
    raise SystemExit(main())
