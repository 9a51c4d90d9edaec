"""Who is banned is answered nothing, hears it once a day, and what must work for everybody does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiogram.types import Update

from tests.admin.conftest import Clock
from tests.whole import Whole, configured, whole
from vitte.actors import cache
from vitte.dev.telegram import LocalTelegram
from vitte.dev.telegram.people import Person
from vitte.store import bans, people, users
from vitte.store.audit import Author
from vitte.store.bans import Ban
from vitte.store.users import UserId
from vitte.telegram.bans import passes

ANNA = Author(who="operator:anna", reason="she sold things")
PERSON = {"id": 7, "is_bot": False, "first_name": "Boris"}
CHAT = {"id": 7, "type": "private"}
MONEY = {"currency": "XTR", "total_amount": 1, "invoice_payload": "x"}
CHARGE = {"telegram_payment_charge_id": "x", "provider_payment_charge_id": "x"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def running(
    telegram: LocalTelegram, database_url: str, redis_url: str, tmp_path: Path, clock: Clock
) -> AsyncIterator[Whole]:
    settings = configured(telegram, database_url, redis_url, tmp_path)
    async with whole(settings, telegram, clock) as vitte:
        yield vitte


async def met(running: Whole, language: str = "en") -> Person:
    boris = running.telegram.person("Boris", language_code=language)
    await boris.starts()
    await boris.hears_one()
    return boris


async def ban(running: Whole, person: Person, **span: float) -> None:
    services = running.house.services
    user, now = UserId(person.id), services.clock()
    ends_at = now + timedelta(**span) if span else None
    await bans.impose(services.database, user, now, ends_at=ends_at, author=ANNA)
    await cache.forget(services.cache, user)


async def states(running: Whole, person: Person) -> list[tuple[str, str | None]]:
    """What became of all that a person wrote, the latest first."""
    await running.settled()
    found = await people.list_received(running.house.services.database, person.id, limit=50)
    return [(each.state, each.reason) for each in found]


async def test_a_banned_person_hears_it_once_a_day_and_every_word_is_in_the_books(
    running: Whole, clock: Clock
) -> None:
    boris = await met(running)
    await ban(running, boris)

    for text in ("hello", "/status", "/start", "are you there?"):
        await boris.writes(text)
    [told] = await boris.hears(1)
    counted = await states(running, boris)
    clock.passes(hours=25)
    await boris.writes("and now?")
    again = await boris.hears_one()
    await boris.writes("well?")

    assert told.text == "Your messages are not answered here any more."
    assert counted[:4] == [("refused", "banned")] * 4
    assert again.text == told.text
    assert (await states(running, boris))[:2] == [("refused", "banned")] * 2
    said = [each.get("text") for each in boris.chat.messages.values()]
    assert said.count(told.text) == 2


async def test_with_an_end_the_end_is_named_and_the_ban_ends_with_it(
    running: Whole, clock: Clock
) -> None:
    boris = await met(running, "ru")
    await ban(running, boris, days=3)
    until = (running.house.services.clock() + timedelta(days=3)).year

    await boris.writes("привет")
    told = await boris.hears_one()
    clock.passes(days=3, minutes=1)
    await boris.writes("привет")
    answer = await boris.hears_one()

    assert told.text.startswith("Сейчас на твои сообщения не отвечают. Продолжим после ")
    assert str(until) in told.text
    assert "не отвечают" not in answer.text
    assert (await states(running, boris))[:2] == [("answered", None), ("refused", "banned")]


async def test_a_ban_that_is_lifted_or_another_is_seen_at_once(running: Whole) -> None:
    services = running.house.services
    boris = await met(running)
    await ban(running, boris)
    await boris.writes("hello")
    await boris.hears_one()

    await ban(running, boris, days=2)
    await boris.writes("hello?")
    another = await boris.hears_one()
    user = UserId(boris.id)
    assert await bans.lift(services.database, user, services.clock(), author=ANNA)
    await cache.forget(services.cache, user)
    await boris.writes("hello!")
    answer = await boris.hears_one()

    assert "We can go on after" in another.text
    assert "not answered" not in answer.text
    assert not await bans.lift(services.database, user, services.clock(), author=ANNA)


async def test_a_stop_and_a_block_get_through(running: Whole) -> None:
    services = running.house.services
    boris = await met(running)
    await ban(running, boris)

    await boris.writes("/stop")
    stopped = await boris.hears_one()
    await boris.blocks()
    await running.settled()
    gone = await users.get(services.database, UserId(boris.id))

    assert "not answered" not in stopped.text
    assert gone is not None
    assert gone.unreachable_since is not None


async def test_a_button_of_a_banned_person_chooses_nobody(running: Whole) -> None:
    boris = running.telegram.person("Boris", language_code="en")
    await boris.starts()
    welcome = await boris.hears_one()
    await ban(running, boris)

    await boris.presses(welcome, "Zoya")
    told = await boris.hears_one()

    assert "not answered" in told.text
    assert (await states(running, boris))[0] == ("refused", "banned")


async def test_who_comes_anew_under_a_ban_is_not_welcomed(running: Whole) -> None:
    services = running.house.services
    boris = running.telegram.person("Boris", language_code="en")
    await ban(running, boris)

    await boris.starts()

    assert "not answered" in (await boris.hears_one()).text
    assert await users.get(services.database, UserId(boris.id)) is not None


def message(**content: Any) -> dict[str, Any]:
    return {"message": {"message_id": 1, "date": 1, "chat": CHAT, "from": PERSON, **content}}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (message(successful_payment={**MONEY, **CHARGE}), True),
        (message(refunded_payment={**MONEY, **CHARGE}), True),
        ({"pre_checkout_query": {"id": "1", "from": PERSON, **MONEY}}, True),
        (message(text="/stop"), True),
        (message(text="/cancel@vitte_bot now"), True),
        (message(text="stop"), False),
        (message(text="/stopped"), False),
        (message(text="/status"), False),
        (message(text="hi", reply_to_message=message(text="/stop")["message"]), False),
        (message(sticker=None), False),
        ({"callback_query": {"id": "1", "from": PERSON, "chat_instance": "x", "data": "stop"}}, True),
        ({"callback_query": {"id": "1", "from": PERSON, "chat_instance": "x", "data": "x"}}, False),
        ({"edited_message": message(text="hi")["message"] | {"edit_date": 2}}, False),
    ],
)  # fmt: skip
def test_money_and_stops_are_held_up_by_no_ban(content: dict[str, Any], *, expected: bool) -> None:
    assert passes(Update.model_validate({"update_id": 1, **content})) is expected


async def test_a_ban_in_force_is_one_that_has_not_ended(clock: Clock) -> None:
    now = clock()
    for ends_at, expected in ((None, True), (now + timedelta(1), True), (now, False)):
        banned = Ban(user_id=UserId(1), reason="x", banned_at=now, ends_at=ends_at, told_at=None)
        assert banned.is_in_force(now) is expected
