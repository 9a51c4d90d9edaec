"""Addresses and replies: how others reach an actor, and how it answers.

``Ref.tell`` carries the traffic, and decides with one comparison whether anything out of
the ordinary is going on: ``limit`` is the length at which a sender is held up, and
nought when all must be. Everything happens in the event loop's own thread.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from msgspec import Struct

from vitte.runtime.errors import ActorGone, AskTimedOut, MailboxFull
from vitte.runtime.loop import Refusal, Slot

if TYPE_CHECKING:
    from vitte.runtime.mailbox import Mailbox

M = TypeVar("M")
T = TypeVar("T")
MARKED: Final = 64
"""One in so many waiting messages has the time of its coming noted."""


class Reply(Struct, Generic[T], frozen=True, eq=False, gc=False):
    """Where the answer to one question goes. An asker who left is no error."""

    # Not tracked by the collector: it is in no cycle but that of its own waiting task.

    slot: Slot

    def send(self, value: T) -> None:
        """Answer; nothing happens when the asker left or was answered."""
        slot = self.slot
        if not slot.done():
            slot.set_result(value)

    def fail(self, error: BaseException) -> None:
        """Let the asker's ``ask`` raise this error."""
        refuse(self.slot, error)

    def __repr__(self) -> str:
        return "<Reply>"


def refuse(slot: Slot, error: BaseException) -> None:
    """Let whoever waits for this slot raise an error."""
    if not slot.done():
        slot.set_result(Refusal(error))


class Ref(Generic[M]):
    """The address of an actor, typed by the messages it understands."""

    __slots__ = ("_box", "_items")

    def __init__(self, box: "Mailbox[M]") -> None:
        self._box = box
        self._items = box.items

    @property
    def name(self) -> str:
        """The name of the mailbox behind this address."""
        return self._box.name

    async def tell(self, message: M, *, control: bool = False) -> None:
        """Put a message into the mailbox; waits for room when that is the policy.

        Raises:
            MailboxFull: the policy is to refuse, or the control lane is full.
            ActorGone: the place takes nothing any more.
        """
        box = self._box
        items = self._items
        waiting = len(items)
        if control or waiting >= box.limit:
            await self._tell_slowly(message, control=control)
            return
        items.append(message)
        reader = box.reader
        if reader is not None:
            box.reader = None
            if not reader.done():
                reader.set_result(None)
        elif not waiting % MARKED:
            box.mark()

    async def _tell_slowly(self, message: M, *, control: bool) -> None:
        box = self._box
        if box.offer(message, control=control):
            return
        slot = (box.loop or box.bind()).slot()
        box.queue(message, slot, asks=False)
        if not await slot:
            raise ActorGone(box.name, box.closed or "it is gone")

    def tell_now(self, message: M, *, control: bool = False) -> None:
        """Put a message into the mailbox without waiting.

        Raises:
            MailboxFull: there is no room, and the policy is not to drop the oldest.
            ActorGone: the place takes nothing any more.
        """
        if not self._box.offer(message, control=control):
            raise MailboxFull(self._box.name, self._box.capacity)

    async def ask(
        self, question: Callable[[Reply[T]], M], *, within: float, control: bool = False
    ) -> T:
        """Ask and wait for the answer, at most ``within`` seconds.

        Raises:
            AskTimedOut: there was no answer in time (the question may still be worked on).
            ActorGone: the actor fell or was stopped before it answered.
            MailboxFull: the policy is to refuse.
        """
        box = self._box
        loop = box.loop or box.bind()
        slot = loop.slot()
        message = question(Reply(slot))
        if control or len(self._items) >= box.limit:
            if not box.offer(message, control=control):
                box.queue(message, slot, asks=True)
        else:
            self._items.append(message)
            reader = box.reader
            if reader is not None:
                box.reader = None
                if not reader.done():
                    reader.set_result(None)
        asking = box.asking
        if not asking:
            loop.waits.add(box)
        deadline = loop.now() + within
        asking[slot] = (deadline, message)
        if deadline < loop.next_look:
            loop.look_at(deadline)
        try:
            answer = await slot
        finally:
            del asking[slot]
        if answer.__class__ is Refusal:
            raise answer.error or AskTimedOut(box.name, within)
        return answer

    def watch(self, watcher: Callable[[str], None]) -> Callable[[], None]:
        """Have a quick function called, with the reason, at each end of a life here.

        Returns:
            A function that ends the watching. See ``Life.watch`` for an actor's way.
        """
        box = self._box
        if box.watchers is None:
            box.watchers = []
        box.watchers.append(watcher)
        if box.closed is not None:
            watcher(box.closed)
        return partial(box.watchers.remove, watcher)

    def __repr__(self) -> str:
        return f"<Ref {self._box.name}>"
