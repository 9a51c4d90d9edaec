"""A bare Debian or Ubuntu in a folder, and the same booted: systemd as its first process, nobody else's network.

Which one, ``VITTE_REHEARSAL`` says: ``debian-12`` (the default), ``debian-13`` or ``ubuntu-24.04``.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from anyio import to_thread
from msgspec import Struct

from tests.fragile import children
from vitte.resources import ROOT

NEEDED = ("debootstrap", "systemd-nspawn", "nsenter", "unshare", "ip", "openssl")
PACKAGES = ("postgresql", "redis-server", "nginx", "openssl", "python3", "python3-venv", "ca-certificates", "certbot")  # fmt: skip
CACHE = Path("/var/cache/vitte-rehearsal")
SOURCE = "/src/vitte"
WHEELS = "/wheels"
WHICH = "VITTE_REHEARSAL"


class System(Struct, frozen=True, kw_only=True):
    """A system that vitte is installed on: where debootstrap finds it, who signs it, which Python it has."""

    suite: str
    python: str
    keyring: str = "/usr/share/keyrings/debian-archive-keyring.gpg"
    more: tuple[str, ...] = ()
    mirror: str = "http://deb.debian.org/debian"
    script: str = "/usr/share/debootstrap/scripts/sid"


SYSTEMS = {
    "debian-12": System(suite="bookworm", python="3.11"),
    "debian-13": System(suite="trixie", python="3.13"),
    "ubuntu-24.04": System(
        suite="noble",
        python="3.12",
        keyring="/usr/share/keyrings/ubuntu-archive-keyring.gpg",
        more=("--components=main,universe",),
        mirror="http://archive.ubuntu.com/ubuntu",
        script="/usr/share/debootstrap/scripts/gutsy",
    ),
}


def chosen() -> str:
    """The name of the system that is rehearsed."""
    name = os.environ.get(WHICH) or "debian-12"
    assert name in SYSTEMS, f"{WHICH} is one of {', '.join(SYSTEMS)}"
    return name


BARE = chosen()


def missing() -> str | None:
    """Why no machine can be booted here; None when it can."""
    absent = [name for name in NEEDED if shutil.which(name) is None]
    keyring = SYSTEMS[BARE].keyring
    if not (CACHE / BARE).exists() and not Path(keyring).exists():
        absent.append(keyring)
    if absent:
        return f"{', '.join(absent)}: not here"
    return None if os.geteuid() == 0 else "only root may boot a machine"


def made(folder: Path) -> Path:
    """A bare system, made once and kept: nothing is installed, but what will be is downloaded."""
    tree, system = folder / BARE, SYSTEMS[BARE]
    if tree.exists():
        return tree
    part = folder / f"{BARE}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    run("debootstrap", "--variant=minbase", "--include=systemd-sysv,dbus", f"--keyring={system.keyring}",
        *system.more, system.suite, str(part), system.mirror, system.script)  # fmt: skip
    run("chroot", str(part), "apt-get", "-qq", "update")
    run("chroot", str(part), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "--yes",
         "--no-install-recommends", "--download-only", "install", *PACKAGES)  # fmt: skip
    part.rename(tree)
    return tree


def downloaded(folder: Path) -> Path:
    """The wheels that the lock files name: a machine without a network installs from these.

    Every one of them, whatever Python a line is meant for: the machine's is another than ours.
    """
    wheels = folder / f"wheels-{BARE}"
    wheels.mkdir(parents=True, exist_ok=True)
    for lock in ("production", "build"):
        text = (ROOT / "locks" / f"{lock}.txt").read_text(encoding="utf-8")
        for_all = wheels / f"{lock}.txt"
        for_all.write_text(re.sub(r"(?m)^(\S+==\S+) ;[^\\\n]*", r"\1 ", text))
        run(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--require-hashes", "--only-binary=:all:", "--python-version", SYSTEMS[BARE].python,
            "--dest", str(wheels), "-r", str(for_all))  # fmt: skip
    return wheels


def cloned(tree: Path, version: str = "", change: Mapping[str, str] | None = None) -> Path:
    """The checkout as git has it, in a machine; perhaps another version, with changed files."""
    target = tree / (SOURCE.lstrip("/") + version)
    target.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    if version:
        (target / "vitte" / "__init__.py").write_text(
            f'"""Another version."""\n\n__version__ = "{version}"\n'
        )
    for name, text in (change or {}).items():
        (target / name).write_text(text)
    return target


class Done(Struct, frozen=True, kw_only=True):
    """What a command on the machine came to."""

    code: int
    out: str


class Debian:
    """A booted machine, from outside: what root types there."""

    def __init__(self, tree: Path, first: int) -> None:
        self.tree = tree
        self._first = first
        self.said: list[tuple[str, ...]] = []

    def does(self, *words: str) -> Done:
        """Have root do something there, to its end."""
        self.said.append(words)
        enter = ["nsenter", "--target", str(self._first), "--mount", "--uts", "--ipc", "--pid",
                 "--net", "--cgroup", "--root", "--wd"]  # fmt: skip
        plain = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                 "HOME": "/root", "LANG": "C.UTF-8", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS}  # fmt: skip
        done = subprocess.run(
            [*enter, "--", *words],
            env=plain,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        return Done(code=done.returncode, out=done.stdout)

    def types(self, *words: str) -> str:
        """The same, and it must go well; gives what was printed."""
        done = self.does(*words)
        assert done.code == 0, f"{' '.join(words)}: {done.code}\n{done.out}"
        return done.out

    async def typed(self, *words: str) -> str:
        """The same, while the loop goes on."""
        return await to_thread.run_sync(lambda: self.types(*words))

    def show(self, what: str, unit: str = "vitte.service") -> str:
        """One property of a unit."""
        return self.types("systemctl", "show", "--property", what, "--value", unit).strip()


@contextmanager
def booted(tree: Path, *, wheels: Path, log: Path) -> Generator[Debian]:
    """Boot a machine for the block, in this process's own network."""
    with log.open("wb") as said:
        command = ["systemd-nspawn", "--quiet", "--directory", str(tree), "--boot", "--register=no",
                   "--keep-unit", "--link-journal=no", f"--bind-ro={wheels}:{WHEELS}",
                   "--machine=rehearsal", "--console=pipe"]  # fmt: skip
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        ) as keeper:
            try:
                machine = Debian(tree, _first_process(keeper, log))
                _await_boot(machine, log)
                yield machine
            finally:
                _power_off(keeper)


def _first_process(keeper: "subprocess.Popen[bytes]", log: Path) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and keeper.poll() is None:
        for child in children(keeper.pid):
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return child
        time.sleep(0.1)
    raise AssertionError(f"the machine does not boot:\n{log.read_text(errors='replace')}")


def _await_boot(machine: Debian, log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        state = machine.does("systemctl", "is-system-running").out.strip()
        if state in {"running", "degraded"}:
            return
        time.sleep(0.2)
    raise AssertionError(f"the machine does not come up:\n{log.read_text(errors='replace')}")


def _power_off(keeper: "subprocess.Popen[bytes]") -> None:
    for order, seconds in ((signal.SIGTERM, 60), (signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        keeper.send_signal(order)
        try:
            keeper.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
        return


def run(*words: str) -> None:
    """Run something here, which must go well."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
