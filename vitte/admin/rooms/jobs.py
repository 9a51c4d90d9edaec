"""The jobs: what runs by the clock, when next, what became of it; run now, let rest, let run again."""

from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web

from vitte.actors.jobs import Job
from vitte.admin import asking, page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.admin.rooms import runs as history
from vitte.admin.rooms import tree
from vitte.errors import BadInput, Contradiction, NotThere
from vitte.store import jobs, runs
from vitte.store.jobs import Standing
from vitte.store.pool import Transaction
from vitte.store.runs import NEWEST

Order: TypeAlias = Literal["run", "pause", "resume"]

ORDERS: Final[tuple[Order, ...]] = get_args(Order)
TIMES: Final = 5
COLUMNS: Final = ("name", "state", "next", "last", "success")


async def show_all(visit: Visit) -> web.StreamResponse:
    """Every job, and the latest runs of all."""
    title = say(visit, "admin-room-jobs")
    before = history.cursor(visit.asked("before"))
    shown: Html
    if before == NEWEST:
        parts = await all_parts(visit)
        shown = tag("div", parts.values(), data_live="/jobs/events", class_="parts")
    else:
        shown = await history.show(visit, None, before)
    return page.show(
        visit,
        title,
        page.heading(title, tree.pulse(visit) if before == NEWEST else NOTHING),
        tag("p", say(visit, "admin-jobs-lead"), class_="lead"),
        shown,
        room="jobs",
    )


async def all_parts(visit: Visit) -> dict[str, Html]:
    """What changes on the page of all jobs, each part by its key."""
    services = visit.desk.services
    names = [job.name for job in services.jobs]
    standing = {each.job: each for each in await jobs.list_standing(services.database, names)}
    rows = [_row(visit, job, standing[job.name]) for job in services.jobs]
    heads = [say(visit, f"admin-jobs-{name}") for name in COLUMNS]
    return {
        "jobs": tag("section", page.table(heads, rows), data_key="jobs"),
        "runs": tag("section", await history.show(visit, None, NEWEST), data_key="runs"),
    }


def _row(visit: Visit, job: Job, known: Standing) -> tuple[Child, ...]:
    link = tag("a", job.name, href=f"/jobs/{job.name}", data_focus=job.name)
    return (
        tag("span", link, tag("span", _note(visit, job), class_="under")),
        _state(visit, known),
        _local(job, job.times(visit.now, 1)[0]),
        _local(job, known.last_scheduled_for),
        _ago(visit, known.succeeded_at),
    )


async def show(visit: Visit) -> web.StreamResponse:
    """One job: its rules, its next times, what became of it, and what may be done."""
    job = named(visit, visit.request.match_info["job"])
    before, ask, done = (
        history.cursor(visit.asked("before")),
        visit.asked("ask"),
        visit.asked("done"),
    )
    shown: Html
    if before == NEWEST:
        parts = await parts_of(visit, job)
        live = f"/jobs/events?job={quote(job.name)}"
        shown = tag("div", parts.values(), data_live=live, class_="parts")
    else:
        shown = await history.show(visit, job, before)
    return page.show(
        visit,
        job.name,
        page.way(visit, "jobs"),
        page.heading(job.name, tree.pulse(visit) if before == NEWEST else NOTHING),
        tag("p", _note(visit, job), class_="lead"),
        page.notice(say(visit, f"admin-jobs-{done}.done")) if done in ORDERS else NOTHING,
        _sure(visit, job, ask) if ask in ORDERS and visit.may("owner") else NOTHING,
        shown,
        room="jobs",
    )


def _sure(visit: Visit, job: Job, ask: str) -> Html:
    """Ask once more, saying what will happen."""
    question = asking.Question(
        asked=say(visit, f"admin-jobs-{ask}.sure", job=job.name),
        means=say(visit, f"admin-jobs-{ask}.means"),
        button=say(visit, f"admin-jobs-{ask}"),
        back=f"/jobs/{job.name}",
    )
    return asking.ask(visit, question, f"/jobs/{job.name}/act", {"act": ask})


async def parts_of(visit: Visit, job: Job) -> dict[str, Html]:
    """What changes on a job's page, each part by its key."""
    [known] = await jobs.list_standing(visit.desk.services.database, [job.name])
    facts = page.facts(_facts(visit, job, known))
    return {
        "facts": tag("section", facts, class_="card", data_key="facts"),
        "acts": tag("section", _buttons(visit, job, known), class_="buttons", data_key="acts"),
        "times": tag("section", _times(visit, job, known), class_="card", data_key="times"),
        "runs": tag("section", await history.show(visit, job, NEWEST), data_key="runs"),
    }


def _facts(visit: Visit, job: Job, known: Standing) -> list[tuple[str, Child]]:
    rows: list[tuple[str, Child]] = [
        (say(visit, "admin-jobs-state"), _state(visit, known)),
        (say(visit, "admin-jobs-success"), _ago(visit, known.succeeded_at)),
        (say(visit, "admin-jobs-schedule"), tag("code", job.expression)),
        (say(visit, "admin-jobs-timezone"), job.timezone),
        (say(visit, "admin-jobs-missed"), say(visit, f"admin-jobs-catch-up-{job.catch_up}")),
        (say(visit, "admin-jobs-overlap"), say(visit, f"admin-jobs-overlap-{job.overlap}")),
        (say(visit, "admin-jobs-limit"), page.about(visit, job.limit.total_seconds())),
        (say(visit, "admin-jobs-retries"), str(job.retries)),
    ]
    if known.paused_at is not None:
        rows.insert(1, (say(visit, "admin-jobs-rests-since"), _local(job, known.paused_at)))
        rows.insert(2, (say(visit, "admin-jobs-rests-by"), known.paused_by or ""))
    return rows


def _buttons(visit: Visit, job: Job, known: Standing) -> list[Html]:
    if not visit.may("owner"):
        return []
    orders: tuple[Order, ...] = ("run", "pause" if known.paused_at is None else "resume")
    return [
        tag(
            "a",
            say(visit, f"admin-jobs-{order}"),
            href=f"/jobs/{job.name}?ask={order}",
            class_="button",
            data_focus=order,
        )
        for order in orders
    ]


def _times(visit: Visit, job: Job, known: Standing) -> list[Html]:
    """The next times, which are skipped while it rests."""
    times = [tag("li", _local(job, each)) for each in job.times(visit.now, TIMES)]
    words = say(visit, "admin-jobs-times", zone=job.timezone)
    skipped = tag("p", say(visit, "admin-jobs-times-skipped"), class_="quiet")
    return [
        tag("h2", words),
        skipped if known.paused_at is not None else NOTHING,
        tag("ol", times, class_="times"),
    ]


async def act(visit: Visit) -> web.StreamResponse:
    """Carry out what was asked for and confirmed; the audit is written in the same transaction.

    Raises:
        BadInput: There is no such order.
        Contradiction: It waits or runs already, rests already, or does not rest.
    """
    job = named(visit, visit.request.match_info["job"])
    orders: dict[str, Order] = {each: each for each in ORDERS}
    order = orders.get(visit.typed("act"))
    if order is None:
        raise BadInput(("act", "is none of " + ", ".join(ORDERS)))
    async with visit.desk.services.database.transaction() as transaction:
        await _carry_out(visit, transaction, job, order)
    return page.see(f"/jobs/{job.name}?done={order}")


async def _carry_out(visit: Visit, transaction: Transaction, job: Job, order: Order) -> None:
    now, author = visit.now, visit.author(visit.typed("reason") or None)
    match order:
        case "run":
            if await runs.has_unfinished(transaction, job.name):
                raise Contradiction(f"a run of {job.name} waits or is in hand already")
            at = now.replace(microsecond=0)
            if not await runs.ask_for(transaction, job.name, at, author=author, now=now):
                raise Contradiction(f"a run of {job.name} waits or is in hand already")
        case "pause":
            if not await jobs.pause(transaction, job.name, job.schedule, author, now):
                raise Contradiction(f"{job.name} rests already")
        case "resume":
            if not await jobs.resume(transaction, job.name, author, now):
                raise Contradiction(f"{job.name} does not rest")


def named(visit: Visit, name: str) -> Job:
    """The job of this name.

    Raises:
        NotThere: There is none.
    """
    for job in visit.desk.services.jobs:
        if job.name == name:
            return job
    raise NotThere("job")


def _state(visit: Visit, known: Standing) -> Html:
    if known.paused_at is not None:
        return page.badge(say(visit, "admin-jobs-rests"), "warn")
    if known.last_state is None:
        return page.badge(say(visit, "admin-jobs-never"), "quiet")
    return history.badge(visit, known.last_state)


def _note(visit: Visit, job: Job) -> str:
    """What it does, in the visitor's language where that is known."""
    line = f"admin-job-{job.name}"
    words = visit.desk.services.words
    return say(visit, line) if line in words.names("admin-job-") else job.note


def _local(job: Job, at: datetime | None) -> Html:
    """A time by the job's own clocks."""
    return (
        tag("span", "–", class_="quiet")
        if at is None
        else page.by_clocks_of(ZoneInfo(job.timezone), at)
    )


def _ago(visit: Visit, at: datetime | None) -> str:
    if at is None:
        return say(visit, "admin-jobs-not-yet")
    return say(visit, "admin-tree-ago", span=page.about(visit, (visit.now - at).total_seconds()))
