"""Receipts: which data was given out and which was deleted, when, by whom; nothing of the person but the number."""

from typing import Final

from aiohttp import web

from vitte.admin import page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.errors import NotThere
from vitte.store import receipts
from vitte.store.receipts import Receipt, ReceiptId
from vitte.store.users import UserId

PAGE: Final = 50
COLUMNS: Final = ("number", "kind", "user", "who", "begun", "ended")


async def show_all(visit: Visit) -> web.StreamResponse:
    """All receipts, or those of one person, the latest first."""
    user, before = page.number(visit.asked("user")), page.number(visit.asked("before"))
    found = await receipts.list_all(
        visit.desk.services.database,
        limit=PAGE + 1,
        before=ReceiptId(before or receipts.NEWEST),
        user=None if user is None else UserId(user),
    )
    title = say(visit, "admin-room-receipts")
    more = page.address("/receipts", user=str(user or ""), before=str(found[PAGE - 1].id)) if len(found) > PAGE else ""  # fmt: skip
    return page.show(
        visit,
        title,
        page.heading(title),
        tag("p", say(visit, "admin-receipts-lead"), class_="lead"),
        _search(visit, "" if user is None else str(user)),
        _table(visit, found[:PAGE]) if found else page.empty(say(visit, "admin-receipts-none")),
        page.more(visit, more) if more else NOTHING,
        room="receipts",
    )


def _search(visit: Visit, user: str) -> Html:
    label = say(visit, "admin-receipts-of")
    return tag(
        "form",
        tag("label", label, for_="user", class_="hidden"),
        tag(
            "input",
            id="user",
            name="user",
            type="search",
            inputmode="numeric",
            value=user,
            maxlength=page.DIGITS,
            placeholder=label,
        ),
        tag("button", say(visit, "admin-people-find"), class_="button primary"),
        method="get",
        action="/receipts",
        role="search",
        class_="search",
    )


def _table(visit: Visit, found: list[Receipt]) -> Html:
    rows: list[tuple[Child, ...]] = [
        (
            tag("a", str(each.id), href=f"/receipts/{each.id}"),
            say(visit, f"admin-receipts-{each.kind}"),
            str(each.user_id),
            each.who,
            page.moment(visit, each.started_at),
            _end(visit, each),
        )
        for each in found
    ]
    return page.table([say(visit, f"admin-receipts-{name}") for name in COLUMNS], rows)


def _end(visit: Visit, receipt: Receipt) -> Html:
    if receipt.ended_at is None:
        return page.badge(say(visit, "admin-receipts-broken"), "bad")
    return page.moment(visit, receipt.ended_at)


async def show(visit: Visit) -> web.StreamResponse:
    """One receipt.

    Raises:
        NotThere: There is none of that number.
    """
    number = ReceiptId(int(visit.request.match_info["receipt"]))
    receipt = await receipts.get(visit.desk.services.database, number)
    if receipt is None:
        raise NotThere("receipt")
    title = say(visit, "admin-receipts-one", number=str(receipt.id))
    rows: list[tuple[str, Child]] = [
        (say(visit, "admin-receipts-kind"), say(visit, f"admin-receipts-{receipt.kind}")),
        (say(visit, "admin-receipts-user"), str(receipt.user_id)),
        (say(visit, "admin-receipts-who"), receipt.who),
        (say(visit, "admin-receipts-begun"), page.moment(visit, receipt.started_at)),
        (say(visit, "admin-receipts-ended"), _end(visit, receipt)),
    ]
    if receipt.sha256 is not None and receipt.size is not None:
        rows += [
            (say(visit, "admin-receipts-size"), page.grouped(receipt.size)),
            (say(visit, "admin-receipts-checksum"), tag("code", receipt.sha256.hex())),
        ]
    heads = [say(visit, "admin-receipts-table"), say(visit, "admin-receipts-rows")]
    counts = [
        (tag("code", name), page.grouped(number)) for name, number in sorted(receipt.counts.items())
    ]
    broken = receipt.ended_at is None
    return page.show(
        visit,
        title,
        page.way(visit, "receipts"),
        page.heading(title),
        page.notice(say(visit, "admin-receipts-again"), "bad") if broken else NOTHING,
        tag("section", page.facts(rows), class_="card"),
        page.table(heads, counts) if counts else page.empty(say(visit, "admin-receipts-nothing")),
        tag("p", say(visit, "admin-receipts-kept"), class_="quiet")
        if receipt.kind == "deletion"
        else NOTHING,
        room="receipts",
    )
