"""The machine: what is run on it and written to it, told line by line.

Owns nothing. A step that is already as it should be says so and does nothing; in a dry
run nobody does anything. What a program says when it fails travels in the error;
secrets go by standard input and files, never by argv.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vitte.errors import NotOurMachine, StepFailed

KNOWN: Final = {("debian", "12"), ("debian", "13"), ("ubuntu", "24.04")}


class Machine:
    """This machine, seen by an operation."""

    def __init__(self, *, dry_run: bool) -> None:
        self.dry_run = dry_run
        self.changed: list[str] = []

    def step(self, what: str, *, needed: bool, changes: bool = True) -> bool:
        """Tell of a step; gives whether it is to be done now. Some change nothing that is served."""
        if not needed:
            print(f"  is     {what}", flush=True)
            return False
        print(f"  {'would' if self.dry_run else 'do   '}  {what}", flush=True)
        if changes:
            self.changed.append(what)
        return not self.dry_run

    def note(self, what: str) -> None:
        """Say something that is no step."""
        print(what, flush=True)

    def run(
        self,
        *words: str,
        stdin: str | None = None,
        more: Mapping[str, str] | None = None,
        within: float = 900,
    ) -> str:
        """Run a program to its end; give what it printed.

        Raises:
            StepFailed: It is not there, failed, or took too long.
        """
        try:
            done = subprocess.run(  # noqa: S603  # our own words, no shell
                words,
                input=stdin or "",
                env={**os.environ, "LC_ALL": "C.UTF-8", **(more or {})},
                capture_output=True,
                text=True,
                check=False,
                timeout=within,
            )
        except FileNotFoundError:
            raise StepFailed(words[0], "it is not installed") from None
        except subprocess.TimeoutExpired:
            raise StepFailed(words[0], f"it took longer than {within:g} s") from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise StepFailed(" ".join(words[:4]), said[-2000:])
        return done.stdout

    def says(self, *words: str, stdin: str | None = None) -> str | None:
        """What a program prints, or None when it is not there or fails: for looking."""
        try:
            return self.run(*words, stdin=stdin, within=60).strip()
        except StepFailed:
            return None

    def write(self, path: Path, text: str, *, mode: int = 0o644, owner: str = "root") -> bool:
        """Have a file hold this and nothing else; gives whether it had to be written."""
        there = _read(path)
        if not self.step(f"write {path}", needed=there != text):
            return there != text
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.unlink(missing_ok=True)
        # It is never open to others, not even for the moment between writing and chmod.
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
        part.chmod(mode)
        shutil.chown(part, owner, owner)
        part.rename(path)
        return True

    def folder(self, path: Path, *, mode: int, owner: str = "root") -> None:
        """Have a folder there, of this mode and owner."""
        good = path.is_dir() and path.stat().st_mode & 0o7777 == mode
        if self.step(f"folder {path}", needed=not good):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)
            shutil.chown(path, owner, owner)

    def link(self, path: Path, target: Path) -> bool:
        """Have a link lead there, exchanged in one moment; gives whether it led elsewhere."""
        good = path.is_symlink() and path.readlink() == target
        if self.step(f"link {path} to {target}", needed=not good):
            part = path.with_name(f".{path.name}.part")
            part.unlink(missing_ok=True)
            part.symlink_to(target)
            part.rename(path)
        return not good

    def remove(self, path: Path) -> None:
        """Have nothing there any more."""
        if self.step(f"remove {path}", needed=path.exists() or path.is_symlink()):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def missing(self, *packages: str) -> list[str]:
        """Which of these packages are not installed."""
        asked = ("dpkg-query", "--show", "--showformat=${db:Status-Status}")
        return [name for name in packages if self.says(*asked, name) != "installed"]

    def install(self, *packages: str) -> None:
        """Have packages of the system installed."""
        missing = self.missing(*packages)
        if self.step(f"packages {' '.join(packages)}", needed=bool(missing)):
            quiet = {"DEBIAN_FRONTEND": "noninteractive"}
            # Settings that somebody wrote before the package came are theirs, and nobody is asked.
            apt = ("apt-get", "--yes", "--quiet", "--no-install-recommends",
                   "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")  # fmt: skip
            if self.says(*apt, "--simulate", "install", *missing) is None:
                self.run("apt-get", "--quiet", "update", more=quiet)
            self.run(*apt, "install", *missing, more=quiet)


def refuse_strange(*, anyway: bool) -> None:
    """See whether this is a machine that we know, and whether we may work on it.

    Raises:
        NotOurMachine: It is not.
    """
    if os.geteuid() != 0:
        raise NotOurMachine("only root may do this: sudo")
    release = _os_release()
    system = (release.get("ID", "?"), release.get("VERSION_ID", "?"))
    if system not in KNOWN and not anyway:
        names = ", ".join(" ".join(known) for known in sorted(KNOWN))
        raise NotOurMachine(
            f"this is {' '.join(system)}; it is tried on {names} (--anyway tries it here)"
        )


def _os_release() -> dict[str, str]:
    text = _read(Path("/etc/os-release")) or ""
    pairs = (line.partition("=") for line in text.splitlines())
    return {key: value.strip('"') for key, _, value in pairs}


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return None
