"""The program: releases of vitte side by side below /opt/vitte, and which of them is used.

Owns ``/opt/vitte``: ``releases/<version>-<time>/`` is a virtual environment that is never
changed after it was made; ``/opt/vitte/bin`` is a link into one of them. A new release
is made beside the old one while that runs, and the change is the turn of a link.
``/opt/vitte/config`` shows what the used release brings for others to read.
"""

import os
import re
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from vitte.errors import StepFailed
from vitte.hosting.machine import Machine
from vitte.resources import ROOT

HOME: Final = Path("/opt/vitte")
RELEASES: Final = HOME / "releases"
BIN: Final = HOME / "bin"
CONFIG: Final = HOME / "config"
COMMAND: Final = Path("/usr/local/bin/vitte")
KEPT: Final = 3
LOCK: Final = "vitte/data/locks/production.txt"
WHEEL: Final = re.compile(r"vitte-([^-]+)-py3-none-any\.whl")


def find_wheel(named: Path | None) -> Path | None:
    """The wheel to install: the one that is named, else the newest of the checkout's dist/.

    Raises:
        StepFailed: The one that is named is no wheel of ours.
    """
    if named is None:
        built = sorted(ROOT.glob("dist/vitte-*.whl"), key=lambda path: path.stat().st_mtime)
        return built[-1] if built else None
    if not named.is_file() or not WHEEL.fullmatch(named.name):
        raise StepFailed(str(named), "this is no wheel of vitte (vitte-<version>-py3-none-any.whl)")
    return named


def current() -> Path | None:
    """The release that is used now."""
    return BIN.resolve().parent if BIN.is_symlink() and BIN.exists() else None


def earlier() -> list[Path]:
    """The releases that are not used, the latest first."""
    found = sorted(RELEASES.glob("*-*"), key=lambda path: path.name.rpartition("-")[2])
    return [path for path in reversed(found) if path != current() and (path / "whole").exists()]


def make(machine: Machine, wheel: Path) -> Path:
    """Make a release of a wheel, with the dependencies that it was tested with.

    Raises:
        StepFailed: It cannot be made; nothing is left of it.
    """
    found = WHEEL.fullmatch(wheel.name)
    version = found[1] if found else "0"
    release = RELEASES / f"{version}-{datetime.now(UTC):%Y%m%d%H%M%S}"
    if not machine.step(f"release {release}", needed=True):
        return release
    try:
        _fill(machine, release, wheel)
    except BaseException:
        shutil.rmtree(release, ignore_errors=True)
        raise
    return release


def _fill(machine: Machine, release: Path, wheel: Path) -> None:
    machine.run("python3", "-m", "venv", str(release))
    pip = (str(release / "bin" / "pip"), "--disable-pip-version-check", "--no-input", "--quiet")
    with tempfile.TemporaryDirectory() as folder:
        # The list of what it was tested with, hashes and all, travels in the wheel itself.
        machine.run("python3", "-m", "zipfile", "-e", str(wheel), folder)
        machine.run(*pip, "install", "--require-hashes", "-r", str(Path(folder, LOCK)))
    machine.run(*pip, "install", "--no-deps", "--no-index", str(wheel.resolve()))
    machine.run(str(release / "bin" / "python"), "-m", "compileall", "-q", str(release / "lib"))
    (release / "whole").touch()


def use(machine: Machine, release: Path) -> bool:
    """Let a release be the one that is used; gives whether another one was."""
    changed = machine.link(BIN, release / "bin")
    if brought := _brought(release):
        machine.link(CONFIG, brought / "config")
    machine.link(COMMAND, BIN / "vitte")
    return changed


def is_same(release: Path | None, wheel: Path) -> bool:
    """Whether a release was made of this very wheel."""
    found = WHEEL.fullmatch(wheel.name)
    if release is None or found is None or not release.name.startswith(f"{found[1]}-"):
        return False
    import zipfile  # noqa: PLC0415  # only here

    [packages] = release.glob("lib/python3*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if entry.filename.startswith("vitte/"):
                installed = packages / entry.filename
                if not installed.is_file() or installed.read_bytes() != archive.read(entry):
                    return False
    return True


def units(release: Path | None) -> Path:
    """Where a release has its units; in a dry run without one, where we have them."""
    return (_brought(release) or ROOT) / "systemd"


def _brought(release: Path | None) -> Path | None:
    """The files beside the code that a release brings."""
    found = [] if release is None else list(release.glob("lib/python3*/site-packages/vitte/data"))
    return found[0] if found else None


def prune(machine: Machine) -> None:
    """Remove the releases that nobody will go back to."""
    for release in earlier()[KEPT - 1 :]:
        machine.remove(release)


def vitte(machine: Machine, *words: str, release: Path | None = None) -> str:
    """Run a command of vitte's, as root would type it."""
    program = (release / "bin" if release else BIN) / "vitte"
    ours = {name: "" for name in os.environ if name.startswith("VITTE_")}
    return machine.run("env", *(f"--unset={name}" for name in ours), str(program), *words)
