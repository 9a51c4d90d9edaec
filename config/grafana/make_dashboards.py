"""Makes the dashboards from the registry of metrics: ``make dashboards``.

Every metric has a panel, drawn by its kind (a counter by its rate, a histogram by three
of its quantiles), described in the words of the registry; which dashboard it belongs to
is told by how its name begins. What takes more than one metric stands by hand at the top
of its dashboard, with the names taken from ``vitte.metrics``, so that one that is gone is
an error here. A test makes them anew and compares.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

from vitte import metrics

FOLDER: Final = Path(__file__).parent / "dashboards"
WIDE, HIGH, COLUMNS = 8, 8, 24
SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
JOB: Final = 'job="vitte"'


class Query(NamedTuple):
    """One line of a panel: what is asked, and what it is called."""

    ask: str
    legend: str = "{{instance}}"


class Drawn(NamedTuple):
    """A panel: what it shows, in which unit, and what it means. A ``stat`` is one number."""

    title: str
    meaning: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: str = "timeseries"


class Board(NamedTuple):
    """A dashboard: its file, its title, the beginnings of its metrics, what is drawn by hand."""

    name: str
    title: str
    beginnings: tuple[str, ...]
    by_hand: tuple[Drawn, ...]


def described(metric: MetricWrapperBase) -> Metric:
    """How a metric describes itself: its name, its kind, its words."""
    return next(iter(metric.describe()))


def labels_of(metric: MetricWrapperBase) -> tuple[str, ...]:
    """The names of its labels."""
    return tuple(metric._labelnames)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType, reportUnknownVariableType, reportUnknownArgumentType]  # it cannot be asked


def name(metric: MetricWrapperBase, **chosen: str) -> str:
    """A metric as Prometheus knows it, of our job, with the labels that are chosen (``~x`` by pattern)."""
    found = described(metric)
    ending = {"counter": "_total", "histogram": "_bucket"}.get(found.type, "")
    matches = [JOB]
    for label, value in chosen.items():
        if label not in labels_of(metric):
            sys.exit(f"{found.name} has no label {label}")
        matches.append(f'{label}=~"{value[1:]}"' if value[0] == "~" else f'{label}="{value}"')
    return f"{found.name}{ending}{{{','.join(matches)}}}"


def rate(metric: MetricWrapperBase, *by: str, **chosen: str) -> str:
    """How often a second something happens."""
    asked = f"rate({name(metric, **chosen)}[$__rate_interval])"
    return f"sum by ({', '.join(by)}) ({asked})" if by else f"sum({asked})"


def share(part: str, whole: str) -> str:
    """A part of a whole; nought while there is no whole."""
    return f"{part} / ({whole} > 0) or 0 * {whole}"


def quantile(of: float, metric: MetricWrapperBase, *by: str) -> str:
    """Under which time a share of the cases lies."""
    return f"histogram_quantile({of}, {rate(metric, 'le', *by)})"


# -- What is drawn by hand

m = metrics
BOARDS: Final = (
    Board("people", "vitte: people and money", ("users", "messages", "limiter", "payment", "star", "subscription", "broadcast"), (
        Drawn("People", "All who can be reached", (Query(f"sum({name(m.users)})", "people"),), kind="stat"),
        Drawn("Active", "Who said something within a day", (Query(f"sum({name(m.users_active)})", "people"),), kind="stat"),
        Drawn("Premium", "For whom a paid plan is in force", (Query(f"sum({name(m.users, plan='premium')})", "people"),), kind="stat"),
        Drawn("Share that pays", "Of all who can be reached", (Query(share(f"sum({name(m.users, plan='premium')})", f"sum({name(m.users)})"), "share"),), "percentunit", "stat"),
        Drawn("New within a day", "People met for the first time", (Query(f"sum(increase({name(m.users_registered)}[1d]))", "people"),), kind="stat"),
        Drawn("Refused", "Share of messages that came too fast or over the day's number", (Query(share(rate(m.limiter_verdicts, verdict="refused"), rate(m.limiter_verdicts)), "share"),), "percentunit", "stat"),
    )),
    Board("updates", "vitte: the way of an update", ("update", "words", "letters", "telegram", "outbox", "inbox", "governor"), (
        Drawn("Pending", "Written down and not finished", (Query(f"sum({name(m.updates_pending)})", "updates"),), kind="stat"),
        Drawn("The oldest", "How long the oldest pending update has waited", (Query(f"max({name(m.updates_oldest)})", "age"),), "s", "stat"),
        Drawn("Dead letters", "vitte letters shows them", (Query(f"sum({name(m.letters)})", "letters"),), kind="stat"),
        Drawn("95 of 100 answered within", "From an update taken in hand to its answer written down", (Query(quantile(0.95, m.update_seconds), "p95"),), "s", "stat"),
        Drawn("In and out", "What comes must go: received, finished, said", (
            Query(rate(m.updates_received), "received"), Query(rate(m.updates_done), "finished"), Query(rate(m.words_done), "words said or given up"),
        ), "ops"),
        Drawn("Share of words refused", "Words that Telegram will never take", (Query(share(rate(m.words_done, state="failed"), rate(m.words_done)), "share"),), "percentunit"),
    )),
    Board("tree", "vitte: the tree", ("actor", "loop", "round", "process"), (
        Drawn("Up", "Whether Prometheus reaches it", (Query(f"min(up{{{JOB}}})", "up"),), kind="stat"),
        Drawn("Falls within an hour", "Of all actors", (Query(f"sum(increase({name(m.actor_falls)}[1h]))", "falls"),), kind="stat"),
        Drawn("Ill rounds within an hour", "Rounds through the tree of which systemd was not told", (Query(f"sum(increase({name(m.rounds, outcome='ill')}[1h]))", "rounds"),), kind="stat"),
        Drawn("99 of 100 beats late by at most", "The lag of the event loop", (Query(quantile(0.99, m.loop_lag_seconds), "p99"),), "s", "stat"),
        Drawn("Memory", "What the process holds of it", (Query(f"process_resident_memory_bytes{{{JOB}}}"),), "bytes"),
        Drawn("Processor", "Cores in use", (Query(f"rate(process_cpu_seconds_total{{{JOB}}}[$__rate_interval])"),)),
        Drawn("Open files", "And how many there may be", (Query(f"process_open_fds{{{JOB}}}", "open"), Query(f"process_max_fds{{{JOB}}}", "at most"))),
        Drawn("Since the start", "How long this process runs", (Query(f"time() - process_start_time_seconds{{{JOB}}}"),), "s"),
    )),
    Board("stores", "vitte: stores", ("database", "redis", "cache"), (
        Drawn("PostgreSQL", "Whether it answered when it was last asked", (Query(f"min({name(m.database_up)})", "up"),), kind="stat"),
        Drawn("Redis is not asked", "Whether the breaker is open", (Query(f"max({name(m.redis_breaker_open)})", "open"),), kind="stat"),
        Drawn("Found in the cache", "Share of all reads, of memory or Redis", (Query(share(rate(m.cache_reads, outcome="~memory|redis"), rate(m.cache_reads)), "share"),), "percentunit", "stat"),
        Drawn("Found, by what", "The same for each thing that is read", (Query(share(rate(m.cache_reads, "noun", outcome="~memory|redis"), rate(m.cache_reads, "noun")), "{{noun}}"),), "percentunit"),
        Drawn("The pool", "Connections lent and idle, and who waits for one", (Query(name(m.database_connections), "{{state}}"), Query(name(m.database_waits), "who waits"))),
    )),
    Board("cron", "vitte: cron", ("cron", "job"), (
        Drawn("Since it went well", "How long ago each job did", (Query(f"time() - max by (name) ({name(m.cron_last_success)})", "{{name}}"),), "s"),
        Drawn("Runs within a day", "By what became of them", (Query(f"sum by (name, state) (increase({name(m.cron_runs)}[1d]))", "{{name}} {{state}}"),)),
    )),
    Board("programs", "vitte: programs and the panel", ("http", "admin", "lease"), (
        Drawn("Answered with 5xx", "Share of all requests", (Query(share(rate(m.http_requests, status="~5.."), rate(m.http_requests)), "share"),), "percentunit", "stat"),
        Drawn("95 of 100 within", "From a request to its answer", (Query(quantile(0.95, m.http_seconds), "p95"),), "s", "stat"),
    )),
)  # fmt: skip


# -- What is drawn of every metric


def registered() -> Iterator[MetricWrapperBase]:
    """Every metric of ours, in the order of ``vitte/metrics.py``."""
    for each in vars(metrics).values():
        if isinstance(each, MetricWrapperBase):
            yield each


def board_of(metric: MetricWrapperBase) -> str:
    """The dashboard of a metric: the one with the longest beginning of its name."""
    bare = described(metric).name.removeprefix("vitte_")
    fitting = [
        (len(start), board.name)
        for board in BOARDS
        for start in board.beginnings
        if bare.startswith(start)
    ]
    if not fitting:
        sys.exit(f"No dashboard takes {bare}: add how it begins to one in {Path(__file__).name}")
    return max(fitting)[1]


def drawn(metric: MetricWrapperBase) -> Drawn:
    """The panel of one metric."""
    found, labels = described(metric), labels_of(metric)
    title = found.name.removeprefix("vitte_").replace("_", " ")
    legend = " ".join(f"{{{{{label}}}}}" for label in labels)
    match found.type:
        case "counter":
            queries = (Query(rate(metric, *labels), legend or "a second"),)
            return Drawn(f"{title}, a second", found.documentation, queries, "ops")
        case "histogram":
            queries = tuple(
                Query(quantile(of, metric, *labels), f"{legend} p{of * 100:.0f}".strip())
                for of in (0.5, 0.95, 0.99)
            )
            return Drawn(title, found.documentation, queries, "s")
        case _ if found.name.endswith("_timestamp_seconds"):
            ask = f"time() - max by ({', '.join(labels)}) ({name(metric)})"
            return Drawn(f"{title}, ago", found.documentation, (Query(ask, legend),), "s")
        case _:
            unit = {"seconds": "s", "bytes": "bytes"}.get(found.name.rpartition("_")[2], "short")
            return Drawn(title, found.documentation, (Query(name(metric), legend or "{{instance}}"),), unit)  # fmt: skip


# -- As Grafana reads it


def panel(number: int, it: Drawn, x: int, y: int) -> dict[str, Any]:
    """A panel in Grafana's words."""
    options: dict[str, Any] = {
        "legend": {"calcs": ["lastNotNull", "max"], "displayMode": "table", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }  # fmt: skip
    custom: dict[str, Any] = {"fillOpacity": 10, "lineWidth": 1, "showPoints": "never", "spanNulls": False}  # fmt: skip
    if it.kind == "stat":
        options = {
            "colorMode": "none",
            "graphMode": "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "percentChangeColorMode": "standard",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "showPercentChange": False,
            "textMode": "auto",
            "wideLayout": True,
        }
        custom = {}
    return {
        "id": number,
        "type": it.kind,
        "title": it.title,
        "description": it.meaning,
        "datasource": SOURCE,
        "gridPos": {"h": HIGH // 2 if it.kind == "stat" else HIGH, "w": _width(it), "x": x, "y": y},
        "fieldConfig": {
            "defaults": {"unit": it.unit, "min": 0, "custom": custom},
            "overrides": [],
        },
        "options": options,
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": SOURCE,
                "expr": query.ask,
                "legendFormat": query.legend,
                "range": True,
                "instant": False,
            }
            for place, query in enumerate(it.queries)
        ],
    }


def _width(it: Drawn) -> int:
    return WIDE // 2 if it.kind == "stat" else WIDE


def laid_out(panels: Sequence[Drawn]) -> list[dict[str, Any]]:
    """The panels in rows, from left to right; numbers before curves."""
    placed: list[dict[str, Any]] = []
    x = y = height = 0
    for number, it in enumerate(sorted(panels, key=lambda it: it.kind != "stat"), 1):
        high = HIGH // 2 if it.kind == "stat" else HIGH
        if x + _width(it) > COLUMNS or (height and high != height):
            x, y = 0, y + height
        placed.append(panel(number, it, x, y))
        x, height = x + _width(it), high
    return placed


def dashboard(board: Board) -> dict[str, Any]:
    """A dashboard in Grafana's words."""
    own = [drawn(metric) for metric in registered() if board_of(metric) == board.name]
    return {
        "uid": f"vitte-{board.name}",
        "title": board.title,
        "description": "Made from vitte/metrics.py by `make dashboards`: change it there.",
        "tags": ["vitte"],
        "schemaVersion": 41,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": [{"type": "dashboards", "title": "vitte", "tags": ["vitte"], "asDropdown": True, "keepTime": True, "includeVars": False, "targetBlank": False, "icon": "dashboard", "tooltip": ""}],
        "templating": {"list": [{"type": "datasource", "name": "source", "label": "Prometheus", "query": "prometheus", "hide": 0}]},
        "annotations": {"list": []},
        "panels": laid_out([*board.by_hand, *own]),
    }  # fmt: skip


def files() -> dict[str, str]:
    """Every dashboard by the name of its file."""
    return {
        f"{board.name}.json": json.dumps(dashboard(board), indent=2, ensure_ascii=False) + "\n"
        for board in BOARDS
    }


def main() -> None:
    """Write them all, and remove what is no dashboard any more."""
    FOLDER.mkdir(exist_ok=True)
    made = files()
    for path in FOLDER.glob("*.json"):
        if path.name not in made:
            path.unlink()
    for each, text in made.items():
        (FOLDER / each).write_text(text, encoding="utf-8")
    panels = sum(len(re.findall(r'"gridPos"', text)) for text in made.values())
    sys.stdout.write(f"{len(made)} dashboards with {panels} panels are in {FOLDER}\n")


if __name__ == "__main__":
    main()
