"""The cast: Anna pays, Boris does not, Vera's subscription ended yesterday."""

from datetime import UTC, datetime, timedelta

from vitte.store import characters, dialogs, subscriptions, users
from vitte.store.pool import Database

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)

ANNA = users.Contact(id=users.UserId(101), first_name="Анна", username="anna", language_code="ru")
BORIS = users.Contact(id=users.UserId(102), first_name="Борис", language_code="ru")
VERA = users.Contact(id=users.UserId(103), first_name="Vera", language_code="en")


async def register(database: Database, *cast: users.Contact, now: datetime = NOW) -> None:
    for contact in cast:
        language = "en" if contact is VERA else "ru"
        await users.add_or_refresh(database, contact, language=language, now=now)
    if ANNA in cast:
        await subscriptions.set_premium(database, ANNA.id, NOW + 30 * DAY, now)
    if VERA in cast:
        await subscriptions.set_premium(database, VERA.id, NOW - DAY, NOW - 31 * DAY)


async def start_dialog(
    database: Database, contact: users.Contact, now: datetime = NOW
) -> dialogs.Dialog:
    character = (await characters.list_active(database))[0]
    return await dialogs.start(database, contact.id, character.id, now)
