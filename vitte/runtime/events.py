"""What happens in the tree, told on one typed channel.

Logging, metrics and the page of the tree read it. A reader that is slow loses the
oldest events, and the loss is counted: the tree never waits for who watches it.
"""

from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import TracebackType
from typing import TypeAlias, cast

from msgspec import Struct

from vitte.runtime import loop as loops


class Frame(Struct, frozen=True, kw_only=True):
    """One line of a stack: the innermost comes last."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


class Happened(Struct, frozen=True, kw_only=True):
    """What every event says: where, and when by the monotonic clock."""

    path: str
    at: float


class Started(Happened, frozen=True, kw_only=True):
    """A place is ready: its first life, or one that was asked for."""


class Fell(Happened, frozen=True, kw_only=True):
    """A life ended abnormally, or ended though its place is permanent."""

    reason: str
    stack: tuple[Frame, ...] = ()


class Restarted(Happened, frozen=True, kw_only=True):
    """A place is ready again after a fall."""

    restarts: int


class StartFell(Happened, frozen=True, kw_only=True):
    """A life did not become ready."""

    reason: str
    stack: tuple[Frame, ...] = ()


class GivenUp(Happened, frozen=True, kw_only=True):
    """A supervisor had one restart too many."""

    reason: str


class Stopped(Happened, frozen=True, kw_only=True):
    """A place ended and nothing was wrong with it."""

    reason: str


class CutOff(Happened, frozen=True, kw_only=True):
    """A life did not end within its shutdown time; this is where it stood."""

    stack: tuple[Frame, ...]


class DeadLetter(Happened, frozen=True, kw_only=True):
    """A message felled its actor too often. Its content is not told here."""

    message: str
    deliveries: int


Event: TypeAlias = Started | Fell | Restarted | StartFell | GivenUp | Stopped | CutOff | DeadLetter


def stack_of(error: BaseException) -> tuple[Frame, ...]:
    """Take down where an error was raised, without keeping its frames alive."""
    found: list[Frame] = []
    for level in _opened(error):
        trace: TracebackType | None = level.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            frame = Frame(file=code.co_filename, line=trace.tb_lineno, function=code.co_qualname)
            found.append(frame)
            trace = trace.tb_next
    return tuple(found)


def reason_of(error: BaseException, say: Callable[[BaseException], str] = str) -> str:
    """Say in one line why a life ended; a group of errors shows its first one."""
    levels = _opened(error)
    name, text = type(levels[-1]).__name__, say(levels[-1])
    more = sum(_size(level) - 1 for level in levels)
    return (f"{name}: {text}" if text else name) + (f" (and {more} more)" if more else "")


def _opened(error: BaseException) -> list[BaseException]:
    """Give an error, and while it is a group the first error in it."""
    levels = [error]
    while isinstance(levels[-1], BaseExceptionGroup):
        levels.append(cast("BaseExceptionGroup[BaseException]", levels[-1]).exceptions[0])
    return levels


def _size(error: BaseException) -> int:
    if isinstance(error, BaseExceptionGroup):
        return len(cast("BaseExceptionGroup[BaseException]", error).exceptions)
    return 1


class Listener:
    """One reader of the events: ``async for event in listener``."""

    __slots__ = ("_events", "_loop", "_slot", "lost")

    def __init__(self, capacity: int) -> None:
        self._events: deque[Event] = deque(maxlen=capacity)
        self._slot: loops.Slot | None = None
        self._loop = loops.current()
        self.lost = 0

    def put(self, event: Event) -> None:
        """Take one event; the oldest goes when there is no room."""
        if len(self._events) == self._events.maxlen:
            self.lost += 1
        self._events.append(event)
        if self._slot is not None and not self._slot.done():
            self._slot.set_result(None)

    async def next(self) -> Event:
        """Wait for the next event."""
        while not self._events:
            self._slot = self._loop.slot()
            await self._slot
        return self._events.popleft()

    def __aiter__(self) -> "Listener":
        return self

    async def __anext__(self) -> Event:
        return await self.next()


class Events:
    """The channel. One for a tree; made by who builds the tree, or by ``start``.

    ``say`` puts an error into words wherever a reason is told, in events, to who asked,
    and in the statistics: set another where errors quote what must not be seen.
    """

    __slots__ = ("_callbacks", "_listeners", "say")

    def __init__(self, say: Callable[[BaseException], str] = str) -> None:
        self.say = say
        self._listeners: list[Listener] = []
        self._callbacks: list[Callable[[Event], None]] = []

    def tell(self, event: Event) -> None:
        """Tell everyone who listens."""
        for callback in self._callbacks:
            callback(event)
        for listener in self._listeners:
            listener.put(event)

    def call(self, callback: Callable[[Event], None]) -> None:
        """Have a quick, synchronous function called with each event: a counter, a log line."""
        self._callbacks.append(callback)

    @contextmanager
    def listen(self, capacity: int = 1024) -> Generator[Listener]:
        """Listen for the time of a block."""
        listener = Listener(capacity)
        self._listeners.append(listener)
        try:
            yield listener
        finally:
            self._listeners.remove(listener)
