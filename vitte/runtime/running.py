"""A running tree: started and stopped by a block, asked and changed while it runs."""

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from anyio import CancelScope

from vitte.runtime import loop as loops
from vitte.runtime.dynamic import DynamicPlace
from vitte.runtime.errors import GaveUp, NoSuchPlace, StartFailed
from vitte.runtime.events import DeadLetter, Event, Events, Started
from vitte.runtime.place import Place
from vitte.runtime.spec import Dynamic, Spec, Supervisor
from vitte.runtime.statistics import Statistics, statistics_of
from vitte.runtime.supervisor import SupervisorPlace


class Running:
    """What can be asked of a running tree, and done to it. Paths are like ``vitte/edges/bot``."""

    def __init__(self, spec: Supervisor, events: Events) -> None:
        self.loop = loops.current()
        self.spec = spec
        self.events = events
        self.letters: deque[tuple[DeadLetter, Any]] = deque(maxlen=1000)
        self.abandoned: list[str] = []
        self.root = SupervisorPlace(self, None, spec)
        self._interrupt: BaseException | None = None
        self._ends: list[loops.Slot] = []
        self.told = False
        self.resting: set[str] = set()
        """Places that were put to rest on purpose: nobody may take them for dead."""

    async def wait(self) -> None:
        """Wait until the root ends.

        Raises:
            GaveUp: the root had one restart too many, or fell in another way.
        """
        while self.root.task is not None:
            await self.root.settled(None)
        self.raise_end()

    def raise_end(self) -> None:
        """Raise what ended the root, once."""
        if self.told:
            return
        self.told = True
        if self._interrupt is not None:
            raise self._interrupt
        if self.root.error is not None:
            error = self.root.error
            raise (
                error
                if isinstance(error, GaveUp)
                else GaveUp(self.root.path, self.root.worded(error))
            )

    def find(self, path: str) -> Place:
        """Give the place of this path.

        Raises:
            NoSuchPlace: there is none.
        """
        first, *rest = path.split("/")
        place: Place = self.root
        if first != self.root.path:
            raise NoSuchPlace(path)
        for name in rest:
            if not isinstance(place, SupervisorPlace):
                raise NoSuchPlace(path)
            place = place.named(name)
        return place

    def statistics(self, path: str | None = None, *, most: int | None = None) -> list[Statistics]:
        """Give one Struct for every place, or for those from a path on, in start order.

        Of the children of a dynamic supervisor at most ``most`` are shown.
        """
        return statistics_of(self.root if path is None else self.find(path), most=most)

    def dead_letters(self) -> list[tuple[DeadLetter, Any]]:
        """Give the latest dead letters, with their messages: for an operator, not for a log."""
        return list(self.letters)

    async def kill(self, path: str) -> None:
        """End a life as Erlang's ``exit(Pid, kill)`` does; its supervisor decides what follows."""
        place = self.find(path)
        place.killed = True
        while place.task is not None and place.killed:
            place.cut()
            await place.settled(0.05)

    async def start_child(self, path: str, spec: Spec) -> str:
        """Add a child under a supervisor and start it; gives its path."""
        place = self._supervisor(path)
        return await place.call(lambda: place.start_child(spec))

    async def terminate_child(self, path: str) -> None:
        """Stop a child. It stays known, unless it is temporary."""
        place, key = self._child(path)
        await place.call(lambda: place.terminate_child(key))

    async def restart_child(self, path: str) -> None:
        """Start a child that is known and does not run."""
        place, key = self._child(path)
        await place.call(lambda: place.restart_child(key))

    async def delete_child(self, path: str) -> None:
        """Forget a child that does not run."""
        place, key = self._child(path)
        await place.call(lambda: place.delete_child(key))

    def list_children(self, path: str) -> list[Statistics]:
        """Give the statistics of a supervisor's own children, in start order."""
        place = self._supervisor(path)
        return [statistics_of(child, below=False)[0] for child in place.children.values()]

    def count_children(self, path: str) -> int:
        """Count the children that a supervisor knows."""
        return len(self._supervisor(path).children)

    def _supervisor(self, path: str) -> SupervisorPlace:
        place = self.find(path)
        if not isinstance(place, SupervisorPlace):
            raise NoSuchPlace(f"{path} is no supervisor")
        return place

    def _child(self, path: str) -> tuple[SupervisorPlace, Any]:
        place = self.find(path)
        if place.above is None:
            raise NoSuchPlace(f"{path} is the root")
        return place.above, place.key

    # What the places need.

    def make_dynamic(self, above: SupervisorPlace, spec: Dynamic[Any, Any]) -> Place:
        """Make the place of a dynamic supervisor."""
        return DynamicPlace(self, above, spec)

    def tell(self, event: Event) -> None:
        """Tell who listens."""
        self.events.tell(event)

    def bury(self, letter: DeadLetter, message: Any) -> None:
        """Keep a dead letter and tell of it."""
        self.letters.append((letter, message))
        self.tell(letter)

    def abandon(self, place: Place) -> None:
        """Leave behind a life that does not stop."""
        self.abandoned.append(place.path)
        place.task = None

    def interrupt(self, error: BaseException) -> None:
        """End the root: Ctrl-C, or an actor called ``sys.exit``."""
        self._interrupt = error
        self.root.ask_to_stop()


@asynccontextmanager
async def start(spec: Supervisor, *, events: Events | None = None) -> AsyncGenerator[Running]:
    """Start a tree, in order; leaving the block stops it, in reverse.

    Raises:
        StartFailed: a child did not become ready; what ran is stopped again.
        GaveUp: the root fell and nobody was told by ``wait``.
    """
    running = Running(spec, events or Events())
    root = running.root
    root.begin()
    try:
        while root.task is not None and not root.ready:
            await root.settled(None)
        if not root.ready:
            raise root.error or StartFailed(root.path, "it was stopped")
        running.tell(Started(path=root.path, at=running.loop.now()))
        yield running
    finally:
        with CancelScope(shield=True):
            if root.task is not None:
                root.ask_to_stop()
            while root.task is not None:
                await root.settled(None)
            root.close("the tree was stopped")
    running.raise_end()
