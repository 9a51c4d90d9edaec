"""``vitte install``: see ``vitte.hosting.install``, which does it."""

import argparse

from vitte.cli import command
from vitte.hosting import install


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "install", run, explained=install.EXPLAINED)
    install.add_arguments(parser)


def run(given: argparse.Namespace) -> int:
    """Do it."""
    return install.run(given)
