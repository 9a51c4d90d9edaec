"""The daily quota's memory; what counts it is tested with the turns."""

from datetime import date

from tests.store.coming import finished
from tests.store.people import ANNA, NOW, register
from vitte.store import turns, usage
from vitte.store.pool import Database
from vitte.store.turns import Turn
from vitte.store.usage import Used

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


async def test_each_day_is_counted_for_itself(database: Database) -> None:
    await register(database, ANNA)
    used = [
        Turn(finished=finished(number), used=Used(user_id=ANNA.id, day=day))
        for number, day in enumerate((MONDAY, MONDAY, TUESDAY))
    ]

    await turns.write(database, [], used, NOW)

    assert await usage.count(database, ANNA.id, MONDAY) == 2
    assert await usage.count(database, ANNA.id, TUESDAY) == 1


async def test_who_said_nothing_used_nothing(database: Database) -> None:
    assert await usage.count(database, ANNA.id, MONDAY) == 0
