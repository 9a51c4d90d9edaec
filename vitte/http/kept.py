"""What the API keeps ready: answers as bytes, in the cache, until what they show has changed.

Described here and kept by the cache (``cache.Noun``): what is missing is read for all who
wait with one question a noun, and made into bytes once. An answer knows whose it is: who
may not see that person's rows is told by the one who asks for it. Whoever writes in
dialogs drops these by ``cache.forget_talk``, or puts them right by ``cache.renew_talk``.
"""

import operator
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import timedelta
from typing import Final, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from vitte import config
from vitte.actors import cache
from vitte.http import pages, reading
from vitte.http.pages import Page
from vitte.http.payload import Dialog, Message, Settings
from vitte.http.route import Answer
from vitte.store import dialogs, messages, settings
from vitte.store.dialogs import DialogId
from vitte.store.pool import Database
from vitte.store.users import UserId

Row = TypeVar("Row")
MOST_MADE: Final = 10_000
ROW_BYTES: Final = 1_200
"""What a dialog takes in memory, with its title, its times and its JSON, more rather than less."""

show_dialogs: Final = pages.shower(Dialog)
_show_messages: Final = pages.shower(Message)
_encode: Final = msgspec.json.Encoder().encode


class Shown(Struct, gc=False):
    """An answer, and whose rows it shows; of dialogs the rows themselves, by which it is put right.

    An answer of dialogs is made when somebody first wants it: a change puts the rows right and
    leaves the making to the next reader. ``asked`` is their page; None is a dialog alone.
    """

    owner: UserId
    made: Answer | None = None
    rows: Sequence[dialogs.Dialog] = ()
    asked: dialogs.Asked | None = None

    @property
    def answer(self) -> Answer:
        """The answer."""
        if self.made is None:
            asked, rows = self.asked, self.rows
            self.made = dialog(rows[0]) if asked is None else _page_of_dialogs(asked, rows)
        return self.made


async def _dialogs(database: Database, wanted: Sequence[DialogId]) -> dict[DialogId, Shown]:
    found = await dialogs.get_many(database, wanted)
    return {key: _shown_alone(row) for key, row in found.items()}


async def _pages_of_dialogs(
    database: Database, wanted: Sequence[dialogs.Asked]
) -> dict[dialogs.Asked, Shown]:
    found = await dialogs.list_pages(database, wanted)
    return {asked: _shown(asked, rows) for asked, rows in found.items()}


async def _pages_of_messages(
    database: Database, wanted: Sequence[messages.Asked]
) -> dict[messages.Asked, Shown]:
    found = await messages.list_pages(database, wanted)
    return {
        asked: Shown(page.owner, _page_of_messages(asked, page.messages))
        for asked, page in found.items()
    }


async def _settings(database: Database, wanted: Sequence[UserId]) -> dict[UserId, Shown]:
    found = await settings.get_many(database, wanted)
    return {user: Shown(user, settings_of(row)) for user, row in found.items()}


def _shown_alone(row: dialogs.Dialog) -> Shown:
    return Shown(row.user_id, rows=(row,))


def _shown(asked: dialogs.Asked, rows: Sequence[dialogs.Dialog]) -> Shown:
    return Shown(asked.user, rows=rows, asked=asked)


def _dialog_renewed(_key: DialogId, shown: Shown, row: dialogs.Dialog) -> Shown | None:
    [before] = shown.rows
    after = _after(before, row)
    if after is before:
        return shown
    return None if after is None else _shown_alone(after)


def _page_renewed(asked: dialogs.Asked, shown: Shown, row: dialogs.Dialog) -> Shown | None:
    """A page of dialogs after a change of one; None if it cannot be told what it shows now."""
    if asked.state == "closed" and row.state == "open":
        return None  # who starts one closes another, which is not seen here
    full = len(shown.rows) == asked.limit
    rows: list[dialogs.Dialog] = []
    for before in shown.rows:
        if before.id != row.id and not before.state == row.state == "open":
            rows.append(before)
            continue
        after = _after(before, row)
        if after is None:
            return None
        if asked.shows(after):
            rows.append(after)
        elif full:  # another one moves up, and nobody knows here which
            return None
    new = asked.shows(row) and all(each.id != row.id for each in rows)
    if new and not (full and row.id < shown.rows[-1].id):
        rows = sorted((*rows, row), key=lambda each: each.id, reverse=True)[: asked.limit]
    same = len(rows) == len(shown.rows) and all(map(operator.is_, rows, shown.rows))
    return shown if same else _shown(asked, rows)


def _after(dialog: dialogs.Dialog, row: dialogs.Dialog) -> dialogs.Dialog | None:
    """A person's dialog after one of theirs was changed or started; None if that cannot be told.

    One is open at the most: who starts one closes the one before.
    """
    if dialog.id == row.id:
        return row
    if not dialog.state == row.state == "open":
        return dialog
    if row.created_at != row.updated_at:  # it was not started just now: what we have is old
        return None
    changed = max(row.created_at, dialog.updated_at + timedelta(microseconds=1))
    return msgspec.structs.replace(
        dialog, state="closed", closed_at=row.created_at, updated_at=changed
    )


def _owner(_key: Hashable, shown: Shown | None) -> UserId | None:
    return None if shown is None else shown.owner


def _size(shown: Shown) -> int:
    if shown.made is None:
        return ROW_BYTES * len(shown.rows)
    body = shown.made.body
    return len(shown.made.head) + (len(body) if isinstance(body, bytes) else 0)


def _lasting(settings: config.Cache, _shown: Shown, _now: object) -> float:
    return settings.dialog_seconds


def _as_long_as_a_person(settings: config.Cache, _shown: Shown, _now: object) -> float:
    return settings.user_seconds


# That there is none is not kept: who makes one could not say which id it will have.
DIALOG: Final = cache.Noun(
    "dialog",
    fetch=_dialogs,
    seconds=_lasting,
    owner=_owner,
    none_seconds=0.0,
    size=_size,
    renewed=_dialog_renewed,
)
DIALOGS: Final = cache.Noun(
    "dialogs", fetch=_pages_of_dialogs, seconds=_lasting, size=_size, renewed=_page_renewed
)
MESSAGES: Final = cache.Noun(
    "messages",
    fetch=_pages_of_messages,
    seconds=_lasting,
    owner=_owner,
    none_seconds=0.0,
    size=_size,
)
SETTINGS: Final = cache.Noun(
    "settings", fetch=_settings, seconds=_as_long_as_a_person, none_seconds=0.0, size=_size
)


def dialog(row: dialogs.Dialog) -> Answer:
    """A dialog as it is answered."""
    return Answer(body=dialog_body(row), head=reading.etag_line(row.updated_at))


def dialog_body(row: dialogs.Dialog) -> bytes:
    """A dialog as JSON."""
    return _encode(show_dialogs([row])[0])


def settings_of(row: settings.Settings) -> Answer:
    """Settings as they are answered."""
    body = msgspec.convert(row, Settings, from_attributes=True)
    return Answer(body=_encode(body), head=reading.etag_line(row.updated_at))


def _page_of_dialogs(asked: dialogs.Asked, rows: Sequence[dialogs.Dialog]) -> Answer:
    narrowed = {"user_id": asked.user, "state": asked.state, "character_id": asked.character}
    shown, cursor = pages.cut(rows, asked.limit - 1, key=lambda row: row.id)
    body = Page[Dialog](items=show_dialogs(shown), next=cursor)
    return _page(body, "/api/v1/dialogs/", narrowed, asked.limit - 1)


def _page_of_messages(asked: messages.Asked, rows: Sequence[messages.Message]) -> Answer:
    path, narrowed = f"/api/v1/dialogs/{asked.dialog}/messages", {"role": asked.role}
    shown, cursor = pages.cut(rows, asked.limit - 1, key=lambda row: row.id)
    body = Page[Message](items=_show_messages(shown), next=cursor)
    return _page(body, path, narrowed, asked.limit - 1)


def _page(
    page: Page[Dialog] | Page[Message], path: str, narrowed: Mapping[str, object], limit: int
) -> Answer:
    if page.next is None:
        return Answer(body=_encode(page))
    query = {name: value for name, value in narrowed.items() if value is not None}
    address = f"{path}?{urlencode(query | {'limit': limit, 'cursor': page.next})}"
    return Answer(body=_encode(page), head=pages.link(address))


class Made(Generic[Row]):
    """Answers by the very rows they were made of, for nouns whose rows the bot reads as well.

    As long as the cache gives the same row, the answer is the same; a row that it has read
    anew is another one.
    """

    def __init__(self, make: Callable[[Row], Answer]) -> None:
        self._make = make
        self._made: dict[Hashable, tuple[Row, Answer]] = {}

    def of(self, key: Hashable, row: Row) -> Answer:
        """The answer that a row makes; the key tells which others it takes the place of."""
        made = self._made.get(key)
        if made is not None and made[0] is row:
            return made[1]
        if len(self._made) >= MOST_MADE:
            self._made.clear()
        answer = self._make(row)
        self._made[key] = (row, answer)
        return answer
