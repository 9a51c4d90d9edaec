"""The upgrade: a new release beside the old one, a backup before, and the way back.

The old one serves until the new one is whole. When the new one does not come up, or the
operator wants back, what it did to the schema is undone first: by its own rollbacks,
which keep what people wrote since, and only where those fail by the backup.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Final

from vitte.errors import StepFailed
from vitte.hosting import machine as machines
from vitte.hosting import program, service
from vitte.hosting.machine import Machine

EXPLAINED: Final = """\
Brings another version, as root:

  vitte upgrade vitte-0.2.0-py3-none-any.whl
  vitte upgrade --back

The database is saved and proven first; the new release is made beside the old one, which
goes on serving; then the service is started anew with it, and brings the schema up to
date. When it does not come up, the way back is taken by itself. The way back keeps what
people wrote since: the new release's migrations are undone, not the days."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words."""
    parser.add_argument("wheel", nargs="?", type=Path, help="the new version")
    parser.add_argument("--back", action="store_true", help="the release before this one")
    parser.add_argument("--no-backup", action="store_true", help="do not save the database first")
    parser.add_argument("--dry-run", action="store_true", help="look and tell, change nothing")


def run(given: argparse.Namespace) -> int:
    """Upgrade, or go back; gives the exit code.

    Raises:
        NotOurMachine, StepFailed: As their names say; the old release serves then.
    """
    machines.refuse_strange(anyway=True)
    machine = Machine(dry_run=given.dry_run)
    there = program.current()
    if there is None:
        raise StepFailed("vitte", "it is not installed here: vitte install")
    if given.back:
        return _back(machine, there)
    if given.wheel is None:
        raise StepFailed("the new version", "say which wheel, or --back")
    wheel = program.find_wheel(given.wheel)
    if wheel is None or program.is_same(there, wheel):
        machine.note(f"{there.name} is this very version: nothing is to be done.")
        return 0
    return _forward(machine, there, wheel, save=not given.no_backup)


def _forward(machine: Machine, there: Path, wheel: Path, *, save: bool) -> int:
    machine.note(f"From {there.name} to {wheel.name}:")
    saved = _save(machine) if save else None
    release = program.make(machine, wheel)
    if machine.dry_run:
        machine.note("Nothing was changed: this was a dry run.")
        return 0
    program.vitte(machine, "check-config", release=release)
    applied = _applied(machine, there)
    try:
        _serve_with(machine, release)
    except StepFailed as problem:
        machine.note(f"{release.name} does not come up: {problem}")
        _return(machine, release, there, applied, saved)
        raise StepFailed(
            release.name, f"it did not come up, and {there.name} serves again"
        ) from problem
    program.prune(machine)
    machine.note(f"{release.name} serves. Back: vitte upgrade --back")
    return 0


def _back(machine: Machine, there: Path) -> int:
    before = next(iter(program.earlier()), None)
    if before is None:
        raise StepFailed("the way back", "there is no other release")
    machine.note(f"From {there.name} back to {before.name}:")
    known = _known(machine, before)
    saved = _save(machine)
    if machine.dry_run:
        machine.note("Nothing was changed: this was a dry run.")
        return 0
    _return(
        machine, there, before, [step for step in _applied(machine, there) if step in known], saved
    )
    machine.note(f"{before.name} serves.")
    return 0


def _serve_with(machine: Machine, release: Path) -> None:
    service.stop(machine)
    program.use(machine, release)
    service.units(machine, program.units(release))
    service.restart(machine)


def _return(machine: Machine, new: Path, old: Path, applied: list[str], saved: str | None) -> None:
    """Go back to the old release, the schema with it."""
    service.stop(machine)
    beyond = [step for step in _applied(machine, new) if step not in applied]
    if beyond and machine.step(f"undo {', '.join(beyond)}", needed=True):
        try:
            program.vitte(machine, "migrate", "rollback", "--steps", str(len(beyond)), release=new)
        except StepFailed:
            if saved is None:
                raise
            machine.note(f"They cannot be undone: the database comes back from {saved}")
            program.vitte(machine, "restore", saved, release=new)
    program.use(machine, old)
    service.units(machine, program.units(old))
    service.restart(machine)


def _save(machine: Machine) -> str | None:
    if not machine.step("save the database, and prove it", needed=True):
        return None
    return json.loads(program.vitte(machine, "backup", "--verify", "--json"))["path"]


def _applied(machine: Machine, release: Path) -> list[str]:
    """The migrations that are applied, as a release sees them."""
    steps = json.loads(program.vitte(machine, "migrate", "status", "--json", release=release))
    return [step["id"] for step in steps if step["applied_at"]]


def _known(machine: Machine, release: Path) -> list[str]:
    """The migrations that a release has."""
    said = program.vitte(machine, "migrate", "status", release=release)
    return re.findall(r"^(\S+)", said, re.MULTILINE)
