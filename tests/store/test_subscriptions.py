"""Subscriptions: what counts is what is in force."""

from datetime import timedelta

import psycopg
import pytest

from tests.store.people import ANNA, BORIS, DAY, NOW, VERA, register
from vitte.store import subscriptions
from vitte.store.pool import Database


async def test_anna_pays_boris_does_not_and_veras_ended_yesterday(database: Database) -> None:
    await register(database, ANNA, BORIS, VERA)

    found = [await subscriptions.get(database, one.id) for one in (ANNA, BORIS, VERA)]

    plans = [one and (one.plan, one.plan_at(NOW), one.is_active(NOW)) for one in found]
    assert plans == [
        ("premium", "premium", True),
        ("free", "free", False),
        ("premium", "free", False),
    ]


async def test_many_are_found_at_once_and_strangers_are_left_out(database: Database) -> None:
    await register(database, ANNA, BORIS)

    found = await subscriptions.get_many(database, [ANNA.id, BORIS.id, VERA.id])

    assert {user: one.plan for user, one in found.items()} == {ANNA.id: "premium", BORIS.id: "free"}


async def test_at_its_very_end_a_subscription_is_over(database: Database) -> None:
    await register(database, ANNA)

    anna = await subscriptions.get(database, ANNA.id)

    assert anna is not None
    assert anna.expires_at is not None
    assert anna.is_active(anna.expires_at - timedelta(microseconds=1))
    assert not anna.is_active(anna.expires_at)


async def test_a_renewal_keeps_the_beginning_and_a_change_of_plan_begins_anew(
    database: Database,
) -> None:
    await register(database, ANNA)

    renewed = await subscriptions.set_premium(database, ANNA.id, NOW + 60 * DAY, NOW + DAY)
    ended = await subscriptions.set_free(database, ANNA.id, NOW + 2 * DAY)

    assert renewed is not None
    assert (renewed.started_at, renewed.expires_at) == (NOW, NOW + 60 * DAY)
    assert ended is not None
    assert (ended.plan, ended.started_at, ended.expires_at) == ("free", NOW + 2 * DAY, None)


async def test_a_premium_without_an_end_is_refused_by_the_table(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO users (id, first_name, created_at, updated_at) VALUES (1, 'x', %s, %s)",
            (NOW, NOW),
        )
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(
                "INSERT INTO subscriptions (user_id, plan, started_at, created_at, updated_at) "
                "VALUES (1, 'premium', %s, %s, %s)",
                (NOW, NOW, NOW),
            )
