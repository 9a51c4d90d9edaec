"""The watch over the event loop: how late it is, and who holds it up.

One synchronous call freezes every actor. A life of :class:`LoopWatch` beats on the
loop; a thread beside it listens, and when a beat is overdue it takes down the stack
of the thread in which the loop runs: that is the culprit, caught in the act.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import anyio
from msgspec import Struct

from vitte.runtime.actor import Life
from vitte.runtime.events import Frame

_log = logging.getLogger(__name__)


class Blocked(Struct, frozen=True, kw_only=True):
    """The loop stood still for more than the threshold; this is where it was found."""

    seconds: float
    stack: tuple[Frame, ...]


def log_blocked(blocked: Blocked) -> None:
    """Log who holds the loop up: the default of a watch."""
    _log.warning(
        "The event loop stands still for %.3f s in %s",
        blocked.seconds,
        blocked.stack[-1] if blocked.stack else "unknown",
        extra={"stack": [str(frame) for frame in blocked.stack]},
    )


class LoopWatch:
    """Watches one event loop for one life: ``Child("loop", lambda: LoopWatch())``.

    Args:
        threshold: seconds of standing still that are worth a word.
        every: seconds between two beats.
        report: called in the watching thread, while the loop still stands, once a block.
        measured: called on the loop after each beat with the lag in seconds: a metric.
    """

    def __init__(
        self,
        *,
        threshold: float = 0.1,
        every: float = 0.05,
        report: Callable[[Blocked], None] = log_blocked,
        measured: Callable[[float], None] | None = None,
    ) -> None:
        self._threshold = threshold
        self._every = every
        self._report = report
        self._measured = measured
        self._beat = 0.0
        self._over = threading.Event()

    async def run(self, life: Life[Any]) -> None:
        """Beat until the end."""
        self._beat = time.monotonic()
        loop_thread = threading.get_ident()
        thread = threading.Thread(target=self._listen, args=(loop_thread,), daemon=True)
        thread.start()
        life.ready()
        try:
            while True:
                await anyio.sleep(self._every)
                now = time.monotonic()
                lag, self._beat = max(0.0, now - self._beat - self._every), now
                if self._measured is not None:
                    self._measured(lag)
        finally:
            self._over.set()

    def _listen(self, loop_thread: int) -> None:
        told = 0.0
        while not self._over.wait(self._every):
            beat = self._beat
            late = time.monotonic() - beat - self._every
            if late > self._threshold and beat != told:
                told = beat
                self._report(Blocked(seconds=late, stack=_stack(loop_thread)))


def _stack(thread: int) -> tuple[Frame, ...]:
    found: list[Frame] = []
    frame = sys._current_frames().get(thread)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - documented, for debugging
    while frame is not None:
        code = frame.f_code
        found.append(Frame(file=code.co_filename, line=frame.f_lineno, function=code.co_qualname))
        frame = frame.f_back
    return tuple(reversed(found))
