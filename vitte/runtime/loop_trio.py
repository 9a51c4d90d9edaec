"""trio's side of the loop: imported only where trio runs, since nobody need have it."""

from collections.abc import Callable, Coroutine, Generator
from typing import Any

import trio
from trio import lowlevel

from vitte.runtime.loop import Loop, Task, Timer


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
        self._done = True
        self._value = result
        if self._task is not None:
            lowlevel.reschedule(self._task)
            self._task = None

    def __await__(self) -> Generator[Any, Any, Any]:
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

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        self.slot = TrioSlot
        self.now = trio.current_time

    def spawn(
        self, body: Coroutine[Any, Any, None], name: str, ended: Callable[[object], None]
    ) -> Task:
        """Start a system task around the body."""
        scope = trio.CancelScope()
        task = TrioTask(scope, body)

        async def run() -> None:
            with scope:
                await body
            ended(task)

        lowlevel.spawn_system_task(run, name=name)
        return task

    def after(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back from a task that sleeps until then."""
        scope = trio.CancelScope()

        async def run() -> None:
            with scope:
                await trio.sleep(seconds)
                callback()

        lowlevel.spawn_system_task(run, name="vitte.runtime timer")
        return scope
