"""``vitte uninstall``: see ``vitte.hosting.uninstall``, which does it."""

import argparse

from vitte.cli import command
from vitte.hosting import uninstall


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "uninstall", run, explained=uninstall.EXPLAINED)
    uninstall.add_arguments(parser)


def run(given: argparse.Namespace) -> int:
    """Do it."""
    return uninstall.run(given)
