"""Mailboxes: the bounded queues of the places in the tree.

A mailbox belongs to a place in the tree and outlives the lives in it: what was
told between a fall and the next life is there when that life begins. It is
bounded, and its policy says what happens when it is full. A control lane goes
before the data lane. Everything happens in the event loop's own thread.

``Ref.tell`` and ``Life.receive`` reach into it, for speed: a sender is held up when the
lane is as long as ``limit`` (nought when all must be held up), a receiver when it is no
longer than ``brake`` (nought when only emptiness counts). Everything out of the
ordinary is done here.
"""

import sys
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Final, Generic, TypeVar, cast

from vitte.runtime import loop as loops
from vitte.runtime.address import Ref, refuse
from vitte.runtime.errors import ActorGone, MailboxFull
from vitte.runtime.loop import Slot

M = TypeVar("M")
ALWAYS: Final = sys.maxsize
"""The brake that stops a receiver at every message: there is more to look at."""


class Full(Enum):
    """What a full mailbox does with one more message."""

    WAIT = "wait"
    """The sender waits for room, in the order of coming."""
    REFUSE = "refuse"
    """The sender gets :class:`MailboxFull`."""
    DROP_OLDEST = "drop oldest"
    """The oldest message goes, and is counted."""


class Nothing(Enum):
    """No message: an enum, so that the type checker can tell it from all messages."""

    NOTHING = "nothing"


NOTHING: Final = Nothing.NOTHING


class Batch(list[M]):
    """All the messages that were taken in one go, remembered until the next take."""

    __slots__ = ()


class Waiting(Generic[M]):
    """A message that waits for room; the slot is its asker's, or its teller's."""

    __slots__ = ("asks", "message", "slot")

    def __init__(self, message: M, slot: Slot, *, asks: bool) -> None:
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
        "asking",
        "brake",
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
        "ref",
        "returned",
        "taken",
        "waiting",
        "watchers",
    )

    def __init__(
        self, name: str, *, capacity: int = 1024, full: Full = Full.WAIT, deliveries: int = 3
    ) -> None:
        if capacity < 1 or deliveries < 1:
            raise ValueError("a mailbox holds at least one message and delivers it at least once")
        self.name = name
        self.capacity = self.limit = capacity
        self.full = full
        self.deliveries = deliveries
        self.items: deque[M] = deque()
        self.control: deque[M] | None = None
        self.returned: deque[tuple[M, int]] | None = None
        self.waiting: deque[Waiting[M]] | None = None
        self.asking: dict[Slot, tuple[float, M]] = {}
        self.marks: deque[tuple[int, float]] | None = None
        self.watchers: list[Callable[[str], None]] | None = None
        self.hand: M | Batch[M] | Nothing = NOTHING
        self.delivery = 1
        self.brake = ALWAYS
        self.reader: Slot | None = None
        self.closed: str | None = None
        self.loop: loops.Loop | None = None
        self.taken = self.dropped = self.dead = 0
        self.ref: Ref[M] = Ref(self)

    def depth(self) -> int:
        """Count the messages that wait, in all lanes."""
        lanes = (self.items, self.control or (), self.returned or (), self.waiting or ())
        return sum(len(lane) for lane in lanes)

    def handled(self) -> int:
        """Count the messages that were handled: taken, and not in hand any more."""
        hand = self.hand
        held = len(cast("Batch[M]", hand)) if isinstance(hand, Batch) else int(hand is not NOTHING)
        return self.taken - held

    def bind(self) -> loops.Loop:
        """Belong to the loop that runs."""
        self.loop = loops.current()
        return self.loop

    # The sender's side.

    def offer(self, message: M, *, control: bool) -> bool:
        """Take a message if it may enter at once; False says that the sender must wait."""
        if self.closed is not None:
            raise ActorGone(self.name, self.closed)
        if control:
            self._offer_control(message)
            return True
        if self.waiting or len(self.items) >= self.capacity:
            if self.full is Full.WAIT:
                return False
            if self.full is Full.REFUSE:
                raise MailboxFull(self.name, self.capacity)
            self._drop(self.items.popleft())
        self.items.append(message)
        self.wake()
        return True

    def _offer_control(self, message: M) -> None:
        if self.control is None:
            self.control = deque()
        if len(self.control) >= self.capacity:
            raise MailboxFull(self.name, self.capacity)
        self.control.append(message)
        self.brake = ALWAYS
        self.wake()

    def queue(self, message: M, slot: Slot, *, asks: bool) -> None:
        """Put a message behind those whose senders wait for room."""
        if self.waiting is None:
            self.waiting = deque()
        self.waiting.append(Waiting(message, slot, asks=asks))
        self.limit = 0
        self.brake = max(self.brake, self._low(), 1)

    def wake(self) -> None:
        """Wake the life that waits for a message, if one does."""
        reader = self.reader
        if reader is not None:
            self.reader = None
            if not reader.done():
                reader.set_result(None)

    def mark(self) -> None:
        """Note when the message that was just put in last came."""
        if self.marks is None:
            self.marks = deque()
        marks = self.marks
        while len(marks) > 1 and marks[1][0] <= self.taken:
            marks.popleft()
        marks.append((self.taken + len(self.items) - 1, (self.loop or self.bind()).now()))

    def oldest(self, now: float) -> float:
        """Say for how many seconds the first message waits: at least, when many came at once."""
        if not self.items or self.marks is None:
            return 0.0
        since = now
        for number, at in self.marks:
            since = at
            if number >= self.taken:
                break
        return now - since

    def _drop(self, message: M) -> None:
        self.dropped += 1
        for slot in [slot for slot, (_, asked) in self.asking.items() if asked is message]:
            refuse(slot, MailboxFull(self.name, self.capacity))

    # The receiver's side.

    def take(self) -> M | Nothing:
        """Take the next message: control, then what came back, then the data lane."""
        delivery = 1
        if self.control:
            message = self.control.popleft()
        elif self.returned:
            message, delivery = self.returned.popleft()
        elif self.items:
            message = self.items.popleft()
        else:
            self._admit()
            message = self.items.popleft() if self.items else NOTHING
        self.hand = message
        self.delivery = delivery
        self.taken += message is not NOTHING
        self.settle()
        return message

    def take_all(self, most: int) -> Batch[M]:
        """Take what waits, at most that many; what came back after a fall comes alone."""
        if self.control or self.returned:
            first = self.take()
            batch: Batch[M] = Batch([] if first is NOTHING else [first])
            self.hand = batch
            return batch
        items = self.items
        if not items:
            self._admit()
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
        """Admit who waits when there is room enough, and set limit and brake anew."""
        if self.waiting and len(self.items) <= self._low():
            self._admit()
        if self.closed is None and not self.waiting:
            self.limit = self.capacity
        unusual = self.control or self.returned or self.delivery > 1
        self.brake = ALWAYS if unusual else max(1, self._low()) if self.waiting else 0

    def _low(self) -> int:
        """Let senders in when a quarter is free: a switch for every message would cost more."""
        return self.capacity - max(1, self.capacity // 4)

    def _admit(self) -> None:
        while self.waiting and len(self.items) < self.capacity:
            entry = self.waiting.popleft()
            if not entry.slot.done():
                self.items.append(entry.message)
                if not entry.asks:
                    entry.slot.set_result(True)

    # The place's side: what a fall, a stop and a new start do to a mailbox.

    def fell(self, reason: str) -> list[M]:
        """After a life that fell: tell the askers, put back what was in hand; give dead letters.

        Questions go, since their askers have been told; what was told without a question
        is delivered again. Of a batch the culprit is not known: its messages come back one
        at a time.
        """
        hand = self._put_down()
        self._dismiss(reason)
        if self.delivery >= self.deliveries:
            self.dead += len(hand)
            self.delivery = 1
            return hand
        self._give_back(hand, self.delivery + 1)
        return []

    def paused(self, reason: str) -> None:
        """After a life that was stopped: what was in hand comes back, and nothing is counted."""
        hand = self._put_down()
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
            if not entry.slot.done() and not entry.asks:
                entry.slot.set_result(False)
        self.waiting = None
        self._dismiss(reason)
        if not keep:
            self.dropped += self.depth()
            self.items.clear()
            self.control = self.returned = None
            self.hand = NOTHING

    def reopen(self) -> None:
        """Take messages again: a life begins."""
        self.closed = None
        self.reader = None
        self.limit = 0 if self.waiting else self.capacity
        self.brake = ALWAYS

    def _put_down(self) -> list[M]:
        hand, self.hand = self.hand, NOTHING
        if hand is NOTHING:
            return []
        held = list(cast("Batch[M]", hand)) if isinstance(hand, Batch) else [cast("M", hand)]
        asked = {id(message) for _, message in self.asking.values()}
        return [message for message in held if id(message) not in asked]

    def tell_watchers(self, reason: str) -> None:
        """Tell who watches this address that a life ended here."""
        for watcher in tuple(self.watchers or ()):
            watcher(reason)

    def _dismiss(self, reason: str) -> None:
        if not self.asking:
            return
        asked = {id(message) for _, message in self.asking.values()}
        for slot in self.asking:
            refuse(slot, ActorGone(self.name, reason))
        for lane in (self.items, self.control):
            if lane:
                kept = [message for message in lane if id(message) not in asked]
                lane.clear()
                lane.extend(kept)

    def _give_back(self, hand: list[M], delivery: int) -> None:
        if hand:
            if self.returned is None:
                self.returned = deque()
            self.returned.extendleft((message, delivery) for message in reversed(hand))
            self.taken -= len(hand)
        self.delivery = 1
