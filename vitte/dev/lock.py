"""The data folder's lock: one vitte at a time works in a folder.

The lock is the kernel's and goes with the process that holds it, however that
ends. The file's content, the holder's process id, only serves to say who it is.
"""

import errno
import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from vitte.errors import DataFolderTaken, DataFolderUnfit


@contextmanager
def hold(folder: Path) -> Generator[None]:
    """Make the folder if need be, and hold it for the block.

    Raises:
        DataFolderTaken: when another process holds it.
        DataFolderUnfit: when it cannot be written into.
    """
    with writable(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, folder)
        with writable(folder):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


def is_held(folder: Path) -> bool:
    """Tell whether some process holds the folder; makes nothing."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def writable(folder: Path) -> Generator[None]:
    """Turn what a disk may refuse within the block into a sentence with the next step."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DataFolderUnfit(folder, "the disk is full", "free some space") from error
        advice = "choose another folder (VITTE_DATA) or make it writable"
        raise DataFolderUnfit(folder, error.strerror or str(error), advice) from error


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode()
        raise DataFolderTaken(folder, int(holder) if holder.isdigit() else None) from None
