"""What each person has paid for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from vitte.store.audit import VITTE, Author
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import UserId

GET = take("subscriptions", "get_subscription")
GET_MANY = take("subscriptions", "get_subscriptions")
CHANGE = take("subscriptions", "change_subscription")
EXPIRE = take("subscriptions", "expire_subscriptions")

Plan = Literal["free", "premium"]


class Subscription(Struct, frozen=True, kw_only=True):
    """A plan as bought. What counts at a moment is ``plan_at(now)``: a premium that ended is free."""

    user_id: UserId
    plan: Plan
    started_at: datetime
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime

    def is_active(self, now: datetime) -> bool:
        """Tell whether something paid for is in force."""
        return self.expires_at is not None and now < self.expires_at

    def plan_at(self, now: datetime) -> Plan:
        """Give the plan that counts at a moment."""
        return "premium" if self.is_active(now) else "free"


class Ended(Struct, frozen=True, kw_only=True):
    """A subscription that has ended: whose, and when."""

    user_id: UserId
    expires_at: datetime


async def get(session: Session, user: UserId) -> Subscription | None:
    """Give a person's subscription, or None for a stranger."""
    return await session.row_or_none(GET, Subscription, user_id=user)


async def get_many(session: Session, wanted: Sequence[UserId]) -> dict[UserId, Subscription]:
    """Give the subscriptions of those of some people who are known, by their ids."""
    found = await session.rows(GET_MANY, Subscription, ids=list(wanted))
    return {row.user_id: row for row in found}


async def change(  # noqa: PLR0913  # what may be changed, each apart, and who does it
    session: Session,
    user: UserId,
    now: datetime,
    *,
    plan: Plan | UnsetType = UNSET,
    expires_at: datetime | UnsetType | None = UNSET,
    version: datetime | None = None,
    author: Author = VITTE,
) -> Subscription | None:
    """Change what is given of a person's subscription, in one statement with the audit's row.

    ``version`` is the ``updated_at`` that the change is meant for; None is any. None comes
    back for a stranger, for another version, and for what cannot stand: a free plan with an
    end, a premium one without, an end that does not come after the beginning.
    """
    return await session.row_or_none(
        CHANGE,
        Subscription,
        user_id=user,
        plan=None if plan is UNSET else plan,
        keep_end=expires_at is UNSET,
        expires_at=None if expires_at is UNSET else expires_at,
        version=version,
        who=author.who,
        token_id=author.token_id,
        request_id=author.request_id,
        reason=author.reason,
        address=author.address,
        now=now,
    )


async def set_premium(
    session: Session, user: UserId, expires_at: datetime, now: datetime
) -> Subscription | None:
    """Give a person the premium plan up to a moment, which must lie ahead; None for a stranger."""
    return await change(session, user, now, plan="premium", expires_at=expires_at)


async def set_free(session: Session, user: UserId, now: datetime) -> Subscription | None:
    """Put a person back on the free plan; None for a stranger."""
    return await change(session, user, now, plan="free", expires_at=None)


async def expire(
    session: Session, before: datetime, now: datetime, *, after: Ended, limit: int = 1_000
) -> list[Ended]:
    """Put people whose subscription ended before a moment on the free plan, with the audit's rows.

    Gives the next ``limit`` after one that was given before, in the order of their ends.
    """
    return await session.rows(
        EXPIRE,
        Ended,
        before=before,
        now=now,
        after=after.expires_at,
        after_user=after.user_id,
        who=VITTE.who,
        limit=limit,
    )
