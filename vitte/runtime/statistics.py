"""What every place of a running tree answers when it is asked how it does."""

from typing import TYPE_CHECKING

from msgspec import Struct

from vitte.runtime.events import Frame
from vitte.runtime.spec import Supervisor

if TYPE_CHECKING:
    from vitte.runtime.place import Place


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


def statistics_of(place: "Place", *, below: bool = True) -> list[Statistics]:
    """Give the statistics of a place, and of all places below it, in start order."""
    from vitte.runtime.place import WorkerPlace  # noqa: PLC0415 - a circle
    from vitte.runtime.supervisor import SupervisorPlace  # noqa: PLC0415 - a circle

    now = place.loop.now()
    falls = tuple(
        PastFall(ago=now - f.at, reason=f.reason, stack=f.stack) for f in place.falls or ()
    )
    uptime = now - place.since if place.task is not None else 0.0
    if isinstance(place, SupervisorPlace):
        spec = place.spec
        own = Statistics(
            path=place.path,
            kind="supervisor" if isinstance(spec, Supervisor) else "dynamic",
            state=place.state.value,
            uptime=uptime,
            restarts=place.restarts,
            recent=place.window.count(now),
            allowed=spec.intensity.limit,
            period=spec.intensity.period,
            children=len(place.children),
            falls=falls,
        )
        found = [own]
        for child in place.children.values() if below else ():
            found += statistics_of(child)
        return found
    assert isinstance(place, WorkerPlace)  # noqa: S101 - there are two kinds
    box = place.box
    life = place.life
    idle = 0.0 if life is None else life.idle
    if life is not None and life.parked_at is not None:
        idle += now - life.parked_at
    return [
        Statistics(
            path=place.path,
            kind="worker",
            state=place.state.value,
            uptime=uptime,
            restarts=place.restarts,
            handled=box.handled(),
            handling=max(0.0, uptime - idle),
            mailbox=Box(
                depth=box.depth(),
                capacity=box.capacity,
                oldest=box.oldest(now),
                taken=box.taken,
                dropped=box.dropped,
                dead=box.dead,
            ),
            falls=falls,
        )
    ]
