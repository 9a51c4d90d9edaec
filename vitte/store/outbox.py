"""The outbox: what is to be said to Telegram, kept until it was said.

Words are written in the transaction of what they answer. Each waits, then is
sent or failed, once. A row that is ``taken`` is in some process's hands; when that
one dies, it may have been sent, and is marked as repeated.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from typing import Literal, NewType

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.updates import LONGEST_REASON, UpdateId
from vitte.store.walk import BEFORE_ALL, Walked

ADD = take("outbox", "add_outgoing")
LIST_WAITING = take("outbox", "list_waiting")
FIND_WAITING = take("outbox", "find_waiting")
TAKE_WAITING = take("outbox", "take_waiting")
MARK_REPEATED = take("outbox", "mark_repeated")
FINISH = take("outbox", "finish_outgoing")
MOVE_CHAT = take("outbox", "move_chat")
PAUSE_CHAT = take("outbox", "pause_chat")
LIST_PAUSES = take("outbox", "list_pauses")
END_PAUSES = take("outbox", "end_pauses")
COUNT = take("outbox", "count_outgoing")
COUNT_WAITING = take("outbox", "count_waiting")
TRIM = take("outbox", "trim_outgoing")

EVERY_CHAT = 0
"""The chat that stands for all of them, in a pause; Telegram gives nobody this id."""

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


class Waiting(Struct, frozen=True, kw_only=True, gc=False):
    """Words in the outbox that were not said yet."""

    id: OutgoingId
    chat_id: int
    lane: Lane
    method: str
    payload: str
    update_id: UpdateId | None
    tries: int
    created_at: datetime


class Found(Struct, frozen=True, kw_only=True, gc=False):
    """A row that waits: which, and how urgent."""

    id: OutgoingId
    lane: Lane


class Pause(Struct, frozen=True, kw_only=True):
    """A chat that has to wait, and how long; ``EVERY_CHAT`` is all of them."""

    chat_id: int
    until: datetime


class Finished(Struct, frozen=True, kw_only=True, gc=False):
    """What became of words; ``repeated`` when an answer was lost, and they may have been said twice."""

    id: OutgoingId
    state: Literal["sent", "failed"]
    tries: int
    reason: str | None = None
    repeated: bool = False


class Count(Struct, frozen=True, kw_only=True):
    """A line of the books."""

    state: Literal["waiting", "sent", "failed"]
    reason: str
    words: int
    repeated: int


class Backlog(Struct, frozen=True, kw_only=True):
    """What waits in a lane, and since when."""

    lane: int
    words: int
    oldest: datetime


class _Id(Struct, frozen=True, kw_only=True):
    id: OutgoingId


async def add(
    session: Session, words: Sequence[Words], now: datetime, *, taken: bool = True
) -> list[Waiting]:
    """Put words into the outbox in one statement; give them with their ids, in order.

    ``taken`` says that whoever adds them hands them to an outbox right after the commit.
    """
    rows = await session.rows(
        ADD,
        _Id,
        chats=[each.chat_id for each in words],
        lanes=[int(each.lane) for each in words],
        methods=[each.method for each in words],
        payloads=[each.payload for each in words],
        updates=[each.update_id for each in words],
        taken=taken,
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
            created_at=now,
        )
        for row, each in zip(rows, words, strict=True)
    ]


async def list_waiting(session: Session, *, limit: int) -> list[Waiting]:
    """Give what waits, the most urgent lanes first, in the order in which it was said."""
    return await session.rows(LIST_WAITING, Waiting, limit=limit)


async def find_waiting(session: Session, *, limit: int, bulk: int, now: datetime) -> list[Found]:
    """Give what waits, by its id: the first ``limit`` that people wait for, and ``bulk`` in bulk.

    What waits for a chat that was told to wait until after ``now`` is left out.
    """
    return await session.rows(FIND_WAITING, Found, limit=limit, bulk=bulk, now=now)


async def take_waiting(session: Session, ids: Sequence[OutgoingId]) -> list[Waiting]:
    """Take words in hand; give those that still wait, in their order."""
    found = await session.rows(TAKE_WAITING, Waiting, ids=ids)
    return sorted(found, key=lambda each: (each.lane, each.id))


async def mark_repeated(session: Session) -> int:
    """Note of all that was in hand that it may have been sent; give how many that concerns."""
    return await session.change(MARK_REPEATED)


async def finish(session: Session, finished: Sequence[Finished], now: datetime) -> None:
    """Note what became of words, in one statement."""
    await session.change(
        FINISH,
        ids=[each.id for each in finished],
        states=[each.state for each in finished],
        reasons=[each.reason and each.reason[:LONGEST_REASON] for each in finished],
        tries=[each.tries for each in finished],
        repeated=[each.repeated for each in finished],
        now=now,
    )


async def move_chat(session: Session, old: int, new: int) -> int:
    """Send what waits for a chat to its new id; give how many words that concerns."""
    return await session.change(MOVE_CHAT, old=old, new=new)


async def pause_chat(session: Session, chat: int, until: datetime) -> None:
    """Note that a chat has to wait, or all of them; what waits for it is in nobody's hands."""
    await session.change(PAUSE_CHAT, id=chat, until=until)


async def list_pauses(session: Session, now: datetime) -> list[Pause]:
    """Give who has to wait beyond ``now``."""
    return await session.rows(LIST_PAUSES, Pause, now=now)


async def end_pauses(session: Session, now: datetime) -> int:
    """Forget the pauses that have passed; give how many."""
    return await session.change(END_PAUSES, now=now)


async def count(session: Session) -> list[Count]:
    """Give the books."""
    return await session.rows(COUNT, Count)


async def backlog(session: Session) -> list[Backlog]:
    """Give what waits in each lane in which anything does."""
    return await session.rows(COUNT_WAITING, Backlog)


async def trim(
    session: Session, before: datetime, *, after: int = BEFORE_ALL, limit: int = 1_000
) -> Walked:
    """Forget what was said, or failed, before a moment, among the next ``limit``."""
    return await session.row(TRIM, Walked, before=before, after=after, limit=limit)
