import pytest

from tests.dev.telegram.program import Program
from vitte.dev.telegram import LocalTelegram, Person, Silence


async def test_a_person_writes_with_their_language_and_premium(
    telegram: LocalTelegram, bot: Program
) -> None:
    anna = telegram.person("Anna", language_code="ru", is_premium=True, last_name="A.", id=7)
    await anna.writes("hello /help")

    message = (await bot.update())["message"]

    assert message["from"] == {
        "id": 7,
        "is_bot": False,
        "first_name": "Anna",
        "last_name": "A.",
        "language_code": "ru",
        "is_premium": True,
    }
    assert message["entities"] == [{"type": "bot_command", "offset": 6, "length": 5}]


async def test_a_person_may_have_no_language(telegram: LocalTelegram, bot: Program) -> None:
    await telegram.person("Vera", language_code=None).starts("a-payload")

    message = (await bot.update())["message"]

    assert "language_code" not in message["from"]
    assert message["text"] == "/start a-payload"


async def test_messages_are_heard_once_each_and_in_order(bot: Program, anna: Person) -> None:
    for text in ("one", "two", "three"):
        await bot.call("sendMessage", chat_id=anna.id, text=text)

    heard = [message.text for message in await anna.hears(2)]

    assert heard == ["one", "two"]
    assert (await anna.hears_one()).text == "three"


async def test_silence_says_what_was_heard_instead(bot: Program, anna: Person) -> None:
    await bot.call("sendMessage", chat_id=anna.id, text="one")

    with pytest.raises(Silence, match=r"2 message\(s\) for Anna did not come .*'one'"):
        await anna.hears(2, within=0.01)


async def test_silence_of_a_bot_says_what_it_called_instead(
    telegram: LocalTelegram, bot: Program
) -> None:
    await bot.call("getMe")

    with pytest.raises(Silence, match=r"setWebhook did not come .*'getMe'"):
        await telegram.called("setWebhook", within=0.01)
    with pytest.raises(Silence, match="nobody polled"):
        await telegram.polled(within=0.01)


async def test_two_names_for_one_person_are_one_person(
    telegram: LocalTelegram, bot: Program, anna: Person
) -> None:
    again = telegram.person("Anna", id=anna.id)

    await bot.call("sendMessage", chat_id=anna.id, text="hi")

    assert (await anna.hears_one()).id == (await again.hears_one()).id


async def test_edits_photos_stickers_and_voices_reach_the_bot(bot: Program, anna: Person) -> None:
    message = await anna.writes("one")
    await anna.edits(message, "two")
    await anna.sends_photo("a sky")
    await anna.sends_sticker("🦊")
    await anna.sends_voice(7)
    await anna.sends({"contact": {"phone_number": "1", "first_name": "A"}})

    updates = (await bot.updates())[2:]

    assert updates[0]["edited_message"]["text"] == "two"
    assert "edit_date" in updates[0]["edited_message"]
    assert updates[1]["message"]["caption"] == "a sky"
    assert updates[2]["message"]["sticker"]["emoji"] == "🦊"
    assert updates[3]["message"]["voice"]["duration"] == 7
    assert updates[4]["message"]["contact"]["phone_number"] == "1"


async def test_blocking_and_unblocking_reach_the_bot(bot: Program, anna: Person) -> None:
    await anna.blocks()
    await anna.writes("this unblocks")

    _, blocked, unblocked, message = await bot.updates()

    assert blocked["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    assert unblocked["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert message["message"]["text"] == "this unblocks"


async def test_a_forged_button_sends_whatever_it_likes(bot: Program, anna: Person) -> None:
    await bot.updates()
    message = await anna.writes("no button here")
    await anna.presses(message, "", data="forged")

    [_, pressed] = await bot.updates()

    assert pressed["callback_query"]["data"] == "forged"


async def test_a_button_that_is_not_there_cannot_be_pressed(anna: Person) -> None:
    message = await anna.writes("no button here")

    with pytest.raises(LookupError, match="no button 'Go'"):
        await anna.presses(message, "Go")


async def test_a_group_brings_its_own_kinds_of_updates(
    telegram: LocalTelegram, bot: Program, anna: Person
) -> None:
    boris = telegram.person("Boris")
    group = telegram.group("Friends", anna, boris)
    await bot.updates()
    await group.adds_bot(by=anna)
    await boris.writes("/help@vitte_bot", to=group)
    await group.says_anonymously("who am I?")
    await group.kicks_bot(by=anna)

    added, command, anonymous, kicked = await bot.updates()

    assert added["my_chat_member"]["chat"]["title"] == "Friends"
    assert command["message"]["chat"]["type"] == "group"
    assert command["message"]["from"]["id"] == boris.id
    assert "from" not in anonymous["message"]
    assert anonymous["message"]["sender_chat"]["id"] == group.id
    assert kicked["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    assert await bot.refused("sendMessage", chat_id=group.id, text="hi") == (
        "Forbidden: bot was kicked from the group chat"
    )


async def test_a_channel_posts_and_edits(telegram: LocalTelegram, bot: Program) -> None:
    channel = telegram.channel("News", username="news")
    post = await channel.posts("extra")
    await channel.edits(post, "extra, extra")
    sent = await bot.call("sendMessage", chat_id="@news", text="from the bot")

    posted, edited = await bot.updates()

    assert posted["channel_post"]["sender_chat"]["title"] == "News"
    assert edited["edited_channel_post"]["text"] == "extra, extra"
    assert sent["chat"]["id"] == channel.id
    assert "from" not in sent


async def test_the_calls_of_a_bot_are_on_record(
    telegram: LocalTelegram, bot: Program, anna: Person
) -> None:
    await bot.call("sendMessage", chat_id=anna.id, text="hi")
    await bot.answer("sendMessage", chat_id=999, text="hi")

    [first, second] = await telegram.called("sendMessage", 2)

    assert (first.status, first.answer["text"], first.arguments["text"]) == (200, "hi", "hi")
    assert (second.status, second.answer) == (400, "Bad Request: chat not found")
    assert len(telegram.calls("sendMessage", chat=anna.id)) == 1
    telegram.forget_calls()
    assert telegram.calls() == []


@pytest.mark.usefixtures("anna")
async def test_one_can_wait_until_every_update_was_confirmed(
    telegram: LocalTelegram, bot: Program
) -> None:
    with pytest.raises(Silence, match=r"1 update\(s\) still wait"):
        await telegram.drained(within=0.01)

    await bot.call("getUpdates", offset=-1)
    await bot.call("getUpdates", offset=2_000_000_000)

    await telegram.drained()
