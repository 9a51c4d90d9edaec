"""How much each person wrote on each day: the daily quota's memory.

Counted in the transaction that writes the message, so that nobody ever counts rows.
"""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import UserId

ADD = take("usage", "add_usage")
ADD_MANY = take("usage", "add_usages")
COUNT = take("usage", "count_usage")


class _Used(Struct, frozen=True, kw_only=True):
    messages: int


async def add(session: Session, user: UserId, day: date, messages: int = 1) -> int:
    """Count messages a person wrote on a day of the installation's calendar; give the day's sum."""
    used = await session.row(ADD, _Used, user_id=user, day=day, messages=messages)
    return used.messages


class Used(Struct, frozen=True, kw_only=True):
    """One message more of a person on a day of theirs."""

    user_id: UserId
    day: date


async def add_many(session: Session, used: Sequence[Used]) -> None:
    """Count messages of many people in one statement."""
    await session.change(
        ADD_MANY,
        users=[each.user_id for each in used],
        days=[each.day for each in used],
        messages=[1 for _ in used],
    )


async def count(session: Session, user: UserId, day: date) -> int:
    """Give how many messages a person wrote on a day."""
    used = await session.row_or_none(COUNT, _Used, user_id=user, day=day)
    return 0 if used is None else used.messages
