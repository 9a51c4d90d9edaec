"""Bans: imposed with a reason and an end, or for good; lifted; seen by the bot at once."""

from datetime import datetime

from aiohttp import web

from vitte.actors import cache
from vitte.admin import asking, page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Html, tag
from vitte.admin.rooms import asked
from vitte.errors import BadInput, NotThere
from vitte.store import bans, users
from vitte.store.bans import Ban
from vitte.store.users import UserId


def badge(visit: Visit, ban: Ban | None) -> Html:
    """A word beside the name of who is banned."""
    if ban is None or not ban.is_in_force(visit.now):
        return NOTHING
    return mark(visit, ban.ends_at)


def mark(visit: Visit, ends_at: datetime | None) -> Html:
    """That somebody is banned, and until which day."""
    if ends_at is None:
        return page.badge(say(visit, "admin-ban-mark-good"), "bad")
    day = ends_at.astimezone(visit.desk.zone).date().isoformat()
    return page.badge(say(visit, "admin-ban-mark", day=day), "bad")


def section(visit: Visit, user: UserId, ban: Ban | None) -> Html:
    """The ban of a person, and for who may: the forms that impose and lift one."""
    in_force = ban is not None and ban.is_in_force(visit.now)
    if ban is None and not visit.may("support"):
        return NOTHING
    return tag(
        "section",
        tag("h2", say(visit, "admin-ban")),
        _facts(visit, ban) if ban is not None else NOTHING,
        _lifting(visit, user) if in_force and visit.may("support") else NOTHING,
        _imposing(visit, user, in_force=in_force) if visit.may("support") else NOTHING,
        class_="parts",
    )


def _facts(visit: Visit, ban: Ban) -> Html:
    forever = say(visit, "admin-ban-good")
    ends = forever if ban.ends_at is None else page.moment(visit, ban.ends_at)
    state = "banned" if ban.is_in_force(visit.now) else "ended"
    rows = [
        (say(visit, "admin-ban-state"), say(visit, f"admin-ban-{state}")),
        (say(visit, "admin-ban-since"), page.moment(visit, ban.banned_at)),
        (say(visit, "admin-ban-until"), ends),
        (say(visit, "admin-reason"), ban.reason or "–"),
        (say(visit, "admin-ban-told"), page.moment(visit, ban.told_at)),
    ]
    return tag("div", page.facts(rows), class_="card padded")


def _imposing(visit: Visit, user: UserId, *, in_force: bool) -> Html:
    form = page.form(
        visit,
        f"/people/{user}/ban",
        page.field(
            say(visit, "admin-ban-until"),
            name="until",
            key="ban-until",
            type="date",
            hint=say(visit, "admin-ban-until-hint"),
        ),
        asking.reason(visit, form="ban"),
        tag("p", say(visit, "admin-ban-means"), class_="quiet"),
        tag("button", say(visit, "admin-ban-impose"), class_="button danger"),
        class_="stack",
    )
    title = "admin-ban-another" if in_force else "admin-ban-impose"
    return tag("details", tag("summary", say(visit, title)), form, class_="card ask")


def _lifting(visit: Visit, user: UserId) -> Html:
    form = page.form(
        visit,
        f"/people/{user}/unban",
        asking.reason(visit, form="unban"),
        tag("button", say(visit, "admin-ban-lift"), class_="button primary"),
        class_="stack",
    )
    return tag("details", tag("summary", say(visit, "admin-ban-lift")), form, class_="card ask")


async def impose(visit: Visit) -> web.StreamResponse:
    """Ban a person, to the end of a day or for good.

    Raises:
        BadInput: There is no reason, or the day is none, or over.
        NotThere: There is no such person.
    """
    user, services = asked.user(visit), visit.desk.services
    author, day = visit.author(asking.why(visit)), visit.typed("until")
    ends_at = asked.end_of_day(visit, day) if day else None
    if day and (ends_at is None or ends_at <= visit.now):
        raise BadInput(("until", "is no day that is still to end"))
    if await users.get(services.database, user) is None:
        raise NotThere("user")
    await bans.impose(services.database, user, visit.now, ends_at=ends_at, author=author)
    await cache.forget(services.cache, user)
    return page.see(f"/people/{user}?done=ban")


async def lift(visit: Visit) -> web.StreamResponse:
    """End a person's ban.

    Raises:
        BadInput: There is no reason.
        NotThere: The person is not banned.
    """
    user, services = asked.user(visit), visit.desk.services
    author = visit.author(asking.why(visit))
    if not await bans.lift(services.database, user, visit.now, author=author):
        raise NotThere("ban")
    await cache.forget(services.cache, user)
    return page.see(f"/people/{user}?done=unban")
