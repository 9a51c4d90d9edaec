"""Failed logins, by account and by address: each makes the next one wait longer.

An attempt is counted as failed before the password is looked at, so that many at
once are no more than one after the other; one that goes well is taken back.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from vitte.errors import TooManyAttempts
from vitte.store.pool import Database, Session
from vitte.store.queries import take

CLAIM = take("attempts", "claim_attempt")
WAITS = take("attempts", "list_waits")
FORGIVE = take("attempts", "forgive_attempts")
RETURN = take("attempts", "return_attempt")
FORGET_OLD = take("attempts", "forget_old_attempts")

FREE: Final = 4
"""So many failures in a row cost no waiting: people mistype."""
FORGIVEN_AFTER: Final = timedelta(hours=24)


class _Failures(Struct, frozen=True, kw_only=True):
    failures: int


class _Wait(Struct, frozen=True, kw_only=True):
    free_at: datetime


async def claim(database: Database, longest: Mapping[str, int], now: datetime) -> None:
    """Count one attempt against every key, or against none; each with its longest wait, in seconds.

    Raises:
        TooManyAttempts: One of them still waits.
    """
    try:
        async with database.transaction() as transaction:
            await transaction.change(FORGET_OLD, stale=now - FORGIVEN_AFTER)
            for key in sorted(longest):  # in one order, so that no two wait for each other
                await _claim(transaction, key, longest[key], now)
    except TooManyAttempts:
        waits = await database.rows(WAITS, _Wait, keys=list(longest), now=now)
        until = max((wait.free_at for wait in waits), default=now)
        raise TooManyAttempts(int((until - now).total_seconds()) + 1) from None


async def _claim(session: Session, key: str, longest: int, now: datetime) -> None:
    stale = now - FORGIVEN_AFTER
    claimed = await session.row_or_none(
        CLAIM, _Failures, key=key, longest=longest, free=FREE, stale=stale, now=now
    )
    if claimed is None:
        raise TooManyAttempts(1)


async def forgive(session: Session, account: str, address: str, now: datetime) -> None:
    """Forget an account's failures, and take this one attempt back from its address.

    The address's others stay: who has one account must not try the others' without end.
    """
    await session.change(FORGIVE, key=account)
    await session.change(RETURN, key=address, now=now)
