"""How much each person wrote on each day: the daily quota's memory.

Counted in the transaction that writes the message, so that nobody ever counts rows.
"""

from datetime import date

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import UserId

ADD = take("usage", "add_usage")
COUNT = take("usage", "count_usage")


class _Used(Struct, frozen=True, kw_only=True):
    messages: int


async def add(session: Session, user: UserId, day: date, messages: int = 1) -> int:
    """Count messages a person wrote on a day of the installation's calendar; give the day's sum."""
    used = await session.row(ADD, _Used, user_id=user, day=day, messages=messages)
    return used.messages


async def count(session: Session, user: UserId, day: date) -> int:
    """Give how many messages a person wrote on a day."""
    used = await session.row_or_none(COUNT, _Used, user_id=user, day=day)
    return 0 if used is None else used.messages
