"""A line: words that wait for one another.

A chat has up to three: what is said to it, in its order; what answers a button or
a payment, which waits for no order and no pause of the chat; and what is sent to
it in bulk, which waits for nobody to be done with the rest.
"""

import heapq
from typing import Final, Literal, TypeAlias

from vitte.store.outbox import Lane, OutgoingId, Waiting

Track: TypeAlias = Literal["said", "aside", "bulk"]

ASIDE: Final = frozenset({"answerCallbackQuery", "answerPreCheckoutQuery", "answerShippingQuery"})
"""Calls that say nothing in the chat: they wait for no order and count for no limit of it."""


def track_of(words: Waiting) -> Track:
    """In which of a chat's lines words wait."""
    if words.lane >= Lane.REMINDER:
        return "bulk"
    return "aside" if words.method in ASIDE else "said"


class Line:
    """Words that wait for one another."""

    __slots__ = (
        "chat",
        "hand",
        "lane",
        "place",
        "sent_before",
        "track",
        "tries",
        "until",
        "waiting",
    )

    def __init__(self, chat: int, track: Track) -> None:
        self.chat = chat
        self.track: Track = track
        self.waiting: list[tuple[int, OutgoingId, Waiting]] = []
        self.hand: Waiting | None = None
        self.tries = 0
        self.place: Literal["idle", "ready", "asleep", "calling", "dropped"] = "idle"
        self.lane = 0
        self.until = 0.0
        self.sent_before = float("-inf")

    def push(self, words: Waiting) -> None:
        """Put words at their place in the order: by lane, then as they were said."""
        heapq.heappush(self.waiting, (int(words.lane), words.id, words))

    def drop(self) -> list[OutgoingId]:
        """Forget what waits; give the ids. What is being said stays in hand."""
        dropped = [identity for _, identity, _ in self.waiting]
        self.waiting.clear()
        return dropped
