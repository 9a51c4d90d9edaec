"""What every place of a running tree answers when it is asked how it does."""

from heapq import nlargest
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from vitte.runtime.events import Frame
from vitte.runtime.mailbox import Mailbox
from vitte.runtime.spec import Supervisor

if TYPE_CHECKING:
    from vitte.runtime.place import Place, WorkerPlace
    from vitte.runtime.supervisor import SupervisorPlace


class PastFall(Struct, frozen=True, kw_only=True):
    """One fall that is remembered."""

    ago: float
    reason: str
    stack: tuple[Frame, ...]


class Box(Struct, frozen=True, kw_only=True):
    """A mailbox seen from outside; ``oldest`` is in seconds."""

    depth: int
    capacity: int
    oldest: float
    taken: int
    dropped: int
    dead: int


class Statistics(Struct, frozen=True, kw_only=True):
    """One place: times in seconds, restarts in the window and since the start."""

    path: str
    kind: str
    state: str
    uptime: float
    restarts: int
    recent: int | None = None
    allowed: int | None = None
    period: float | None = None
    children: int | None = None
    handled: int = 0
    handling: float = 0.0
    mailbox: Box | None = None
    falls: tuple[PastFall, ...] = ()


def statistics_of(
    place: "Place", *, below: bool = True, most: int | None = None
) -> list[Statistics]:
    """Give the statistics of a place, and of all places below it, in start order.

    ``most`` limits the children shown of each dynamic supervisor: the fullest mailboxes first.
    """
    from vitte.runtime.place import WorkerPlace  # noqa: PLC0415 - a circle
    from vitte.runtime.supervisor import SupervisorPlace  # noqa: PLC0415 - a circle

    if isinstance(place, WorkerPlace):
        return [_of_worker(place)]
    if not isinstance(place, SupervisorPlace):
        return []
    found = [_of_supervisor(place)]
    for child in _shown(place, most) if below else ():
        found += statistics_of(child, most=most)
    return found


def _shown(place: "SupervisorPlace", most: int | None) -> "list[Place]":
    children = list(place.children.values())
    if isinstance(place.spec, Supervisor) or most is None or len(children) <= most:
        return children
    return nlargest(most, children, key=_fullness)


def _fullness(place: "Place") -> int:
    box: Mailbox[Any] | None = getattr(place, "box", None)
    return 0 if box is None else box.depth()


def _common(place: "Place", kind: str) -> dict[str, Any]:
    now = place.loop.now()
    falls = place.falls or ()
    return {
        "path": place.path,
        "kind": kind,
        "state": place.state.value,
        "uptime": now - place.since if place.task is not None else 0.0,
        "restarts": place.restarts,
        "falls": tuple(PastFall(ago=now - f.at, reason=f.reason, stack=f.stack) for f in falls),
    }


def _of_supervisor(place: "SupervisorPlace") -> Statistics:
    intensity = place.spec.intensity
    return Statistics(
        **_common(place, "supervisor" if isinstance(place.spec, Supervisor) else "dynamic"),
        recent=place.window.count(place.loop.now()),
        allowed=intensity.limit,
        period=intensity.period,
        children=len(place.children),
    )


def _of_worker(place: "WorkerPlace") -> Statistics:
    now = place.loop.now()
    box = place.box
    known = _common(place, "worker")
    return Statistics(
        **known,
        handled=box.handled(),
        handling=0.0 if place.life is None else max(0.0, known["uptime"] - place.life.rested(now)),
        mailbox=Box(
            depth=box.depth(),
            capacity=box.capacity,
            oldest=box.oldest(now),
            taken=box.taken,
            dropped=box.dropped,
            dead=box.dead,
        ),
    )
