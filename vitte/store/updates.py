"""Updates: what Telegram handed over, written before it is acknowledged.

Each is pending, then answered, refused or failed, once: finishing says which
were still pending, and what goes with the others must not be applied.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NewType

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take

ADD = take("updates", "add_updates")
LIST_PENDING = take("updates", "list_pending_updates")
COUNT_PENDING = take("updates", "count_pending_updates")
FINISH = take("updates", "finish_updates")
COUNT_TRY = take("updates", "count_try")
LIST_LETTERS = take("updates", "list_letters")
GET_LETTER = take("updates", "get_letter")
REQUEUE = take("updates", "requeue_letter")
DROP = take("updates", "drop_letter")
COUNT = take("updates", "count_updates")

UpdateId = NewType("UpdateId", int)
Outcome = Literal["answered", "refused", "failed"]

NEWEST = UpdateId(2**63 - 1)
"""Above every update: where a list begins."""

LONGEST_REASON = 200


class Arrived(Struct, frozen=True, kw_only=True):
    """An update as Telegram wrote it, and the chat in whose order it belongs."""

    id: UpdateId
    chat_id: int
    kind: str
    body: str


class Pending(Struct, frozen=True, kw_only=True):
    """An update that nobody has finished; ``seq`` is the order of arrival."""

    id: UpdateId
    seq: int
    chat_id: int
    kind: str
    body: str
    tries: int


class Finished(Struct, frozen=True, kw_only=True):
    """How an update ended; a refusal and a failure have a reason."""

    id: UpdateId
    outcome: Outcome
    reason: str | None = None


class Letter(Struct, frozen=True, kw_only=True):
    """A dead letter: an update that failed as often as it may."""

    id: UpdateId
    chat_id: int
    kind: str
    reason: str
    tries: int
    received_at: datetime
    done_at: datetime
    body: str


class Count(Struct, frozen=True, kw_only=True):
    """A line of the books."""

    state: Literal["pending", "answered", "refused", "failed"]
    reason: str
    updates: int


class Written(Struct, frozen=True, kw_only=True):
    """An update that was new: its id, and its place in the order of arrival."""

    id: UpdateId
    seq: int


class _Tries(Struct, frozen=True, kw_only=True):
    tries: int


class _Id(Struct, frozen=True, kw_only=True):
    id: UpdateId


class _Number(Struct, frozen=True, kw_only=True):
    updates: int


async def add(session: Session, arrived: Sequence[Arrived], now: datetime) -> list[Written]:
    """Write updates down in one statement; give those that were new."""
    return await session.rows(
        ADD,
        Written,
        ids=[update.id for update in arrived],
        chats=[update.chat_id for update in arrived],
        kinds=[update.kind for update in arrived],
        bodies=[update.body for update in arrived],
        now=now,
    )


async def list_pending(session: Session, *, after: int = 0, limit: int) -> list[Pending]:
    """Give those that nobody has finished, in the order of arrival, beyond a ``seq``."""
    return await session.rows(LIST_PENDING, Pending, after=after, limit=limit)


async def count_pending(session: Session) -> int:
    """Give how many nobody has finished."""
    return (await session.row(COUNT_PENDING, _Number)).updates


async def finish(
    session: Session, finished: Sequence[Finished], now: datetime
) -> frozenset[UpdateId]:
    """Finish updates in one statement; give those that were still pending."""
    rows = await session.rows(
        FINISH,
        _Id,
        ids=[update.id for update in finished],
        states=[update.outcome for update in finished],
        reasons=[update.reason and update.reason[:LONGEST_REASON] for update in finished],
        now=now,
    )
    return frozenset(row.id for row in rows)


async def count_try(session: Session, update: UpdateId) -> int:
    """Note one more failure; give how many there were. Nought for one that is finished."""
    row = await session.row_or_none(COUNT_TRY, _Tries, id=update)
    return 0 if row is None else row.tries


async def list_letters(session: Session, *, limit: int, before: UpdateId = NEWEST) -> list[Letter]:
    """Give the dead letters, the latest first, those older than ``before``."""
    return await session.rows(LIST_LETTERS, Letter, before=before, limit=limit)


async def get_letter(session: Session, update: UpdateId) -> Letter | None:
    """Give one dead letter, or None."""
    return await session.row_or_none(GET_LETTER, Letter, id=update)


async def requeue(session: Session, update: UpdateId) -> bool:
    """Let a dead letter be tried again; False where there is none."""
    return await session.change(REQUEUE, id=update) > 0


async def drop(session: Session, update: UpdateId, now: datetime) -> bool:
    """Give a dead letter up; False where there is none."""
    return await session.change(DROP, id=update, now=now) > 0


async def count(session: Session) -> list[Count]:
    """Give the books."""
    return await session.rows(COUNT, Count)
