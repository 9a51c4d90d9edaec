"""The books, looked at from three sides: what Telegram handed over, the ledger, the metrics."""

from collections.abc import Awaitable, Callable
from typing import Final

import anyio
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from vitte.cli import ledger
from vitte.dev.telegram import LocalTelegram
from vitte.dev.telegram.delivery import Update
from vitte.store.pool import Database
from vitte.store.queries import Query

IDS: Final = Query(name="ids", intent="", statement=b"SELECT id FROM updates")


class _Id(Struct, frozen=True):
    id: int


class Counted(Struct, frozen=True, kw_only=True):
    """What the metrics of one process say."""

    received: float
    done: dict[str, float]
    pending: float


class Books:
    """What is to balance, from the first update on.

    ``metrics`` gives the text that Prometheus would read now. One process's counters
    begin with its start; so does this, and with what was pending by then.
    """

    def __init__(self, telegram: LocalTelegram, database: Database) -> None:
        self._telegram = telegram
        self._database = database
        self._handed: set[int] = set()
        telegram.bot.updates.arrived.append(self._note)

    def _note(self, _place: int, update: Update) -> None:
        self.handed_over(update.id)

    def handed_over(self, update: int) -> None:
        """Note an update that vitte is given, also past the local Telegram's own queue."""
        self._handed.add(update)

    async def settled(self, within: float = 30) -> ledger.Ledger:
        """Wait until every update is confirmed and finished, and every word said; then balance."""
        await self._telegram.drained(within=within)
        with anyio.move_on_after(within):
            while True:
                books = await self.balanced()
                if not books.pending and not books.waiting:
                    return books
                await anyio.sleep(0.05)  # the books are in PostgreSQL, which tells nobody
        raise AssertionError(f"not settled after {within} s: {await self.balanced()}")

    async def balanced(self) -> ledger.Ledger:
        """See that the ledger balances, and that it knows all that Telegram was told to forget."""
        held = {update.id for update in self._telegram.bot.updates.pending.values()}
        confirmed = self._handed - held
        books = await ledger.read(self._database)
        finished = books.answered + sum(books.refused.values()) + sum(books.failed.values())
        assert books.received == finished + books.pending, books
        known = {row.id for row in await self._database.rows(IDS, _Id)}
        assert confirmed <= known <= self._handed
        return books

    async def metrics_balance(
        self, read: Callable[[], Awaitable[str]], before: Counted, pending: int = 0
    ) -> None:
        """See that a process's metrics balance with one another and with the ledger.

        ``before`` is what they said at first, and ``pending`` what was pending then.
        """
        now, books = counted(await read()), await ledger.read(self._database)
        received = now.received - before.received
        done = sum(now.done.values()) - sum(before.done.values())
        assert now.pending == books.pending
        assert pending + received == done + now.pending, (before, now, pending)


def counted(text: str) -> Counted:
    """Read what Prometheus would read."""
    samples = [
        sample
        for family in text_string_to_metric_families(text)
        if family.name.startswith("vitte_updates_")
        for sample in family.samples
    ]

    def add_up(name: str) -> float:
        return sum(sample.value for sample in samples if sample.name == name)

    return Counted(
        received=add_up("vitte_updates_received_total"),
        done={
            sample.labels["outcome"]: sample.value
            for sample in samples
            if sample.name == "vitte_updates_done_total"
        },
        pending=add_up("vitte_updates_pending"),
    )
