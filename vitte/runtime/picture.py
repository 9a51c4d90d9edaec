"""A tree drawn as text, one line a place: as it is described, and as it runs."""

from vitte.runtime.control import Snapshot
from vitte.runtime.spec import NEVER, PERMANENT, Child, Dynamic, Spec, Supervisor
from vitte.runtime.statistics import Statistics

HEADINGS = (
    "place",
    "state",
    "up",
    "restarts",
    "waiting",
    "oldest",
    "handled",
    "a second",
    "last fall",
)


def draw(spec: Spec) -> str:
    """Draw a description of a tree, with strategies, intensities and notes."""
    lines = list(_lines(spec, "", ""))
    width = max(len(left) for left, _ in lines)
    return "\n".join(f"{left:<{width}}  {note}".rstrip() for left, note in lines)


def _lines(spec: Spec, first: str, rest: str) -> list[tuple[str, str]]:
    found = [(f"{first}{spec.id}{_rules(spec)}", spec.note)]
    children = list(spec.children) if isinstance(spec, Supervisor) else []
    for child in children:
        last = child is children[-1]
        found += _lines(child, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
    return found


def _rules(spec: Spec) -> str:
    words: list[str] = []
    if isinstance(spec, Supervisor):
        words.append(spec.strategy.value)
    if isinstance(spec, Dynamic):
        words.append("one a key")
    if not isinstance(spec, Child):
        words.append(f"{spec.intensity.limit} in {_duration(spec.intensity.period)}")
        if spec.auto_shutdown is not NEVER:
            words.append(spec.auto_shutdown.value)
    if spec.restart is not PERMANENT:
        words.append(spec.restart.value)
    if spec.significant:
        words.append("significant")
    return f" ({', '.join(words)})" if words else ""


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def draw_live(snapshot: Snapshot, before: Snapshot | None = None) -> str:
    """Draw a running tree as a table.

    The rate is that since the snapshot before, or since the life began. Restarts of a
    worker are those since the start; a supervisor shows those of its window, of how many.
    """
    earlier = {place.path: place.handled for place in before.places} if before else {}
    elapsed = snapshot.at - before.at if before else 0.0
    rows = [HEADINGS, *(_row(place, earlier, elapsed) for place in snapshot.places)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    return "\n".join(_aligned(row, widths) for row in rows)


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    left = [f"{cell:<{width}}" for cell, width in zip(row[:2], widths[:2], strict=True)]
    right = [f"{cell:>{width}}" for cell, width in zip(row[2:-1], widths[2:], strict=True)]
    return "  ".join([*left, *right, row[-1]]).rstrip()


def _row(place: Statistics, earlier: dict[str, int], elapsed: float) -> tuple[str, ...]:
    *above, name = place.path.split("/")
    fall = place.falls[-1] if place.falls else None
    box = place.mailbox
    since, seconds = earlier.get(place.path, 0), elapsed or place.uptime
    rate = (place.handled - since) / seconds if seconds > 0 else 0.0
    return (
        "  " * len(above) + name,
        place.state,
        _about(place.uptime),
        str(place.restarts) if place.allowed is None else f"{place.recent} of {place.allowed}",
        "" if box is None else f"{box.depth} of {box.capacity}",
        "" if box is None or not box.oldest else f"{box.oldest:.1f} s",
        "" if box is None else str(place.handled),
        "" if box is None else f"{rate:.1f}",
        "" if fall is None else f"{fall.reason} ({_about(fall.ago)} ago)",
    )


def _about(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
