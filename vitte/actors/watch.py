"""What watches the tree from inside: the control socket, and the loop's own clock.

Neither is worth the process: where the socket cannot be made, the log says so and
the rest goes on. A fall of either loses nothing.
"""

import logging
from pathlib import Path
from typing import Final, Never

from vitte import metrics
from vitte.runtime import ControlSocket, Life, LoopWatch

SOCKET: Final = "control.sock"
THRESHOLD_SECONDS: Final = 0.25

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
            await ControlSocket(self._path).run(life)
        except OSError as problem:
            log.warning("No control socket at %s: %s", self._path, problem.strerror)
            life.ignore()


def loop() -> LoopWatch:
    """Measures how late the loop is, and names who holds it up."""
    return LoopWatch(threshold=THRESHOLD_SECONDS, measured=metrics.loop_lag_seconds.observe)
