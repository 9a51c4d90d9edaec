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

import heapq
import time
from collections.abc import Callable, Coroutine, Generator
from types import FrameType
from typing import Any, Final, Protocol, cast

from anyio import get_cancelled_exc_class
from anyio.lowlevel import checkpoint, current_token

YOUNG: Final = 0.05
"""Seconds after which a wait is held to be a long one and gets its place in the heap."""


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


class Loop:
    """One event loop, with one set of deadlines for all who wait on it.

    Most waits end long before their deadline, so a deadline begins in a dict,
    which costs a tenth of a microsecond to enter and leave. What is still there
    at the next tick moves to a heap with the exact time.
    """

    __slots__ = ("_armed", "_heap", "_sequence", "_ticking", "now", "slot", "young")

    now: Callable[[], float]
    slot: Callable[[], Slot]

    def __init__(self) -> None:
        self.young: dict[Slot, float] = {}
        self._heap: list[tuple[float, int, Slot]] = []
        self._sequence = 0
        self._ticking = False
        self._armed = float("inf")

    def spawn(
        self, body: Coroutine[Any, Any, None], name: str, ended: Callable[[object], None]
    ) -> Task:
        """Start a task that never raises but its cancellation; ``ended`` is called at its end."""
        raise NotImplementedError

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back once, that many seconds from now."""
        raise NotImplementedError

    async def breathe(self) -> None:
        """Let everyone else run once."""
        await checkpoint()

    def limit(self, slot: Slot, within: float) -> None:
        """Put EXPIRED into the slot in that many seconds; who leaves earlier pops it out."""
        if within > YOUNG:
            self.young[slot] = self.now() + within
            if not self._ticking:
                self._ticking = True
                self.after(YOUNG, self._tick)
        else:
            self._keep(self.now() + within, slot)
            self._arm()

    def _keep(self, deadline: float, slot: Slot) -> None:
        self._sequence += 1
        heapq.heappush(self._heap, (deadline, self._sequence, slot))

    def _tick(self) -> None:
        for slot, deadline in self.young.items():
            self._keep(deadline, slot)
        self.young.clear()
        self._ticking = False
        self._arm()

    def _arm(self) -> None:
        if self._heap and self._heap[0][0] < self._armed:
            self._armed = self._heap[0][0]
            self.after(max(0.0, self._armed - self.now()), self._expire)

    def _expire(self) -> None:
        self._armed = float("inf")
        now = self.now()
        while self._heap and (self._heap[0][0] <= now or self._heap[0][2].done()):
            slot = heapq.heappop(self._heap)[2]
            if not slot.done():
                slot.set_result(EXPIRED)
        self._arm()


class NativeLoop(Protocol):
    """The methods of an asyncio event loop that the runtime calls."""

    def create_future(self) -> Slot:
        """Make a future."""
        ...

    def create_task(self, body: Coroutine[Any, Any, None], *, name: str) -> Any:
        """Start a task."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> object:
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

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back by the loop's own timer."""
        self._native.call_later(seconds, callback)


class TrioSlot:
    """A future of one value for one waiting task, on trio's scheduler."""

    __slots__ = ("_done", "_task", "_value")

    def __init__(self) -> None:
        self._done = False
        self._task: Any = None
        self._value: Any = None

    def done(self) -> bool:
        """Say whether the value is there, or whoever waited has left."""
        return self._done

    def set_result(self, result: Any, /) -> None:
        """Keep the value and wake the task that waits for it, if one does."""
        from trio import lowlevel  # noqa: PLC0415 - trio is optional; here it runs already

        self._done = True
        self._value = result
        if self._task is not None:
            lowlevel.reschedule(self._task)
            self._task = None

    def __await__(self) -> Generator[Any, Any, Any]:
        from trio import lowlevel  # noqa: PLC0415 - as above

        def leave(_: object) -> Any:
            self._task = None
            self._done = True
            return lowlevel.Abort.SUCCEEDED

        if not self._done:
            self._task = lowlevel.current_task()
            yield from lowlevel.wait_task_rescheduled(leave).__await__()  # noqa: ASYNC105 - awaited here, by hand
        return self._value


class TrioTask:
    """A system task of trio with a scope of its own."""

    __slots__ = ("_body", "_scope")

    def __init__(self, scope: Any, body: Coroutine[Any, Any, None]) -> None:
        self._scope = scope
        self._body = body

    def cancelling(self) -> int:
        """Say that it is: in trio nothing but a scope can raise Cancelled."""
        return 1

    def get_coro(self) -> Any:
        """Give the coroutine, to see where it stands."""
        return self._body

    def cancel(self) -> object:
        """Cancel its scope; in trio a scope stays cancelled."""
        return self._scope.cancel()


class TrioLoop(Loop):
    """trio's loop. A life is a system task: only the tree, no scope outside, may end it."""

    __slots__ = ("_lowlevel", "_trio")

    def __init__(self) -> None:
        import trio  # noqa: PLC0415 - trio is optional; here it runs already

        super().__init__()
        self._trio = trio
        self._lowlevel = trio.lowlevel
        self.slot = TrioSlot
        self.now = trio.current_time

    def spawn(
        self, body: Coroutine[Any, Any, None], name: str, ended: Callable[[object], None]
    ) -> Task:
        """Start a system task around the body."""
        scope = self._trio.CancelScope()
        task = TrioTask(scope, body)

        async def run() -> None:
            with scope:
                await body
            ended(task)

        self._lowlevel.spawn_system_task(run, name=name)
        return task

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back from a task that sleeps until then."""

        async def run() -> None:
            await self._trio.sleep(seconds)
            callback()

        self._lowlevel.spawn_system_task(run, name="vitte.runtime timer")


_latest: tuple[object, Loop] | None = None


def current() -> Loop:
    """Give the loop that runs, the same one each time."""
    global _latest  # noqa: PLW0603 - a cache of one: the loop that runs in this process
    native = current_token().native_token
    if _latest is None or _latest[0] is not native:
        loop = (
            AsyncioLoop(cast("NativeLoop", native)) if hasattr(native, "call_later") else TrioLoop()
        )
        _latest = (native, loop)
    return _latest[1]


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
