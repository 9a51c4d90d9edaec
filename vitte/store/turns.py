"""Turns: all that came of updates, written together.

One statement writes many turns: updates that are finished, what was said, what was
used of the day, the words that go out. An update that was finished before leaves
no trace of what would have come of it now.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from vitte.store import outbox
from vitte.store.messages import Exchange
from vitte.store.outbox import OutgoingId, Waiting, Words
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.updates import LONGEST_REASON, Finished, Pending, UpdateId
from vitte.store.usage import Used

WRITE = take("turns", "write_turns")

_encode: Final = msgspec.json.Encoder().encode


class Turn(Struct, frozen=True, kw_only=True):
    """What came of one update: how it ended, and all that is written with that."""

    finished: Finished
    words: tuple[Words, ...] = ()
    exchange: Exchange | None = None
    used: Used | None = None


class Written(Struct, frozen=True, kw_only=True):
    """An update that was written: whether it was not known before, and the ids of what goes out."""

    id: UpdateId
    is_new: bool
    words: list[OutgoingId]


async def write(
    session: Session,
    kept: Sequence[Pending],
    ended: Sequence[Turn],
    now: datetime,
    *,
    said: Sequence[outbox.Finished] = (),
) -> list[Written]:
    """Write updates that are to be kept, others (none of these) that are finished, and what was said.

    Gives those that were new, and those that were finished only now; of the rest nothing is
    written.
    """
    return await session.rows(
        WRITE,
        Written,
        kept=_rows(_kept(place, each) for place, each in enumerate(kept)),
        ended=_rows(_ended(each.finished) for each in ended),
        lines=_rows(_lines(ended)),
        used=_rows(_used(each) for each in ended if each.used is not None),
        words=_rows(_words(ended)),
        marks=_rows(_said(each) for each in said),
        now=now,
    )


def waiting(turn: Turn, written: Written) -> list[Waiting]:
    """The words of a turn as they wait in the outbox, as far as it is told where."""
    return [
        Waiting(
            id=number,
            chat_id=each.chat_id,
            lane=each.lane,
            method=each.method,
            payload=each.payload,
            update_id=written.id,
            tries=0,
            created_at=turn.finished.update.received_at,
        )
        for number, each in zip(written.words, turn.words, strict=False)
    ]


# The names of the fields are those of the record sets in the statement.


class _Kept(Struct):
    place: int
    id: int
    chat_id: int
    kind: str
    body: str
    received_at: datetime


class _Ended(Struct):
    id: int
    chat_id: int
    kind: str
    body: str | None
    state: str
    reason: str | None
    received_at: datetime


class _Line(Struct):
    place: int
    update_id: int
    dialog_id: int | None
    character_id: int | None
    user_id: int
    role: str
    text: str


class _Used(Struct):
    update_id: int
    user_id: int
    day: date


class _Outgoing(Struct):
    place: int
    update_id: int
    chat_id: int
    lane: int
    method: str
    payload: str


class _Said(Struct):
    id: int
    state: str
    tries: int
    reason: str | None
    repeated: bool


def _rows(rows: Iterable[Struct]) -> str:
    return _encode(list(rows)).decode()


def _kept(place: int, update: Pending) -> _Kept:
    return _Kept(place, update.id, update.chat_id, update.kind, update.body, update.received_at)


def _ended(finished: Finished) -> _Ended:
    update, reason = finished.update, finished.reason
    return _Ended(
        update.id,
        update.chat_id,
        update.kind,
        update.body if finished.outcome == "failed" else None,
        finished.outcome,
        reason and reason[:LONGEST_REASON],
        update.received_at,
    )


def _said(finished: outbox.Finished) -> _Said:
    reason = finished.reason
    shown = reason and reason[:LONGEST_REASON]
    return _Said(finished.id, finished.state, finished.tries, shown, finished.repeated)


def _lines(ended: Sequence[Turn]) -> Iterable[_Line]:
    spoken = (
        (each.finished.id, exchange, role, text)
        for each in ended
        if (exchange := each.exchange) is not None
        for role, text in exchange.lines()
    )
    for place, (update, exchange, role, text) in enumerate(spoken):
        yield _Line(
            place, update, exchange.dialog_id, exchange.character_id, exchange.user_id, role, text
        )


def _used(turn: Turn) -> _Used:
    used: Any = turn.used
    return _Used(turn.finished.id, used.user_id, used.day)


def _words(ended: Sequence[Turn]) -> Iterable[_Outgoing]:
    place = 0
    for each in ended:
        for words in each.words:
            place += 1
            yield _Outgoing(
                place, each.finished.id, words.chat_id, words.lane, words.method, words.payload
            )
