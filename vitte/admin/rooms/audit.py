"""The audit log: who did what, to whom or what, when, from where, and why."""

from datetime import datetime
from typing import Any

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
    whom: Child = change.subject and tag("span", change.subject, class_="long")
    if change.user_id is not None:
        whom = tag("a", str(change.user_id), href=f"/people/{change.user_id}")
    return (
        page.moment(visit, change.created_at),
        tag("a", change.who, href=page.address("/audit", who=change.who)),
        f"{change.noun}: {change.action}",
        whom,
        _difference(visit, change),
        change.reason,
        change.address,
    )


def _difference(visit: Visit, change: Change) -> Html | None:
    """What was otherwise before, a line for each."""
    old, new = change.old, change.new
    keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    if not keys:
        return None
    lines = [f"{key}: {_said(visit, old.get(key))} → {_said(visit, new.get(key))}" for key in keys]
    return tag("span", [tag("span", line, class_="change") for line in lines])


def _said(visit: Visit, value: Any) -> str:
    """A value as it is read: times by the installation's clocks."""
    if value is None:
        return "–"
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return str(value)
    return (
        str(value) if at.tzinfo is None else f"{at.astimezone(visit.desk.zone):%Y-%m-%d %H:%M:%S}"
    )
