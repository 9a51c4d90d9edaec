"""Addresses, mailboxes and replies.

A mailbox belongs to a place in the tree and outlives the lives in it: what was
told between a fall and the next life is there when that life begins. It is
bounded, and its policy says what happens when it is full. A control lane goes
before the data lane. Everything happens in the event loop's own thread.

The two paths that carry the traffic, ``Ref.tell`` and ``Life.receive``, are
written for speed: one comparison each decides whether anything out of the
ordinary is going on (``limit`` is nought when it is, ``special`` is set), and only
then the slow path looks what it is.
"""

from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Final, Generic, TypeVar, cast

from vitte.runtime import loop as loops
from vitte.runtime.errors import ActorGone, AskTimedOut, MailboxFull

M = TypeVar("M")
T = TypeVar("T")


class Full(Enum):
    """What a full mailbox does with one more message."""

    WAIT = "wait"
    """The sender waits for room, in the order of coming."""
    REFUSE = "refuse"
    """The sender gets :class:`MailboxFull`."""
    DROP_OLDEST = "drop oldest"
    """The oldest message goes, and is counted."""


class _Nothing(Enum):
    NOTHING = "nothing"


NOTHING: Final = _Nothing.NOTHING


class Batch(list[M]):
    """All the messages that were taken in one go, remembered until the next take."""

    __slots__ = ()


class Reply(Generic[T]):
    """Where the answer to one question goes. An asker who left is no error."""

    __slots__ = ("_error", "_slot")

    def __init__(self, slot: loops.Slot) -> None:
        self._slot = slot
        self._error: Callable[[], BaseException] | None = None

    def send(self, value: T) -> None:
        """Answer; nothing happens when the asker left or was answered."""
        slot = self._slot
        if not slot.done():
            slot.set_result(value)

    def fail(self, error: BaseException) -> None:
        """Let the asker's ``ask`` raise this error."""
        self.refuse(lambda: error)

    def refuse(self, error: Callable[[], BaseException]) -> None:
        """Let the asker raise an error that is made when it is needed."""
        if not self._slot.done():
            self._error = error
            self._slot.set_result(None)

    def expire(self) -> None:
        """Tell the asker that its time has passed."""
        self.refuse(lambda: AskTimedOut("", 0.0))


class Waiting(Generic[M]):
    """A message whose sender waits for room."""

    __slots__ = ("asks", "message", "slot")

    def __init__(self, message: M, slot: loops.Slot, *, asks: bool) -> None:
        self.message = message
        self.slot = slot
        self.asks = asks


class Mailbox(Generic[M]):
    """The bounded queue of one place in the tree.

    Args:
        name: who it is, in errors and statistics.
        capacity: how many messages may wait; the control lane may hold as many again.
        full: what happens to one more.
        deliveries: how often a message is delivered at most when it fells its actor each
            time; then it is a dead letter.
    """

    __slots__ = (
        "_ref",
        "asking",
        "capacity",
        "closed",
        "control",
        "dead",
        "deliveries",
        "delivery",
        "dropped",
        "full",
        "hand",
        "items",
        "limit",
        "loop",
        "marks",
        "name",
        "reader",
        "returned",
        "special",
        "taken",
        "waiting",
    )

    def __init__(
        self, name: str, *, capacity: int = 1024, full: Full = Full.WAIT, deliveries: int = 3
    ) -> None:
        if capacity < 1 or deliveries < 1:
            raise ValueError("a mailbox holds at least one message and delivers it at least once")
        self.name = name
        self.capacity = capacity
        self.full = full
        self.deliveries = deliveries
        self.items: deque[M] = deque()
        self.control: deque[M] | None = None
        self.returned: deque[tuple[M, int]] | None = None
        self.waiting: deque[Waiting[M]] | None = None
        self.asking: dict[Reply[Any], M] = {}
        self.hand: M | Batch[M] | _Nothing = NOTHING
        self.delivery = 1
        self.reader: loops.Slot | None = None
        self.limit = capacity
        self.special = False
        self.closed: str | None = None
        self.loop: loops.Loop | None = None
        self.marks: deque[tuple[int, float]] | None = None
        self.taken = 0
        self.dropped = 0
        self.dead = 0
        self._ref: Ref[M] = Ref(self)

    @property
    def ref(self) -> "Ref[M]":
        """The address: good for as long as the place is in the tree, whatever lives in it."""
        return self._ref

    def depth(self) -> int:
        """Count the messages that wait, in all lanes."""
        lanes = (self.items, self.control or (), self.returned or (), self.waiting or ())
        return sum(len(lane) for lane in lanes)

    def handled(self) -> int:
        """Count the messages that were handled: taken, and not in hand any more."""
        hand = self.hand
        held = len(cast("Batch[M]", hand)) if isinstance(hand, Batch) else int(hand is not NOTHING)
        return self.taken - held

    def loop_now(self) -> loops.Loop:
        """Give the loop this mailbox is used in."""
        if self.loop is None:
            self.loop = loops.current()
        return self.loop

    # The sender's side.

    def offer(self, message: M, *, control: bool) -> bool:
        """Take a message if it may enter at once; False says that the sender must wait."""
        if self.closed is not None:
            raise ActorGone(self.name, self.closed)
        if control:
            if self.control is None:
                self.control = deque()
            lane, waits = self.control, False
        else:
            lane, waits = self.items, bool(self.waiting)
        if len(lane) >= self.capacity or waits:
            if control or self.full is Full.REFUSE:
                raise MailboxFull(self.name, self.capacity)
            if self.full is Full.WAIT:
                return False
            self._drop(lane.popleft())
        lane.append(message)
        if control:
            self.special = True
        self.wake()
        return True

    def queue(self, message: M, slot: loops.Slot, *, asks: bool) -> Waiting[M]:
        """Put a message behind those whose senders wait for room."""
        if self.waiting is None:
            self.waiting = deque()
        entry = Waiting(message, slot, asks=asks)
        self.waiting.append(entry)
        self.limit = 0
        self.special = True
        return entry

    def wake(self) -> None:
        """Wake the life that waits for a message, if one does."""
        reader = self.reader
        if reader is not None:
            self.reader = None
            if not reader.done():
                reader.set_result(None)

    def _drop(self, message: M) -> None:
        self.dropped += 1
        self._excuse(message, lambda: MailboxFull(self.name, self.capacity))

    def _excuse(self, message: M, error: Callable[[], BaseException]) -> None:
        for reply in [r for r, asked in self.asking.items() if asked is message]:
            reply.refuse(error)

    # The receiver's side.

    def take(self) -> M | _Nothing:
        """Take the next message: control, what came back, then the data lane."""
        self.hand = NOTHING
        self.delivery = 1
        if self.control:
            message = self.control.popleft()
        elif self.returned:
            message, self.delivery = self.returned.popleft()
        elif self.items:
            message = self.items.popleft()
        else:
            self.settle()
            return NOTHING
        self.hand = message
        self.taken += 1
        self.settle()
        return message

    def take_all(self, most: int) -> Batch[M]:
        """Take what waits, at most that many; what came back after a fall comes alone."""
        if self.control or self.returned:
            first = self.take()
            self.hand = Batch([first] if first is not NOTHING else [])
            return self.hand
        items = self.items
        if len(items) <= most:
            batch = Batch(items)
            items.clear()
        else:
            batch = Batch(items.popleft() for _ in range(most))
        self.hand = batch or NOTHING
        self.delivery = 1
        self.taken += len(batch)
        self.settle()
        return batch

    def settle(self) -> None:
        """Admit senders who wait, when half the room is free, and see what is special still."""
        if self.waiting and len(self.items) <= self.capacity // 2:
            self._admit(self.waiting)
        if not self.waiting:
            self.limit = self.capacity if self.closed is None else 0
        self.special = bool(self.control or self.returned or self.waiting or self.delivery > 1)

    def _admit(self, waiting: deque[Waiting[M]]) -> None:
        while waiting and len(self.items) < self.capacity:
            entry = waiting.popleft()
            if not entry.slot.done():
                self.items.append(entry.message)
                if not entry.asks:
                    entry.slot.set_result(True)

    # The place's side: what a fall, a stop and a new start do to a mailbox.

    def fell(self, reason: str) -> list[M]:
        """After a life: tell the askers, put back what was in hand; gives the dead letters.

        Questions go, since their askers have been told; what was told without a question
        is delivered again. Of a batch the culprit is not known: its messages come back one
        at a time.
        """
        hand = self._putting_down()
        self._dismiss(reason)
        if self.deliveries <= self.delivery:
            self.dead += len(hand)
            return hand
        self._give_back(hand, self.delivery + 1)
        return []

    def paused(self, reason: str) -> None:
        """After a life that was stopped: what was in hand comes back and nothing is counted."""
        hand = self._putting_down()
        self._dismiss(reason)
        self._give_back(hand, self.delivery)

    def finished(self, reason: str) -> None:
        """After a life that ended by itself: what was in hand is handled."""
        self.hand = NOTHING
        self._dismiss(reason)

    def close(self, reason: str, *, keep: bool = False) -> None:
        """Take nothing any more: everybody who waits is told; what was told may be kept."""
        self.closed = reason
        self.limit = 0
        for entry in self.waiting or ():
            if not entry.slot.done():
                entry.slot.set_result(False)
        self.waiting = None
        self._dismiss(reason)
        if not keep:
            self.dropped += self.depth()
            self.items.clear()
            self.control = self.returned = None
            self.hand = NOTHING

    def reopen(self) -> None:
        """Take messages again: the place has come back to life."""
        self.closed = None
        self.reader = None
        self.settle()
        self.special = True

    def _putting_down(self) -> list[M]:
        hand, self.hand = self.hand, NOTHING
        if hand is NOTHING:
            return []
        held = list(cast("Batch[M]", hand)) if isinstance(hand, Batch) else [cast("M", hand)]
        asked = {id(message) for message in self.asking.values()}
        return [message for message in held if id(message) not in asked]

    def _dismiss(self, reason: str) -> None:
        if not self.asking:
            return
        asked = {id(message) for message in self.asking.values()}
        for reply in self.asking:
            reply.refuse(lambda: ActorGone(self.name, reason))
        for lane in (self.items, self.control):
            if lane:
                kept = [message for message in lane if id(message) not in asked]
                lane.clear()
                lane.extend(kept)

    def _give_back(self, hand: list[M], delivery: int) -> None:
        if self.returned is None:
            self.returned = deque()
        self.returned.extendleft((message, delivery) for message in reversed(hand))
        self.delivery = 1
        self.special = True

    def __iter__(self) -> Iterator[M]:
        """Show what waits in the data lane."""
        return iter(self.items)


class Ref(Generic[M]):
    """The address of an actor, typed by the messages it understands."""

    __slots__ = ("_box", "_items")

    def __init__(self, box: Mailbox[M]) -> None:
        self._box = box
        self._items = box.items

    @property
    def name(self) -> str:
        """The name of the mailbox behind this address."""
        return self._box.name

    async def tell(self, message: M, *, control: bool = False) -> None:
        """Put a message into the mailbox; waits for room when that is the policy.

        Raises:
            MailboxFull: the policy is to refuse (or the control lane is full).
            ActorGone: the place takes nothing any more.
        """
        box = self._box
        if control or len(self._items) >= box.limit:
            await self._tell_slowly(message, control=control)
            return
        self._items.append(message)
        reader = box.reader
        if reader is not None:
            box.reader = None
            if not reader.done():
                reader.set_result(None)

    async def _tell_slowly(self, message: M, *, control: bool) -> None:
        box = self._box
        if box.offer(message, control=control):
            return
        slot = box.loop_now().slot()
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
        loop = box.loop or box.loop_now()
        slot = loop.slot()
        reply: Reply[T] = Reply(slot)
        message = question(reply)
        if control or len(self._items) >= box.limit:
            if not box.offer(message, control=control):
                box.queue(message, slot, asks=True)
        else:
            self._items.append(message)
            box.wake()
        box.asking[reply] = message
        loop.limit(reply, within)
        try:
            answer = await slot
        finally:
            del box.asking[reply]
            loop.release(reply)
        if reply._error is not None:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - its own file
            error = reply._error()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            raise AskTimedOut(box.name, within) if type(error) is AskTimedOut else error
        return cast("T", answer)

    def __repr__(self) -> str:
        return f"<Ref {self._box.name}>"
