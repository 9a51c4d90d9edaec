"""How large the next batch is, and how long others have their turn: on virtual time."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.stage import on_the_virtual_clock
from vitte.actors.batches import (
    FEWEST_ROWS,
    FIRST_ROWS,
    LONG_SECONDS,
    MOST_ROWS,
    SHORT_SECONDS,
    Batches,
    Pace,
)
from vitte.store.pool import Database

AIM_SECONDS = 0.25
"""No transaction of a job is to take longer."""


class Machine:
    """Stands for the database: a row costs so many seconds, a transaction some more."""

    def __init__(self, row: float, transaction: float = 0.002) -> None:
        self.row = row
        self.transaction_costs = transaction
        self.took: list[float] = []
        self.sizes: list[int] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None]:
        yield
        seconds = self.transaction_costs + self.sizes[-1] * self.row
        self.took.append(seconds)
        await anyio.sleep(seconds)

    async def run(self, rows: int, batches: Batches) -> None:
        """A chore that touches so many rows."""
        while rows and (limit := batches.room):
            async with batches.next() as batch:
                batch.rows = min(limit, rows)
                self.sizes.append(batch.rows)
            rows -= batch.rows


def batches_on(machine: Machine, *, rest: float = 1.0, pace: Pace | None = None) -> Batches:
    database = cast("Database", machine)
    return Batches(database, rest=rest, pace=pace, clock=anyio.current_time)


def test_a_batch_that_took_long_halves_the_next_and_a_short_one_lets_it_grow_by_a_quarter() -> None:
    pace = Pace()
    seen = [pace.rows]
    for seconds in (0.01, 0.049, 0.05, 0.1, 0.101, 3.0, 0.01):
        pace.note(seconds)
        seen.append(pace.rows)

    assert seen == [100, 125, 156, 156, 156, 78, 39, 48]


@given(st.lists(st.floats(0, 10), max_size=60))
def test_a_batch_is_never_larger_than_a_thousand_rows_nor_so_small_that_nothing_moves(
    seconds: list[float],
) -> None:
    pace = Pace()
    for each in seconds:
        before = pace.rows
        pace.note(each)
        assert FEWEST_ROWS <= pace.rows <= MOST_ROWS
        assert pace.rows <= before or each < SHORT_SECONDS
        assert pace.rows >= before or each > LONG_SECONDS


def test_the_least_batch_can_grow_again() -> None:
    pace = Pace(FEWEST_ROWS)
    for _ in range(30):
        pace.note(0.0)
    assert pace.rows == MOST_ROWS


@on_the_virtual_clock
async def test_on_a_quick_machine_batches_grow_to_a_thousand_rows() -> None:
    machine = Machine(row=0.00002)
    await machine.run(50_000, batches_on(machine))

    assert machine.sizes[0] == FIRST_ROWS
    assert machine.sizes[20] == MOST_ROWS
    assert sum(machine.sizes) == 50_000


@on_the_virtual_clock
@pytest.mark.parametrize("row", [0.0001, 0.0005, 0.001, 0.002])
async def test_however_much_a_row_costs_no_transaction_comes_near_a_quarter_of_a_second(
    row: float,
) -> None:
    machine = Machine(row=row)
    await machine.run(20_000, batches_on(machine))

    assert max(machine.took) < AIM_SECONDS
    settled = machine.took[20:-1]
    assert min(settled) > LONG_SECONDS / 4  # and none is so small that its commit is the work
    assert max(settled) <= LONG_SECONDS * 1.25


@on_the_virtual_clock
async def test_a_machine_that_grows_slow_meanwhile_is_given_way_and_used_again_after() -> None:
    machine = Machine(row=0.00003)
    batches = batches_on(machine)
    await machine.run(20_000, batches)
    quick = batches.pace
    machine.row = 0.002  # somebody else's backup begins
    await machine.run(4_000, batches)
    slow = batches.pace
    machine.row = 0.00003
    await machine.run(20_000, batches)

    assert (quick, batches.pace) == (MOST_ROWS, MOST_ROWS)
    assert slow <= 50
    assert sum(took > AIM_SECONDS for took in machine.took) <= 4  # until it had noticed


@on_the_virtual_clock
@pytest.mark.parametrize("rest", [1.0, 2.0])
async def test_a_run_has_its_share_of_the_database_and_no_more(rest: float) -> None:
    machine = Machine(row=0.0004)
    began = anyio.current_time()
    await machine.run(5_000, batches_on(machine, rest=rest))
    seconds = anyio.current_time() - began

    assert sum(machine.took) == pytest.approx(seconds / (1 + rest))


@on_the_virtual_clock
async def test_after_a_batch_that_stood_still_for_long_a_run_does_not_rest_as_long() -> None:
    machine = Machine(row=0.0, transaction=60.0)
    began = anyio.current_time()
    await machine.run(1, batches_on(machine))

    assert anyio.current_time() - began < 70.0


@on_the_virtual_clock
async def test_the_ceiling_of_a_run_bounds_its_last_batch() -> None:
    machine = Machine(row=0.00001)
    batches = Batches(cast("Database", machine), most=250, clock=anyio.current_time)
    await machine.run(1_000, batches)

    assert machine.sizes == [100, 125, 25]
    assert batches.room == 0
