"""The audit log: who did what, to whom or what, when, from where, and why."""

from aiohttp import web

from vitte.admin import page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.store import audit
from vitte.store.audit import Change

PAGE = 50
COLUMNS = ("when", "who", "what", "whom", "change", "why", "from")


async def show(visit: Visit) -> web.StreamResponse:
    """What was done, the latest first; of one, where one is named."""
    before, who = page.number(visit.asked("before")), visit.asked("who")[:80]
    found = await audit.list_all(
        visit.desk.services.database,
        limit=PAGE + 1,
        before=before or audit.NEWEST,
        who=who.replace("\0", "") or None,
    )
    title = say(visit, "admin-room-audit")
    rows = [_row(visit, each) for each in found[:PAGE]]
    return page.show(
        visit,
        title,
        page.heading(title),
        page.table([say(visit, f"admin-audit-{name}") for name in COLUMNS], rows)
        if rows
        else page.empty(say(visit, "admin-audit-none")),
        page.more(visit, page.address("/audit", who=who, before=str(found[PAGE - 1].id)))
        if len(found) > PAGE
        else NOTHING,
        room="audit",
    )


def _row(visit: Visit, change: Change) -> tuple[Child, ...]:
    whom: Child = change.subject
    if change.user_id is not None:
        whom = tag("a", str(change.user_id), href=f"/people/{change.user_id}")
    return (
        page.moment(visit, change.created_at),
        tag("a", change.who, href=page.address("/audit", who=change.who)),
        f"{change.noun}: {change.action}",
        whom,
        _difference(change),
        change.reason,
        change.address,
    )


def _difference(change: Change) -> Html | None:
    keys = sorted(key for key in change.old.keys() | change.new.keys() if change.old.get(key) != change.new.get(key))  # fmt: skip
    if not keys:
        return None
    return tag("span", [tag("span", f"{key}: {change.old.get(key, '–')} → {change.new.get(key, '–')}", class_="change") for key in keys])  # fmt: skip
