"""``vitte upgrade``: see ``vitte.hosting.upgrade``, which does it."""

import argparse

from vitte.cli import command
from vitte.hosting import upgrade


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "upgrade", run, explained=upgrade.EXPLAINED)
    upgrade.add_arguments(parser)


def run(given: argparse.Namespace) -> int:
    """Do it."""
    return upgrade.run(given)
