"""The limit a minute as people meet it: by plan, and never for what costs nothing."""

from datetime import timedelta
from pathlib import Path

from tests.whole import Whole, configured, whole
from vitte import config
from vitte.actors import cache
from vitte.dev.telegram import LocalTelegram
from vitte.store import subscriptions
from vitte.store.users import UserId


async def test_each_plan_has_its_own_number_a_minute(
    telegram: LocalTelegram, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    limits = config.Limiter(messages_per_minute=1, premium_per_minute=3)
    settings = configured(telegram, database_url, redis_url, tmp_path, limiter=limits)
    async with whole(settings, telegram) as vitte:
        anna, boris = (telegram.person(name, language_code="en") for name in ("Anna", "Boris"))
        for person in (anna, boris):
            await person.starts()
            await person.hears_one()
        services = vitte.house.services
        now = services.clock()
        paid = UserId(anna.id)
        await subscriptions.set_premium(services.database, paid, now + timedelta(days=30), now)
        await cache.forget(services.cache, paid)

        for person in (anna, boris):
            for _ in range(4):
                await person.writes("hello")
        paying, not_paying = await anna.hears(4), await boris.hears(2)
        await anna.writes("/status")

        assert [("Too many" in each.text) for each in paying] == [False] * 3 + [True]
        assert [("Too many" in each.text) for each in not_paying] == [False, True]
        assert "3 of 3" in (await anna.hears_one()).text


async def test_what_costs_nothing_is_never_limited(vitte: Whole) -> None:
    boris = vitte.telegram.person("Boris", language_code="en")
    await boris.starts()
    welcome = await boris.hears_one()
    for number in range(12):
        await boris.writes(f"message {number}")
    assert "Too many messages" in (await boris.hears(11))[10].text

    for command in ("/help", "/status", "/language", "/start"):
        await boris.writes(command)
        assert "Too many" not in (await boris.hears_one()).text
    press = await boris.presses(welcome, "Zoya")
    await boris.blocks()
    await boris.unblocks()

    assert "Zoya" in (await press.answered())["text"]
    await boris.writes("/help")
    await boris.sees(lambda message: "/help" in message.text)
