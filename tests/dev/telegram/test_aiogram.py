"""aiogram's own client understands every answer."""

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot, exceptions, types
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from vitte.dev.telegram import LocalTelegram, Person


@pytest.fixture
async def client(telegram: LocalTelegram) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.url))
    async with Bot(telegram.token, session=session) as client:
        yield client


async def test_updates_of_every_kind_are_understood(
    telegram: LocalTelegram, client: Bot, anna: Person
) -> None:
    message = await anna.writes("<b>bold</b> /help", parse_mode="HTML")
    await anna.edits(message, "plain")
    await anna.sends_photo("a sky")
    await anna.sends_sticker()
    await anna.sends_voice()
    await anna.blocks()
    await anna.unblocks()
    group = telegram.group("Friends", anna)
    await group.adds_bot(by=anna)
    await group.says_anonymously("hi")
    await group.migrates()
    await telegram.channel("News").posts("extra")
    await anna.presses(message, "", data="forged")

    updates = await client.get_updates()

    assert [update.event_type for update in updates] == [
        "message",
        "message",
        "edited_message",
        "message",
        "message",
        "message",
        "my_chat_member",
        "my_chat_member",
        "my_chat_member",
        "message",
        "message",
        "message",
        "channel_post",
        "callback_query",
    ]


async def test_what_the_client_sends_is_understood(client: Bot, anna: Person) -> None:
    keyboard = types.InlineKeyboardMarkup(
        inline_keyboard=[[types.InlineKeyboardButton(text="Go", callback_data="go")]]
    )
    sent = await client.send_message(anna.id, "<b>hi</b>", parse_mode="HTML", reply_markup=keyboard)
    file = types.BufferedInputFile(b"\x89PNG...", "a.png")
    photo = await client.send_photo(anna.id, file, caption="a sky")
    changed = await client.edit_message_text("ho", chat_id=anna.id, message_id=sent.message_id)
    await client.send_chat_action(anna.id, "typing")
    await client.set_my_commands([types.BotCommand(command="start", description="Begin")])
    await client.delete_message(anna.id, photo.message_id)

    assert sent.html_text == "<b>hi</b>"
    assert photo.photo is not None
    assert isinstance(changed, types.Message)
    assert [each.text for each in anna.messages] == ["/start", "ho"]
    assert [each.command for each in await client.get_my_commands()] == ["start"]
    assert (await client.get_webhook_info()).url == ""


async def test_many_plausible_answers_are_understood(client: Bot, anna: Person) -> None:
    await client.get_chat(anna.id)
    await client.get_chat_member(anna.id, anna.id)
    await client.get_chat_administrators(anna.id)
    await client.get_user_profile_photos(anna.id)
    await client.get_chat_menu_button()
    await client.get_my_name()
    await client.get_my_default_administrator_rights()
    await client.get_star_transactions()
    await client.create_invoice_link(
        "a", "b", "c", "XTR", [types.LabeledPrice(label="a", amount=1)]
    )
    await client.send_poll(anna.id, "Why?", ["a", "b"])
    await client.send_location(anna.id, 1, 2)
    await client.send_contact(anna.id, "1", "A")
    await client.send_dice(anna.id)
    await client.send_document(anna.id, types.BufferedInputFile(b"a", "a.txt"))
    await client.send_voice(anna.id, types.BufferedInputFile(b"a", "a.ogg"))
    await client.send_invoice(
        anna.id, "a", "b", "c", "XTR", [types.LabeledPrice(label="a", amount=1)]
    )

    assert len(anna.messages) == 8


async def test_refusals_become_the_clients_own_errors(
    telegram: LocalTelegram, client: Bot, anna: Person
) -> None:
    with pytest.raises(exceptions.TelegramBadRequest, match="chat not found"):
        await client.send_message(999, "hi")
    telegram.fail_next("sendMessage", status=429, retry_after=7)
    with pytest.raises(exceptions.TelegramRetryAfter) as caught:
        await client.send_message(anna.id, "hi")
    await anna.blocks()
    with pytest.raises(exceptions.TelegramForbiddenError):
        await client.send_message(anna.id, "hi")
    group = telegram.group("Friends", anna)
    old = group.id
    new = await group.migrates()
    with pytest.raises(exceptions.TelegramMigrateToChat) as moved:
        await client.send_message(old, "hi")

    assert caught.value.retry_after == 7
    assert moved.value.migrate_to_chat_id == new
