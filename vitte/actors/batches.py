"""The batches of one run: how a chore does much work in small steps.

Each batch is a transaction of its own, of at most a thousand rows, and of fewer
where they take long: how many the next one may touch follows from how long the last
one took. What it touched is noted in the ledger by that same transaction, so that
the ledger is true even if the process dies in between; and who does not own the run
any more commits nothing. A ceiling ends the run, and a dry run takes each batch back.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias

import anyio

from vitte.store.pool import Database, Transaction

FIRST_ROWS: Final = 100
FEWEST_ROWS: Final = 10
MOST_ROWS: Final = 1_000
# Others wait behind a transaction; these keep it well below a quarter of a second.
LONG_SECONDS: Final = 0.1
SHORT_SECONDS: Final = 0.05
# What took longer has most likely waited for a lock, and has not worked.
_LONGEST_REST: Final = 5.0

# Notes in a batch's own transaction how many rows it touched.
Note: TypeAlias = Callable[[Transaction, int], Awaitable[None]]


class _TakenBack(Exception):
    """Raised when a batch was only tried: its transaction is rolled back."""


class Batch:
    """A batch under way: its transaction, and how many rows it touched."""

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.rows = 0


class Pace:
    """How many rows a batch may touch: fewer after a long one, more after a short one.

    The law of those who share a line: give way at once, by half, and come back gently, by
    a quarter. A machine that is busy, a cold cache, and a table that has grown show in the
    time alone, and none of them has to be known beforehand.
    """

    def __init__(self, rows: int = FIRST_ROWS) -> None:
        self.rows = rows

    def note(self, seconds: float) -> None:
        """A batch took so long."""
        if seconds > LONG_SECONDS:
            self.rows = max(FEWEST_ROWS, self.rows // 2)
        elif seconds < SHORT_SECONDS:
            self.rows = min(MOST_ROWS, self.rows + max(1, self.rows // 4))


class Batches:
    """What a run did so far, and how far it may go.

    Args:
        database: where its transactions run.
        most: rows that the run may touch; then it ends, and the next one goes on.
        dry: take each batch back: all is tried, nothing is kept.
        note: see ``Note``; raises to have a batch undone.
        rest: pause after a batch as long as it took, times this: others have their turn.
        told: hears how many rows it has been so far, after each batch.
        pace: how many rows the first batches may touch.
        clock: seconds, by which batches are timed.
    """

    def __init__(  # noqa: PLR0913  # how far a run may go, each apart
        self,
        database: Database,
        *,
        most: int = 1_000_000,
        dry: bool = False,
        note: Note | None = None,
        rest: float = 0.0,
        told: Callable[[int], None] | None = None,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.database = database
        self.rows = 0
        self.longest = 0.0
        self.dry = dry
        self._most = most
        self._note = note
        self._rest = rest
        self._told = told
        self._pace = pace or Pace()
        self._clock = clock

    @property
    def pace(self) -> int:
        """How many rows the next batch may look at, if it touches none."""
        return self._pace.rows

    @property
    def room(self) -> int:
        """How many rows the next batch may touch; nought when the run has done enough."""
        return max(0, min(self._pace.rows, self._most - self.rows))

    @asynccontextmanager
    async def next(self) -> AsyncGenerator[Batch]:
        """One batch: commit what the block does, together with its note."""
        began = self._clock()
        with suppress(_TakenBack):
            async with self.database.transaction() as transaction:
                batch = Batch(transaction)
                yield batch
                if self._note is not None and batch.rows:
                    await self._note(transaction, batch.rows)
                if self.dry:
                    raise _TakenBack
        took = self._clock() - began
        self.rows += batch.rows  # pyright: ignore[reportPossiblyUnboundVariable]  # suppressed alone after it is bound
        self.longest = max(self.longest, took)
        self._pace.note(took)
        if self._told is not None:
            self._told(self.rows)
        await anyio.sleep(min(_LONGEST_REST, took * self._rest))
