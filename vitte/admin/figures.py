"""What the metrics tell of a place: how long its work takes, at the slowest hundredth."""

from collections import Counter as Sums
from itertools import pairwise
from typing import Final

from prometheus_client import Histogram

from vitte import metrics

# Which histogram tells of which place; for the others nobody measures.
MEASURED: Final = {
    "vitte/updates/chats/conversations": metrics.update_seconds,
    "vitte/updates/outbox": metrics.telegram_seconds,
    "vitte/edges/api": metrics.http_seconds,
    "vitte/edges/admin": metrics.admin_seconds,
    "vitte/watch/loop": metrics.loop_lag_seconds,
}


def p99_of(path: str) -> float | None:
    """The time, in seconds, within which 99 of 100 were done since the start; None if unknown."""
    histogram = MEASURED.get(path)
    return None if histogram is None else percentile(histogram, 0.99)


def percentile(histogram: Histogram, share: float) -> float | None:
    """Estimate a percentile over all labels, as Prometheus's histogram_quantile does.

    Inside its bucket a value is taken to lie in proportion; above the last bound it is that bound.
    """
    sums: Sums[float] = Sums()
    for metric in histogram.collect():
        for sample in metric.samples:
            if sample.name.endswith("_bucket"):
                sums[float(sample.labels["le"])] += int(sample.value)
    bounds = sorted(sums)
    if not bounds or not sums[bounds[-1]]:
        return None
    wanted = share * sums[bounds[-1]]
    for low, high in pairwise([0.0, *bounds]):
        below = sums.get(low, 0)
        if sums[high] >= wanted:
            if high == float("inf"):
                return low
            within = sums[high] - below
            return low + (high - low) * (wanted - below) / within if within else high
    return None
