"""What was answered to requests that may be sent twice: an answer a key, kept for a day.

Claim the key, do the work and keep the answer in one transaction: then either all
three are there or none, and who comes second with the same key waits for the first.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from vitte.store.pool import Transaction
from vitte.store.queries import take
from vitte.store.tokens import TokenId

CLAIM = take("idempotency", "claim_key")
KEEP = take("idempotency", "keep_answer")
GET = take("idempotency", "get_answer")

KEPT_FOR: Final = timedelta(days=1)


class Kept(Struct, frozen=True, kw_only=True):
    """What stands under a key: the digest of the request, and what was answered."""

    request: bytes
    location: str | None
    body: bytes | None


async def claim(
    transaction: Transaction, token: TokenId, key: str, request: bytes, now: datetime
) -> Kept | None:
    """Take a key, giving None; or give what stands there, if somebody took it within a day."""
    claimed = await transaction.row_or_none(
        CLAIM,
        Kept,
        token_id=token,
        key=key,
        request=request,
        now=now,
        stale=now - KEPT_FOR,
    )
    if claimed is not None:
        return None
    return await transaction.row(GET, Kept, token_id=token, key=key)


async def keep(
    transaction: Transaction, token: TokenId, key: str, *, location: str, body: bytes
) -> None:
    """Write down what is answered."""
    await transaction.change(KEEP, token_id=token, key=key, location=location, body=body)
