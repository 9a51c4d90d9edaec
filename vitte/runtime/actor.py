"""One life of an actor: from a start to the next fall.

What the actor sees of it is a :class:`Life`: it says when it is ready, receives,
and learns that it is to end. How a life ended is judged by its place in the tree.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from vitte.runtime.address import Ref
from vitte.runtime.errors import ActorGone, MailboxFull, ShutdownAsked
from vitte.runtime.loop import Slot
from vitte.runtime.mailbox import ALWAYS, NOTHING, Mailbox

if TYPE_CHECKING:
    from vitte.runtime.place import WorkerPlace
    from vitte.runtime.running import Running

M = TypeVar("M")
SPELL: Final = 1024
"""After so many messages in a row everyone else has a turn, even if more are waiting."""


class Life(Generic[M]):
    """What an actor knows of its own life."""

    __slots__ = (
        "_asked",
        "_box",
        "_place",
        "_refusals",
        "_unwatch",
        "_waiting",
        "idle",
        "parked_at",
        "trapped",
    )

    def __init__(self, place: "WorkerPlace", box: Mailbox[M]) -> None:
        self._place = place
        self._box = box
        self._asked = False
        self._waiting: list[Slot] | None = None
        self._unwatch: list[Callable[[], None]] | None = None
        self._refusals: list[Callable[[], None]] | None = None
        self.trapped = False
        self.idle = 0.0
        self.parked_at: float | None = None

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
        self._place.became_ready()

    def ignore(self) -> None:
        """Say that there is nothing to do here: return now; known, not running, no fall."""
        self._place.ignored = True

    def trap_exit(self) -> None:
        """Be asked to end, not cancelled: see ``shutdown_asked`` and ``receive``."""
        self.trapped = True

    def watch(self, other: Ref[Any], news: Callable[[str, str], M]) -> None:
        """Be told, by a message on the control lane, when a life at an address ends.

        ``news(name, reason)`` makes the message. The watching ends with this life; it does
        not end with the other's, whose address outlives its falls. An address that takes
        nothing any more says so at once.
        """

        def tell(reason: str) -> None:
            with suppress(MailboxFull, ActorGone):
                self._box.ref.tell_now(news(other.name, reason), control=True)

        unwatch = other.watch(tell)
        if self._unwatch is None:
            self._unwatch = []
        self._unwatch.append(unwatch)

    async def receive(self) -> M:
        """Wait for the next message. The one before it counts as handled with this call.

        Raises:
            ShutdownAsked: the actor traps its exit and is to end.
        """
        box = self._box
        items = box.items
        while len(items) <= box.brake:
            if box.brake:
                self._look_up()
                message = box.take()
                if message is not NOTHING:
                    return cast("M", message)
            loop = self._place.loop  # as in _park, by hand: a coroutine less for each message
            box.hand = NOTHING
            slot = box.reader = loop.slot()
            self.parked_at = loop.now()
            try:
                await slot
            finally:
                self.idle += loop.now() - self.parked_at
                self.parked_at = None
        box.hand = message = items.popleft()
        box.taken = taken = box.taken + 1
        if not taken % SPELL:
            await self._place.loop.breathe()
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

    def _look_up(self) -> None:
        if not self._place.ready:
            self.ready()
        if self._asked:
            self._box.hand = NOTHING
            raise ShutdownAsked

    async def _park(self) -> None:
        """Wait until a message comes; the time of it is the actor's idle time."""
        loop = self._place.loop
        box = self._box
        box.hand = NOTHING
        slot = box.reader = loop.slot()
        self.parked_at = loop.now()
        try:
            await slot
        finally:
            self.idle += loop.now() - self.parked_at
            self.parked_at = None

    def ask_to_end(self) -> None:
        """Set the request and wake whoever waits for it or for a message."""
        self._asked = True
        self._box.brake = ALWAYS
        self._box.wake()
        waiting, self._waiting = self._waiting or [], None
        for slot in waiting:
            if not slot.done():
                slot.set_result(None)
        for refuse in self._refusals or ():
            refuse()

    async def during(self, slot: Slot, refuse: Callable[[], None]) -> Any:
        """Wait for a slot; when the life is asked to end, ``refuse`` is called first."""
        if self._asked:
            refuse()
        if self._refusals is None:
            self._refusals = []
        self._refusals.append(refuse)
        try:
            return await slot
        finally:
            self._refusals.remove(refuse)

    def rested(self, now: float) -> float:
        """Give the seconds it has spent waiting for messages."""
        return self.idle + (0.0 if self.parked_at is None else now - self.parked_at)

    def leave(self) -> None:
        """Let go of what outlasts a life: called when it has ended."""
        for unwatch in self._unwatch or ():
            unwatch()
