"""One life of an actor: from a start to the next fall.

What the actor sees of it is a :class:`Life`: it says when it is ready, receives,
and learns that it is to end. How a life ended is judged by its place in the tree.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from vitte.runtime.channel import NOTHING, Mailbox
from vitte.runtime.errors import ShutdownAsked
from vitte.runtime.loop import Slot
from vitte.runtime.spec import Body

if TYPE_CHECKING:
    from vitte.runtime.running import Running
    from vitte.runtime.supervisor import WorkerPlace

M = TypeVar("M")


class Life(Generic[M]):
    """What an actor knows of its own life."""

    __slots__ = ("_asked", "_box", "_place", "_waiting", "trapped")

    def __init__(self, place: "WorkerPlace", box: Mailbox[M]) -> None:
        self._place = place
        self._box = box
        self._asked = False
        self._waiting: list[Slot] | None = None
        self.trapped = False

    @property
    def path(self) -> str:
        """Where in the tree this is: ``vitte/services/cache``."""
        return self._place.path

    @property
    def tree(self) -> "Running":
        """The running tree, to ask about it or to change it."""
        return self._place.running

    def ready(self) -> None:
        """Say that the next child may start. The first ``receive`` says it as well."""
        self._place.became_ready(self)

    def ignore(self) -> None:
        """Say that there is nothing to do here: return now; known, not running, no fall."""
        self._place.ignored = True

    def trap_exit(self) -> None:
        """Be asked to end, not cancelled: see ``shutdown_asked`` and ``receive``."""
        self.trapped = True

    async def receive(self) -> M:
        """Wait for the next message. The one before it counts as handled with this call.

        Raises:
            ShutdownAsked: the actor traps its exit and is to end.
        """
        box = self._box
        if box.special or not box.items:
            return await self._receive_slowly()
        message = box.items.popleft()
        box.hand = message
        box.taken += 1
        return message

    async def receive_all(self, *, most: int = 1024) -> list[M]:
        """Wait for a message and take all that wait, in one go: the natural batch.

        Raises:
            ShutdownAsked: the actor traps its exit and is to end.
        """
        box = self._box
        while True:
            self._look_up()
            batch = box.take_all(most)
            if batch:
                return batch
            await self._park()

    async def shutdown_asked(self) -> None:
        """Wait until the actor is to end; for one that traps its exit."""
        while not self._asked:
            slot = self._place.loop.slot()
            if self._waiting is None:
                self._waiting = []
            self._waiting.append(slot)
            await slot

    async def _receive_slowly(self) -> M:
        box = self._box
        while True:
            self._look_up()
            message = box.take()
            if message is not NOTHING:
                return cast("M", message)
            await self._park()

    def _look_up(self) -> None:
        if not self._place.ready:
            self.ready()
        if self._asked:
            self._box.hand = NOTHING
            raise ShutdownAsked

    async def _park(self) -> None:
        place = self._place
        box = self._box
        slot = box.reader = place.loop.slot()
        place.parked()
        await slot
        place.woken()

    def ask_to_end(self) -> None:
        """Set the request and wake whoever waits for it or for a message."""
        self._asked = True
        self._box.special = True
        self._box.wake()
        waiting, self._waiting = self._waiting or [], None
        for slot in waiting:
            if not slot.done():
                slot.set_result(None)


async def live(life: Life[M], start: Callable[[], Body[M]]) -> None:
    """Build the actor and let it run; an actor is an object with ``run``, or a function."""
    body = start()
    if callable(body):
        await body(life)
    else:
        await body.run(life)
