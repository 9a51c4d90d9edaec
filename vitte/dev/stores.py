"""PostgreSQL and Valkey for ``vitte dev`` and for the tests: started, found, stopped together.

Owns one data folder::

    lock          held while somebody works here
    state.json    how to reach the servers, while they run
    postgres/     the cluster; postgres.log beside it
    valkey/       the append-only file; valkey.log beside it
    run/          the sockets (elsewhere when this path is too long for one)

What the servers hold lives on between runs; ``forget`` throws it away.
"""

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from vitte.dev import lock, postgres, valkey
from vitte.errors import DataFolderUnfit, NothingRuns

_OURS = (
    "postgres",
    "postgres.unfinished",
    "valkey",
    "run",
    "postgres.log",
    "valkey.log",
    "state.json",
)

_LONGEST_SOCKET = 100
"""Bytes of a socket's path: the kernel takes 107 here, 103 elsewhere."""


class Stores(Struct, frozen=True, kw_only=True):
    """How to reach the running stores, and the process that runs them."""

    pid: int
    database_url: str
    redis_url: str


@contextmanager
def running(
    folder: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None
) -> Generator[Stores]:
    """Run both stores in a folder for the block.

    It blocks, for a second or three at the first start: enter it before the event loop, which
    it should outlive, and on a thread that stays (the servers end with it). ``durable`` False
    makes them quick and their data worth nothing; ``settings`` are PostgreSQL's own, as a
    benchmark wants them.

    Raises:
        DataFolderTaken: when another process works in the folder.
        DataFolderUnfit: when the folder or what it holds cannot be used; says what to do.
        EmbeddedMissing: when the wheels are not installed.
    """
    folder = folder.resolve()
    with (
        lock.hold(folder),
        _sockets(folder) as sockets,
        postgres.running(folder, sockets, durable=durable, settings=settings) as database_url,
        valkey.running(folder, sockets, durable=durable) as redis_url,
    ):
        stores = Stores(pid=os.getpid(), database_url=database_url, redis_url=redis_url)
        state = folder / "state.json"
        with lock.writable(folder):
            state.write_bytes(msgspec.json.encode(stores))
        try:
            yield stores
        finally:
            state.unlink(missing_ok=True)


def find(folder: Path) -> Stores:
    """Give how to reach the stores that run in a folder.

    Raises:
        NothingRuns: when none do.
    """
    if not lock.is_held(folder):
        raise NothingRuns(folder)
    try:
        return msgspec.json.decode((folder / "state.json").read_bytes(), type=Stores)
    except (OSError, msgspec.MsgspecError):
        raise NothingRuns(folder) from None


def forget(folder: Path) -> None:
    """Throw away what the stores keep in a folder, and nothing else that may lie there.

    Raises:
        DataFolderTaken: when another process works in the folder.
    """
    folder = folder.resolve()
    with lock.hold(folder), lock.writable(folder):
        postgres.stop_orphan(folder)
        valkey.stop_orphan(folder)
        for name in _OURS:
            path = folder / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


@contextmanager
def _sockets(folder: Path) -> Generator[Path]:
    near = folder / "run"
    if len(os.fsencode(near / ".s.PGSQL.5432")) <= _LONGEST_SOCKET and '"' not in str(near):
        with lock.writable(folder):
            near.mkdir(mode=0o700, exist_ok=True)
        yield near
        return
    # The same name each time, so that what a killed run leaves is used again instead of piling up.
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    far = Path(tempfile.gettempdir()) / f"vitte-{digest}"
    with lock.writable(far):
        far.mkdir(mode=0o700, exist_ok=True)
    _refuse_foreign(far)
    try:
        yield far
    finally:
        shutil.rmtree(far, ignore_errors=True)


def _refuse_foreign(far: Path) -> None:
    # Anybody may make a folder of that name in a place open to all, and would own our sockets.
    status = far.lstat()
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    if not ours or stat.S_IMODE(status.st_mode) & 0o077:
        raise DataFolderUnfit(
            far, "it is not ours alone", "remove it, or use a shorter data folder"
        )
