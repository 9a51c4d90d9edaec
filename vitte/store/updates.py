"""Updates: what Telegram handed over, written before it is acknowledged.

Each is pending, then answered, refused or failed, once: finishing says which
were still pending, and what goes with the others must not be applied.
"""

from datetime import datetime
from typing import Literal, NewType

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.walk import BEFORE_ALL, Walked

LIST_PENDING = take("updates", "list_pending_updates")
COUNT_PENDING = take("updates", "count_pending_updates")
COUNT_TRY = take("updates", "count_try")
LIST_LETTERS = take("updates", "list_letters")
GET_LETTER = take("updates", "get_letter")
REQUEUE = take("updates", "requeue_letter")
DROP = take("updates", "drop_letter")
COUNT = take("updates", "count_updates")
GET_BACKLOG = take("updates", "get_backlog")
TRIM = take("updates", "trim_updates")

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


class Pending(Arrived, frozen=True, kw_only=True):
    """An update that nobody has finished, and when it came."""

    received_at: datetime


class Finished(Struct, frozen=True, kw_only=True):
    """How an update ended; a refusal and a failure have a reason."""

    update: Pending
    outcome: Outcome
    reason: str | None = None

    @property
    def id(self) -> UpdateId:
        """Which update it was."""
        return self.update.id


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


class Backlog(Struct, frozen=True, kw_only=True):
    """How many dead letters there are, and when the oldest pending update came, if one is."""

    letters: int
    oldest: datetime | None


class Try(Struct, frozen=True, kw_only=True):
    """How often an update has failed; ``is_new`` when it had not been written down before."""

    tries: int
    is_new: bool


class _Number(Struct, frozen=True, kw_only=True):
    updates: int


async def list_pending(session: Session, *, limit: int, a_chat: int = 1_000_000) -> list[Pending]:
    """Give those that nobody has finished, in the order of arrival; of each chat its first few."""
    return await session.rows(LIST_PENDING, Pending, limit=limit, a_chat=a_chat)


async def count_pending(session: Session) -> int:
    """Give how many nobody has finished."""
    return (await session.row(COUNT_PENDING, _Number)).updates


async def count_try(session: Session, update: Pending) -> Try | None:
    """Note one more failure; give how many there were. None for one that is finished."""
    return await session.row_or_none(
        COUNT_TRY,
        Try,
        id=update.id,
        chat_id=update.chat_id,
        kind=update.kind,
        body=update.body,
        received_at=update.received_at,
    )


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


async def backlog(session: Session) -> Backlog:
    """Give what nobody has finished or seen to."""
    return await session.row(GET_BACKLOG, Backlog)


async def trim(
    session: Session,
    before: datetime,
    letters_before: datetime,
    *,
    after: int = BEFORE_ALL,
    limit: int = 1_000,
) -> Walked:
    """Forget what was finished before a moment, among the next ``limit``; dead letters by another."""
    return await session.row(
        TRIM, Walked, before=before, letters_before=letters_before, after=after, limit=limit
    )
