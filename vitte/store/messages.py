"""What was said, in partitions of a month."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple, NewType

from msgspec import Struct

from vitte.store.characters import CharacterId
from vitte.store.dialogs import Dialog, DialogId
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.text import storable
from vitte.store.users import UserId
from vitte.store.walk import BEFORE_ALL, Walked

ADD_EXCHANGE = take("messages", "add_exchange")
LIST_LINES = take("messages", "list_lines")
LIST_PAGES = take("messages", "list_pages_of_messages")
DELETE_OLD = take("messages", "delete_old_messages")
MAKE_PARTITIONS = take("messages", "make_partitions")
LIST_MONTHS = take("messages", "list_months")
DROP_MONTH = take("messages", "drop_month")

MessageId = NewType("MessageId", int)

OLDEST = MessageId(0)
NEWEST = MessageId(2**63 - 1)
"""Below and above every message: where a walk begins."""

LONGEST = 16_384
"""Characters of a message; Telegram's own limit is 4,096, a character's words are sent in parts."""

Role = Literal["user", "character"]


class Message(Struct, frozen=True, kw_only=True, gc=False):
    """Something said in a dialog, by the person or by the character."""

    id: MessageId
    dialog_id: DialogId
    user_id: UserId
    role: Role
    text: str
    created_at: datetime


class Asked(NamedTuple):
    """A page of a dialog's messages: so many below an id, of one role or both."""

    dialog: DialogId
    before: MessageId
    limit: int
    role: Role | None = None


class Page(Struct, frozen=True, kw_only=True):
    """Messages of a dialog, the newest first, and whose dialog it is."""

    owner: UserId
    messages: list[Message]


class _Listed(Message, frozen=True, kw_only=True, gc=False):
    """A message, which page of many it belongs to, and whose dialog it is; without a message id 0."""

    place: int
    owner: UserId


class Line(Struct, frozen=True, kw_only=True):
    """That something was said: by whom, when, and in how many characters."""

    id: MessageId
    role: Role
    length: int
    created_at: datetime


class Retention(Struct, frozen=True, kw_only=True):
    """What is kept: messages not older than these, by the plan in force. None keeps everything."""

    free_before: datetime
    premium_before: datetime | None

    @property
    def nothing_before(self) -> datetime | None:
        """What is older is kept by no plan; None where a plan keeps everything."""
        return self.premium_before and min(self.free_before, self.premium_before)

    @property
    def all_kept_from(self) -> datetime:
        """What is not older is kept by every plan."""
        return max(self.free_before, self.premium_before or self.free_before)


class _Made(Struct, frozen=True, kw_only=True):
    made: int


class _Month(Struct, frozen=True, kw_only=True):
    first: date


class _Dropped(Struct, frozen=True, kw_only=True):
    dropped: int | None


async def add_exchange(
    session: Session, dialog: Dialog, said: str | None, answered: Sequence[str], now: datetime
) -> list[Message]:
    """Append what a person said and the pieces of the answer; give the new messages in order.

    Either side may speak alone: ``said`` None, or no ``answered``. Nothing empty is kept.
    """
    roles: list[Role] = ["user", *("character" for _ in answered)]
    texts = ["" if said is None else said, *answered]
    spoken = [
        (role, storable(text, LONGEST)) for role, text in zip(roles, texts, strict=True) if text
    ]
    return await session.rows(
        ADD_EXCHANGE,
        Message,
        dialog_id=dialog.id,
        user_id=dialog.user_id,
        roles=[role for role, _ in spoken],
        texts=[text for _, text in spoken],
        now=now,
    )


class Exchange(Struct, frozen=True, kw_only=True):
    """What a person said in a dialog, if anything, and what was answered.

    Without a ``dialog_id`` one begins, with the character; unless one is open by then.
    """

    user_id: UserId
    dialog_id: DialogId | None
    character_id: CharacterId | None = None
    said: str | None
    answered: tuple[str, ...]

    def lines(self) -> Iterator[tuple[Role, str]]:
        """What was said, in its order. Nothing empty is kept."""
        if self.said:
            yield "user", storable(self.said, LONGEST)
        for text in self.answered:
            if text:
                yield "character", storable(text, LONGEST)


async def list_pages(session: Session, asked: Sequence[Asked]) -> dict[Asked, Page]:
    """Give many pages of messages, each the newest first, with one question.

    A page of a dialog that is not there is left out.
    """
    rows = await session.rows(
        LIST_PAGES,
        _Listed,
        dialogs=[page.dialog for page in asked],
        befores=[page.before for page in asked],
        roles=[page.role for page in asked],
        limits=[page.limit for page in asked],
    )
    pages: dict[Asked, Page] = {}
    for row in rows:
        page = asked[row.place - 1]
        if (found := pages.get(page)) is None:
            found = pages[page] = Page(owner=row.owner, messages=[])
        if row.id != OLDEST:
            found.messages.append(row)
    return pages


async def list_lines(
    session: Session, dialog: Dialog, *, limit: int, before: MessageId
) -> list[Line]:
    """Give what was said in a dialog without the words, the newest first, older than ``before``."""
    return await session.rows(
        LIST_LINES,
        Line,
        dialog_id=dialog.id,
        begun=dialog.created_at,
        before_id=before,
        limit=limit,
    )


async def list_recent(session: Session, dialog: Dialog, *, limit: int) -> list[Message]:
    """Give the latest messages of a dialog, the newest first."""
    asked = Asked(dialog.id, NEWEST, limit)
    page = (await list_pages(session, [asked])).get(asked)
    names = Message.__struct_fields__
    return (
        []
        if page is None
        else [Message(**{name: getattr(row, name) for name in names}) for row in page.messages]
    )


async def delete_old(
    session: Session,
    retention: Retention,
    now: datetime,
    *,
    after: int = BEFORE_ALL,
    limit: int = 1_000,
) -> Walked:
    """Delete what is older than its owner's plan keeps, among the next ``limit`` old messages.

    A run walks: the first batch after ``BEFORE_ALL``, each next one after the ``last_id`` of the one
    before, each in a transaction of its own.
    """
    return await session.row(
        DELETE_OLD,
        Walked,
        free_before=retention.free_before,
        premium_before=retention.premium_before,
        now=now,
        after=after,
        limit=limit,
    )


async def make_partitions(session: Session, first: date, months: int) -> int:
    """Make the partitions of so many months from that of ``first`` on; give how many were missing."""
    return (await session.row(MAKE_PARTITIONS, _Made, first=first, months=months)).made


async def list_months(session: Session) -> list[date]:
    """Give the first days (UTC) of the months that have a partition, the oldest first."""
    return [month.first for month in await session.rows(LIST_MONTHS, _Month)]


async def drop_month(session: Session, first: date, *, empty: bool) -> int | None:
    """Drop a month with all its messages; give how many those were.

    ``empty``: only if none are left in it. None when it stays.

    Raises:
        DatabaseBusy: Somebody reads or writes messages at every moment; try again.
    """
    return (await session.row(DROP_MONTH, _Dropped, first=first, empty=empty)).dropped
