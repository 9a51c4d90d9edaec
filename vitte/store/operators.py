"""Operators: who may come into the admin panel, and what they may do there.

Kept of a password is its Argon2id hash. What one-time codes are computed from has
to be kept as it is, so this table is as secret as the bot's token.
"""

import re
from datetime import datetime
from typing import Final, Literal, NewType, TypeAlias

from msgspec import Struct

from vitte.errors import NoSuchOperator, OperatorNameTaken
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import Language, UserId

ADD = take("operators", "add_operator")
GET = take("operators", "get_operator")
LIST = take("operators", "list_operators")
CHANGE = take("operators", "change_operator")
USE_STEP = take("operators", "use_step")

OperatorId = NewType("OperatorId", int)
Role: TypeAlias = Literal["read", "support", "owner"]

ROLES: Final[tuple[Role, ...]] = ("read", "support", "owner")
"""From the least to the most: each may do what those before it may."""
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


class Operator(Struct, frozen=True, kw_only=True):
    """Somebody who may come in, unless ``disabled_at`` says since when not."""

    id: OperatorId
    name: str
    role: Role
    language: Language
    password: str
    totp_secret: bytes | None
    totp_step: int
    telegram_id: UserId | None
    disabled_at: datetime | None
    created_at: datetime
    updated_at: datetime


def may(role: Role, wanted: Role) -> bool:
    """Tell whether a role may do what another one is wanted for."""
    return ROLES.index(role) >= ROLES.index(wanted)


async def add(  # noqa: PLR0913  # each is a thing of its own that an operator has
    session: Session,
    name: str,
    role: Role,
    now: datetime,
    *,
    language: Language,
    password: str,
    totp_secret: bytes | None,
    telegram_id: int | None,
) -> Operator:
    """Write a new operator.

    Raises:
        OperatorNameTaken: One of that name is there, perhaps disabled.
    """
    added = await session.row_or_none(
        ADD,
        Operator,
        name=name,
        role=role,
        language=language,
        password=password,
        totp_secret=totp_secret,
        telegram_id=telegram_id,
        now=now,
    )
    if added is None:
        raise OperatorNameTaken(name)
    return added


async def get(session: Session, name: str) -> Operator | None:
    """Give an operator, also a disabled one, or None."""
    return await session.row_or_none(GET, Operator, name=name)


async def list_all(session: Session) -> list[Operator]:
    """Give every operator, by name."""
    return await session.rows(LIST, Operator)


async def change(  # noqa: PLR0913  # what may be changed, each apart
    session: Session,
    name: str,
    now: datetime,
    *,
    role: Role | None = None,
    language: Language | None = None,
    password: str | None = None,
    totp_secret: bytes | None = None,
    disabled: bool | None = None,
) -> Operator:
    """Change what is given of an operator.

    Raises:
        NoSuchOperator: There is none of that name.
    """
    changed = await session.row_or_none(
        CHANGE,
        Operator,
        name=name,
        role=role,
        language=language,
        password=password,
        totp_secret=totp_secret,
        disabled=disabled,
        now=now,
    )
    if changed is None:
        raise NoSuchOperator(name)
    return changed


async def use_step(session: Session, operator: OperatorId, step: int) -> bool:
    """Note that the code of a half minute was used; False when it, or a later one, was before."""
    return await session.change(USE_STEP, id=operator, step=step) > 0
