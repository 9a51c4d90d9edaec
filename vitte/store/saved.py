"""Saved: backups as files, each a dump and beside it a word on what is in it.

Owns the files of one folder, ``<name>-<time>.dump`` and ``.json``. A file comes to
its place only when it is whole, and is its owner's alone. The loss of the word costs
the backup: nobody could tell whether it came back whole.
"""

import hashlib
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from vitte.errors import BackupUnfit

KEPT_AT_LEAST: Final = 3
"""So many backups stay, however old they are."""


class Shape(Struct, frozen=True, kw_only=True):
    """What a database is like, so that another can be made to take its rows."""

    name: str
    encoding: str
    collation: str
    kinds: str
    provider: str
    locale: str | None
    server: str


class Contents(Struct, frozen=True, kw_only=True):
    """What is in a backup, and how to know that it is whole."""

    made_at: datetime
    vitte: str
    shape: Shape
    rows: dict[str, int]
    size: int
    sha256: str


class Backup(Struct, frozen=True, kw_only=True):
    """A backup: its file, and what is in it."""

    path: Path
    contents: Contents


def listed(folder: Path) -> list[Backup]:
    """Give the backups of a folder, the latest first; what is not whole is none."""
    found: list[Backup] = []
    for path in sorted(folder.glob("*.dump"), reverse=True):
        with suppress(BackupUnfit):
            found.append(read(path))
    return sorted(found, key=lambda backup: backup.contents.made_at, reverse=True)


def read(path: Path) -> Backup:
    """Read what is in a backup; the file itself is not looked at.

    Raises:
        BackupUnfit: when there is none, or nothing says what is in it.
    """
    if not path.is_file():
        raise BackupUnfit(path, "there is no such file")
    try:
        contents = msgspec.json.decode(beside(path).read_bytes(), type=Contents)
    except (OSError, msgspec.MsgspecError) as problem:
        raise BackupUnfit(path, f"{beside(path).name} does not say what is in it") from problem
    return Backup(path=path, contents=contents)


def check(backup: Backup) -> None:
    """See whether a file is still the one that was written.

    Raises:
        BackupUnfit: when it is not.
    """
    if (size := backup.path.stat().st_size) != backup.contents.size:
        expected = backup.contents.size
        raise BackupUnfit(backup.path, f"it has {size} bytes, and {expected} were written")
    if digest(backup.path) != backup.contents.sha256:
        raise BackupUnfit(backup.path, "its checksum is another than when it was written")


def prune(folder: Path, *, keep_days: int, now: datetime) -> list[Path]:
    """Remove what is older than so many days; give what went. The latest few always stay."""
    gone: list[Path] = []
    for backup in listed(folder)[KEPT_AT_LEAST:]:
        if backup.contents.made_at < now - timedelta(days=keep_days):
            beside(backup.path).unlink(missing_ok=True)
            backup.path.unlink(missing_ok=True)
            gone.append(backup.path)
    return gone


@contextmanager
def arriving(path: Path) -> Generator[Path]:
    """A file beside its place, readable by its owner alone; moved there when it is whole."""
    part = path.with_name(path.name + ".part")
    part.touch(mode=0o600)
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    """Where it is said what is in a backup."""
    return path.with_suffix(".json")


def digest(path: Path) -> str:
    """The checksum of a file (SHA-256)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
