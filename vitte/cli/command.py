"""What the commands have in common: how they are declared, and the configuration they read."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from vitte import config_reader
from vitte.config import Config, jobs, unfit
from vitte.config_reader import Loaded

# What must be there, for who looks at the rest of a configuration and opens nothing.
NOWHERE: Final = {
    "VITTE_TELEGRAM_TOKEN": "0:none",
    "VITTE_DATABASE_URL": "postgresql://",
    "VITTE_REDIS_URL": "redis://",
}


class Commands(Protocol):
    """What argparse gives for declaring commands; its own class has no public name."""

    def add_parser(
        self, name: str, *, description: str, formatter_class: type
    ) -> argparse.ArgumentParser:
        """Declare one more command."""
        ...


def add(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    explained: str,
) -> argparse.ArgumentParser:
    """Declare a command: what it runs, and the whole story for its ``--help``."""
    parser = commands.add_parser(
        name,
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
    loaded = load(given.config, os.environ)
    for warning in loaded.warnings:
        print(f"vitte: {warning}", file=sys.stderr)
    return loaded


def load(path: Path | None, environment: Mapping[str, str]) -> Loaded:
    """The configuration, its schedules looked at as well.

    Raises:
        BadConfiguration: It has faults.
    """
    return config_reader.load(path or config_reader.find_file(), environment, also=_unfit)


def print_json(value: Any) -> None:
    """Print something as JSON, laid out for people as well."""
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


def _unfit(config: Config) -> Iterator[tuple[str, str]]:
    """What cannot work, with the schedules and timezones that cannot be read."""
    from vitte.runtime import schedule  # noqa: PLC0415  # a start must not wait for croniter

    yield from unfit(config)
    if not schedule.is_zone(config.cron.timezone):
        yield "cron.timezone", f"{config.cron.timezone!r} is no time zone of the IANA database"
    for name, job in jobs(config.cron):
        if problem := schedule.fault_of(job.schedule):
            yield f"cron.{name}.schedule", problem
        if job.timezone and not schedule.is_zone(job.timezone):
            yield f"cron.{name}.timezone", f"{job.timezone!r} is no time zone of the IANA database"
