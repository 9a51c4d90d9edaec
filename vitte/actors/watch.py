"""What watches the tree from inside: the control socket, the gauges, the loop's own clock.

None is worth the process: where the socket cannot be made, the log says so and the
rest goes on. A fall of any loses nothing.
"""

import logging
from pathlib import Path
from typing import Final, Never

import anyio

from vitte import metrics
from vitte.runtime import ControlSocket, Life, LoopWatch

SOCKET: Final = "control.sock"
THRESHOLD_SECONDS: Final = 0.25
GLANCE_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


def socket_in(data: str) -> Path:
    """Where the running process in a data folder can be asked how it does."""
    return Path(data).absolute() / SOCKET


class Control:
    """Lets the owner of the process look at its tree: ``vitte tree --live``."""

    def __init__(self, data: str) -> None:
        self._path = socket_in(data)

    async def run(self, life: Life[Never]) -> None:
        """Serve the tree's statistics, or do without."""
        try:
            await anyio.Path(self._path.parent).mkdir(mode=0o700, parents=True, exist_ok=True)
            await ControlSocket(self._path).run(life)
        except OSError as problem:
            log.warning("No control socket at %s: %s", self._path, problem.strerror)
            life.ignore()


class Gauges:
    """Sets what Prometheus reads of the tree: how many messages wait in each mailbox.

    The many alike of a dynamic supervisor are left out: a label has few values.
    """

    async def run(self, life: Life[Never]) -> None:
        """Look at the tree now and then, for ever."""
        life.ready()
        while True:
            for place in life.tree.statistics(most=0):
                metrics.actor_falls.labels(place.path)  # so that the first one is an increase
                metrics.actor_restarts.labels(place.path)
                if place.mailbox is not None:
                    metrics.actor_mailbox.labels(place.path).set(place.mailbox.depth)
            await anyio.sleep(GLANCE_SECONDS)


def loop() -> LoopWatch:
    """Measures how late the loop is, and names who holds it up."""
    return LoopWatch(threshold=THRESHOLD_SECONDS, measured=metrics.loop_lag_seconds.observe)
