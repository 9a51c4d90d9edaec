"""The minutes: keeps what each minute brought, in numbers, for the panel's plots.

Owns the rows of ``minutes`` that bear this process's name. It reads the counters that
Prometheus reads and writes down what they grew by. While PostgreSQL is away the
numbers wait and go into the first minute after; a fall loses those of one minute.
"""

import math
from collections import Counter as Sums
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Never

import anyio
from msgspec import Struct
from prometheus_client import Counter, Gauge, Histogram

from vitte import metrics
from vitte.errors import DatabaseAway, DatabaseBusy, DatabaseSlow
from vitte.runtime import Life, Running
from vitte.store import minutes
from vitte.store.minutes import Minute
from vitte.store.pool import Database

KEPT: Final = timedelta(days=32)
MINUTE_SECONDS: Final = 60.0


class Counted(Struct, frozen=True, kw_only=True):
    """The counters at one moment: they grow, from the start of the process."""

    sums: Mapping[str, int]
    within: Mapping[float, int]


class Minutes:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Callable[[], datetime],
        process: str,
        every: float = MINUTE_SECONDS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._process = process
        self._every = every

    async def run(self, life: Life[Never]) -> None:
        """Write down each minute as it ends, for ever."""
        before = count()
        life.ready()
        while True:
            now = self._clock()
            await anyio.sleep(self._every - now.timestamp() % self._every)
            minute = self._clock() - timedelta(seconds=self._every / 2)
            after = count()
            try:
                await self._keep(told(minute, before, after, life.tree))
            except (DatabaseAway, DatabaseBusy, DatabaseSlow):
                continue
            before = after

    async def _keep(self, minute: Minute) -> None:
        await minutes.add(self._database, self._process, minute)
        if minute.minute.minute == 0:  # once an hour is often enough
            await minutes.drop(self._database, minute.minute - KEPT)


def count() -> Counted:
    """Read the counters."""
    outcomes = ("answered", "refused", "failed")
    return Counted(
        sums={
            "received": _sum(metrics.updates_received),
            **{each: _sum(metrics.updates_done, outcome=each) for each in outcomes},
            "words_sent": _sum(metrics.words_done, state="sent"),
            "words_failed": _sum(metrics.words_done, state="failed"),
            "limited": _sum(metrics.limiter_verdicts, verdict="refused"),
            "redis_faults": _sum(metrics.redis_faults),
        },
        within=buckets(metrics.update_seconds),
    )


def told(at: datetime, before: Counted, after: Counted, tree: Running) -> Minute:
    """What happened between two counts, and how it stands at the second."""
    within = {bound: n - before.within.get(bound, 0) for bound, n in after.within.items()}
    places = tree.statistics(most=0)
    return Minute(
        minute=at.replace(second=0, microsecond=0),
        **{name: max(0, n - before.sums[name]) for name, n in after.sums.items()},
        half_within=percentile(within, 0.5),
        most_within=percentile(within, 0.99),
        in_hand=_sum(metrics.updates_in_hand),
        in_mailboxes=sum(place.mailbox.depth for place in places if place.mailbox is not None),
        pool_waits=_sum(metrics.database_waits),
        redis_away=_sum(metrics.redis_breaker_open) > 0,
    )


def buckets(histogram: Histogram) -> dict[float, int]:
    """How many were done within each bound, over all labels."""
    sums: Sums[float] = Sums()
    for metric in histogram.collect():
        for sample in metric.samples:
            if sample.name.endswith("_bucket"):
                sums[float(sample.labels["le"])] += int(sample.value)
    return sums


def percentile(within: Mapping[float, int], share: float) -> float | None:
    """Estimate a percentile of what was done within each bound, as Prometheus's histogram_quantile does.

    Inside its bucket a value is taken to lie in proportion; above the last bound it is that bound.
    """
    bounds = sorted(within)
    if not bounds or not within[bounds[-1]]:
        return None
    wanted = share * within[bounds[-1]]
    for low, high in pairwise([0.0, *bounds]):
        below = within.get(low, 0)
        if within[high] >= wanted:
            if math.isinf(high):
                return low
            inside = within[high] - below
            return low + (high - low) * (wanted - below) / inside if inside else high
    return None


def _sum(metric: Counter | Gauge, **labels: str) -> int:
    return int(
        sum(
            sample.value
            for each in metric.collect()
            for sample in each.samples
            if not sample.name.endswith("_created") and labels.items() <= sample.labels.items()
        )
    )
