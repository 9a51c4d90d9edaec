"""Conversations between a person and a character; at most one a person is open.

What programs ask comes in many at once: pages, wishes and changes are read and written
with one statement for all of them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, NewType

from msgspec import UNSET, Struct, UnsetType

from vitte.store.characters import CharacterId
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import UserId
from vitte.store.walk import BEFORE_ALL, Walked

GET_OPEN = take("dialogs", "get_open_dialog")
GET = take("dialogs", "get_dialog")
GET_OF_ANYONE = take("dialogs", "get_dialog_of_anyone")
GET_MANY = take("dialogs", "get_dialogs")
LIST_PAGES = take("dialogs", "list_pages_of_dialogs")
LIST_OF_ALL = take("dialogs", "list_dialogs_of_all")
START = take("dialogs", "start_dialog")
START_MANY = take("dialogs", "start_dialogs")
CHANGE_MANY = take("dialogs", "change_dialogs")
CHANGE = take("dialogs", "change_dialog")
ARCHIVE_INACTIVE = take("dialogs", "archive_inactive_dialogs")

DialogId = NewType("DialogId", int)

NEWEST = DialogId(2**63 - 1)
"""Above every dialog: where a list begins."""

State = Literal["open", "closed", "archived"]


class Dialog(Struct, frozen=True, kw_only=True, gc=False):
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


class Asked(NamedTuple):
    """A page of a person's dialogs: so many below an id, in one state or any, with one character or any."""

    user: UserId
    before: DialogId
    limit: int
    state: State | None = None
    character: CharacterId | None = None

    def shows(self, dialog: Dialog) -> bool:
        """Tell whether such a page may show a dialog of this person, as it is now."""
        return (
            dialog.id < self.before
            and self.state in {None, dialog.state}
            and self.character in {None, dialog.character_id}
        )


class Wish(Struct, frozen=True, kw_only=True):
    """A dialog to be started. Without a character it is the one chosen last, if it is offered, else the first that is."""

    user: UserId
    character: CharacterId | None = None
    title: str = ""


class Started(Struct, frozen=True, kw_only=True):
    """What became of a wish: None when the person is not known or the character not offered."""

    known: bool
    dialog: Dialog | None


class Change(Struct, frozen=True, kw_only=True):
    """What changes of a dialog, a person's (None: anyone's); what is None stays.

    ``version`` is the ``updated_at`` that the change is meant for; None is any.
    """

    dialog: DialogId
    user: UserId | None
    title: str | None = None
    state: Literal["closed", "archived"] | None = None
    version: datetime | None = None


class Changed(Struct, frozen=True, kw_only=True):
    """What became of a change: whose dialog it found, and the dialog unless in another version."""

    owner: UserId | None
    dialog: Dialog | None


class _Listed(Dialog, frozen=True, kw_only=True, gc=False):
    place: int


class _Placed(Struct, frozen=True, kw_only=True):
    """A dialog, or none, and which of many questions it answers."""

    place: int
    id: DialogId | None
    user_id: UserId | None
    character_id: CharacterId | None
    title: str | None
    state: State | None
    last_message_at: datetime | None
    closed_at: datetime | None
    archived_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None

    def dialog(self) -> Dialog | None:
        """The dialog, if there is one: its columns are there together or not at all."""
        if self.id is None:
            return None
        return Dialog(**{name: getattr(self, name) for name in Dialog.__struct_fields__})


class _PlacedChange(_Placed, frozen=True, kw_only=True):
    owner: UserId


class _PlacedStart(_Placed, frozen=True, kw_only=True):
    known: bool


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


async def get_many(session: Session, wanted: Sequence[DialogId]) -> dict[DialogId, Dialog]:
    """Give those of some dialogs that there are, whosever they are, by their ids."""
    found = await session.rows(GET_MANY, Dialog, ids=list(wanted))
    return {dialog.id: dialog for dialog in found}


async def list_pages(session: Session, asked: Sequence[Asked]) -> dict[Asked, list[Dialog]]:
    """Give many pages of dialogs, each the newest first, with one question."""
    pages: dict[Asked, list[Dialog]] = {page: [] for page in asked}
    rows = await session.rows(
        LIST_PAGES,
        _Listed,
        users=[page.user for page in pages],
        befores=[page.before for page in pages],
        states=[page.state for page in pages],
        characters=[page.character for page in pages],
        limits=[page.limit for page in pages],
    )
    places = list(pages)
    for row in rows:
        pages[places[row.place - 1]].append(row)
    return pages


async def list_of_all(
    session: Session,
    *,
    limit: int,
    before: DialogId = NEWEST,
    state: State | None = None,
    character: CharacterId | None = None,
) -> list[Dialog]:
    """Give a page of everybody's dialogs, the newest first, those older than ``before``."""
    return await session.rows(
        LIST_OF_ALL, Dialog, before=before, limit=limit, state=state, character_id=character
    )


async def start(
    session: Session, user: UserId, character: CharacterId, now: datetime, *, title: str = ""
) -> Dialog:
    """Close a person's open dialog, if any, and open a new one, in one statement."""
    return await session.row(
        START, Dialog, user_id=user, character_id=character, title=title, now=now
    )


async def start_many(session: Session, wishes: Sequence[Wish], now: datetime) -> list[Started]:
    """As ``start``, for programs, each person at most once; give what became of each wish."""
    rows = await session.rows(
        START_MANY,
        _PlacedStart,
        users=[wish.user for wish in wishes],
        characters=[wish.character for wish in wishes],
        titles=[wish.title for wish in wishes],
        now=now,
    )
    return [Started(known=row.known, dialog=row.dialog()) for row in rows]


async def change_many(session: Session, changes: Sequence[Change], now: datetime) -> list[Changed]:
    """Change many dialogs, each at most once; give what became of each change."""
    rows = await session.rows(
        CHANGE_MANY,
        _PlacedChange,
        ids=[change.dialog for change in changes],
        users=[change.user for change in changes],
        titles=[change.title for change in changes],
        states=[change.state for change in changes],
        versions=[change.version for change in changes],
        now=now,
    )
    found = {row.place: Changed(owner=row.owner, dialog=row.dialog()) for row in rows}
    nothing = Changed(owner=None, dialog=None)
    return [found.get(place, nothing) for place in range(1, len(changes) + 1)]


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


async def archive_inactive(
    session: Session,
    *,
    before: datetime,
    now: datetime,
    after: int = BEFORE_ALL,
    limit: int = 1_000,
) -> Walked:
    """Archive dialogs without a word since ``before``, among the next ``limit`` of all.

    A run walks, as in ``messages.delete_old``.
    """
    return await session.row(
        ARCHIVE_INACTIVE, Walked, before=before, now=now, after=after, limit=limit
    )
