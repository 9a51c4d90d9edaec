"""Dialogs of a person: which there are, and what was said when; the words only to who says why.

Every look at words is written down before they are read: who, which dialog, why. The words
themselves go onto the page and nowhere else.
"""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from vitte.admin import asking, page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.admin.rooms import asked
from vitte.errors import NotThere
from vitte.store import audit, characters, dialogs, messages, users
from vitte.store.dialogs import Dialog, DialogId
from vitte.store.messages import Line, Message, MessageId
from vitte.store.users import UserId

PAGE: Final = 50
LATEST: Final = 10
COLUMNS: Final = ("title", "state", "last", "begun")
LINE_COLUMNS: Final = ("when", "role", "length")


async def section(visit: Visit, user: UserId) -> Html:
    """A person's latest dialogs, on their page, and the way to the rest."""
    wanted = dialogs.Asked(user=user, before=dialogs.NEWEST, limit=LATEST + 1)
    found = (await dialogs.list_pages(visit.desk.services.database, [wanted]))[wanted]
    whole = tag("a", say(visit, "admin-dialogs-all"), href=f"/people/{user}/dialogs")
    return tag(
        "section",
        tag("h2", say(visit, "admin-dialogs")),
        _table(visit, found[:LATEST]),
        tag("p", whole) if len(found) > LATEST else NOTHING,
    )


def _table(visit: Visit, found: Sequence[Dialog]) -> Html:
    if not found:
        return page.empty(say(visit, "admin-dialog-none"))
    rows: list[tuple[Child, ...]] = [
        (
            tag("a", each.title or str(each.id), href=_address(each)),
            _state(visit, each),
            page.moment(visit, each.last_message_at),
            page.moment(visit, each.created_at),
        )
        for each in found
    ]
    return page.table([say(visit, f"admin-dialog-{name}") for name in COLUMNS], rows)


def _state(visit: Visit, dialog: Dialog) -> Html:
    kind = "good" if dialog.state == "open" else "quiet"
    return page.badge(say(visit, f"admin-dialog-{dialog.state}"), kind)


def _address(dialog: Dialog) -> str:
    return f"/people/{dialog.user_id}/dialogs/{dialog.id}"


async def show_all(visit: Visit) -> web.StreamResponse:
    """All dialogs of a person, the newest first.

    Raises:
        NotThere: There is no such person.
    """
    database, user = visit.desk.services.database, asked.user(visit)
    if await users.get(database, user) is None:
        raise NotThere("user")
    before = DialogId(page.number(visit.asked("before")) or dialogs.NEWEST)
    wanted = dialogs.Asked(user=user, before=before, limit=PAGE + 1)
    found = (await dialogs.list_pages(database, [wanted]))[wanted]
    title = say(visit, "admin-dialogs")
    return page.show(
        visit,
        title,
        _way(visit, user),
        page.heading(title),
        _table(visit, found[:PAGE]),
        page.more(visit, f"/people/{user}/dialogs?before={found[PAGE - 1].id}")
        if len(found) > PAGE
        else NOTHING,
        room="people",
    )


def _way(visit: Visit, user: UserId, *, to_all: bool = False) -> Html:
    all_of_them = tag("a", say(visit, "admin-dialogs"), href=f"/people/{user}/dialogs")
    return tag(
        "p",
        tag("a", say(visit, "admin-room-people"), href="/people"),
        " · ",
        tag("a", str(user), href=f"/people/{user}"),
        (" · ", all_of_them) if to_all else NOTHING,
        class_="way",
    )


async def show(visit: Visit) -> web.StreamResponse:
    """One dialog: what was said when, and by whom; not the words.

    Raises:
        NotThere: The person has no such dialog.
    """
    dialog = await _dialog(visit)
    before = _before(visit.asked("before"))
    found = await messages.list_lines(
        visit.desk.services.database, dialog, limit=PAGE + 1, before=before
    )
    rows: list[tuple[Child, ...]] = [(*_said(visit, each), str(each.length)) for each in found]
    heads = [say(visit, f"admin-line-{name}") for name in LINE_COLUMNS]
    return await _page(
        visit,
        dialog,
        _hidden(visit, dialog, before) if visit.may("support") and found else NOTHING,
        page.table(heads, rows[:PAGE]) if rows else page.empty(say(visit, "admin-line-none")),
        page.more(visit, f"{_address(dialog)}?before={found[PAGE - 1].id}")
        if len(found) > PAGE
        else NOTHING,
    )


async def reveal(visit: Visit) -> web.StreamResponse:
    """Show the words of a page of a dialog, once it is written down who looks and why.

    Raises:
        BadInput: There is no reason.
        NotThere: The person has no such dialog.
    """
    dialog, reason, database = await _dialog(visit), asking.why(visit), visit.desk.services.database
    author, number = visit.author(reason), str(dialog.id)
    await audit.add(database, author, "dialog", "reveal", visit.now, user=dialog.user_id, subject=number)  # fmt: skip
    wanted = messages.Asked(dialog.id, _before(visit.typed("before")), PAGE + 1)
    read = (await messages.list_pages(database, [wanted])).get(wanted)
    found = read.messages if read is not None else []
    older = _older(visit, dialog, reason, found[PAGE - 1].id) if len(found) > PAGE else NOTHING
    return await _page(visit, dialog, _words(visit, found[:PAGE]), older)


async def _page(visit: Visit, dialog: Dialog, *shown: Child) -> web.Response:
    title = dialog.title or say(visit, "admin-dialog-one", number=str(dialog.id))
    character = await characters.get(visit.desk.services.database, dialog.character_id)
    rows: list[tuple[str, Child]] = [
        (say(visit, "admin-people-id"), str(dialog.id)),
        (say(visit, "admin-dialog-character"), character.names[visit.language] if character else "–"),
        (say(visit, "admin-dialog-begun"), page.moment(visit, dialog.created_at)),
        (say(visit, "admin-dialog-last"), page.moment(visit, dialog.last_message_at)),
    ]  # fmt: skip
    return page.show(
        visit,
        title,
        _way(visit, dialog.user_id, to_all=True),
        page.heading(title, _state(visit, dialog)),
        tag("section", page.facts(rows), class_="card"),
        *shown,
        room="people",
    )


def _said(visit: Visit, line: Line | Message) -> tuple[Html, str]:
    return page.moment(visit, line.created_at), say(visit, f"admin-line-{line.role}")


def _words(visit: Visit, found: Sequence[Message]) -> Html:
    if not found:
        return page.empty(say(visit, "admin-line-none"))
    heads = [say(visit, f"admin-line-{name}") for name in ("when", "role", "text")]
    rows = [(*_said(visit, each), tag("p", each.text, class_="said")) for each in found]
    return page.table(heads, rows)


def _hidden(visit: Visit, dialog: Dialog, before: MessageId) -> Html:
    form = page.form(
        visit,
        f"{_address(dialog)}/reveal",
        tag("input", type="hidden", name="before", value=before),
        asking.reason(visit, form="reveal"),
        tag("button", say(visit, "admin-line-reveal"), class_="button"),
        class_="stack",
    )
    return tag("details", tag("summary", say(visit, "admin-line-hidden")), form, class_="card ask")


def _older(visit: Visit, dialog: Dialog, reason: str, before: MessageId) -> Html:
    """The words before these: another look, and another row in the audit, for the same reason."""
    return page.form(
        visit,
        f"{_address(dialog)}/reveal",
        tag("input", type="hidden", name="before", value=before),
        tag("input", type="hidden", name="reason", value=reason),
        tag("button", say(visit, "admin-more"), class_="button"),
    )


def _before(text: str) -> MessageId:
    return MessageId(page.number(text) or messages.NEWEST)


async def _dialog(visit: Visit) -> Dialog:
    number = DialogId(int(visit.request.match_info["dialog"]))
    dialog = await dialogs.get(visit.desk.services.database, asked.user(visit), number)
    if dialog is None:
        raise NotThere("dialog")
    return dialog
