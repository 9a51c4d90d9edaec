"""What the benchmarks share: processes that are started, weighed and ended; tables of medians."""

import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, Final

import aiohttp
import anyio
from anyio.abc import Process
from msgspec import Struct

PATIENCE: Final = 60.0
GLANCE_SECONDS: Final = 0.005
HEALTH: Final = ("/api/v1/health", "/health")
TICKS: Final = os.sysconf("SC_CLK_TCK")
MIB: Final = 1024.0


class Peer(Struct, frozen=True, kw_only=True):
    """Something that is started and measured: its name, its command, its environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    port: int


class Figures:
    """The figures of every round, by row and column, in the order they came."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, list[float]]] = {}

    def add(self, row: str, **values: float) -> None:
        """Note what one round gave."""
        for column, value in values.items():
            self.rows.setdefault(row, {}).setdefault(column, []).append(value)

    def median(self, row: str, column: str) -> float:
        """The median of one figure."""
        return statistics.median(self.rows[row][column])

    def table(self, digits: Mapping[str, int]) -> str:
        """A Markdown table: the medians, with the least and the most."""
        columns = list(digits)
        lines = [
            ["", *columns],
            ["---", *("---:" for _ in columns)],
            *(
                [row, *(_shown(values[column], digits[column]) for column in columns)]
                for row, values in self.rows.items()
            ),
        ]
        widths = [max(len(line[place]) for line in lines) for place in range(len(columns) + 1)]
        return "\n".join(
            "| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |"
            for line in lines
        )


def _shown(values: Sequence[float], digits: int) -> str:
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:.{digits}f} ({least:.{digits}f}..{most:.{digits}f})"


def _opened(log: Path) -> IO[bytes]:
    return log.open("wb")


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


async def end(process: Process) -> None:
    """Ask it to stop; insist on the whole of what it started if it will not."""
    with anyio.CancelScope(shield=True):
        with suppress(ProcessLookupError):
            process.terminate()
        with anyio.move_on_after(20):
            await process.wait()
            return
        os.killpg(process.pid, signal.SIGKILL)  # a session of its own: nobody else is in it
        await process.wait()


async def until_healthy(peer: Peer, process: Process) -> float:
    """Ask for its health until it says 200; gives the time at which it did."""
    limit = aiohttp.ClientTimeout(total=2)
    with anyio.fail_after(PATIENCE):
        async with aiohttp.ClientSession(timeout=limit) as http:
            while True:
                for path in HEALTH:
                    with suppress(aiohttp.ClientError, OSError, TimeoutError):
                        async with http.get(f"http://127.0.0.1:{peer.port}{path}") as answer:
                            if answer.ok:
                                return time.perf_counter()
                if process.returncode is not None:
                    raise SystemExit(f"{peer.name} ended with {process.returncode}")
                await anyio.sleep(GLANCE_SECONDS)


def family(pid: int) -> list[int]:
    """A process with all that descend from it."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents.setdefault(int(_stat(path)[1]), []).append(int(path.parent.name))
    family, unseen = [pid], [pid]
    while unseen:
        children = parents.get(unseen.pop(), [])
        family += children
        unseen += children
    return family


def _stat(path: Path) -> list[str]:
    """The fields of /proc/PID/stat from the state on; the name before may hold anything."""
    return path.read_text().rpartition(")")[2].split()


def cpu(pid: int) -> float:
    """CPU seconds of a process and all that descend from it."""
    spent = 0
    for member in family(pid):
        with suppress(OSError):
            fields = _stat(Path(f"/proc/{member}/stat"))
            spent += int(fields[11]) + int(fields[12])
    return spent / TICKS


def weigh(pid: int) -> dict[str, float]:
    """Memory in MiB: PSS shares what is shared among those who share it, RSS counts it whole."""
    weight = {"Pss": 0.0, "Rss": 0.0}
    for member in family(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                name, _, value = line.partition(":")
                if name in weight:
                    weight[name] += int(value.split()[0]) / MIB
    return weight


def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def progress(words: str) -> None:
    """Say on the terminal what is going on, in one line that is written over."""
    end = "" if sys.stderr.isatty() else "\n"
    if words or end == "":
        print(f"\r\033[K{words}" if end == "" else words, end=end, file=sys.stderr, flush=True)


@asynccontextmanager
async def started(peer: Peer, folder: Path) -> AsyncGenerator[tuple[Process, float]]:
    """Run it for the block; gives the process and the time at which it was started."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    log = folder / "process.log"
    with _opened(log) as stream:
        began = time.perf_counter()
        process = await anyio.open_process(
            peer.command, env={**kept, **peer.environment}, stdin=subprocess.DEVNULL,
            stdout=stream, stderr=stream, start_new_session=True,
        )  # fmt: skip
        try:
            yield process, began
        except BaseException:
            print(_last_words(log), file=sys.stderr)
            raise
        finally:
            await end(process)
