"""Broadcasts: what is said to many, how far each has come and what became of it; start, pause, resume, stop."""

from typing import Final
from urllib.parse import quote

from aiohttp import web
from anyio import to_thread

from vitte.actors import wording
from vitte.admin import asking, marked, page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.admin.rooms import tree
from vitte.errors import BadInput, BadWords, BroadcastUnfit, NotThere
from vitte.store import broadcasts, outbox, users
from vitte.store.broadcasts import ACTIONS, NEWEST, Action, Broadcast, Report, Segment
from vitte.store.users import UserId

PAGE: Final = 20
COLUMNS: Final = ("name", "state", "to", "reached", "sent", "blocked", "failed", "waiting", "started")  # fmt: skip
KINDS: Final = {"running": "good", "paused": "warn", "cancelled": "bad"}


async def show_all(visit: Visit) -> web.StreamResponse:
    """The broadcasts, the latest first."""
    title = say(visit, "admin-room-broadcasts")
    before = page.number(visit.asked("before"))
    parts = await all_parts(visit, before or NEWEST)
    new = tag("a", say(visit, "admin-broadcast-new"), href="/broadcasts/draft", class_="button primary")  # fmt: skip
    return page.show(
        visit,
        title,
        page.heading(title, tree.pulse(visit) if before is None else NOTHING),
        tag("p", say(visit, "admin-broadcast-lead"), class_="lead"),
        tag("p", new) if visit.may("owner") else NOTHING,
        tag(
            "div",
            parts.values(),
            data_live="/broadcasts/events" if before is None else None,
            class_="parts",
        ),
        room="broadcasts",
    )


async def all_parts(visit: Visit, before: int = NEWEST) -> dict[str, Html]:
    """What changes on the page of all, each part by its key."""
    found = await broadcasts.list_reports(
        visit.desk.services.database, limit=PAGE + 1, before=before
    )
    if not found:
        return {"all": tag("section", page.empty(say(visit, "admin-broadcast-none")), data_key="all")}  # fmt: skip
    heads = [say(visit, f"admin-broadcast-{name}") for name in COLUMNS]
    rows = [_row(visit, each) for each in found[:PAGE]]
    more = page.more(visit, f"/broadcasts?before={found[PAGE - 1].id}") if len(found) > PAGE else NOTHING  # fmt: skip
    return {"all": tag("section", page.table(heads, rows), more, class_="parts", data_key="all")}


def _row(visit: Visit, report: Report) -> tuple[Child, ...]:
    return (
        tag("a", report.name, href=f"/broadcast/{report.name}", data_focus=report.name),
        _state(visit, report),
        to_whom(visit, report.segment),
        _progress(visit, report),
        page.grouped(report.sent),
        page.grouped(report.blocked),
        page.grouped(report.failed),
        page.grouped(report.waiting),
        page.moment(visit, report.started_at),
    )


async def show(visit: Visit) -> web.StreamResponse:
    """One broadcast: how it reads, to whom it goes, what became of it, and what may be done."""
    report = await _report(visit, visit.request.match_info["name"])
    ask, done = visit.asked("ask"), visit.asked("done")
    owner, draft = visit.may("owner"), report.state == "draft"
    people = await _people(visit, report) if draft else None
    parts = _parts(visit, report)
    return page.show(
        visit,
        report.name,
        page.way(visit, "broadcasts"),
        page.heading(report.name, tree.pulse(visit)),
        page.notice(say(visit, f"admin-broadcast-{done}.done"))
        if done in {*ACTIONS, "create", "try"}
        else NOTHING,
        _sure(visit, report, ask, people) if owner and ask in acts_of(report) else NOTHING,
        tag(
            "div",
            parts.values(),
            data_live=f"/broadcasts/events?name={quote(report.name)}",
            class_="parts",
        ),
        _reach(visit, people) if people is not None else NOTHING,
        await _previews(visit, report),
        _try(visit, report) if owner else NOTHING,
        room="broadcasts",
    )


async def parts_of(visit: Visit, name: str) -> dict[str, Html]:
    """What changes on a broadcast's page, each part by its key."""
    return _parts(visit, await _report(visit, name))


def _parts(visit: Visit, report: Report) -> dict[str, Html]:
    facts = page.facts(_facts(visit, report))
    return {
        "facts": tag("section", facts, class_="card", data_key="facts"),
        "acts": tag("section", _buttons(visit, report), class_="buttons", data_key="acts"),
    }


def _facts(visit: Visit, report: Report) -> list[tuple[str, Child]]:
    rows: list[tuple[str, Child]] = [
        (say(visit, "admin-broadcast-state"), _state(visit, report)),
        (say(visit, "admin-broadcast-to"), to_whom(visit, report.segment)),
        (say(visit, "admin-broadcast-written"), page.moment(visit, report.created_at)),
    ]
    if report.state == "draft":
        return rows
    counted = {name: getattr(report, name) for name in ("sent", "blocked", "failed", "waiting")}
    rows += [
        (say(visit, "admin-broadcast-reached"), _progress(visit, report)),
        *((say(visit, f"admin-broadcast-{name}"), page.grouped(n)) for name, n in counted.items()),
    ]
    if forgotten := report.queued - sum(counted.values()):
        rows.append((say(visit, "admin-broadcast-forgotten"), page.grouped(forgotten)))
    rows.append((say(visit, "admin-broadcast-started"), page.moment(visit, report.started_at)))
    rows.append((say(visit, "admin-broadcast-ended"), page.moment(visit, report.ended_at)))
    return rows


def acts_of(report: Broadcast) -> list[Action]:
    """What may be done to it in its state."""
    return [action for action, (_, since) in ACTIONS.items() if report.state in since]


def _buttons(visit: Visit, report: Report) -> list[Html]:
    if not visit.may("owner"):
        return []
    where = f"/broadcast/{report.name}"
    links: list[tuple[str, str]] = [(f"{where}?ask={each}", each) for each in acts_of(report)]
    if report.state == "draft":
        links.insert(0, (page.address("/broadcasts/draft", name=report.name), "edit"))
    return [
        tag("a", say(visit, f"admin-broadcast-{name}"), href=href, class_="button", data_focus=name)
        for href, name in links
    ]


def _sure(visit: Visit, report: Report, ask: str, people: int | None) -> Html:
    """Ask once more, saying what will happen, and to how many."""
    question = asking.Question(
        asked=say(visit, f"admin-broadcast-{ask}.sure", name=report.name),
        means=say(visit, f"admin-broadcast-{ask}.means", people=page.grouped(people or 0)),
        button=say(visit, f"admin-broadcast-{ask}"),
        back=f"/broadcast/{report.name}",
    )
    return asking.ask(visit, question, f"/broadcast/{report.name}/act", {"act": ask})


def _reach(visit: Visit, people: int) -> Html:
    return tag(
        "p",
        say(visit, "admin-broadcast-people", people=people, n=page.grouped(people)),
        class_="notice good",
    )


async def _previews(visit: Visit, report: Broadcast) -> Html:
    """Each text as a person named Anna will read it."""
    head = tag("h2", say(visit, "admin-broadcast-preview", name=wording.SAMPLE))
    try:
        read = await to_thread.run_sync(wording.checked, report.texts)
    except BadWords as problem:  # what is checked today was perhaps not when it was written
        return tag("section", head, tag("pre", str(problem), tabindex="0"))
    cards = [
        tag(
            "figure",
            tag("figcaption", say(visit, f"admin-language-{language}")),
            marked.show(each.text.strip(), each.entities, language=language),
            class_="card preview",
        )
        for language, each in read.items()
    ]
    return tag("section", head, tag("div", cards, class_="beside"))


def _try(visit: Visit, report: Broadcast) -> Html:
    own = visit.holder.telegram_id
    form = page.form(
        visit,
        f"/broadcast/{report.name}/try",
        page.field(
            say(visit, "admin-broadcast-try-to"),
            name="to",
            inputmode="numeric",
            required=True,
            value=own,
            hint=say(visit, "admin-broadcast-try-hint"),
        ),
        tag("button", say(visit, "admin-broadcast-try"), class_="button primary"),
    )
    opened = report.state == "draft"
    summary = tag("summary", say(visit, "admin-broadcast-try-head"))
    return tag("details", summary, form, class_="card ask", open=opened)


async def act(visit: Visit) -> web.StreamResponse:
    """Carry out what was asked for and confirmed; the audit is written in the same transaction.

    Raises:
        BadInput: There is no such order.
        BroadcastUnfit: It is in no state from which it may.
    """
    name, wanted = visit.request.match_info["name"], visit.typed("act")
    orders: dict[str, Action] = {each: each for each in ACTIONS}
    action = orders.get(wanted)
    if action is None:
        raise BadInput(("act", "is none of " + ", ".join(ACTIONS)))
    author = visit.author(visit.typed("reason") or None)
    broadcast = await _report(visit, name)
    people = await _people(visit, broadcast) if action == "start" else None
    async with visit.desk.services.database.transaction() as transaction:
        changed = await broadcasts.change(
            transaction, name, action, author, visit.now, audience=people
        )
        if changed is None:
            raise BroadcastUnfit(name, broadcast.state, action)
    return page.see(f"/broadcast/{name}?done={action}")


async def try_it(visit: Visit) -> web.StreamResponse:
    """Send both texts to one person, for a start to oneself; it counts for nothing.

    Raises:
        BadInput: Nobody of this number has written to the bot.
    """
    services, number = visit.desk.services, page.number(visit.typed("to"))
    broadcast = await _report(visit, visit.request.match_info["name"])
    user = None if number is None else await users.get(services.database, UserId(number))
    if user is None:
        raise BadInput(("to", "is nobody who has written to the bot"))
    said = await to_thread.run_sync(wording.trial, broadcast, user)
    async with services.database.transaction() as transaction:
        await broadcasts.note_trial(transaction, broadcast, user.id, visit.author(), visit.now)
        await outbox.add(transaction, said, visit.now, taken=False)
    return page.see(f"/broadcast/{broadcast.name}?done=try")


async def _report(visit: Visit, name: str) -> Report:
    found = await broadcasts.list_reports(visit.desk.services.database, name=name)
    if not found:
        raise NotThere("broadcast")
    return found[0]


async def _people(visit: Visit, broadcast: Broadcast) -> int:
    return await broadcasts.count_audience(
        visit.desk.services.database, broadcast.segment, visit.now
    )


def _state(visit: Visit, report: Broadcast) -> Html:
    return page.badge(say(visit, f"admin-broadcast-is-{report.state}"), KINDS.get(report.state, "quiet"))  # fmt: skip


def _progress(visit: Visit, report: Report) -> Child:
    """How many had their turn, of how many it was meant for."""
    if report.audience is None:
        return None
    most = max(report.audience, report.queued)
    text = say(visit, "admin-broadcast-of", n=page.grouped(report.queued), most=page.grouped(most))
    label = say(visit, "admin-broadcast-reached")
    bar = tag("progress", value=report.queued, max=max(most, 1), aria_label=label)
    return tag("span", bar, tag("span", text), class_="progress")


def to_whom(visit: Visit, segment: Segment) -> str:
    """A segment in words."""
    parts: list[str] = []
    if segment.plan:
        parts.append(say(visit, f"admin-broadcast-plan-{segment.plan}"))
    if segment.language:
        parts.append(say(visit, f"admin-broadcast-reads-{segment.language}"))
    if segment.active_days:
        parts.append(say(visit, "admin-broadcast-active", days=segment.active_days))
    return ", ".join(parts) or say(visit, "admin-broadcast-everybody")
