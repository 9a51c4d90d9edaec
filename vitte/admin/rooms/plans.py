"""A person's subscription, changed by hand: with a reason, and not over somebody else's change."""

from datetime import datetime

from aiohttp import web

from vitte.actors import cache
from vitte.admin import asking, page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Html, tag
from vitte.admin.rooms import asked
from vitte.errors import BadInput, Contradiction
from vitte.store import subscriptions
from vitte.store.subscriptions import Subscription


def section(visit: Visit, bought: Subscription | None) -> Html:
    """What a plan is changed with, on a person's page."""
    if bought is None:
        return NOTHING
    until = (
        bought.expires_at.astimezone(visit.desk.zone).date().isoformat()
        if bought.expires_at
        else None
    )
    options = [
        tag(
            "option",
            say(visit, f"admin-people-{name}"),
            value=name,
            selected=bought.plan_at(visit.now) == name,
        )
        for name in ("free", "premium")
    ]
    form = page.form(
        visit,
        f"/people/{bought.user_id}/plan",
        tag("input", type="hidden", name="version", value=bought.updated_at.isoformat()),
        tag(
            "div",
            tag("label", say(visit, "admin-people-plan"), for_="plan"),
            tag("select", options, id="plan", name="plan"),
            class_="field",
        ),
        page.field(
            say(visit, "admin-people-until"),
            name="until",
            type="date",
            value=until,
            hint=say(visit, "admin-people-until-hint"),
        ),
        asking.reason(visit, form="plan"),
        tag("button", say(visit, "admin-people-change"), class_="button primary"),
        class_="stack",
    )
    return tag(
        "details", tag("summary", say(visit, "admin-people-change-plan")), form, class_="card ask"
    )


async def change(visit: Visit) -> web.StreamResponse:
    """Change a subscription; the statement that changes it writes who did it and why.

    Raises:
        Contradiction: It was changed meanwhile, or what is wanted contradicts itself.
    """
    user, services = asked.user(visit), visit.desk.services
    author = visit.author(asking.why(visit))
    wanted, until = visit.typed("plan"), asked.end_of_day(visit, visit.typed("until"))
    if wanted not in {"free", "premium"} or (wanted == "premium" and until is None):
        raise BadInput(("until", "is missing: a premium plan has an end"))
    changed = await subscriptions.change(
        services.database,
        user,
        visit.now,
        plan="premium" if wanted == "premium" else "free",
        expires_at=until if wanted == "premium" else None,
        version=_version(visit.typed("version")),
        author=author,
    )
    if changed is None:
        raise Contradiction("the subscription was changed meanwhile, or its end is not ahead")
    await cache.forget(services.cache, user)
    return page.see(f"/people/{user}?done=plan")


def _version(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
