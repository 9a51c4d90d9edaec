"""What limits a person now: the minute that the limiter knows of, and their day; and a way to free them."""

from datetime import date
from zoneinfo import ZoneInfo

import anyio
from aiohttp import web

from vitte.actors import limiter
from vitte.actors.window import Verdict
from vitte.admin import page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.admin.rooms import asked
from vitte.errors import NotThere
from vitte.runtime import RuntimeFault
from vitte.store import audit, subscriptions, usage, users
from vitte.store.users import UserId

PATIENCE_SECONDS = 1.0
COLUMNS = ("window", "used", "most", "left", "free")


async def section(visit: Visit, user: UserId, plan: subscriptions.Plan, zone: str | None) -> Html:
    """What is used and left of a person's minute and day, and when more is let through."""
    services = visit.desk.services
    most = services.config.limiter.per_minute(plan)
    most_a_day = services.config.limiter.per_day(plan)
    verdict = await _verdict(visit, user, most)
    used = await usage.count(services.database, user, _today(visit, zone))
    rows: list[tuple[Child, ...]] = [
        _minute(visit, verdict, most),
        (
            say(visit, "admin-limits-day"),
            str(used),
            str(most_a_day),
            str(max(0, most_a_day - used)),
            say(visit, "admin-limits-midnight") if used >= most_a_day else say(visit, "admin-limits-now"),
        ),
    ]  # fmt: skip
    free = page.form(
        visit,
        f"/people/{user}/free",
        tag("button", say(visit, "admin-limits-free-minute"), class_="button"),
        tag("p", say(visit, "admin-limits-means"), class_="quiet"),
    )
    return tag(
        "section",
        tag("h2", say(visit, "admin-limits")),
        page.table([say(visit, f"admin-limits-{name}") for name in COLUMNS], rows),
        free if visit.may("support") else NOTHING,
        class_="parts",
    )


def _minute(visit: Visit, verdict: Verdict | None, most: int) -> tuple[Child, ...]:
    window = say(visit, "admin-limits-minute", seconds=limiter.WINDOW_SECONDS)
    if verdict is None:
        return (window, "–", str(most), "–", say(visit, "admin-limits-silent"))
    wait = page.brief(visit, verdict.wait_seconds)
    free = (
        say(visit, "admin-limits-now")
        if verdict.allowed
        else say(visit, "admin-limits-in", span=wait)
    )
    return (window, str(most - verdict.left), str(most), str(verdict.left), free)  # fmt: skip


async def _verdict(visit: Visit, user: UserId, most: int) -> Verdict | None:
    """What the limiter would say now; None where it does not answer."""
    with anyio.move_on_after(PATIENCE_SECONDS):
        try:
            return await limiter.how_much(visit.desk.services.limiter, user, most)
        except RuntimeFault:
            return None
    return None


def _today(visit: Visit, zone: str | None) -> date:
    return visit.now.astimezone(ZoneInfo(zone) if zone else visit.desk.zone).date()


async def free(visit: Visit) -> web.StreamResponse:
    """Let a person speak again at once, once it is written down who frees them.

    Raises:
        NotThere: There is no such person.
    """
    user, services = asked.user(visit), visit.desk.services
    if await users.get(services.database, user) is None:
        raise NotThere("user")
    await audit.add(services.database, visit.author(), "limit", "free", visit.now, user=user)
    await limiter.forget(services.limiter, user)
    return page.see(f"/people/{user}?done=free")
