"""What the metrics tell of a place: how long its work takes, at the slowest hundredth."""

from typing import Final

from prometheus_client import Histogram

from vitte import metrics
from vitte.actors import minutes

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
    """Estimate a percentile over all labels, since the start."""
    return minutes.percentile(minutes.buckets(histogram), share)
