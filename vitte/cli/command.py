"""What the commands have in common: how they are declared, and the configuration they read."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from vitte import config_reader
from vitte.config_reader import Loaded


class Commands(Protocol):
    """What argparse gives for declaring commands; its own class has no public name."""

    def add_parser(
        self,
        name: str,
        *,
        help: str,  # noqa: A002  # argparse's word
        description: str,
        formatter_class: type,
    ) -> argparse.ArgumentParser:
        """Declare one more command."""
        ...


def add(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    summary: str,
    explained: str,
) -> argparse.ArgumentParser:
    """Declare a command: one line for the list, the whole story for its ``--help``."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=explained,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=run)
    return parser


def takes_config(parser: argparse.ArgumentParser) -> None:
    """Let a command be told where the configuration is."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the TOML file to read (else VITTE_CONFIG, else /etc/vitte/vitte.toml)",
    )


def takes_json(parser: argparse.ArgumentParser) -> None:
    """Let a command that shows something show it to a program."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def read_config(given: argparse.Namespace) -> Loaded:
    """The configuration, with a warning a line for what looks misspelt.

    Raises:
        BadConfiguration: It has faults.
    """
    loaded = config_reader.load(given.config or config_reader.find_file(), os.environ)
    for warning in loaded.warnings:
        print(f"vitte: {warning}", file=sys.stderr)
    return loaded


def print_json(value: Any) -> None:
    """Print something as JSON, laid out for people as well."""
    print(msgspec.json.format(msgspec.json.encode(value)).decode())
