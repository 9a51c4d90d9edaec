"""Subscriptions: what a person has paid for, and its change by a program."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from vitte.actors import cache
from vitte.errors import BadInput, Contradiction, NotThere, VersionGone, VitteError
from vitte.http import kept, reading
from vitte.http.payload import Moment, Patch, UserNumber
from vitte.http.route import Answer, Asked
from vitte.services import Services
from vitte.store import subscriptions
from vitte.store.subscriptions import Plan
from vitte.store.users import UserId

_encode: Final = msgspec.json.Encoder().encode


class Subscription(Struct, frozen=True, kw_only=True):
    """What a person has bought. `is_active` tells whether it is in force now."""

    user_id: UserNumber
    plan: Plan
    is_active: bool
    started_at: Moment
    expires_at: Moment | None
    updated_at: Moment


class SubscriptionPatch(Patch, frozen=True):
    """What changes; what is absent stays. A premium plan has an end, a free one has none."""

    RULES: ClassVar = {
        "anyOf": [
            {
                "properties": {"plan": {"const": "free"}, "expires_at": {"type": "null"}},
                "required": ["plan"],
            },
            {
                "properties": {"plan": {"const": "premium"}, "expires_at": {"type": "string"}},
                "required": ["plan"],
            },
            {"properties": {"plan": False}},
        ]
    }
    """What the schema says besides: what ``_refuse_nonsense`` refuses."""

    plan: Plan | UnsetType = UNSET
    expires_at: Annotated[Moment | None, Meta(description="When it ends")] | UnsetType = UNSET


class Subscriptions:
    """Answers the addresses of subscriptions."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._clock: Callable[[], datetime] = services.clock
        self._made = {
            active: kept.Made[subscriptions.Subscription](partial(_answer, active=active))
            for active in (False, True)
        }

    async def get(self, asked: Asked[None, None]) -> Answer:
        """A person's subscription."""
        user = asked.caller.must_be_let_see(asked.number, "subscription")
        found = await cache.get_subscription(self._services.cache, user)
        if found is None:
            raise NotThere("subscription")
        return self._made[found.is_active(self._clock())].of(user, found)

    async def patch(self, asked: Asked[None, SubscriptionPatch]) -> Answer:
        """Change it, and leave a row in the audit."""
        user = asked.caller.must_be_let_see(asked.number, "subscription")
        body = asked.body
        if body.plan is not UNSET and body.expires_at is not UNSET:
            _refuse_nonsense(body.plan, body.expires_at)
        changed = await subscriptions.change(
            self._services.database,
            user,
            self._clock(),
            plan=body.plan,
            expires_at=body.expires_at,
            version=asked.version,
            author=asked.author(),
        )
        await cache.forget(self._services.cache, user)
        if changed is None:  # whoever was late reads now what stands
            raise await self._why_not(user, asked.version)
        return _answer(changed, active=changed.is_active(self._clock()))

    async def _why_not(self, user: UserId, version: datetime | None) -> VitteError:
        found = await subscriptions.get(self._services.database, user)
        if found is None:
            return NotThere("subscription")
        if version not in {None, found.updated_at}:
            return VersionGone()
        return Contradiction(
            "a premium plan needs an end that comes after its beginning, a free one has none",
            "expires_at",
        )


def _answer(row: subscriptions.Subscription, *, active: bool) -> Answer:
    body = Subscription(
        user_id=row.user_id,
        plan=row.plan,
        is_active=active,
        started_at=row.started_at,
        expires_at=row.expires_at,
        updated_at=row.updated_at,
    )
    return Answer(body=_encode(body), head=reading.etag_line(row.updated_at))


def _refuse_nonsense(plan: Plan, expires_at: datetime | None) -> None:
    """Refuse what cannot be meant whatever the subscription is now."""
    if plan == "free" and expires_at is not None:
        raise BadInput(("expires_at", "must be null with the free plan"))
    if plan == "premium" and expires_at is None:
        raise BadInput(("expires_at", "must be a time with the premium plan"))
