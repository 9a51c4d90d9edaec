"""Dead letters: updates that failed as often as they may; read, tried again, given up.

What somebody wrote is shown only to who says why, and that is in the audit.
"""

import msgspec
from aiohttp import web

from vitte.admin import asking, page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.errors import NotThere
from vitte.store import audit, updates
from vitte.store.updates import NEWEST, Letter, UpdateId
from vitte.store.users import UserId

PAGE = 50
COLUMNS = ("update", "chat", "kind", "reason", "failed")


async def show_all(visit: Visit) -> web.StreamResponse:
    """The letters, the latest first."""
    before = page.number(visit.asked("before")) or NEWEST
    found = await updates.list_letters(
        visit.desk.services.database, limit=PAGE + 1, before=UpdateId(before)
    )
    title = say(visit, "admin-room-letters")
    done = visit.asked("done")
    return page.show(
        visit,
        title,
        page.heading(title),
        page.notice(say(visit, f"admin-letters-{done}.done"))
        if done in {"requeue", "drop"}
        else NOTHING,
        tag("p", say(visit, "admin-letters-lead"), class_="lead"),
        _table(visit, found[:PAGE]) if found else page.empty(say(visit, "admin-letters-none")),
        page.more(visit, f"/letters?before={found[PAGE - 1].id}") if len(found) > PAGE else NOTHING,
        room="letters",
    )


def _table(visit: Visit, letters: list[Letter]) -> Html:
    rows: list[tuple[Child, ...]] = [
        (
            tag("a", str(each.id), href=f"/letters/{each.id}"),
            tag("a", str(each.chat_id), href=f"/people/{each.chat_id}")
            if each.chat_id > 0
            else str(each.chat_id),
            each.kind,
            each.reason,
            page.moment(visit, each.done_at),
        )
        for each in letters
    ]
    return page.table([say(visit, f"admin-letters-{name}") for name in COLUMNS], rows)


async def show(visit: Visit) -> web.StreamResponse:
    """One letter, without what somebody wrote."""
    return _page(visit, await _letter(visit))


def _page(visit: Visit, letter: Letter, body: str = "") -> web.Response:
    title = say(visit, "admin-letters-one", number=str(letter.id))
    chat: Child = str(letter.chat_id)
    if letter.chat_id > 0:
        chat = tag("a", str(letter.chat_id), href=f"/people/{letter.chat_id}")
    return page.show(
        visit,
        title,
        page.way(visit, "letters"),
        page.heading(title),
        tag(
            "section",
            page.facts(
                [
                    (say(visit, "admin-letters-chat"), chat),
                    (say(visit, "admin-letters-kind"), letter.kind),
                    (say(visit, "admin-letters-reason"), letter.reason),
                    (say(visit, "admin-letters-tries"), str(letter.tries)),
                    (say(visit, "admin-letters-received"), page.moment(visit, letter.received_at)),
                    (say(visit, "admin-letters-failed"), page.moment(visit, letter.done_at)),
                ]
            ),
            class_="card",
        ),
        _orders(visit, letter) if visit.may("support") else NOTHING,
        tag(
            "section",
            tag("h2", say(visit, "admin-letters-body")),
            tag("pre", body, tabindex="0"),
            class_="card",
        )
        if body
        else NOTHING,
        room="letters",
    )


def _orders(visit: Visit, letter: Letter) -> Html:
    def order(act: str, kind: str = "") -> Html:
        button = tag("button", say(visit, f"admin-letters-{act}"), class_=f"button {kind}")
        return page.form(visit, f"/letters/{letter.id}/{act}", button)

    reveal = page.form(
        visit,
        f"/letters/{letter.id}/reveal",
        asking.reason(visit),
        tag("button", say(visit, "admin-letters-reveal"), class_="button"),
    )
    return tag(
        "section",
        tag("div", order("requeue", "primary"), order("drop", "danger"), class_="buttons"),
        tag(
            "details", tag("summary", say(visit, "admin-letters-hidden")), reveal, class_="card ask"
        ),
        class_="parts",
    )


async def reveal(visit: Visit) -> web.StreamResponse:
    """Show what Telegram wrote, once it is written down who looks and why."""
    letter, reason = await _letter(visit), asking.why(visit)
    await audit.add(
        visit.desk.services.database,
        visit.author(reason),
        "letter",
        "reveal",
        visit.now,
        user=_user(letter),
        subject=str(letter.id),
    )
    return _page(visit, letter, msgspec.json.format(letter.body.encode()).decode())


async def requeue(visit: Visit) -> web.StreamResponse:
    """Let it be tried again; the inbox looks into its table every few seconds."""
    letter = await _letter(visit)
    async with visit.desk.services.database.transaction() as transaction:
        await audit.add(transaction, visit.author(), "letter", "requeue", visit.now, user=_user(letter), subject=str(letter.id))  # fmt: skip
        if not await updates.requeue(transaction, letter.id):
            raise NotThere("letter")
    return page.see("/letters?done=requeue")


async def drop(visit: Visit) -> web.StreamResponse:
    """Give it up; it stays in the books."""
    letter = await _letter(visit)
    async with visit.desk.services.database.transaction() as transaction:
        await audit.add(transaction, visit.author(), "letter", "drop", visit.now, user=_user(letter), subject=str(letter.id))  # fmt: skip
        if not await updates.drop(transaction, letter.id, visit.now):
            raise NotThere("letter")
    return page.see("/letters?done=drop")


async def _letter(visit: Visit) -> Letter:
    number = UpdateId(int(visit.request.match_info["letter"]))
    letter = await updates.get_letter(visit.desk.services.database, number)
    if letter is None:
        raise NotThere("letter")
    return letter


def _user(letter: Letter) -> UserId | None:
    return UserId(letter.chat_id) if letter.chat_id > 0 else None
