"""The service: vitte's account, its units, and their start and stop."""

from pathlib import Path
from typing import Final

from vitte.errors import StepFailed
from vitte.hosting.machine import Machine

ACCOUNT: Final = "vitte"
UNITS: Final = ("vitte.service", "vitte-backup.service", "vitte-backup.timer")
SYSTEM: Final = Path("/etc/systemd/system")
ETC: Final = Path("/etc/vitte")
CONFIG: Final = ETC / "vitte.toml"


def account(machine: Machine) -> None:
    """Have an account that nobody can log in to."""
    there = machine.says("getent", "passwd", ACCOUNT) is not None
    if machine.step(f"the account {ACCOUNT}", needed=not there):
        # Its group outlives it where somebody else was a member: Nginx's account is one.
        kept = machine.says("getent", "group", ACCOUNT) is not None
        group = ("--gid", ACCOUNT) if kept else ("--user-group",)
        machine.run("useradd", "--system", *group, "--no-create-home",
                    "--home-dir", "/var/lib/vitte", "--shell", "/usr/sbin/nologin", ACCOUNT)  # fmt: skip


def units(machine: Machine, folder: Path) -> bool:
    """Have systemd know our units, as they are in a release; gives whether one changed."""
    changed = [machine.write(SYSTEM / name, (folder / name).read_text()) for name in UNITS]
    if any(changed) and not machine.dry_run:
        machine.run("systemctl", "daemon-reload")
    for name in ("vitte.service", "vitte-backup.timer"):
        enabled = machine.says("systemctl", "is-enabled", name) == "enabled"
        if machine.step(f"{name} starts with the machine", needed=not enabled):
            machine.run("systemctl", "enable", name)
    return any(changed)


def is_active() -> bool:
    """Whether vitte runs."""
    looking = Machine(dry_run=False)
    return looking.says("systemctl", "is-active", "vitte.service") == "active"


def restart(machine: Machine) -> None:
    """Start vitte, anew if it runs; returns when its whole tree is up.

    Raises:
        StepFailed: It does not come up; carries what it said last.
    """
    if not machine.step("start vitte, and wait until its whole tree is up", needed=True):
        return
    machine.run("systemctl", "reset-failed", "vitte.service")
    try:
        machine.run("systemctl", "restart", "vitte.service")
    except StepFailed:
        last = machine.says("journalctl", "-u", "vitte", "-n", "15", "--no-pager", "-o", "cat")
        raise StepFailed("vitte does not start", last or "") from None
    if not is_active():
        raise StepFailed("vitte", "it started and ended again: journalctl -u vitte")
    timer = machine.says("systemctl", "is-active", "vitte-backup.timer")
    if timer != "active":
        machine.run("systemctl", "start", "vitte-backup.timer")


def stop(machine: Machine) -> None:
    """Stop vitte; what is in hand is finished."""
    if machine.step("stop vitte", needed=is_active()):
        machine.run("systemctl", "stop", "vitte.service")


def take_away(machine: Machine) -> None:
    """Stop everything of ours and let systemd forget it."""
    stop(machine)
    there = [name for name in UNITS if (SYSTEM / name).exists()]
    if there and machine.step(f"disable {' '.join(there)}", needed=True):
        machine.run("systemctl", "disable", "--now", *there)
    for name in there:
        machine.remove(SYSTEM / name)
    if there and not machine.dry_run:
        machine.run("systemctl", "daemon-reload")
