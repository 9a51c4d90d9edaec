"""A server as a child process: started, awaited until it is ready, stopped, never left behind.

Three ropes hold it. It is told to stop when we stop. Where the kernel can, it is
told to stop when we die (``setpriv --pdeathsig``). And what nevertheless
outlived us is found by its process id and its command line, and stopped, at the
next start in the same folder.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from msgspec import Struct

from vitte.dev.lock import writable
from vitte.errors import StoreDidNotStart

_STEP = 0.02
"""Seconds between two looks at a process that starts or stops."""


class Program(Struct, frozen=True, kw_only=True):
    """How a server is run: its name, its command, and the signal that ends it.

    ``privileges`` are options of setpriv: as whom it runs, when not as ourselves.
    """

    name: str
    command: Sequence[str]
    privileges: Sequence[str] = ()
    log: Path
    folder: Path
    stop: signal.Signals
    start_seconds: float = 60.0
    stop_seconds: float = 10.0


class Process:
    """A running server, from its start to its end."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._child = self._born()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it once more, after it ended."""
        self._child = self._born()

    def _born(self) -> "subprocess.Popen[bytes]":
        with writable(self._program.folder), self._program.log.open("wb") as log:
            # A session of its own: Ctrl-C in the terminal is for us, who stop it in good order.
            # Born of a thread that stays: the kernel ties the death signal to the thread.
            return subprocess.Popen(  # noqa: S603  # our own command, no shell
                _dying_with_us(self._program),
                cwd=self._program.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait until the server says that it is ready.

        Raises:
            StoreDidNotStart: when it ends instead, or takes too long; carries what it said.
        """
        deadline = time.monotonic() + self._program.start_seconds
        while not ready():
            if self._child.poll() is not None:
                raise StoreDidNotStart(self._program.name, self.said())
            if time.monotonic() > deadline:
                raise StoreDidNotStart(self._program.name, "it takes too long; " + self.said())
            time.sleep(_STEP)

    def stop(self) -> None:
        """Ask it to end, insist after a while, and return when it is gone."""
        for order in (self._program.stop, signal.SIGQUIT, signal.SIGKILL):
            self._child.send_signal(order)
            try:
                self._child.wait(self._program.stop_seconds)
            except subprocess.TimeoutExpired:
                continue
            return

    def said(self) -> str:
        """What it wrote to its log in this life."""
        return self._program.log.read_text(errors="replace")


def _dying_with_us(program: Program) -> list[str]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return list(program.command)
    death = f"--pdeathsig={program.stop.name.removeprefix('SIG')}"
    return [setpriv, death, *program.privileges, "--", *program.command]


def end_orphan(pid: int | None, mark: str, order: signal.Signals, seconds: float = 10.0) -> None:
    """End a server that outlived the process which started it, if that is what ``pid`` is.

    The number may long belong to somebody else: only a process whose command line holds
    ``mark``, the path of our folder, is ours.
    """
    if pid is None or mark not in command_line(pid):
        return
    for insisting in (order, signal.SIGKILL):
        os.kill(pid, insisting)
        deadline = time.monotonic() + seconds
        while mark in command_line(pid):
            if time.monotonic() > deadline:
                break
            time.sleep(_STEP)
        else:
            return


def command_line(pid: int) -> str:
    """Give how a process was called, or nothing when there is none (or only its shadow)."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except OSError:
        pass
    if Path("/proc/self").exists():
        return ""
    asked = ["/bin/ps", "-p", str(pid), "-o", "command="]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout  # noqa: S603  # a number


def environment() -> dict[str, str]:
    """The little that a server may see of our environment: no PG… variables, English messages."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def read_pid(path: Path) -> int | None:
    """Give the number in the first line of a file, or None."""
    try:
        return int(path.read_text(errors="replace").split("\n", 1)[0])
    except (OSError, ValueError):
        return None
