"""``vitte tree``: the supervision tree, as it is meant and as it is."""

import argparse
import os
from pathlib import Path

import anyio

from vitte.cli import command
from vitte.config import Config, Redis, Secret
from vitte.errors import NothingRuns
from vitte.runtime import Child, NobodyAnswers, Spec, Supervisor, connected, draw, draw_live

EXPLAINED = """\
Prints the supervision tree: who stands where, under which rule, and why. The order
is the order of the start; a stop goes the other way. It needs no configuration.

With --live it asks the process that runs: state, uptime, restarts, mailboxes, rates
and the last falls, over a socket in its data folder that only its owner may open.

  vitte tree
  vitte tree --live --data .vitte
  vitte tree --live --watch            anew each second, until Ctrl-C"""

EVERY_SECONDS = 1.0
CLEAR = "\x1b[H\x1b[2J"


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "tree", run, explained=EXPLAINED)
    parser.add_argument("--live", action="store_true", help="show the process that runs")
    parser.add_argument("--watch", action="store_true", help="with --live: again and again")
    parser.add_argument(
        "--data", metavar="FOLDER", help="of the process (default: VITTE_DATA, else .vitte, else its usual place)"
    )  # fmt: skip
    command.takes_json(parser)


def run(given: argparse.Namespace) -> int:
    """Draw the tree."""
    if given.live or given.watch:
        return anyio.run(_show, _folder(given.data), given.watch, given.json)
    from vitte import house  # noqa: PLC0415  # the greater part of the program
    from vitte import tree as picture  # noqa: PLC0415  # as above

    nowhere = Config(redis=Redis(url=Secret("redis://localhost")))  # a picture opens nothing
    root = picture.plant(house.House(nowhere))
    if given.json:
        command.print_json(_as_fields(root))
    else:
        print(draw(root))
    return 0


def _folder(named: str | None) -> str:
    """Where the process keeps its socket, unless it is named."""
    usual = ".vitte" if Path(".vitte").is_dir() else Config().data
    return named or os.environ.get("VITTE_DATA") or usual


async def _show(data: str, watch: bool, as_json: bool) -> int:  # noqa: FBT001  # as they were given
    """Show the process that runs, once or until Ctrl-C."""
    from vitte.actors.watch import socket_in  # noqa: PLC0415  # only here

    before = None
    try:
        async with connected(socket_in(data)) as client:
            while True:
                snapshot = await client.snapshot()
                if as_json:
                    command.print_json(snapshot)
                else:
                    print(CLEAR * watch + draw_live(snapshot, before), flush=True)
                if not watch:
                    return 0
                before = snapshot
                await anyio.sleep(EVERY_SECONDS)
    except NobodyAnswers:
        raise NothingRuns(Path(data)) from None


def _as_fields(spec: Spec) -> dict[str, object]:
    fields: dict[str, object] = {"id": spec.id, "note": spec.note, "restart": spec.restart.value}
    if isinstance(spec, Supervisor):
        intensity = {"limit": spec.intensity.limit, "seconds": spec.intensity.period}
        fields |= {"strategy": spec.strategy.value, "intensity": intensity}
        fields["children"] = [_as_fields(child) for child in spec.children]
    elif isinstance(spec, Child):
        fields["mailbox"] = spec.mailbox is not None
    return fields
