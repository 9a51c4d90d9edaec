"""The observer: what happens in the tree, told to the log and to the metrics.

Owns nothing. Called with each event as it happens, so that a fall is in the log
before its consequences are; a path is a label with as many values as there are
places, and the places of a dynamic supervisor count as one.
"""

import logging
from collections.abc import Iterator

from vitte import metrics, redaction
from vitte.runtime import (
    CutOff,
    DeadLetter,
    Dynamic,
    Event,
    Events,
    Fell,
    Frame,
    GivenUp,
    Restarted,
    Spec,
    Started,
    StartFell,
    Stopped,
    Supervisor,
)

_log = logging.getLogger("vitte.tree")


def observe(events: Events, tree: Spec) -> None:
    """Begin to observe a tree; from now on a reason quotes nothing that a person may have written."""
    many = frozenset(_many(tree))
    events.say = redaction.say
    events.call(lambda event: _note(event, many))


def _many(spec: Spec, above: str = "") -> Iterator[str]:
    """Find the places under which there are as many as it takes, one a chat."""
    path = f"{above}{spec.id}"
    if isinstance(spec, Dynamic):
        yield path
    elif isinstance(spec, Supervisor):
        for child in spec.children:
            yield from _many(child, f"{path}/")


def _note(event: Event, many: frozenset[str]) -> None:
    above = event.path.rpartition("/")[0]
    place = above if above in many else event.path
    match event:
        case Started() | Stopped():
            _log.debug("%s", type(event).__name__, extra={"actor": event.path})
        case Fell() | StartFell():
            metrics.actor_falls.labels(place).inc()
            _log.error("An actor fell: %s", event.reason, extra=_where(event.path, event.stack))
        case Restarted():
            metrics.actor_restarts.labels(place).inc()
            _log.info("An actor is back", extra={"actor": event.path, "restarts": event.restarts})
        case GivenUp():
            _log.critical("Gave up: %s", event.reason, extra={"actor": event.path})
        case CutOff():
            _log.warning("An actor would not stop", extra=_where(event.path, event.stack))
        case DeadLetter():
            _log.error(
                "A message felled its actor too often and was put aside",
                extra={"actor": event.path, "kind": event.message},
            )


def _where(path: str, stack: tuple[Frame, ...]) -> dict[str, object]:
    return {"actor": path, "stack": [str(frame) for frame in stack]}
