"""What became of each thing that somebody wrote, from its receipt to Telegram's answer.

It answers why a person got no answer: every update says whether it waits, was
answered, refused and why, or failed; and every word in answer whether it waits, was
sent, or what Telegram said against it.
"""

from vitte.admin import page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Html, tag
from vitte.store import people
from vitte.store.people import Received, Said
from vitte.store.users import UserId

PAGE = 20
KINDS = {"answered": "good", "sent": "good", "pending": "warn", "waiting": "warn", "refused": "warn", "failed": "bad"}  # fmt: skip


async def of(visit: Visit, user: UserId, before: str) -> Html:
    """A person's latest updates, or those before one."""
    database = visit.desk.services.database
    after = page.number(before) or people.NEWEST
    found = await people.list_received(database, user, limit=PAGE + 1, before=after)
    said = await people.list_said(database, [each.id for each in found[:PAGE]])
    more = f"/people/{user}?before={found[PAGE - 1].seq}" if len(found) > PAGE else ""
    shown = [_update(visit, each, said.get(each.id, [])) for each in found[:PAGE]]
    return tag(
        "section",
        tag("h2", say(visit, "admin-timeline")),
        _verdict(visit, found[0], said.get(found[0].id, [])) if found else NOTHING,
        tag("ol", shown, class_="timeline")
        if shown
        else page.empty(say(visit, "admin-timeline-none")),
        page.more(visit, more) if more else NOTHING,
    )


def verdict(update: Received, said: list[Said]) -> str:
    """Say in one word how the latest update fared: what its person saw of it."""
    if update.state != "answered":
        return update.state
    states = {each.state for each in said}
    if not states:
        return "silent"
    return "unsaid" if "failed" in states else "unsent" if "waiting" in states else "well"


def _verdict(visit: Visit, update: Received, said: list[Said]) -> Html:
    found = verdict(update, said)
    kind = (
        "good"
        if found in {"well", "silent"}
        else "bad"
        if found in {"failed", "unsaid"}
        else "warn"
    )
    reason = update.reason or next((each.reason for each in said if each.reason), None)
    letter = tag("a", say(visit, "admin-timeline-letter"), href=f"/letters/{update.id}")
    return tag(
        "p",
        tag("b", say(visit, f"admin-verdict-{found}")),
        f" ({reason})" if reason else NOTHING,
        (" ", letter) if found == "failed" else NOTHING,
        class_=f"notice {kind}",
    )


def _update(visit: Visit, update: Received, said: list[Said]) -> Html:
    steps = [
        tag(
            "li",
            page.moment(visit, update.received_at),
            " ",
            say(visit, "admin-timeline-received", kind=update.kind),
        ),
        _end(visit, update),
        *[_word(visit, each) for each in said],
    ]
    return tag("li", tag("p", page.badge(say(visit, f"admin-update-{update.state}"), KINDS[update.state]), " ", tag("code", str(update.id))), tag("ol", steps, class_="steps"))  # fmt: skip


def _end(visit: Visit, update: Received) -> Html:
    if update.done_at is None:
        return tag("li", say(visit, "admin-timeline-pending", tries=update.tries))
    seconds = (update.done_at - update.received_at).total_seconds()
    text = say(visit, f"admin-timeline-{update.state}", span=page.brief(visit, seconds))
    letter = tag("a", say(visit, "admin-timeline-letter"), href=f"/letters/{update.id}")
    return tag(
        "li",
        page.moment(visit, update.done_at),
        " ",
        text,
        tag("span", f": {update.reason}") if update.reason else NOTHING,
        (" ", letter) if update.state == "failed" else NOTHING,
    )


def _word(visit: Visit, said: Said) -> Html:
    return tag(
        "li",
        page.moment(visit, said.done_at or said.created_at),
        " ",
        tag("code", said.method),
        " ",
        page.badge(say(visit, f"admin-word-{said.state}"), KINDS[said.state]),
        f" {said.reason}" if said.reason else NOTHING,
        (" ", say(visit, "admin-word-tries", n=said.tries)) if said.tries > 1 else NOTHING,
        (" ", say(visit, "admin-word-repeated")) if said.repeated else NOTHING,
    )
