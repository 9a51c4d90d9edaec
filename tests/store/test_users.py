"""People: one upsert registers, refreshes, and tells which it was."""

from datetime import timedelta

import anyio
import msgspec

from tests.store.people import ANNA, BORIS, NOW
from vitte.store import settings, subscriptions, users
from vitte.store.pool import Database

LATER = NOW + timedelta(minutes=1)


async def test_the_first_contact_makes_a_person_with_settings_and_a_free_subscription(
    database: Database,
) -> None:
    user, is_new, _ = await users.add_or_refresh(
        database, ANNA, language="ru", now=NOW, start_payload="from-a-friend"
    )

    chosen = await settings.get(database, ANNA.id)
    subscription = await subscriptions.get(database, ANNA.id)
    assert is_new
    assert user == await users.get(database, ANNA.id)
    assert (user.first_name, user.start_payload, user.created_at) == ("Анна", "from-a-friend", NOW)
    assert chosen is not None
    assert (chosen.language, chosen.language_chosen) == ("ru", False)
    assert subscription is not None
    assert (subscription.plan, subscription.expires_at) == ("free", None)


async def test_the_second_contact_refreshes_the_name_and_keeps_choices_and_the_first_link(
    database: Database,
) -> None:
    await users.add_or_refresh(database, ANNA, language="ru", now=NOW, start_payload="first")
    await settings.set_language(database, ANNA.id, "en", NOW)
    renamed = msgspec.structs.replace(ANNA, first_name="Аня", username=None)

    user, is_new, _ = await users.add_or_refresh(
        database, renamed, language="ru", now=LATER, start_payload="second"
    )

    chosen = await settings.get(database, ANNA.id)
    assert not is_new
    assert (user.first_name, user.username, user.start_payload) == ("Аня", None, "first")
    assert (user.created_at, user.updated_at) == (NOW, LATER)
    assert chosen is not None
    assert chosen.language == "en"


async def test_a_contact_that_brings_nothing_new_leaves_the_time_of_change(
    database: Database,
) -> None:
    await users.add_or_refresh(database, BORIS, language="ru", now=NOW)

    user, is_new, _ = await users.add_or_refresh(database, BORIS, language="ru", now=LATER)

    assert (is_new, user.updated_at) == (False, NOW)


async def test_twenty_first_contacts_at_once_make_one_person_new_once(database: Database) -> None:
    news: list[bool] = []

    async def write() -> None:
        _, is_new, _ = await users.add_or_refresh(database, ANNA, language="ru", now=NOW)
        news.append(is_new)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(write)

    assert sorted(news) == [False] * 19 + [True]


async def test_a_forged_deep_link_is_not_kept(database: Database) -> None:
    for number, forged in enumerate(("", "a b", "x" * 65, "'; --", "строка", "ok\n"), start=1):
        contact = users.Contact(id=users.UserId(number), first_name="x")
        user, _, _ = await users.add_or_refresh(
            database, contact, language="en", now=NOW, start_payload=forged
        )
        assert user.start_payload is None


async def test_what_postgresql_cannot_hold_does_not_fell_a_contact(database: Database) -> None:
    odd = users.Contact(
        id=users.UserId(2**52), first_name="a\x00b\ud83d", last_name="й" * 999, username="u" * 99
    )

    user, _, _ = await users.add_or_refresh(database, odd, language="en", now=NOW)

    assert user.first_name == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"
    assert user.last_name == "й" * 256
    assert user.username == "u" * 64


async def test_who_blocked_us_is_unreachable_until_a_word_from_them(database: Database) -> None:
    await users.add_or_refresh(database, ANNA, language="ru", now=NOW)

    assert await users.mark_unreachable(database, ANNA.id, NOW)
    assert not await users.mark_unreachable(database, ANNA.id, LATER)
    blocked = await users.get(database, ANNA.id)
    assert blocked is not None
    assert blocked.unreachable_since == NOW

    back, _, _ = await users.add_or_refresh(database, ANNA, language="ru", now=LATER)
    assert (back.unreachable_since, back.updated_at) == (None, LATER)
    assert not await users.mark_reachable(database, ANNA.id, LATER)


async def test_a_stranger_is_none(database: Database) -> None:
    stranger = users.UserId(404)

    assert await users.get(database, stranger) is None
    assert await settings.get(database, stranger) is None
    assert await subscriptions.get(database, stranger) is None


async def test_a_profile_is_a_person_with_their_choices_and_strangers_are_left_out(
    database: Database,
) -> None:
    user, _, _ = await users.add_or_refresh(database, ANNA, language="ru", now=NOW)
    await settings.set_language(database, ANNA.id, "en", NOW)

    found = await users.get_profiles(database, [ANNA.id, users.UserId(404)])

    assert list(found) == [ANNA.id]
    profile = found[ANNA.id]
    assert {name: getattr(profile, name) for name in users.User.__struct_fields__} == {
        name: getattr(user, name) for name in users.User.__struct_fields__
    }
    assert (profile.language, profile.timezone, profile.character_id) == ("en", None, None)


async def test_a_profile_knows_whether_telegram_says_anything_new(database: Database) -> None:
    odd = msgspec.structs.replace(ANNA, first_name="a\x00b")
    await users.add_or_refresh(database, odd, language="ru", now=NOW)

    profile = (await users.get_profiles(database, [ANNA.id]))[ANNA.id]

    assert profile.is_described_by(odd)
    assert not profile.is_described_by(msgspec.structs.replace(odd, username="other"))
    blocked = msgspec.structs.replace(profile, unreachable_since=NOW)
    assert not blocked.is_described_by(odd)
