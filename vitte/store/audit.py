"""The audit: who did what to whom or what, from what, to what, and why.

A row is written by the very statement that makes the change, or in its transaction,
so that neither is there without the other. Here it is read, here is named who makes
a change, and here is written what operators do to what is no row.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.text import storable
from vitte.store.users import UserId

ADD = take("audit", "add_act")
LIST = take("audit", "list_changes")
LIST_ACTS = take("audit", "list_acts")

NEWEST: Final = 2**63 - 1
"""Above every row: where a list begins."""
LONGEST_REASON: Final = 500


class Author(Struct, frozen=True, kw_only=True):
    """Who makes a change, and perhaps why and from where.

    ``token:NAME`` for a program, ``operator:NAME`` for a person at the panel, ``shell`` for
    ``vitte admin``, ``vitte`` for the bot itself.
    """

    who: str
    token_id: int | None = None
    request_id: str | None = None
    reason: str | None = None
    address: str | None = None


VITTE: Final = Author(who="vitte")
SHELL: Final = Author(who="shell")


class Change(Struct, frozen=True, kw_only=True):
    """Something that was done: to a person (``user_id``), or to a ``subject`` that is nobody's."""

    id: int
    user_id: UserId | None
    noun: str
    action: str
    subject: str | None
    who: str
    token_id: int | None
    request_id: str | None
    reason: str | None
    address: str | None
    old: dict[str, Any]
    new: dict[str, Any]
    created_at: datetime


async def list_of(session: Session, user: UserId, *, limit: int = 100) -> list[Change]:
    """Give what was changed of a person, the latest first."""
    return await session.rows(LIST, Change, user_id=user, limit=limit)


async def add(  # noqa: PLR0913  # each is a thing of its own that the audit asks about
    session: Session,
    author: Author,
    noun: str,
    action: str,
    now: datetime,
    *,
    user: UserId | None = None,
    subject: str | None = None,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
) -> None:
    """Write down what is done. Call it in the transaction of the deed, or before it."""
    await session.change(
        ADD,
        user_id=user,
        noun=noun,
        action=action,
        subject=subject and storable(subject, 200),
        who=author.who,
        reason=author.reason and storable(author.reason, LONGEST_REASON),
        address=author.address,
        old=msgspec.json.encode(old or {}).decode(),
        new=msgspec.json.encode(new or {}).decode(),
        now=now,
    )


async def list_all(
    session: Session, *, limit: int, before: int = NEWEST, who: str | None = None
) -> list[Change]:
    """Give what was done, by one or by all (None), the latest first, what is older than ``before``."""
    return await session.rows(LIST_ACTS, Change, before=before, who=who, limit=limit)
