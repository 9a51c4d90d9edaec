"""The one small piece that knows which event loop runs: asyncio's (or uvloop's) or trio's.

Everything else of the runtime waits, starts tasks and reads the clock through a
:class:`Loop`. It exists for speed. An ``anyio.Event`` costs three futures of the
loop, an anyio task with its handle, scope and event four kilobytes and some fifty
microseconds: too much for an actor a chat. So a wait parks directly on the loop's
own future, or on trio's scheduler, and a life is a task of the loop.

The lint forbids tasks without an owner, and that law holds here: the one caller
of :meth:`Loop.spawn` is a place in the tree, which keeps the task, stops it, and
learns of its end. Inside a life all of anyio works: scopes, groups, limits.

asyncio is not imported: anyio hands out the running loop (``current_token``),
and what is needed of it are three methods.
"""

import time
from collections.abc import Callable, Coroutine, Generator
from types import FrameType
from typing import Any, Final, Protocol, TypeAlias, cast

from anyio import get_cancelled_exc_class
from anyio.lowlevel import checkpoint, current_token

NEVER: Final = float("inf")
EARLY: Final = 0.001
"""uvloop's timers count whole milliseconds: a deadline so near has come."""
LOOK_COST: Final = 1e-6
"""Seconds to let pass before the next look for each one that waits."""
Wait: TypeAlias = tuple[float, Any]
"""A deadline, and what is waited for."""


class Slot(Protocol):
    """A place to park for one value: asyncio's future has this shape already."""

    def done(self) -> bool:
        """Say whether the value is there, or whoever waited has left."""
        ...

    def set_result(self, result: Any, /) -> None:
        """Wake who waits, with a value."""
        ...

    def __await__(self) -> Generator[Any, Any, Any]: ...


class Task(Protocol):
    """A running life, as its place in the tree sees it."""

    def cancel(self) -> object:
        """Interrupt whatever it waits for."""
        ...

    def cancelling(self) -> int:
        """Say whether anyone has cancelled it: more than nought."""
        ...

    def get_coro(self) -> Any:
        """Give the coroutine, to see where it stands."""
        ...


class Refusal:
    """What a slot holds instead of a value: an error, or None when the time has passed."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


EXPIRED: Final = Refusal(None)


class Timer(Protocol):
    """Something that will be called back, unless it is cancelled."""

    def cancel(self) -> object:
        """Do not call back."""
        ...


class Waits(Protocol):
    """Whoever has waits to look through: a mailbox, and those who asked."""

    asking: dict[Slot, Wait]


class Loop:
    """One event loop, and the deadlines of all who wait on it.

    Nearly every wait ends long before its deadline, so entering one must cost next to
    nothing, and finding the late ones may cost more: a wait is an entry in a dict, and
    the dicts are looked through when the earliest deadline that was ever entered comes.
    """

    __slots__ = ("_timer", "next_look", "now", "others", "slot", "waits")

    now: Callable[[], float]
    slot: Callable[[], Slot]

    def __init__(self) -> None:
        self.others: dict[Slot, Wait] = {}
        self.waits: set[Waits] = set()
        self.next_look = NEVER
        self._timer: Timer | None = None

    def spawn(
        self, body: Coroutine[Any, Any, None], name: str, ended: Callable[[object], None]
    ) -> Task:
        """Start a task that never raises but its cancellation; ``ended`` is called at its end."""
        raise NotImplementedError

    def after(self, seconds: float, callback: Callable[[], None]) -> "Timer":
        """Call back once, that many seconds from now."""
        raise NotImplementedError

    async def breathe(self) -> None:
        """Let everyone else run once."""
        await checkpoint()

    def limit(self, slot: Slot, within: float) -> None:
        """Put EXPIRED into the slot in that many seconds; who leaves earlier pops it out."""
        deadline = self.now() + within
        self.others[slot] = (deadline, None)
        if deadline < self.next_look:
            self.look_at(deadline)

    def look_at(self, deadline: float) -> None:
        """See to it that waits are looked through at this time."""
        if self._timer is not None:
            self._timer.cancel()
        self.next_look = deadline
        self._timer = self.after(max(0.0, deadline - self.now()), self._look)

    def _look(self) -> None:
        now = self.now()
        self._timer = None
        self.next_look = NEVER  # uvloop may call early, after a long turn: then nothing is due yet
        self.waits = {waits for waits in self.waits if waits.asking}
        following, count = NEVER, 0
        for asking in (self.others, *(waits.asking for waits in self.waits)):
            count += len(asking)
            for slot, (deadline, _) in asking.items():
                if slot.done():
                    continue
                if deadline <= now + EARLY:
                    slot.set_result(EXPIRED)
                else:
                    following = min(following, deadline)
        if following < self.next_look:
            # With many waiting a look costs something: then not every millisecond.
            self.look_at(max(following, now + count * LOOK_COST))


class NativeLoop(Protocol):
    """The methods of an asyncio event loop that the runtime calls."""

    def create_future(self) -> Slot:
        """Make a future."""
        ...

    def create_task(self, body: Coroutine[Any, Any, None], *, name: str) -> Any:
        """Start a task."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> "Timer":
        """Set a timer."""
        ...


class AsyncioLoop(Loop):
    """asyncio's loop, or uvloop's."""

    __slots__ = ("_native",)

    def __init__(self, native: NativeLoop) -> None:
        super().__init__()
        self._native = native
        self.slot = native.create_future
        self.now = time.monotonic

    def spawn(
        self, body: Coroutine[Any, Any, None], name: str, ended: Callable[[object], None]
    ) -> Task:
        """Start a task of the loop; its place in the tree is its owner."""
        task = self._native.create_task(body, name=name)
        task.add_done_callback(ended)
        return cast("Task", task)

    def after(self, seconds: float, callback: Callable[[], None]) -> "Timer":
        """Call back by the loop's own timer."""
        return self._native.call_later(seconds, callback)


_latest: tuple[object, Loop] | None = None


def current() -> Loop:
    """Give the loop that runs, the same one each time."""
    global _latest  # noqa: PLW0603 - a cache of one: the loop that runs in this process
    native = current_token().native_token
    if _latest is None or _latest[0] is not native:
        _latest = (native, _around(native))
    return _latest[1]


def _around(native: object) -> Loop:
    if hasattr(native, "call_later"):
        return AsyncioLoop(cast("NativeLoop", native))
    from vitte.runtime.loop_trio import TrioLoop  # noqa: PLC0415 - nobody else need have trio

    return TrioLoop()


def cancelled() -> type[BaseException]:
    """Give the error with which the running loop cancels."""
    return get_cancelled_exc_class()


def frames(body: Any) -> list[FrameType]:
    """Give the frames in which a waiting coroutine stands, the outermost first."""
    found: list[FrameType] = []
    while body is not None:
        frame = getattr(body, "cr_frame", None) or getattr(body, "gi_frame", None)
        if frame is None:
            break
        found.append(frame)
        body = getattr(body, "cr_await", None) or getattr(body, "gi_yieldfrom", None)
    return found
