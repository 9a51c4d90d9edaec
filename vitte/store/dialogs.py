"""Conversations between a person and a character; at most one a person is open."""

from datetime import datetime
from typing import Literal, NewType

from msgspec import Struct

from vitte.store.characters import CharacterId
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import UserId

GET_OPEN = take("dialogs", "get_open_dialog")
GET = take("dialogs", "get_dialog")
LIST = take("dialogs", "list_dialogs")
START = take("dialogs", "start_dialog")
RESUME = take("dialogs", "resume_dialog")
ARCHIVE_INACTIVE = take("dialogs", "archive_inactive_dialogs")

DialogId = NewType("DialogId", int)

NEWEST = DialogId(2**63 - 1)
"""Above every dialog: where a list begins."""

State = Literal["open", "closed", "archived"]


class Dialog(Struct, frozen=True, kw_only=True):
    """A conversation. ``last_message_at`` is its start while nothing was said."""

    id: DialogId
    user_id: UserId
    character_id: CharacterId
    title: str
    state: State
    last_message_at: datetime
    closed_at: datetime | None
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


async def open_of(session: Session, user: UserId) -> Dialog | None:
    """Give the dialog that a person's next words belong to, or None."""
    return await session.row_or_none(GET_OPEN, Dialog, user_id=user)


async def get(session: Session, user: UserId, dialog: DialogId) -> Dialog | None:
    """Give a dialog of a person; a stranger's is None, the same as one that does not exist."""
    return await session.row_or_none(GET, Dialog, user_id=user, id=dialog)


async def list_of(
    session: Session, user: UserId, *, limit: int, before: DialogId = NEWEST
) -> list[Dialog]:
    """Give a page of a person's dialogs, the newest first, those older than ``before``."""
    return await session.rows(LIST, Dialog, user_id=user, before=before, limit=limit)


async def start(
    session: Session, user: UserId, character: CharacterId, now: datetime, *, title: str = ""
) -> Dialog:
    """Close a person's open dialog, if any, and open a new one, in one statement."""
    return await session.row(
        START, Dialog, user_id=user, character_id=character, title=title, now=now
    )


async def resume(session: Session, user: UserId, now: datetime) -> Dialog | None:
    """Open a person's latest dialog again if it was archived for its silence; else None."""
    return await session.row_or_none(RESUME, Dialog, user_id=user, now=now)


async def archive_inactive(
    session: Session, *, before: datetime, now: datetime, limit: int = 1_000
) -> int:
    """Archive at most ``limit`` dialogs without a word since ``before``; give how many."""
    return await session.change(ARCHIVE_INACTIVE, before=before, now=now, limit=limit)
