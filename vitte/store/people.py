"""People as operators look for them, and how each update of theirs fared, step by step.

What people wrote is not read here: only that something came, and what became of it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct

from vitte.store.outbox import OutgoingId
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.text import storable
from vitte.store.updates import UpdateId
from vitte.store.users import Language, UserId

LIST = take("people", "list_people")
FIND = take("people", "find_people")
LIST_RECEIVED = take("people", "list_received")
LIST_SAID = take("people", "list_said")

NEWEST: Final = UserId(2**63 - 1)
"""Above everybody, and above every update: where a list begins."""
LAST_LETTER: Final = "\U0010ffff"
"""Whatever begins with some words lies below them with this behind; Unicode gives it to no letter."""


class Person(Struct, frozen=True, kw_only=True):
    """A person in a list; ``banned_at`` and ``ban_ends_at`` are those of a ban in force, without an end if it is for good."""

    id: UserId
    first_name: str
    last_name: str | None
    username: str | None
    unreachable_since: datetime | None
    created_at: datetime
    language: Language
    expires_at: datetime | None
    banned_at: datetime | None
    ban_ends_at: datetime | None

    @property
    def name(self) -> str:
        """First and last name."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


class Received(Struct, frozen=True, kw_only=True):
    """An update, and what became of it."""

    id: UpdateId
    seq: int
    kind: str
    state: Literal["pending", "answered", "refused", "failed"]
    reason: str | None
    tries: int
    received_at: datetime
    done_at: datetime | None


class Said(Struct, frozen=True, kw_only=True):
    """Something that was said in answer, and what Telegram made of it."""

    id: OutgoingId
    update_id: UpdateId
    lane: int
    method: str
    state: Literal["waiting", "sent", "failed"]
    reason: str | None
    tries: int
    repeated: bool
    created_at: datetime
    done_at: datetime | None


async def find(
    session: Session, words: str, now: datetime, *, limit: int, before: UserId = NEWEST
) -> list[Person]:
    """Give those whose name or username begins so, or whose id it is; all, where nothing is said."""
    words = storable(words.strip().removeprefix("@"), 64)
    if not words:
        return await session.rows(LIST, Person, before=before, limit=limit, now=now)
    number = int(words) if words.isascii() and words.isdigit() and len(words) < 19 else 0  # noqa: PLR2004  # what fits into a bigint
    return await session.rows(
        FIND,
        Person,
        id=number,
        words=words,
        beyond=words + LAST_LETTER,
        before=before,
        limit=limit,
        now=now,
    )


async def list_received(
    session: Session, chat: int, *, limit: int, before: int = NEWEST
) -> list[Received]:
    """Give what came from a chat, the latest first, beyond a ``seq``."""
    return await session.rows(LIST_RECEIVED, Received, chat_id=chat, before=before, limit=limit)


async def list_said(session: Session, updates: Sequence[UpdateId]) -> dict[UpdateId, list[Said]]:
    """Give what was said in answer to some updates, by their ids."""
    answers: dict[UpdateId, list[Said]] = {}
    for said in await session.rows(LIST_SAID, Said, updates=list(updates)):
        answers.setdefault(said.update_id, []).append(said)
    return answers
