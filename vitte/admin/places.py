"""The places of the tree: which there are, how they do, and what an operator may do to them.

An order is written to the audit before it is carried out. The panel cannot take away
what it stands on: its own place, those above it, and the database in which its
sessions are kept may not be paused, and what would start the panel itself anew is
refused.
"""

from typing import Final, Literal, TypeAlias, cast, get_args

import anyio

from vitte.errors import Contradiction
from vitte.runtime import (
    ONE_FOR_ALL,
    ONE_FOR_ONE,
    Child,
    Dynamic,
    Place,
    Running,
    State,
    Supervisor,
)
from vitte.runtime.place import WorkerPlace
from vitte.runtime.supervisor import SupervisorPlace

Act: TypeAlias = Literal["restart", "pause", "drain", "resume"]

ACTS: Final[tuple[Act, ...]] = get_args(Act)
DRAIN_SECONDS: Final = 20.0
GLANCE_SECONDS: Final = 0.05
MOST_ALIKE: Final = 20
"""So many of the many alike are shown: those with the fullest mailboxes."""
NEEDED: Final = ("vitte/stores/database",)
"""What the panel itself cannot do without."""


def note_of(place: Place) -> str:
    """Why it stands there, in the words of the tree."""
    rules = place.rules
    return rules.note if isinstance(rules, Child | Dynamic | Supervisor) else ""


def rule_of(place: Place) -> str:
    """Whom its fall concerns, for a supervisor."""
    spec = place.spec if isinstance(place, SupervisorPlace) else None
    return spec.strategy.value if isinstance(spec, Supervisor) else ""


def acts_of(tree: Running, path: str, own: str) -> list[Act]:
    """What may be done to a place now, by who stands at ``own``."""
    place = tree.find(path)
    above = place.above
    if above is None or not isinstance(above.spec, Supervisor):
        return []  # the root, and the many alike, which come and go by themselves
    concerned = [each.path for each in _concerned(place)]
    if any(_holds(each, own) for each in concerned):
        return []
    needed = any(_holds(path, each) for each in NEEDED)
    if place.task is None:
        return ["resume"]
    acts: list[Act] = ["restart"]
    if not needed:
        acts.append("pause")
        if isinstance(place, WorkerPlace) and place.box.taken:
            acts.append("drain")
    return acts


async def carry_out(tree: Running, act: Act, path: str, own: str) -> None:
    """Do it.

    Raises:
        Contradiction: It may not be done, or not now.
        RuntimeFault: It did not start again; its supervisor remembers why.
    """
    if act not in acts_of(tree, path, own):
        raise Contradiction(f"{act} cannot be done to {path} now")
    place = tree.find(path)
    match act:
        case "restart":
            await _restart(tree, place)
        case "resume":
            await tree.restart_child(path)
        case "pause":
            await _rest(tree, path)
        case "drain":
            await _drained(cast("WorkerPlace", place))
            await _rest(tree, path)


async def _rest(tree: Running, path: str) -> None:
    """Stop it, and let systemd's watchdog know that this is meant."""
    tree.resting.add(path)
    await tree.terminate_child(path)


async def _restart(tree: Running, place: Place) -> None:
    """Stop in an orderly way and start anew, with whoever its rule concerns, as a fall would."""
    concerned = [each.path for each in _concerned(place)]
    for path in reversed(concerned):
        await tree.terminate_child(path)
    for path in concerned:
        await tree.restart_child(path)


async def _drained(place: WorkerPlace) -> None:
    """Wait until nothing waits in its mailbox and nothing is in hand; not for ever."""
    with anyio.move_on_after(DRAIN_SECONDS):
        while (  # noqa: ASYNC110  # a mailbox tells nobody when it is empty
            place.box.depth() or place.box.handled() < place.box.taken
        ):
            await anyio.sleep(GLANCE_SECONDS)


def _concerned(place: Place) -> list[Place]:
    """Who starts anew when a place does: itself, and by its supervisor's rule others that live."""
    above = place.above
    if above is None or not isinstance(above.spec, Supervisor) or place.task is None:
        return [place]
    if above.spec.strategy is ONE_FOR_ONE:
        return [place]
    siblings = list(above.children.values())
    first = 0 if above.spec.strategy is ONE_FOR_ALL else siblings.index(place)
    return [each for each in siblings[first:] if each is place or each.task is not None]


def _holds(outer: str, inner: str) -> bool:
    """Tell whether a place is another one, or above it."""
    return f"{inner}/".startswith(f"{outer}/")


def kind_of(state: str) -> str:
    """How a state is coloured."""
    kinds = {State.RUNNING.value: "good", State.IGNORED.value: "quiet", State.STOPPED.value: "bad"}
    return kinds.get(state, "warn")
