"""Conversations between a person and a character; at most one a person is open."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, NewType

from msgspec import UNSET, Struct, UnsetType

from vitte.store.characters import CharacterId, Temperament
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import UserId

GET_OPEN = take("dialogs", "get_open_dialog")
GET = take("dialogs", "get_dialog")
GET_OF_ANYONE = take("dialogs", "get_dialog_of_anyone")
LIST = take("dialogs", "list_dialogs")
LIST_OF_ALL = take("dialogs", "list_dialogs_of_all")
START = take("dialogs", "start_dialog")
START_IF_POSSIBLE = take("dialogs", "start_dialog_if_possible")
CHANGE = take("dialogs", "change_dialog")
RESUME = take("dialogs", "resume_dialog")
GET_SCENE = take("dialogs", "get_scene")
ARCHIVE_INACTIVE = take("dialogs", "archive_inactive_dialogs")

DialogId = NewType("DialogId", int)

NEWEST = DialogId(2**63 - 1)
"""Above every dialog: where a list begins."""

State = Literal["open", "closed", "archived"]
EVERY_STATE: tuple[State, ...] = ("open", "closed", "archived")


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


class Scene(Struct, frozen=True, kw_only=True):
    """What an answer needs of an open dialog; ``recent`` is JSON, a list of role and text."""

    dialog_id: DialogId
    names: dict[str, str]
    temperament: Temperament
    used: int
    recent: str


async def get_scene(session: Session, user: UserId, day: date, *, limit: int) -> Scene | None:
    """Give what an answer needs of a person's open dialog, or None where none is open.

    The latest ``limit`` messages, and how many the person wrote on that day.
    """
    return await session.row_or_none(GET_SCENE, Scene, user_id=user, day=day, limit=limit)


async def open_of(session: Session, user: UserId) -> Dialog | None:
    """Give the dialog that a person's next words belong to, or None."""
    return await session.row_or_none(GET_OPEN, Dialog, user_id=user)


async def get(session: Session, user: UserId | None, dialog: DialogId) -> Dialog | None:
    """Give a dialog of a person; a stranger's is None, the same as one that does not exist.

    ``user`` None asks for anyone's.
    """
    if user is None:
        return await session.row_or_none(GET_OF_ANYONE, Dialog, id=dialog)
    return await session.row_or_none(GET, Dialog, user_id=user, id=dialog)


async def list_of(  # noqa: PLR0913  # each narrows the list in a way of its own
    session: Session,
    user: UserId | None,
    *,
    limit: int,
    before: DialogId = NEWEST,
    states: Sequence[State] = EVERY_STATE,
    character: CharacterId | None = None,
) -> list[Dialog]:
    """Give a page of a person's dialogs, the newest first, those older than ``before``.

    ``user`` None asks for everybody's, ``character`` None for those with any.
    """
    given = {"before": before, "limit": limit, "states": list(states), "character_id": character}
    if user is None:
        return await session.rows(LIST_OF_ALL, Dialog, **given)
    return await session.rows(LIST, Dialog, user_id=user, **given)


async def start(
    session: Session, user: UserId, character: CharacterId, now: datetime, *, title: str = ""
) -> Dialog:
    """Close a person's open dialog, if any, and open a new one, in one statement."""
    return await session.row(
        START, Dialog, user_id=user, character_id=character, title=title, now=now
    )


async def start_if_possible(
    session: Session, user: UserId, character: CharacterId | None, now: datetime, *, title: str
) -> Dialog | None:
    """As ``start``; None when the person is not known or the character not offered.

    Without a character it is the one that the person chose last, or else the first.
    """
    return await session.row_or_none(
        START_IF_POSSIBLE, Dialog, user_id=user, character_id=character, title=title, now=now
    )


async def change(  # noqa: PLR0913  # what may be changed, each apart
    session: Session,
    user: UserId | None,
    dialog: DialogId,
    now: datetime,
    *,
    title: str | UnsetType = UNSET,
    state: State | UnsetType = UNSET,
    version: datetime | None = None,
) -> Dialog | None:
    """Change what is given of a dialog of a person, or of anyone.

    ``version`` is the ``updated_at`` that the change is meant for; None is any. None comes
    back when there is no such dialog, or in another version, or when it should be opened
    while the person has another one open.

    Raises:
        Contradiction: Another one was opened at the same moment.
    """
    return await session.row_or_none(
        CHANGE,
        Dialog,
        user_id=user,
        id=dialog,
        title=None if title is UNSET else title,
        state=None if state is UNSET else state,
        version=version,
        now=now,
    )


async def resume(session: Session, user: UserId, now: datetime) -> Dialog | None:
    """Open a person's latest dialog again if it was archived for its silence; else None."""
    return await session.row_or_none(RESUME, Dialog, user_id=user, now=now)


async def archive_inactive(
    session: Session, *, before: datetime, now: datetime, limit: int = 1_000
) -> int:
    """Archive at most ``limit`` dialogs without a word since ``before``; give how many."""
    return await session.change(ARCHIVE_INACTIVE, before=before, now=now, limit=limit)
