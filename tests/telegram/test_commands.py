"""The commands, in both languages, from the chat's side."""

from datetime import timedelta

import pytest

from tests.whole import Whole
from vitte.house import utc_now
from vitte.store import settings, subscriptions, users
from vitte.store.users import UserId


async def test_start_greets_by_name_and_offers_the_characters(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")

    await anna.starts("from_a_friend")

    welcome = await anna.hears_one()
    assert "Anna" in welcome.text
    assert welcome.labels == ["Mila", "Artyom", "Zoya"]
    user = await users.get(vitte.house.services.database, UserId(anna.id))
    assert user is not None
    assert user.start_payload == "from_a_friend"


async def test_start_speaks_russian_to_whoever_reads_it(vitte: Whole) -> None:
    for code in ("ru", "be", "uk", "kk"):
        person = vitte.telegram.person("Аня", language_code=code)

        await person.starts()

        assert (await person.hears_one()).labels == ["Мила", "Артём", "Зоя"]


@pytest.mark.parametrize("code", ["en", "de", "pt-br", "zh-hans", None])
async def test_start_speaks_english_to_everybody_else(vitte: Whole, code: str | None) -> None:
    person = vitte.telegram.person("Jonas", language_code=code)

    await person.starts()

    assert (await person.hears_one()).labels == ["Mila", "Artyom", "Zoya"]


async def test_a_second_start_welcomes_back(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    await anna.starts()
    await anna.presses(await anna.hears_one(), "Zoya")
    await anna.hears(2)

    await anna.starts()

    assert "Zoya" in (await anna.hears_one()).text


async def test_the_first_deep_link_stands_and_a_forged_one_is_dropped(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    for payload in ("with'quote", "first", "second"):
        await anna.starts(payload)
        await anna.hears_one()

    user = await users.get(vitte.house.services.database, UserId(anna.id))
    assert user is not None
    assert user.start_payload == "first"


async def test_a_name_cannot_break_the_markup(vitte: Whole) -> None:
    person = vitte.telegram.person("<b>&amp;</i> \u202e", language_code="en")

    await person.starts()

    assert "<b>&amp;</i>" in (await person.hears_one()).text


async def test_a_chosen_character_greets_and_answers(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    await anna.starts()

    press = await anna.presses(await anna.hears_one(), "Artyom")

    assert "Artyom" in (await press.answered())["text"]
    _chosen, greeting = await anna.hears(2)
    assert greeting.text.startswith("Hi, I am Artyom!")
    await anna.writes("I walked by the sea")
    assert (await anna.hears_one()).text


async def test_the_same_character_chosen_twice_begins_nothing_anew(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    await anna.starts()
    welcome = await anna.hears_one()
    await anna.presses(welcome, "Mila")
    await anna.hears(2)

    press = await anna.presses(welcome, "Mila")

    assert "Mila" in (await press.answered())["text"]
    assert len(vitte.telegram.calls("sendMessage", chat=anna.id)) == 3


async def test_help_lists_every_command_of_the_menu(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    await vitte.telegram.called("setMyCommands", count=3)

    await anna.writes("/help")

    text = (await anna.hears_one()).text
    for command, description in anna.commands().items():
        assert f"/{command} — {description}" in text


async def test_status_of_a_free_plan_tells_what_is_used_and_left(vitte: Whole) -> None:
    boris = vitte.telegram.person("Boris", language_code="en")
    await boris.writes("hello")
    await boris.hears_one()

    await boris.writes("/status")

    text = (await boris.hears_one()).text
    assert "Boris" in text
    assert "199" in text
    assert "9" in text


async def test_status_of_premium_tells_when_it_ends(vitte: Whole) -> None:
    services, now = vitte.house.services, utc_now()
    anna = vitte.telegram.person("Анна", language_code="ru")
    await anna.starts()
    await anna.hears_one()
    await subscriptions.set_premium(
        services.database, UserId(anna.id), now + timedelta(days=3), now
    )

    await anna.writes("/status")

    assert "3 дня" in (await anna.hears_one()).text


async def test_a_chosen_language_stands_whatever_telegram_says(vitte: Whole) -> None:
    vera = vitte.telegram.person("Vera", language_code="ru")
    await vera.writes("/language")
    picker = await vera.hears_one()

    await vera.presses(picker, "English")
    await vera.sees(lambda message: message.edited)
    await vera.starts()

    assert (await vera.hears_one()).labels == ["Mila", "Artyom", "Zoya"]
    chosen = await settings.get(vitte.house.services.database, UserId(vera.id))
    assert chosen is not None
    assert (chosen.language, chosen.language_chosen) == ("en", True)


async def test_new_closes_the_dialog_and_the_character_greets_again(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    await anna.starts()
    await anna.presses(await anna.hears_one(), "Zoya")
    await anna.hears(2)

    await anna.writes("/new")

    _begun, greeting = await anna.hears(2)
    assert greeting.text.startswith("Zoya here!")


async def test_an_unknown_command_is_answered_politely(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")

    await anna.writes("/fly <away>")

    assert "/fly" in (await anna.hears_one()).text


async def test_commands_are_set_in_each_language_and_not_again(vitte: Whole) -> None:
    telegram = vitte.telegram
    await telegram.called("setMyCommands", count=3)
    telegram.forget_calls()

    await vitte.running.kill("vitte/updates/bot")
    await telegram.called("getMyCommands", count=3)

    assert telegram.calls("setMyCommands") == []
    assert telegram.person("Anna", language_code="ru").commands()["new"] == "начать новый разговор"
