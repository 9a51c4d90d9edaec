"""The daily quota's memory."""

from datetime import date

import pytest

from tests.store.people import ANNA, register
from vitte.store import usage
from vitte.store.pool import Database

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


async def test_each_day_is_counted_for_itself(database: Database) -> None:
    await register(database, ANNA)

    assert await usage.add(database, ANNA.id, MONDAY) == 1
    assert await usage.add(database, ANNA.id, MONDAY, 4) == 5
    assert await usage.add(database, ANNA.id, TUESDAY) == 1

    assert await usage.count(database, ANNA.id, MONDAY) == 5


async def test_who_said_nothing_used_nothing(database: Database) -> None:
    assert await usage.count(database, ANNA.id, MONDAY) == 0


async def test_a_transaction_that_is_undone_counts_nothing(database: Database) -> None:
    await register(database, ANNA)

    async def count_and_fall() -> None:
        async with database.transaction() as transaction:
            await usage.add(transaction, ANNA.id, MONDAY)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await count_and_fall()

    assert await usage.count(database, ANNA.id, MONDAY) == 0
