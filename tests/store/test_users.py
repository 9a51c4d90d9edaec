"""People: one upsert registers, refreshes, and tells which it was."""

from datetime import UTC, datetime, timedelta

from vitte.store import settings, subscriptions, users
from vitte.store.pool import Database

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
ANNA = users.Contact(id=users.UserId(1), first_name="Anna", username="anna", language_code="ru")


async def test_the_first_contact_makes_a_person_with_settings_and_a_free_subscription(
    database: Database,
) -> None:
    user, is_new = await users.add_or_refresh(
        database, ANNA, language="ru", now=NOW, start_payload="from-a-friend"
    )

    chosen = await settings.get(database, ANNA.id)
    subscription = await subscriptions.get(database, ANNA.id)
    assert is_new
    assert user == await users.get(database, ANNA.id)
    assert (user.first_name, user.start_payload, user.created_at) == ("Anna", "from-a-friend", NOW)
    assert chosen is not None
    assert (chosen.language, chosen.language_chosen) == ("ru", False)
    assert subscription is not None
    assert (subscription.plan, subscription.expires_at) == ("free", None)
