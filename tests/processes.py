"""vitte as a process of its own: started as an operator starts it, watched, and ended."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
from anyio import to_thread
from anyio.abc import Process
from msgspec import Struct

import vitte
from tests.fragile import children

PYTHONPATH = str(Path(vitte.__file__).parent.parent)


class Done(Struct, frozen=True, kw_only=True):
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return msgspec.json.decode(self.out)


def environment(**more: str) -> dict[str, str]:
    """An environment with nothing of ours in it but what is given, as ``database_url=...``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VITTE_")}
    ours = {f"VITTE_{name.upper()}": value for name, value in more.items()}
    return {**kept, "PYTHONPATH": PYTHONPATH, "PYTHONUNBUFFERED": "1", **ours}


def vitte_does(*words: str, cwd: Path | None = None, **more: str) -> Done:
    """Run a command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "vitte", *words],
        env=environment(**more),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Done(code=done.returncode, out=done.stdout, err=done.stderr)


class Living:
    """A process that runs, and what it has said so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.said = ""
        self._more = anyio.Event()

    async def listen(self) -> None:
        """Take down what it says, to its end."""
        assert self.process.stdout is not None
        async for piece in self.process.stdout:
            self.said += piece.decode()
            self._more.set()
            self._more = anyio.Event()
        self._more.set()

    async def says(self, pattern: str, within: float = 40.0) -> re.Match[str]:
        """Wait until it has said something."""
        with anyio.move_on_after(within):
            while True:
                if found := re.search(pattern, self.said):
                    return found
                await self._more.wait()
        raise AssertionError(f"it did not say {pattern!r} but:\n{self.said}")

    async def ends(self, order: signal.Signals | None = None, within: float = 30.0) -> int:
        """Send a signal, if one is given, and wait for the exit code."""
        if order is not None:
            self.process.send_signal(order)
        with anyio.fail_after(within):
            return await self.process.wait()

    def family(self) -> list[int]:
        """The processes that it has started."""
        return children(self.process.pid)


@asynccontextmanager
async def vitte_lives(*words: str, cwd: Path | None = None, **more: str) -> AsyncGenerator[Living]:
    """Run a command for the block; it is killed at the end if it still lives.

    Unless told otherwise it keeps what it keeps, its control socket too, in the folder where it runs.
    """
    if cwd is not None:
        more = {"data": str(cwd / "data"), **more}
    command = [sys.executable, "-m", "vitte", *words]
    process = await anyio.open_process(
        command,
        env=environment(**more),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    living = Living(process)
    async with process, anyio.create_task_group() as group:
        group.start_soon(living.listen)
        try:
            yield living
        finally:
            if process.returncode is None:
                process.kill()


def is_alive(pid: int) -> bool:
    """Whether a process lives, and is more than a shadow."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


async def all_gone(pids: list[int], within: float = 10.0) -> None:
    """Wait until none of these processes lives."""
    with anyio.fail_after(within):
        while await to_thread.run_sync(lambda: any(map(is_alive, pids))):
            await anyio.lowlevel.checkpoint()


@contextmanager
def taken_port() -> Generator[int]:
    """A port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def free_port() -> int:
    """A port on which nobody listens now."""
    with taken_port() as port:
        return port
