"""A disk so small that it can be filled: a file system in memory, where this process may mount one."""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE = "160m"


@contextmanager
def small_disk(folder: Path) -> Generator[Path]:
    """Mount one below a folder for the block; where that is not allowed the test is skipped."""
    place = folder / "disk"
    place.mkdir()
    options = f"size={SIZE},mode=0700"
    mounted = _run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place))
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        _run("umount", str(place))


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except FileNotFoundError as problem:
        return subprocess.CompletedProcess(command, 1, "", str(problem))
