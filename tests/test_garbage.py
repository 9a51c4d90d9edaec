"""The collector of cycles: at rest while everything starts, seldom at work afterwards, and at work."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from vitte import garbage


class Knot:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    gc.enable()


def test_a_start_is_not_looked_through() -> None:
    garbage.wait()
    started = gc.get_stats()
    kept = [Knot() for _ in range(2 * garbage.YOUNG)]

    assert gc.get_stats() == started
    garbage.begin()

    assert gc.isenabled()
    assert gc.get_freeze_count() > len(kept)


def test_what_nobody_needs_goes_all_the_same() -> None:
    garbage.begin()
    knots = [weakref.ref(Knot()) for _ in range(3 * garbage.YOUNG)]

    assert sum(knot() is not None for knot in knots) < len(knots) / 2


def test_what_a_start_made_and_let_go_is_not_kept_for_ever() -> None:
    garbage.wait()
    knot = weakref.ref(Knot())

    garbage.begin()

    assert knot() is None
