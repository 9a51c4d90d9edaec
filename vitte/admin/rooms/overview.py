"""The overview: how it goes, over an hour, a day, a month.

What was counted is drawn from the rows that each process writes a minute, so that
restarts cost a minute and several processes make one picture; people are counted
where they are kept, and who was active once a night. What fires is judged anew each time.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from aiohttp import web

from vitte.admin import alarms, page, plot
from vitte.admin.alarms import Alarm
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.admin.plot import Line, Plot
from vitte.admin.rooms import runbook
from vitte.errors import DatabaseAway, DatabaseBusy, DatabaseSlow
from vitte.store import minutes, statistics
from vitte.store.minutes import Crowd, Minute
from vitte.store.statistics import DailyStatistics


class Span(NamedTuple):
    """How far back, in which steps, and how the time of a step is written."""

    back: timedelta
    step: timedelta
    written: str


SPANS: Final[Mapping[str, Span]] = {
    "hour": Span(timedelta(hours=1), timedelta(minutes=1), "%H:%M"),
    "day": Span(timedelta(days=1), timedelta(minutes=20), "%H:%M"),
    "month": Span(timedelta(days=30), timedelta(hours=12), "%m-%d %H:%M"),
}

COLOURS: Final = {"critical": "bad", "warning": "warn", "info": "quiet"}


async def show(visit: Visit) -> web.StreamResponse:
    """What fires, who is there, and the plots of one span; while PostgreSQL is away, what fires."""
    chosen = visit.asked("span")
    name = chosen if chosen in SPANS else "hour"
    title = say(visit, "admin-room-overview")
    firing = _alarms(visit, await alarms.judge(visit))
    try:
        drawn = await _drawn(visit, SPANS[name])
    except (DatabaseAway, DatabaseBusy, DatabaseSlow):
        drawn = page.notice(say(visit, "admin-fault-away.text"), "bad")
    return page.show(
        visit, title, page.heading(title, _spans(visit, name)), firing, drawn, room="overview"
    )


async def _drawn(visit: Visit, span: Span) -> Html:
    """What is kept, in figures and plots."""
    database = visit.desk.services.database
    begins, ends = bounds(visit.now, span)
    found = await minutes.list_all(database, begins, ends, span.step)
    new = await minutes.list_newcomers(database, begins, ends, span.step)
    crowd = await minutes.count_people(database, visit.now)
    today = visit.now.astimezone(visit.desk.zone).date()
    days = await statistics.list_days(database, today - timedelta(days=7), today, limit=1)
    newcomers = {each.minute: float(each.people) for each in new}
    steps = _Steps(visit, span, begins, found)
    return tag(
        "div",
        _people(visit, crowd),
        _active(visit, days[0] if days else None),
        page.notice(say(visit, "admin-overview-none")) if not found else NOTHING,
        tag("div", [plot.draw(each) for each in _plots(visit, steps, newcomers)], class_="plots"),
        class_="parts",
    )


def _alarms(visit: Visit, found: Sequence[Alarm]) -> Html:
    """What fires now, each with the way to what is to be done."""
    rows = [
        tag(
            "li",
            page.badge(say(visit, f"admin-severity-{alarms.RULES[each.rule].severity}"), COLOURS[alarms.RULES[each.rule].severity]),
            " ",
            say(visit, line_of(each), of=each.of, n=page.grouped(round(each.n))),
            " ",
            tag("a", say(visit, "admin-alarm-do", rule=each.rule), href=runbook.address(each.rule)),
            [(" · ", tag("a", say(visit, "admin-alarm-where"), href=each.where))] if each.where else NOTHING,
        )
        for each in found
    ]  # fmt: skip
    shown = tag("ul", rows, class_="alarms") if rows else page.notice(say(visit, "admin-alarm-none"))  # fmt: skip
    return tag(
        "section",
        tag("h2", say(visit, "admin-alarms")),
        shown,
        tag("p", say(visit, "admin-alarm-limits"), class_="quiet"),
        class_="card",
    )


def line_of(alarm: Alarm) -> str:
    """The line that says what fires."""
    words = re.findall("[A-Z][a-z]+", alarm.rule.removeprefix("Vitte"))
    return f"admin-alarm-{'-'.join(words).lower()}"


def _active(visit: Visit, day: DailyStatistics | None) -> Html:
    """Who wrote, in 1, 7 and 30 days, by plan and language, when it was last counted."""
    head = tag("h2", say(visit, "admin-overview-active"))
    if day is None:
        link = tag("a", "user-stats", href="/jobs/user-stats")
        none = say(visit, "admin-overview-active-none")
        return tag("section", head, page.empty(none, tag("p", link)))
    whole = {"active": day.users_active, "active_7": day.users_active_7, "active_30": day.users_active_30}  # fmt: skip
    groups: list[tuple[str, Mapping[str, int | None]]] = [
        (say(visit, "admin-overview-everybody"), whole),
        *((say(visit, f"admin-people-{name}"), (day.by_plan or {}).get(name, {})) for name in ("premium", "free")),
        (say(visit, "admin-overview-russian"), (day.by_language or {}).get("ru", {})),
        (say(visit, "admin-overview-english"), (day.by_language or {}).get("en", {})),
    ]  # fmt: skip
    rows = [[name, *(_count(known.get(key)) for key in whole)] for name, known in groups]
    heads = [
        say(visit, "admin-overview-who"),
        *(say(visit, f"admin-overview-days-{days}") for days in (1, 7, 30)),
    ]
    counted = say(visit, "admin-overview-counted", day=day.day.isoformat(), zone=day.timezone or "UTC")  # fmt: skip
    return tag("section", head, page.table(heads, rows), tag("p", counted, class_="quiet after"))


def _count(known: int | None) -> str:
    return "–" if known is None else page.grouped(known)


def bounds(now: datetime, span: Span) -> tuple[datetime, datetime]:
    """From when to when: whole steps, the last of which has not ended yet."""
    step = span.step.total_seconds()
    ends = datetime.fromtimestamp((now.timestamp() // step + 1) * step, UTC)
    return ends - span.back, ends


def _spans(visit: Visit, chosen: str) -> Html:
    ways = [
        tag(
            "li",
            tag(
                "a",
                say(visit, f"admin-overview-{name}"),
                href=f"/overview?span={name}",
                aria_current="page" if name == chosen else None,
            ),
        )
        for name in SPANS
    ]
    return tag("nav", tag("ul", ways, class_="spans"), aria_label=say(visit, "admin-overview-span"))


def _people(visit: Visit, crowd: Crowd) -> Html:
    if not crowd.total:
        return page.empty(say(visit, "admin-people-empty"))
    rows: list[tuple[str, Child]] = [
        (say(visit, "admin-room-people"), tag("a", page.grouped(crowd.total), href="/people")),
        (say(visit, "admin-people-premium"), page.grouped(crowd.premium)),
        (say(visit, "admin-people-free"), page.grouped(crowd.total - crowd.premium)),
        (say(visit, "admin-overview-russian"), page.grouped(crowd.russian)),
        (say(visit, "admin-overview-english"), page.grouped(crowd.total - crowd.russian)),
        (say(visit, "admin-people-unreachable"), page.grouped(crowd.unreachable)),
    ]
    return tag("section", page.facts(rows), class_="card")


class _Steps:
    """The steps of a span, with what is known of each."""

    def __init__(self, visit: Visit, span: Span, begins: datetime, found: Sequence[Minute]) -> None:
        count = round(span.back / span.step)
        self.times = [begins + span.step * number for number in range(count)]
        self.known = {each.minute: each for each in found}
        self.labels = [f"{each.astimezone(visit.desk.zone):{span.written}}" for each in self.times]

    def of(self, name: str) -> list[float | None]:
        """One number of each step; None where nobody wrote one down."""
        rows = [self.known.get(each) for each in self.times]
        return [None if row is None else getattr(row, name) for row in rows]


def _plots(visit: Visit, steps: _Steps, newcomers: Mapping[datetime, float]) -> tuple[Plot, ...]:
    def counted(name: str, *series: str) -> Plot:
        lines = [_line(visit, each, steps.of(each)) for each in series]
        return _plot(visit, steps, name, lines)

    def measured(name: str, *series: str) -> Plot:
        lines = [_line(visit, each, steps.of(each)) for each in series]
        return _plot(visit, steps, name, lines, kind="lines")

    new = [_line(visit, "new", [newcomers.get(each, 0.0) for each in steps.times])]
    return (
        counted("updates", "answered", "refused", "failed"),
        measured("latency", "half_within", "most_within"),
        _plot(visit, steps, "new", new),
        counted("limited", "limited"),
        counted("words", "words_sent", "words_failed"),
        measured("queues", "in_hand", "in_mailboxes"),
        measured("database", "pool_waits"),
        counted("redis", "redis_faults"),
    )


def _line(visit: Visit, name: str, values: Sequence[float | None]) -> Line:
    return Line(name=say(visit, f"admin-series-{name.replace('_', '-')}"), values=values)


def _plot(
    visit: Visit, steps: _Steps, name: str, lines: Sequence[Line], kind: str = "bars"
) -> Plot:
    def written(value: float) -> str:
        return page.brief(visit, value) if name == "latency" else page.grouped(value)

    known = [value for line in lines for value in line.values if value is not None]
    if kind == "bars":
        sum_up = say(visit, "admin-overview-total", n=page.grouped(sum(known)))
    else:
        sum_up = say(visit, "admin-overview-most", n=written(max(known, default=0)))
    return Plot(
        title=say(visit, f"admin-plot-{name}"),
        kind=kind,
        lines=lines,
        steps=steps.labels,
        sum_up=sum_up if known else "",
        written=written,
        none=say(visit, "admin-plot-none"),
        numbers=say(visit, "admin-plot-numbers"),
        when=say(visit, "admin-audit-when"),
    )
