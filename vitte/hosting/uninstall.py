"""The end: vitte is taken off a machine; what people wrote stays, unless it is told to go."""

import argparse
import sys
from pathlib import Path
from typing import Final

from vitte.errors import StepFailed
from vitte.hosting import machine as machines
from vitte.hosting import program, proxy, service, stores
from vitte.hosting.machine import Machine

EXPLAINED: Final = """\
Takes vitte off this machine, as root: the service, its units, the site of Nginx and the
program. The database, the secrets, the configuration and the backups stay, and
`install.sh` finds them again.

  vitte uninstall --dry-run
  vitte uninstall
  vitte uninstall --with-data        the database, /etc/vitte and the account as well

Backups in /var/backups/vitte are never removed: that is yours to do. PostgreSQL, Redis
and Nginx stay installed."""

DATA: Final = (service.ETC, Path("/var/lib/vitte"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words."""
    parser.add_argument(
        "--with-data", action="store_true", help="all that people wrote goes as well"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask once more")
    parser.add_argument("--dry-run", action="store_true", help="look and tell, change nothing")


def run(given: argparse.Namespace) -> int:
    """Take it away; gives the exit code.

    Raises:
        NotOurMachine, StepFailed: As their names say.
    """
    machines.refuse_strange(anyway=True)
    machine = Machine(dry_run=given.dry_run)
    if given.with_data and not (given.yes or given.dry_run):
        _ask()
    service.take_away(machine)
    proxy.take_away(machine)
    if given.with_data:
        stores.drop(machine)
        for folder in DATA:
            machine.remove(folder)
        if machine.step("the account vitte goes", needed=machine.says("id", "vitte") is not None):
            machine.run("userdel", service.ACCOUNT)
        # userdel leaves a group that has members, and Nginx's account is one.
        left = machine.says("getent", "group", service.ACCOUNT) is not None
        if machine.step("the group vitte goes", needed=left):
            machine.run("groupdel", service.ACCOUNT)
    # The program last: it is what runs here.
    machine.remove(program.COMMAND)
    machine.remove(program.HOME)
    machine.note("vitte is gone." if given.with_data else "vitte is gone; its data stays.")
    return 0


def _ask() -> None:
    """Ask once more, of a person.

    Raises:
        StepFailed: There is nobody, or not that word.
    """
    print("All that people wrote will be gone. Type 'all of it' to go on: ", end="", flush=True)
    if not sys.stdin.isatty() or sys.stdin.readline().strip() != "all of it":
        raise StepFailed("--with-data", "nothing was done")
