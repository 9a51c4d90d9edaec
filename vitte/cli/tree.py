"""``vitte tree``: the picture of the supervision tree."""

import argparse

from vitte.cli import command
from vitte.config import Config, Redis, Secret
from vitte.runtime import Child, Spec, Supervisor, draw

EXPLAINED = """\
Prints the supervision tree: who stands where, under which rule, and why. The order
is the order of the start; a stop goes the other way. It needs no configuration.

  vitte tree            the picture, as ARCHITECTURE.md shows it
  vitte tree --json     the same for a program"""


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "tree", run, summary="draw the tree", explained=EXPLAINED)
    command.takes_json(parser)


def run(given: argparse.Namespace) -> int:
    """Draw the tree."""
    from vitte import house  # noqa: PLC0415  # the greater part of the program
    from vitte import tree as picture  # noqa: PLC0415  # as above

    nowhere = Config(redis=Redis(url=Secret("redis://localhost")))  # a picture opens nothing
    root = picture.plant(house.House(nowhere))
    if given.json:
        command.print_json(_as_fields(root))
    else:
        print(draw(root))
    return 0


def _as_fields(spec: Spec) -> dict[str, object]:
    fields: dict[str, object] = {"id": spec.id, "note": spec.note, "restart": spec.restart.value}
    if isinstance(spec, Supervisor):
        intensity = {"limit": spec.intensity.limit, "seconds": spec.intensity.period}
        fields |= {"strategy": spec.strategy.value, "intensity": intensity}
        fields["children"] = [_as_fields(child) for child in spec.children]
    elif isinstance(spec, Child):
        fields["mailbox"] = spec.mailbox is not None
    return fields
