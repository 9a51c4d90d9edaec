from typing import Any

import aiohttp
import pytest

from tests.dev.telegram.program import Program, program
from vitte.dev.telegram import LocalTelegram, Person, schema

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are "
    "exactly the same as a current content and reply markup of the message"
)
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"
GO = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}


class Clock:
    """A time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_bot_knows_itself(bot: Program) -> None:
    me = await bot.call("getMe")

    assert me["is_bot"] is True
    assert me["first_name"] == "Vitte"
    assert me["username"] == "vitte_bot"


async def test_a_text_arrives_formatted_and_with_its_buttons(bot: Program, anna: Person) -> None:
    sent = await bot.call(
        "sendMessage", chat_id=anna.id, text="<b>hi</b>", parse_mode="HTML", reply_markup=GO
    )
    heard = await anna.hears_one()

    assert sent["chat"] == {"id": anna.id, "first_name": "Anna", "type": "private"}
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert heard.raw == sent
    assert heard.buttons == [["Go"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "message text is empty"),
        ("  \n ", "text must be non-empty"),
        ("<b></b>", "text must be non-empty"),
        ("a" * 4097, "message is too long"),
        ("👋" * 2049, "message is too long"),
        ("<b>a", "can't parse entities: Can't find end tag corresponding to start tag \"b\""),
    ],
)
async def test_a_bad_text_is_refused(bot: Program, anna: Person, text: str, words: str) -> None:
    said = await bot.refused("sendMessage", chat_id=anna.id, text=text, parse_mode="HTML")

    assert said == f"Bad Request: {words}"


async def test_the_limit_counts_what_is_left_after_parsing(bot: Program, anna: Person) -> None:
    text = "<b>" + "👋" * 2048 + "</b>"

    await bot.call("sendMessage", chat_id=anna.id, text=text, parse_mode="HTML")


async def test_who_never_wrote_cannot_be_written_to(telegram: LocalTelegram, bot: Program) -> None:
    boris = telegram.person("Boris")

    for chat in (boris.id, "@nobody", "77"):
        said = await bot.refused("sendMessage", chat_id=chat, text="hi")
        assert said == "Bad Request: chat not found"


async def test_who_blocked_the_bot_cannot_be_written_to_until_unblocked(
    bot: Program, anna: Person
) -> None:
    await anna.blocks()
    blocked = await bot.answer("sendMessage", chat_id=anna.id, text="hi")
    await anna.unblocks()
    await bot.call("sendMessage", chat_id=anna.id, text="hi")

    assert blocked == {
        "ok": False,
        "error_code": 403,
        "description": "Forbidden: bot was blocked by the user",
    }


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"text": "a", "callback_data": "ä" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        (
            {"text": "a"},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"text": "a", "url": "nowhere"},
            "inline keyboard button URL 'nowhere' is invalid: Wrong HTTP URL",
        ),
    ],
)
async def test_a_bad_button_is_refused(
    bot: Program, anna: Person, button: dict[str, str], words: str
) -> None:
    markup = {"inline_keyboard": [[button]]}

    said = await bot.refused("sendMessage", chat_id=anna.id, text="hi", reply_markup=markup)

    assert said == f"Bad Request: {words}"


async def test_64_bytes_of_data_are_allowed(bot: Program, anna: Person) -> None:
    markup = {"inline_keyboard": [[{"text": "a", "callback_data": "ä" * 32}]]}

    await bot.call("sendMessage", chat_id=anna.id, text="hi", reply_markup=markup)


async def test_an_edit_is_seen_in_place(bot: Program, anna: Person) -> None:
    sent = await bot.call("sendMessage", chat_id=anna.id, text="one", reply_markup=GO)

    changed = await bot.call(
        "editMessageText", chat_id=anna.id, message_id=sent["message_id"], text="two"
    )

    seen = await anna.sees(lambda message: message.text == "two")
    assert seen.edited
    assert seen.raw == changed
    assert "reply_markup" not in changed


async def test_an_edit_that_changes_nothing_is_refused(bot: Program, anna: Person) -> None:
    sent = await bot.call("sendMessage", chat_id=anna.id, text="one", reply_markup=GO)
    same: dict[str, Any] = {
        "chat_id": anna.id,
        "message_id": sent["message_id"],
        "reply_markup": GO,
    }

    assert await bot.refused("editMessageText", text="one", **same) == NOT_MODIFIED
    assert await bot.refused("editMessageReplyMarkup", **same) == NOT_MODIFIED
    await bot.call("editMessageText", text="<i>one</i>", parse_mode="HTML", **same)


async def test_buttons_can_be_changed_alone(bot: Program, anna: Person) -> None:
    sent = await bot.call("sendMessage", chat_id=anna.id, text="one", reply_markup=GO)

    changed = await bot.call(
        "editMessageReplyMarkup", chat_id=anna.id, message_id=sent["message_id"]
    )

    assert changed["text"] == "one"
    assert "reply_markup" not in changed


async def test_only_a_message_of_its_own_can_be_edited_by_a_bot(bot: Program, anna: Person) -> None:
    theirs = await anna.writes("mine")
    chat: dict[str, Any] = {"chat_id": anna.id, "text": "yours"}

    assert await bot.refused("editMessageText", message_id=theirs.id, **chat) == (
        "Bad Request: message can't be edited"
    )
    assert await bot.refused("editMessageText", message_id=999, **chat) == (
        "Bad Request: message to edit not found"
    )
    assert await bot.refused("editMessageText", **chat) == (
        "Bad Request: message identifier is not specified"
    )


async def test_a_picture_has_a_caption_and_no_text_to_edit(bot: Program, anna: Person) -> None:
    photo = (await anna.sends_photo()).raw["photo"][0]["file_id"]
    sent = await bot.call("sendPhoto", chat_id=anna.id, photo=photo, caption="one")
    named: dict[str, Any] = {"chat_id": anna.id, "message_id": sent["message_id"]}

    changed = await bot.call("editMessageCaption", caption="two", **named)

    assert changed["caption"] == "two"
    assert await bot.refused("editMessageText", text="three", **named) == (
        "Bad Request: there is no text in the message to edit"
    )
    assert await bot.refused("editMessageCaption", caption="a" * 1025, **named) == (
        "Bad Request: message caption is too long"
    )


async def test_a_picture_must_be_known_or_stand_at_an_address(bot: Program, anna: Person) -> None:
    await bot.call("sendPhoto", chat_id=anna.id, photo="https://example.com/a.png")

    assert await bot.refused("sendPhoto", chat_id=anna.id, photo="nothing") == (
        "Bad Request: wrong file identifier/HTTP URL specified"
    )


async def test_a_deleted_message_is_gone(bot: Program, anna: Person) -> None:
    sent = await bot.call("sendMessage", chat_id=anna.id, text="one")
    named: dict[str, Any] = {"chat_id": anna.id, "message_id": sent["message_id"]}

    assert await bot.call("deleteMessage", **named) is True

    assert sent["message_id"] not in [message.id for message in anna.messages]
    assert await bot.refused("deleteMessage", **named) == (
        "Bad Request: message to delete not found"
    )


async def test_a_message_of_two_days_can_no_longer_be_deleted() -> None:
    clock = Clock()
    async with LocalTelegram.serve(clock=clock) as telegram, program(telegram) as bot:
        anna = telegram.person("Anna")
        message = await anna.writes("hello")
        clock.now += 49 * 3600

        said = await bot.refused("deleteMessage", chat_id=anna.id, message_id=message.id)

    assert said == "Bad Request: message can't be deleted for everyone"


async def test_an_answer_names_what_it_answers(bot: Program, anna: Person) -> None:
    question = await anna.writes("what?")
    reply: dict[str, Any] = {"chat_id": anna.id, "text": "that"}

    sent = await bot.call("sendMessage", reply_parameters={"message_id": question.id}, **reply)
    lost = await bot.refused("sendMessage", reply_parameters={"message_id": 999}, **reply)
    free = {"message_id": 999, "allow_sending_without_reply": True}
    without = await bot.call("sendMessage", reply_parameters=free, **reply)

    assert sent["reply_to_message"]["text"] == "what?"
    assert lost == "Bad Request: message to be replied not found"
    assert "reply_to_message" not in without


async def test_typing_is_seen_and_nonsense_refused(bot: Program, anna: Person) -> None:
    await bot.call("sendChatAction", chat_id=anna.id, action="typing")

    assert await anna.sees_typing() == "typing"
    assert await bot.refused("sendChatAction", chat_id=anna.id, action="dancing") == (
        "Bad Request: wrong parameter action in request"
    )


async def test_a_draft_is_shown_until_the_message_comes(bot: Program, anna: Person) -> None:
    await bot.call("sendMessageDraft", chat_id=anna.id, draft_id=1, text="I am wri")
    shown = anna.chat.draft
    await bot.call("sendMessage", chat_id=anna.id, text="I am writing")

    assert shown is not None
    assert shown[1]["text"] == "I am wri"
    assert anna.chat.draft is None
    assert "RANDOM_ID_INVALID" in await bot.refused(
        "sendMessageDraft", chat_id=anna.id, draft_id=0, text="a"
    )


async def test_a_pressed_button_reaches_the_bot_and_its_answer_the_person(
    bot: Program, anna: Person
) -> None:
    await bot.updates()
    await bot.call("sendMessage", chat_id=anna.id, text="press", reply_markup=GO)
    press = await anna.presses(await anna.hears_one(), "Go")
    update = await bot.update()
    query = update["callback_query"]

    await bot.call("answerCallbackQuery", callback_query_id=query["id"], text="ok", show_alert=True)

    assert query["data"] == "go"
    assert query["from"]["id"] == anna.id
    assert query["message"]["text"] == "press"
    assert await press.answered() == {"text": "ok", "show_alert": True}


async def test_an_unknown_or_answered_press_is_too_old(bot: Program, anna: Person) -> None:
    await bot.call("sendMessage", chat_id=anna.id, text="press", reply_markup=GO)
    press = await anna.presses(await anna.hears_one(), "Go")

    await bot.call("answerCallbackQuery", callback_query_id=press.query.id)

    for query in (press.query.id, "unknown", ""):
        assert await bot.refused("answerCallbackQuery", callback_query_id=query) == TOO_OLD


async def test_a_press_expires() -> None:
    clock = Clock()
    async with LocalTelegram.serve(clock=clock) as telegram, program(telegram) as bot:
        anna = telegram.person("Anna")
        await anna.starts()
        await bot.call("sendMessage", chat_id=anna.id, text="press", reply_markup=GO)
        press = await anna.presses(await anna.hears_one(), "Go")
        clock.now += 3600

        said = await bot.refused("answerCallbackQuery", callback_query_id=press.query.id)

    assert said == TOO_OLD


async def test_each_person_sees_the_commands_that_fit_best(
    telegram: LocalTelegram, bot: Program, anna: Person
) -> None:
    boris, vera = telegram.person("Boris"), telegram.person("Vera", language_code=None)
    await boris.starts()

    def commands(name: str) -> list[dict[str, str]]:
        return [{"command": name, "description": name}]

    private = {"type": "all_private_chats"}
    await bot.call("setMyCommands", commands=commands("everyone"))
    await bot.call("setMyCommands", commands=commands("russian"), language_code="ru")
    assert [*anna.commands(), *boris.commands(), *vera.commands()] == [
        "russian",
        "everyone",
        "everyone",
    ]

    await bot.call("setMyCommands", commands=commands("private"), scope=private)
    assert [*anna.commands(), *boris.commands()] == ["private", "private"]

    scope = {"type": "chat", "chat_id": boris.id}
    await bot.call("setMyCommands", commands=commands("boris"), scope=scope)
    assert [*anna.commands(), *boris.commands()] == ["private", "boris"]

    await bot.call("deleteMyCommands", scope=private)
    assert [*anna.commands()] == ["russian"]


async def test_commands_are_given_back_for_just_the_scope_and_language(bot: Program) -> None:
    commands = [{"command": "start", "description": "Begin"}]
    await bot.call("setMyCommands", commands=commands)

    assert await bot.call("getMyCommands") == commands
    assert await bot.call("getMyCommands", language_code="ru") == []
    assert await bot.call("getMyCommands", scope={"type": "all_private_chats"}) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"commands": [{"command": "Ünder", "description": "a"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "a" * 33, "description": "a"}]}, "BOT_COMMAND_INVALID"),
        (
            {"commands": [{"command": "a", "description": "a" * 257}]},
            "BOT_COMMAND_DESCRIPTION_INVALID",
        ),
        ({"commands": [], "language_code": "russian"}, "LANG_CODE_INVALID"),
        (
            {"commands": [{"command": "a", "description": "b"}] * 101},
            "BOT_COMMANDS_TOO_MUCH",
        ),
    ],
)
async def test_bad_commands_are_refused(
    bot: Program, arguments: dict[str, Any], words: str
) -> None:
    assert await bot.refused("setMyCommands", **arguments) == f"Bad Request: {words}"


async def test_a_file_can_be_fetched_as_at_telegram(
    telegram: LocalTelegram, bot: Program, anna: Person
) -> None:
    photo = (await anna.sends_photo("a sky")).raw["photo"][0]
    found = await bot.call("getFile", file_id=photo["file_id"])

    address = f"{telegram.url}/file/bot{telegram.token}/{found['file_path']}"
    async with bot.http.get(address) as response:
        content = await response.read()

    assert content.startswith(b"\x89PNG")
    assert len(content) == found["file_size"] == photo["file_size"]


async def test_messages_can_be_forwarded_and_copied(bot: Program, anna: Person) -> None:
    message = await anna.writes("over there")
    named = {"chat_id": anna.id, "from_chat_id": anna.id, "message_id": message.id}

    forwarded = await bot.call("forwardMessage", **named)
    copied = await bot.call("copyMessage", **named)

    assert forwarded["text"] == "over there"
    assert forwarded["forward_origin"]["sender_user"]["id"] == anna.id
    assert set(copied) == {"message_id"}


async def test_an_album_arrives_as_its_pictures(bot: Program, anna: Person) -> None:
    photo = {"type": "photo", "media": "https://example.com/a.png"}

    sent = await bot.call(
        "sendMediaGroup", chat_id=anna.id, media=[photo | {"caption": "a"}, photo]
    )

    assert [message.get("caption") for message in sent] == ["a", None]
    assert len({message["media_group_id"] for message in sent}) == 1
    assert [message.raw for message in await anna.hears(2)] == sent


async def test_name_and_descriptions_are_kept_by_language(bot: Program) -> None:
    await bot.call("setMyDescription", description="A companion")
    await bot.call("setMyDescription", description="Собеседник", language_code="ru")
    await bot.call("setMyName", name="Nadja")

    described = [
        (await bot.call("getMyDescription", language_code=language))["description"]
        for language in ("", "ru", "de")
    ]
    assert described == ["A companion", "Собеседник", "A companion"]
    assert await bot.call("getMyName") == {"name": "Nadja"}
    assert (await bot.call("getMe"))["first_name"] == "Nadja"


async def test_any_other_method_is_checked_and_answered_in_its_shape(
    bot: Program, anna: Person
) -> None:
    sent = await bot.call("sendDice", chat_id=anna.id)
    place = await bot.call("sendLocation", chat_id=anna.id, latitude=1.5, longitude=2.5)

    assert sent["dice"]["value"] == 1
    assert (place["location"]["latitude"], place["location"]["longitude"]) == (1.5, 2.5)
    assert await bot.call("getStarTransactions") == {"transactions": []}
    assert await bot.call("setChatMenuButton") is True
    assert await bot.refused("sendLocation", chat_id=anna.id, latitude="x", longitude=1) == (
        "Bad Request: invalid latitude specified"
    )
    assert await bot.refused("banChatMember", chat_id=1, user_id=2) == (
        "Bad Request: chat not found"
    )


async def test_an_unknown_method_is_not_found(bot: Program) -> None:
    answer = await bot.answer("sendEverything")

    assert answer["error_code"] == 404
    assert answer["description"].startswith("Not Found")


async def test_arguments_may_come_by_query_form_or_multipart(bot: Program, anna: Person) -> None:
    given = {"chat_id": str(anna.id), "text": "hi"}
    address = f"{bot.address}/sendMessage"

    async with bot.http.get(address, params=given) as response:
        assert response.ok
    async with bot.http.post(address, data=given) as response:
        assert response.ok
    form = aiohttp.FormData({"chat_id": str(anna.id), "photo": "attach://a"})
    form.add_field("a", b"\x89PNG...", filename="a.png")
    async with bot.http.post(f"{bot.address}/sendPhoto", data=form) as response:
        sent = await response.json()

    assert [message.text for message in await anna.hears(3)] == ["hi", "hi", ""]
    assert sent["result"]["photo"][0]["file_size"] == 7


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
async def test_a_body_that_cannot_be_read_is_refused(bot: Program, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    async with bot.http.post(f"{bot.address}/getMe", data=body, headers=headers) as response:
        answer = await response.json()

    assert answer["description"] == "Bad Request: can't parse JSON object"


async def test_every_method_answers_in_its_shape_or_refuses(bot: Program, anna: Person) -> None:
    given: dict[str, Any] = {"chat_id": anna.id, "from_chat_id": anna.id, "message_id": 1}
    given |= {"photo": "https://a.b/c", "sticker": "https://a.b/c"}

    for name in schema.methods().values():
        method = schema.method(name)
        assert method is not None
        samples = {field: schema.sample(method.fields[field].types[0]) for field in method.required}
        answer = await bot.answer(name, **{**samples, **given})

        if answer["ok"]:
            schema.checked(method.returns, answer["result"])
        else:
            assert answer["error_code"] == 400, name
            assert answer["description"].startswith("Bad Request: "), name
