"""What fires now: the rules of ``config/prometheus/alerts.yml``, where this process knows the figure.

Judged at the moment of the look, from what this process has found of Redis, its tree, and
the tables, which all processes share. Prometheus waits until a figure lasts, and judges as
well what wants a memory of rates: an alarm here may be a moment's, and what is not here
is not said to be well. A test compares names, bounds and severities with the rules.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from anyio import to_thread
from prometheus_client import Gauge

from vitte import metrics
from vitte.admin import places
from vitte.admin.desk import Visit
from vitte.errors import DatabaseAway, DatabaseBusy, DatabaseSlow
from vitte.runtime import Statistics
from vitte.store import jobs, outbox, runs, updates
from vitte.store.jobs import Standing
from vitte.store.outbox import Lane
from vitte.store.runs import Run


class Rule(NamedTuple):
    """Beyond which figure it fires, and how bad that is."""

    bound: float
    severity: str


RULES: Final = {
    "VittePostgresAway": Rule(0, "critical"),
    "VitteUpdatesWait": Rule(60, "critical"),
    "VitteWordsWait": Rule(60, "critical"),
    "VitteUpdatesPileUp": Rule(1_000, "warning"),
    "VitteDeadLetters": Rule(0, "warning"),
    "VittePoolExhausted": Rule(0, "warning"),
    "VitteRedisAway": Rule(1, "warning"),
    "VitteActorFalls": Rule(3, "warning"),
    "VitteMailboxFull": Rule(1_000, "warning"),
    "VitteMemory": Rule(1_073_741_824, "warning"),
    "VitteFiles": Rule(0.8, "warning"),
    "VitteCronFails": Rule(0, "warning"),
    "VitteCronOverdue": Rule(26 * 3_600, "warning"),
    "VitteCronLate": Rule(300, "warning"),
    "VitteCacheDeaf": Rule(0, "info"),
}
ANSWERS: Final = (Lane.PAYMENT, Lane.REPLY, Lane.EDIT)
"""The lanes of which somebody waits for an answer."""
QUARTER: Final = timedelta(minutes=15)
HOUR: Final = timedelta(hours=1)
WEEKLY: Final = {"archive-dialogs": timedelta(days=8)}
RUNS: Final = 100


class Alarm(NamedTuple):
    """A rule that fires: of what, how much, and where in the panel that is seen."""

    rule: str
    of: str = ""
    n: float = 0
    where: str = ""


async def judge(visit: Visit) -> list[Alarm]:
    """All that fires, the worst first."""
    desk = visit.desk
    found = [*_gauges(), *_tree(desk.tree.statistics(most=places.MOST_ALIKE))]
    found += await to_thread.run_sync(_process)
    if (waiting := desk.services.database.state().waiting) > RULES["VittePoolExhausted"].bound:
        found.append(Alarm("VittePoolExhausted", n=waiting))
    try:
        found += await _kept(visit)
    except (DatabaseAway, DatabaseBusy, DatabaseSlow):
        found.append(Alarm("VittePostgresAway"))
    order = list(RULES)
    return sorted(found, key=lambda alarm: order.index(alarm.rule))


def _gauges() -> list[Alarm]:
    """What this process itself has found of Redis."""
    found: list[Alarm] = []
    if _value(metrics.redis_breaker_open) == RULES["VitteRedisAway"].bound:
        found.append(Alarm("VitteRedisAway"))
    if _value(metrics.cache_linked) == RULES["VitteCacheDeaf"].bound:
        found.append(Alarm("VitteCacheDeaf"))
    return found


def _value(gauge: Gauge) -> float:
    return next(sample.value for family in gauge.collect() for sample in family.samples)


def _tree(statistics: Sequence[Statistics]) -> list[Alarm]:
    """Who falls again and again, and for whom too much waits."""
    found: list[Alarm] = []
    for place in statistics:
        where, name = f"/tree/place?path={place.path}", place.path.rpartition("/")[2]
        falls = sum(fall.ago < QUARTER.total_seconds() for fall in place.falls)
        if falls > RULES["VitteActorFalls"].bound:
            found.append(Alarm("VitteActorFalls", of=name, n=falls, where=where))
        depth = place.mailbox.depth if place.mailbox else 0
        if depth > RULES["VitteMailboxFull"].bound:
            found.append(Alarm("VitteMailboxFull", of=name, n=depth, where=where))
    return found


def _process() -> list[Alarm]:
    """What the system says of this process; it is read from files."""
    names = ("process_resident_memory_bytes", "process_open_fds", "process_max_fds")
    known = {
        sample.name: sample.value
        for family in metrics.REGISTRY.restricted_registry(names).collect()
        for sample in family.samples
    }
    memory, files, most = (known.get(name, 0.0) for name in names)
    found: list[Alarm] = []
    if memory > RULES["VitteMemory"].bound:
        found.append(Alarm("VitteMemory", n=memory / 2**20))
    if most and files / most > RULES["VitteFiles"].bound:
        found.append(Alarm("VitteFiles", n=100 * files / most))
    return found


async def _kept(visit: Visit) -> list[Alarm]:
    """What the tables tell: letters, and the ledger of the jobs."""
    services, now = visit.desk.services, visit.now
    letters = await updates.list_letters(services.database, limit=1)
    found = [
        Alarm("VitteDeadLetters", where="/letters")
        for letter in letters
        if now - letter.done_at < QUARTER
    ]
    found += await _waiting(visit)
    names = [job.name for job in services.jobs]
    for known in await jobs.list_standing(services.database, names):
        found += _overdue(known, visit)
    latest = await runs.list_latest(services.database, limit=RUNS)
    failed = {run.job for run in latest if run.state in {"failed", "lost"} and run.ended_at is not None and now - run.ended_at < HOUR}  # fmt: skip
    late = {run.job for run in latest if _is_late(run, visit)}
    found += [Alarm("VitteCronFails", of=job, where=f"/jobs/{job}") for job in sorted(failed)]
    return found + [Alarm("VitteCronLate", of=job, where=f"/jobs/{job}") for job in sorted(late)]


async def _waiting(visit: Visit) -> list[Alarm]:
    """Who waits for an answer, and for how long."""
    database, now = visit.desk.services.database, visit.now
    pending = (await updates.backlog(database)).oldest
    words = [each.oldest for each in await outbox.backlog(database) if each.lane in ANSWERS]
    found = [
        Alarm("VitteUpdatesWait", n=_age(pending, now), where="/tree"),
        Alarm("VitteWordsWait", n=max((_age(each, now) for each in words), default=0), where="/tree"),
        Alarm("VitteUpdatesPileUp", n=await updates.count_pending(database), where="/tree"),
    ]  # fmt: skip
    return [alarm for alarm in found if alarm.n > RULES[alarm.rule].bound]


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else (now - since).total_seconds()


def _overdue(known: Standing, visit: Visit) -> list[Alarm]:
    most = WEEKLY.get(known.job, timedelta(seconds=RULES["VitteCronOverdue"].bound))
    if known.succeeded_at is None or (age := visit.now - known.succeeded_at) <= most:
        return []
    hours = age.total_seconds() / 3_600
    return [Alarm("VitteCronOverdue", of=known.job, n=hours, where=f"/jobs/{known.job}")]


def _is_late(run: Run, visit: Visit) -> bool:
    begun = run.started_at
    if begun is None or run.attempt != 1 or run.asked_by is not None or visit.now - begun > HOUR:
        return False
    return (begun - run.scheduled_for).total_seconds() > RULES["VitteCronLate"].bound
