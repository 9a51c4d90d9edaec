"""PostgreSQL's plans, read."""

from collections.abc import Iterator
from typing import Any


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's node, and those below it."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)
