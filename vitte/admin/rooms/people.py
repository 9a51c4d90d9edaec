"""People: found by id, name or username; a person's page, and what became of each of their updates."""

from datetime import datetime

from aiohttp import web
from msgspec import Struct

from vitte.admin import page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.admin.rooms import asked, bans, dialogs, limits, personal, plans, timeline
from vitte.errors import NotThere
from vitte.store import audit, people, settings, subscriptions, users
from vitte.store import bans as store_bans
from vitte.store.audit import Change
from vitte.store.bans import Ban
from vitte.store.people import Person
from vitte.store.settings import Settings
from vitte.store.subscriptions import Subscription
from vitte.store.users import User, UserId

PAGE = 50
DONE = frozenset({"plan", "ban", "unban", "free"})
COLUMNS = ("name", "username", "id", "language", "plan", "since", "marks")


async def show_all(visit: Visit) -> web.StreamResponse:
    """Who is looked for, or everybody."""
    words, before = visit.asked("words")[:64], page.number(visit.asked("before"))
    found = await people.find(
        visit.desk.services.database,
        words,
        visit.now,
        limit=PAGE + 1,
        before=UserId(before or people.NEWEST),
    )
    title = say(visit, "admin-room-people")
    nobody = say(visit, "admin-people-none") if words else say(visit, "admin-people-empty")
    return page.show(
        visit,
        title,
        page.heading(title),
        tag(
            "form",
            tag("label", say(visit, "admin-people-words"), for_="words", class_="hidden"),
            tag(
                "input",
                id="words",
                name="words",
                type="search",
                value=words,
                maxlength=64,
                placeholder=say(visit, "admin-people-words"),
            ),
            tag("button", say(visit, "admin-people-find"), class_="button primary"),
            method="get",
            action="/people",
            role="search",
            class_="search",
        ),
        _table(visit, found[:PAGE]) if found else page.empty(nobody),
        page.more(visit, page.address("/people", words=words, before=str(found[PAGE - 1].id)))
        if len(found) > PAGE
        else NOTHING,
        room="people",
    )


def _table(visit: Visit, found: list[Person]) -> Html:
    rows: list[tuple[Child, ...]] = [
        (
            tag("a", each.name or "–", href=f"/people/{each.id}", class_="long"),
            tag("span", f"@{each.username}", class_="long") if each.username else None,
            str(each.id),
            each.language,
            plan(visit, each.expires_at),
            page.moment(visit, each.created_at),
            _marks(visit, each),
        )
        for each in found
    ]
    return page.table([say(visit, f"admin-people-{name}") for name in COLUMNS], rows)


def plan(visit: Visit, expires_at: datetime | None) -> Html:
    """Which plan counts now."""
    paid = expires_at is not None and visit.now < expires_at
    return page.badge(say(visit, "admin-people-premium" if paid else "admin-people-free"), "good" if paid else "quiet")  # fmt: skip


def _marks(visit: Visit, person: Person) -> Html | None:
    """What sets a person apart: a ban, and that the bot cannot reach them; nothing where all is well."""
    marks: list[Html] = []
    if person.banned_at is not None:
        marks.append(bans.mark(visit, person.ban_ends_at))
    if person.unreachable_since is not None:
        marks.append(_reach(visit, person.unreachable_since))
    return page.marks(*marks) if marks else None


def _reach(visit: Visit, since: datetime | None) -> Html:
    if since is None:
        return page.badge(say(visit, "admin-people-reachable"), "good")
    return page.badge(say(visit, "admin-people-unreachable"), "warn")


class _Known(Struct, frozen=True, kw_only=True):
    """What a person's page is made of."""

    user: User
    settings: Settings | None
    subscription: Subscription | None
    ban: Ban | None
    changes: list[Change]


async def show(visit: Visit) -> web.StreamResponse:
    """One person."""
    database, user = visit.desk.services.database, asked.user(visit)
    found = await users.get(database, user)
    if found is None:
        raise NotThere("user")
    known = _Known(
        user=found,
        settings=await settings.get(database, user),
        subscription=await subscriptions.get(database, user),
        ban=await store_bans.get(database, user),
        changes=await audit.list_of(database, user, limit=10),
    )
    before = visit.asked("before")
    steps = await timeline.of(visit, user, before)
    name = " ".join(part for part in (found.first_name, found.last_name) if part) or str(user)
    done = visit.asked("done")
    return page.show(
        visit,
        name,
        page.way(visit, "people"),
        page.heading(
            name, page.marks(_reach(visit, found.unreachable_since), bans.badge(visit, known.ban))
        ),
        page.notice(say(visit, f"admin-people-{done}.done")) if done in DONE else NOTHING,
        tag("section", page.facts(_facts(visit, known)), class_="card"),
        steps,
        plans.section(visit, known.subscription) if visit.may("support") else NOTHING,
        await limits.section(visit, user, *_limited_by(visit, known)),
        bans.section(visit, user, known.ban),
        await dialogs.section(visit, user),
        personal.section(visit, user),
        _changes(visit, known.changes),
        room="people",
    )


def _limited_by(visit: Visit, known: _Known) -> tuple[subscriptions.Plan, str | None]:
    plan = known.subscription.plan_at(visit.now) if known.subscription else "free"
    return plan, known.settings and known.settings.timezone


def _facts(visit: Visit, known: _Known) -> list[tuple[str, Child]]:
    user, bought, chosen = known.user, known.subscription, known.settings
    rows: list[tuple[str, Child]] = [
        (say(visit, "admin-people-id"), str(user.id)),
        (say(visit, "admin-people-username"), f"@{user.username}" if user.username else "–"),
        (say(visit, "admin-people-since"), page.moment(visit, user.created_at)),
        (say(visit, "admin-people-plan"), plan(visit, bought and bought.expires_at)),
    ]
    if bought is not None and bought.expires_at is not None:
        rows.append((say(visit, "admin-people-until"), page.moment(visit, bought.expires_at)))
    if chosen is not None:
        rows += [
            (say(visit, "admin-people-language"), chosen.language),
            (say(visit, "admin-people-timezone"), chosen.timezone or "–"),
            (
                say(visit, "admin-people-reminders"),
                say(visit, "admin-people-yes" if chosen.reminders else "admin-people-no"),
            ),
        ]
    if user.unreachable_since is not None:
        rows.append(
            (
                say(visit, "admin-people-unreachable-since"),
                page.moment(visit, user.unreachable_since),
            )
        )
    if user.start_payload:
        rows.append((say(visit, "admin-people-link"), tag("code", user.start_payload)))
    return rows


def _changes(visit: Visit, found: list[Change]) -> Html:
    if not found:
        return NOTHING
    rows: list[tuple[Child, ...]] = [
        (page.moment(visit, each.created_at), each.who, f"{each.noun}: {each.action}", each.reason)
        for each in found
    ]
    heads = [say(visit, f"admin-audit-{name}") for name in ("when", "who", "what", "why")]
    return tag("section", tag("h2", say(visit, "admin-people-changes")), page.table(heads, rows))
