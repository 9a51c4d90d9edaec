"""How much each person wrote on each day: the daily quota's memory.

Counted in the transaction that writes the message, so that nobody ever counts rows.
"""

from datetime import date

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import UserId

COUNT = take("usage", "count_usage")


class _Used(Struct, frozen=True, kw_only=True):
    messages: int


class Used(Struct, frozen=True, kw_only=True):
    """One message more of a person on a day of theirs."""

    user_id: UserId
    day: date


async def count(session: Session, user: UserId, day: date) -> int:
    """Give how many messages a person wrote on a day."""
    used = await session.row_or_none(COUNT, _Used, user_id=user, day=day)
    return 0 if used is None else used.messages
