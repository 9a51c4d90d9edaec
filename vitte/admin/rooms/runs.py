"""What became of the jobs: their runs, a page of them after the other."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from vitte.actors.jobs import Job
from vitte.admin import page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.store import runs
from vitte.store.runs import NEWEST, Place, Run, RunId

PAGE: Final = 20
LONG_SECONDS: Final = 120.0
"""A span from here on is told in minutes, hours, days."""
COLUMNS: Final = ("when", "job", "state", "tries", "late", "took", "rows", "by", "why")
KINDS: Final = {"ok": "good", "running": "warn", "due": "warn", "skipped": "quiet"}


async def show(visit: Visit, job: Job | None, before: Place) -> Html:
    """A page of runs, of one job or of all."""
    found = await runs.list_latest(
        visit.desk.services.database, job and job.name, limit=PAGE + 1, before=before
    )
    head = tag("h2", say(visit, "admin-jobs-runs"))
    if not found:
        return tag("div", head, page.empty(say(visit, "admin-jobs-runs-none")))
    names = [name for name in COLUMNS if job is None or name != "job"]
    heads = [say(visit, f"admin-jobs-{name}") for name in names]
    zones = {each.name: ZoneInfo(each.timezone) for each in visit.desk.services.jobs}
    rows = [_run(visit, each, zones.get(each.job), job is None) for each in found[:PAGE]]
    path = "/jobs" if job is None else f"/jobs/{job.name}"
    more = page.more(visit, page.address(path, before=_place(found[PAGE - 1]))) if len(found) > PAGE else NOTHING  # fmt: skip
    return tag("div", head, page.table(heads, rows), more, class_="parts")


def _run(visit: Visit, run: Run, zone: ZoneInfo | None, named: bool) -> Sequence[Child]:  # noqa: FBT001  # a row of one table or of the other
    begun, ended = run.started_at, run.ended_at
    late = None if begun is None else max(timedelta(0), begun - run.scheduled_for)
    took = None if begun is None or ended is None else ended - begun
    state = badge(visit, run.state)
    known = any(job.name == run.job for job in visit.desk.services.jobs)
    name = tag("a", run.job, href=f"/jobs/{run.job}") if known else run.job
    return (
        page.by_clocks_of(zone or visit.desk.zone, run.scheduled_for),
        *((name,) if named else ()),
        tag("span", state, title=run.node),
        str(run.attempt) if run.attempt else None,
        _span(visit, late),
        _span(visit, took),
        page.grouped(run.rows_touched) if run.attempt else None,
        run.asked_by or say(visit, "admin-jobs-by-clock"),
        say(visit, f"admin-skip-{run.reason}") if run.reason else run.error,
    )


def badge(visit: Visit, state: runs.State) -> Html:
    """A state of a run, in its word and its colour."""
    return page.badge(say(visit, f"admin-run-{state}"), KINDS.get(state, "bad"))


def _span(visit: Visit, span: timedelta | None) -> Html | None:
    if span is None:
        return None
    seconds = span.total_seconds()
    text = page.about(visit, seconds) if seconds >= LONG_SECONDS else page.brief(visit, seconds)
    return tag("span", text, class_="whole")


def _place(run: Run) -> str:
    """Where a run stands in the list, for an address."""
    return f"{run.scheduled_for.astimezone(UTC).isoformat()}~{run.id}"


def cursor(text: str) -> Place:
    """Where a page of runs begins; what is none is the first."""
    time, _, number = text.partition("~")
    known = page.number(number)
    try:
        at = datetime.fromisoformat(time)
    except ValueError:
        return NEWEST
    return NEWEST if known is None or at.tzinfo is None else (at, RunId(known))
