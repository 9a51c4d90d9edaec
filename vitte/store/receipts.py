"""Receipts: what was given to people of their data and what was deleted, to be looked up later.

A receipt outlives the person's rows and holds nothing of theirs but the id. One without an end
is of something that broke off.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, NewType, TypeAlias

import msgspec
from msgspec import Struct

from vitte.store.audit import Author
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import UserId

ADD = take("receipts", "add_receipt")
ADD_COUNTS = take("receipts", "add_counts")
END = take("receipts", "end_receipt")
GET = take("receipts", "get_receipt")
LIST = take("receipts", "list_receipts")

ReceiptId = NewType("ReceiptId", int)
Kind: TypeAlias = Literal["export", "deletion"]
NEWEST: Final = ReceiptId(2**63 - 1)
"""Above every receipt: where a list begins."""


class Receipt(Struct, frozen=True, kw_only=True):
    """Rows by table; of an export that was whole also the size of its file and its SHA-256."""

    id: ReceiptId
    user_id: UserId
    kind: Kind
    who: str
    counts: dict[str, int]
    size: int | None
    sha256: bytes | None
    started_at: datetime
    ended_at: datetime | None


async def begin(
    session: Session, user: UserId, kind: Kind, now: datetime, *, author: Author
) -> Receipt:
    """Begin a receipt, before anything is given or deleted."""
    return await session.row(ADD, Receipt, user_id=user, kind=kind, who=author.who, now=now)


async def count(session: Session, receipt: ReceiptId, counts: Mapping[str, int]) -> None:
    """Add to what a receipt counts; call it in the transaction that deletes."""
    counted = {name: number for name, number in counts.items() if number}
    await session.change(ADD_COUNTS, id=receipt, counts=msgspec.json.encode(counted).decode())


async def end(
    session: Session,
    receipt: ReceiptId,
    now: datetime,
    *,
    size: int | None = None,
    sha256: bytes | None = None,
) -> Receipt:
    """End a receipt; that of an export with the size and the checksum of its file."""
    return await session.row(END, Receipt, id=receipt, now=now, size=size, sha=sha256)


async def get(session: Session, receipt: ReceiptId) -> Receipt | None:
    """Give a receipt, or None."""
    return await session.row_or_none(GET, Receipt, id=receipt)


async def list_all(
    session: Session, *, limit: int, before: ReceiptId = NEWEST, user: UserId | None = None
) -> list[Receipt]:
    """Give receipts, of one person or of all (None), the latest first, older than ``before``."""
    return await session.rows(LIST, Receipt, before_id=before, user_id=user, limit=limit)
