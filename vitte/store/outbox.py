"""The outbox: what is to be said to Telegram, kept until it was said.

Words are written in the transaction of what they answer. Each waits, then is
sent or failed, once.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from typing import Literal, NewType

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.updates import LONGEST_REASON, UpdateId

ADD = take("outbox", "add_outgoing")
LIST_WAITING = take("outbox", "list_waiting")
MARK_REPEATED = take("outbox", "mark_repeated")
FINISH = take("outbox", "finish_outgoing")
MOVE_CHAT = take("outbox", "move_chat")
COUNT = take("outbox", "count_outgoing")

OutgoingId = NewType("OutgoingId", int)


class Lane(IntEnum):
    """Which words go first."""

    PAYMENT = 0
    REPLY = 1
    EDIT = 2
    REMINDER = 3
    BROADCAST = 4


class Words(Struct, frozen=True, kw_only=True):
    """A call to the Bot API that says something: to whom, how, and its parameters as JSON."""

    chat_id: int
    lane: Lane
    method: str
    payload: str
    update_id: UpdateId | None = None


class Waiting(Struct, frozen=True, kw_only=True):
    """Words in the outbox that were not said yet."""

    id: OutgoingId
    chat_id: int
    lane: Lane
    method: str
    payload: str
    update_id: UpdateId | None
    tries: int


class Finished(Struct, frozen=True, kw_only=True):
    """What became of words."""

    id: OutgoingId
    state: Literal["sent", "failed"]
    tries: int
    reason: str | None = None


class Count(Struct, frozen=True, kw_only=True):
    """A line of the books."""

    state: Literal["waiting", "sent", "failed"]
    reason: str
    words: int
    repeated: int


class _Id(Struct, frozen=True, kw_only=True):
    id: OutgoingId


async def add(session: Session, words: Sequence[Words], now: datetime) -> list[Waiting]:
    """Put words into the outbox in one statement; give them with their ids, in order."""
    rows = await session.rows(
        ADD,
        _Id,
        chats=[each.chat_id for each in words],
        lanes=[int(each.lane) for each in words],
        methods=[each.method for each in words],
        payloads=[each.payload for each in words],
        updates=[each.update_id for each in words],
        now=now,
    )
    return [
        Waiting(
            id=row.id,
            chat_id=each.chat_id,
            lane=each.lane,
            method=each.method,
            payload=each.payload,
            update_id=each.update_id,
            tries=0,
        )
        for row, each in zip(rows, words, strict=True)
    ]


async def list_waiting(session: Session, *, limit: int) -> list[Waiting]:
    """Give what waits, the most urgent lanes first, in the order in which it was said."""
    return await session.rows(LIST_WAITING, Waiting, limit=limit)


async def mark_repeated(session: Session) -> int:
    """Note of all that waits that it may have been sent before; give how many that concerns."""
    return await session.change(MARK_REPEATED)


async def finish(session: Session, finished: Sequence[Finished], now: datetime) -> None:
    """Note what became of words, in one statement."""
    await session.change(
        FINISH,
        ids=[each.id for each in finished],
        states=[each.state for each in finished],
        reasons=[each.reason and each.reason[:LONGEST_REASON] for each in finished],
        tries=[each.tries for each in finished],
        now=now,
    )


async def move_chat(session: Session, old: int, new: int) -> int:
    """Send what waits for a chat to its new id; give how many words that concerns."""
    return await session.change(MOVE_CHAT, old=old, new=new)


async def count(session: Session) -> list[Count]:
    """Give the books."""
    return await session.rows(COUNT, Count)
