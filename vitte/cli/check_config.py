"""``vitte check-config``: is the configuration good, and what is in force?"""

import argparse

from vitte import config as configuration
from vitte.cli import command
from vitte.errors import BadConfiguration, Fault

EXPLAINED = """\
Reads the configuration as vitte run would and names every fault with its key, and
the line or the variable it came from. Where there is none it prints what is in
force, each secret as stars. Exit code 2 when there are faults.

  vitte check-config
  vitte check-config --config ./vitte.toml --json"""


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(
        commands,
        "check-config",
        run,
        explained=EXPLAINED,
    )
    command.takes_config(parser)
    command.takes_json(parser)


def run(given: argparse.Namespace) -> int:
    """Check, and show what is in force."""
    try:
        loaded = command.read_config(given)
    except BadConfiguration as refused:
        if not given.json:
            raise
        command.print_json({"ok": False, "faults": [_as_fields(f) for f in refused.faults]})
        return 2
    if given.json:
        command.print_json(
            {"ok": True, "source": loaded.source, "config": configuration.shown(loaded.config)}
        )
        return 0
    print(f"The configuration is good (read from {loaded.source}). In force:\n")
    for key in configuration.every_key():
        print(f"  {key.path:<40} {configuration.plain(key.of(loaded.config))}")
    return 0


def _as_fields(fault: Fault) -> dict[str, object]:
    return {
        "key": fault.key,
        "problem": fault.problem,
        "source": fault.source,
        "line": fault.line,
    }
