"""What the methods of the Bot API do, once their arguments have been checked.

Each takes the bot that calls and the arguments and gives the result, or
refuses in Telegram's words. What is not written out here is still checked
against the schema and answered with something of the right shape.
"""

import re
import string
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

from vitte.dev.telegram import refusals, schema
from vitte.dev.telegram.delivery import Webhook, kinds
from vitte.dev.telegram.entities import (
    LONGEST_CAPTION,
    LONGEST_TEXT,
    Formatted,
    formatted,
    length,
)
from vitte.dev.telegram.refusals import bad_request
from vitte.dev.telegram.schema import Upload
from vitte.dev.telegram.world import (
    ACTION_SECONDS,
    DRAFT_SECONDS,
    QUERY_SECONDS,
    Bot,
    Chat,
)

Json: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[Bot, Json], Any]

LONGEST_DATA = 64
LONGEST_NOTE = 200
LONGEST_SECRET = 256
SECRET_CHARACTERS = frozenset(string.ascii_letters + string.digits + "_-")
MOST_CONNECTIONS = 100
MOST_COMMANDS = 100
MOST_BUTTONS = 100
DELETABLE_SECONDS = 48 * 3600
ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
DESCRIPTION_LONGEST = 256


# -- Messages


def new_message(bot: Bot, chat: Chat, arguments: Json, content: Json) -> Json:
    """Put a message of the bot into a chat."""
    message: Json = {
        "message_id": bot.next_message(),
        "from": bot.user,
        "chat": chat.info,
        "date": bot.world.now(),
        **content,
    }
    if chat.info["type"] == "channel":
        message["sender_chat"] = chat.info
        del message["from"]
    reply = arguments.get("reply_parameters")
    if reply is not None:
        add_reply(chat, message, reply)
    markup = arguments.get("reply_markup")
    if markup is not None:
        add_markup(chat, message, markup)
    for flag, field in FLAGS.items():
        if arguments.get(flag):
            message[field] = arguments[flag]
    chat.action = chat.draft = None
    chat.keep(message)
    chat.tell("message", message)
    return message


FLAGS = {
    "protect_content": "has_protected_content",
    "message_effect_id": "effect_id",
    "link_preview_options": "link_preview_options",
    "show_caption_above_media": "show_caption_above_media",
    "has_spoiler": "has_media_spoiler",
}


def add_reply(chat: Chat, message: Json, reply: Json) -> None:
    """Let a message answer another."""
    answered = chat.messages.get(reply.get("message_id", 0))
    if answered is not None:
        known = {field: value for field, value in answered.items() if field != "reply_to_message"}
        message["reply_to_message"] = known
    elif not reply.get("allow_sending_without_reply"):
        raise bad_request(refusals.NOTHING_TO_ANSWER)


def add_markup(chat: Chat, message: Json, markup: Json) -> None:
    """Put buttons below a message, or a keyboard below the chat."""
    if "inline_keyboard" in markup:
        if any(markup["inline_keyboard"]):
            message["reply_markup"] = checked_keyboard(markup)
    elif "keyboard" in markup:
        chat.keyboard = markup
        chat.tell("keyboard", markup)
    elif markup.get("remove_keyboard"):
        chat.keyboard = None
        chat.tell("keyboard", markup)


def checked_keyboard(markup: Json) -> Json:
    """Check what the schema cannot say of an inline keyboard."""
    rows = [row for row in markup["inline_keyboard"] if row]
    buttons = [button for row in rows for button in row]
    if len(buttons) > MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    for button in buttons:
        check_button(button)
    return {"inline_keyboard": rows}


def check_button(button: Json) -> None:
    """Check one inline button."""
    if len(button) == 1 + ("style" in button) + ("icon_custom_emoji_id" in button):
        raise bad_request(refusals.BUTTON_WITHOUT_ACTION)
    if not button["text"]:
        raise bad_request("can't parse inline keyboard button: Button text must be non-empty")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(data.encode()) <= LONGEST_DATA:
        raise bad_request(refusals.BUTTON_DATA)
    url = button.get("url")
    if url is not None and not re.match(r"(https?://|tg:)\S+$|[^\s/:]+\.\S+$", url):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def text_of(arguments: Json) -> Formatted:
    """Read the text that a bot wants to send."""
    if not arguments.get("text"):
        raise bad_request(refusals.TEXT_IS_EMPTY)
    read = formatted(arguments["text"], arguments.get("parse_mode"), arguments.get("entities", ()))
    if not read.text:
        raise bad_request(refusals.TEXT_MUST_NOT_BE_EMPTY)
    if length(read.text) > LONGEST_TEXT:
        raise bad_request(refusals.TEXT_IS_TOO_LONG)
    return read


def text_content(arguments: Json) -> Json:
    """Give a text as the fields of a message."""
    read = text_of(arguments)
    return {"text": read.text} | ({"entities": read.entities} if read.entities else {})


def caption_content(arguments: Json) -> Json:
    """Give a caption, where there is one, as the fields of a message."""
    if not arguments.get("caption"):
        return {}
    entities = arguments.get("caption_entities", ())
    read = formatted(arguments["caption"], arguments.get("parse_mode"), entities)
    if length(read.text) > LONGEST_CAPTION:
        raise bad_request(refusals.CAPTION_IS_TOO_LONG)
    return {"caption": read.text} | ({"caption_entities": read.entities} if read.entities else {})


def send_message(bot: Bot, arguments: Json) -> Json:
    """Send a text."""
    chat = bot.chat(arguments["chat_id"])
    return new_message(bot, chat, arguments, text_content(arguments))


def send_photo(bot: Bot, arguments: Json) -> Json:
    """Send a picture: uploaded, by file id or by address."""
    chat = bot.chat(arguments["chat_id"])
    file = stored(bot, arguments["photo"])
    content = {"photo": photo_sizes(bot, file)} | caption_content(arguments)
    return new_message(bot, chat, arguments, content)


def stored(bot: Bot, given: Any) -> str:
    """Give the id of a file that was uploaded, is known, or stands at an address."""
    if isinstance(given, Upload):
        return bot.world.store(given.name, given.content)
    if given in bot.world.files:
        return given
    if re.match(r"https?://[^\s/]+\.", given):
        # Nothing is fetched from outside: the page shows the address instead.
        return bot.world.store(given, b"")
    raise bad_request(refusals.WRONG_FILE)


def photo_sizes(bot: Bot, file: str) -> list[Json]:
    """Describe a picture in one size."""
    size = len(bot.world.files[file][1])
    return [
        {
            "file_id": file,
            "file_unique_id": file,
            "width": 640,
            "height": 400,
            "file_size": size,
        }
    ]


def shaped(kind: str, value: Any) -> Any:
    """Turn what was sent into what is kept, as an option of a poll into one with votes."""
    if isinstance(value, list):
        inner = kind.removeprefix("Array of ")
        return [shaped(inner, item) for item in cast("list[Any]", value)]
    given = cast("Json", value)
    if not isinstance(value, dict) or kind not in schema.document()["types"]:
        return given
    known = schema.fields_of(kind)
    return schema.sample(kind) | {name: given[name] for name in given if name in known}


def send_media(field: str) -> Handler:
    """Make the method that sends any other kind of content."""
    kind = schema.fields_of("Message")[field].types[0]

    def send(bot: Bot, arguments: Json) -> Json:
        chat = bot.chat(arguments["chat_id"])
        content = schema.sample(kind)
        known = schema.fields_of(kind)
        given = {name: value for name, value in arguments.items() if name in known}
        content |= {name: shaped(known[name].types[0], value) for name, value in given.items()}
        if "file_id" in content:
            content = media_of(field, stored(bot, arguments[field]))
        return new_message(bot, chat, arguments, {field: content} | caption_content(arguments))

    return send


def send_media_group(bot: Bot, arguments: Json) -> list[Json]:
    """Send an album: one message for each of its items."""
    chat = bot.chat(arguments["chat_id"])
    group = str(bot.last_message + 1)
    sent: list[Json] = []
    for item in arguments["media"]:
        file = stored(bot, item["media"])
        kind = item["type"]
        content = (
            {"photo": photo_sizes(bot, file)} if kind == "photo" else {kind: media_of(kind, file)}
        )
        captioned = content | caption_content(item) | {"media_group_id": group}
        sent.append(new_message(bot, chat, arguments, captioned))
    return sent


def media_of(field: str, file: str) -> Json:
    """Describe a stored file as one kind of content."""
    kind = schema.fields_of("Message")[field].types[0]
    described: Json = schema.sample(kind)
    return described | {"file_id": file, "file_unique_id": file}


def own_message(bot: Bot, arguments: Json) -> tuple[Chat, Json]:
    """Find the message of its own that a bot wants to edit."""
    if "chat_id" not in arguments:
        raise bad_request(refusals.MESSAGE_NOT_SPECIFIED)
    chat = bot.chat(arguments["chat_id"])
    message = chat.message(arguments.get("message_id"), refusals.NOTHING_TO_EDIT)
    if message.get("from", bot.user)["id"] != bot.id:
        raise bad_request(refusals.CANNOT_EDIT)
    return chat, message


def edited(bot: Bot, arguments: Json, content: Json, *, drop: tuple[str, ...] = ()) -> Json:
    """Put new content and buttons into a message of the bot."""
    chat, message = own_message(bot, arguments)
    changed = {name: value for name, value in message.items() if name not in drop}
    changed |= content
    changed.pop("reply_markup", None)
    markup = arguments.get("reply_markup")
    if markup is not None and any(markup["inline_keyboard"]):
        changed["reply_markup"] = checked_keyboard(markup)
    if same(changed, message):
        raise bad_request(refusals.NOT_MODIFIED)
    changed["edit_date"] = bot.world.now()
    chat.messages[message["message_id"]] = changed
    bot.world.changed()
    chat.tell("edited", changed)
    return changed


def same(one: Json, other: Json) -> bool:
    """Tell whether two states of a message show the same."""
    ours = {name: value for name, value in one.items() if name != "edit_date"}
    return ours == {name: value for name, value in other.items() if name != "edit_date"}


def edit_message_text(bot: Bot, arguments: Json) -> Json:
    """Put a new text into a message."""
    content = text_content(arguments)
    _, message = own_message(bot, arguments)
    if "text" not in message:
        raise bad_request(refusals.NO_TEXT_TO_EDIT)
    return edited(bot, arguments, content, drop=("text", "entities"))


def edit_message_caption(bot: Bot, arguments: Json) -> Json:
    """Put a new caption below a picture."""
    _, message = own_message(bot, arguments)
    if "text" in message:
        raise bad_request(refusals.NO_CAPTION_TO_EDIT)
    drop = ("caption", "caption_entities")
    return edited(bot, arguments, caption_content(arguments), drop=drop)


def edit_message_reply_markup(bot: Bot, arguments: Json) -> Json:
    """Put new buttons below a message, or take them away."""
    return edited(bot, arguments, {})


def delete_message(bot: Bot, arguments: Json) -> bool:
    """Delete one message."""
    chat = bot.chat(arguments["chat_id"])
    message = chat.message(arguments["message_id"], refusals.NOTHING_TO_DELETE)
    if bot.world.clock() - message["date"] > DELETABLE_SECONDS:
        raise bad_request("message can't be deleted for everyone")
    remove(chat, message["message_id"])
    return True


def delete_messages(bot: Bot, arguments: Json) -> bool:
    """Delete several messages; those that are not found are skipped."""
    chat = bot.chat(arguments["chat_id"])
    for number in arguments["message_ids"]:
        if number in chat.messages:
            remove(chat, number)
    return True


def remove(chat: Chat, number: int) -> None:
    """Take a message out of a chat."""
    del chat.messages[number]
    chat.origins.pop(number, None)
    chat.bot.world.changed()
    chat.tell("deleted", {"message_id": number})


def send_chat_action(bot: Bot, arguments: Json) -> bool:
    """Show for five seconds what the bot is doing."""
    chat = bot.chat(arguments["chat_id"])
    action = arguments["action"]
    if action not in ACTIONS:
        raise bad_request(refusals.WRONG_ACTION)
    chat.action = (action, bot.world.clock() + ACTION_SECONDS)
    chat.tell("action", {"action": action, "seconds": ACTION_SECONDS})
    return True


def send_message_draft(bot: Bot, arguments: Json) -> bool:
    """Show a text that is still being written, for thirty seconds."""
    chat = bot.chat(arguments["chat_id"])
    if not chat.private:
        raise bad_request("method is available only for private chats")
    if not arguments["draft_id"]:
        raise bad_request(refusals.DRAFT_WITHOUT_ID)
    content = text_content(arguments) if arguments.get("text") else {"text": ""}
    until = bot.world.clock() + DRAFT_SECONDS
    chat.draft = (arguments["draft_id"], content, until)
    chat.tell("draft", content | {"draft_id": arguments["draft_id"], "seconds": DRAFT_SECONDS})
    return True


def forward(*, copied: bool) -> Handler:
    """Make the method that forwards or copies a message."""

    def send(bot: Bot, arguments: Json) -> Json:
        chat = bot.chat(arguments["chat_id"])
        source = bot.chat(arguments["from_chat_id"])
        missing = "message to copy not found" if copied else "message to forward not found"
        message = source.message(arguments["message_id"], missing)
        left_out = {"message_id", "from", "chat", "date", "reply_markup", "reply_to_message"}
        content = {name: value for name, value in message.items() if name not in left_out}
        if copied:
            sent = new_message(bot, chat, arguments, content | caption_content(arguments))
            return {"message_id": sent["message_id"]}
        sender = message.get("from", bot.user)
        origin = {"type": "user", "sender_user": sender, "date": message["date"]}
        return new_message(bot, chat, {}, content | {"forward_origin": origin})

    return send


# -- Buttons


def answer_callback_query(bot: Bot, arguments: Json) -> bool:
    """Answer a pressed button: silently, with a note, or with an alert."""
    query = bot.queries.get(arguments["callback_query_id"])
    if query is None or bot.world.clock() - query.at > QUERY_SECONDS:
        raise bad_request(refusals.QUERY_TOO_OLD)
    if length(arguments.get("text", "")) > LONGEST_NOTE:
        raise bad_request("MESSAGE_TOO_LONG")
    if query.answer is not None:
        raise bad_request(refusals.QUERY_TOO_OLD)
    query.answer = {name: arguments[name] for name in ANSWER_FIELDS if name in arguments}
    chat = bot.chats[query.chat]
    chat.tell("answered", query.answer | {"query": query.id, "person": query.person})
    return True


ANSWER_FIELDS = ("text", "show_alert", "url", "cache_time")


# -- The bot itself


def get_me(bot: Bot, _: Json) -> Json:
    """Give the bot's account."""
    return bot.me()


def scope_key(bot: Bot, scope: Json | None) -> str:
    """Name a scope of commands."""
    if scope is None:
        return "default"
    parts: list[str] = [scope["type"]]
    if "chat_id" in scope:
        parts.append(str(bot.chat(scope["chat_id"]).id))
    if "user_id" in scope:
        parts.append(str(scope["user_id"]))
    return ":".join(parts)


def language_of(arguments: Json) -> str:
    """Give the language that commands or texts are for; empty for all others."""
    language = arguments.get("language_code", "")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("LANG_CODE_INVALID")
    return language


def set_my_commands(bot: Bot, arguments: Json) -> bool:
    """Set the commands of one scope and language."""
    commands = arguments["commands"]
    if len(commands) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    given = [{**each, "command": each["command"].lstrip("/").lower()} for each in commands]
    for each in given:
        if not COMMAND.fullmatch(each["command"]):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= length(each["description"]) <= DESCRIPTION_LONGEST:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    bot.commands[scope_key(bot, arguments.get("scope")), language_of(arguments)] = given
    tell_commands(bot)
    return True


def get_my_commands(bot: Bot, arguments: Json) -> list[Json]:
    """Give the commands of one scope and language, without looking at wider ones."""
    key = scope_key(bot, arguments.get("scope")), language_of(arguments)
    return bot.commands.get(key, [])


def delete_my_commands(bot: Bot, arguments: Json) -> bool:
    """Forget the commands of one scope and language."""
    key = scope_key(bot, arguments.get("scope")), language_of(arguments)
    bot.commands.pop(key, None)
    tell_commands(bot)
    return True


def tell_commands(bot: Bot) -> None:
    """Let every open chat show its new commands."""
    bot.world.changed()
    for chat in bot.chats.values():
        chat.tell("commands", {})


def set_text(field: str, longest: int) -> Handler:
    """Make the method that sets the bot's name or one of its descriptions."""

    def change(bot: Bot, arguments: Json) -> bool:
        text = arguments.get(field, "")
        if length(text) > longest:
            raise bad_request(f"{field.upper()}_TOO_LONG")
        bot.texts[f"{field}:{language_of(arguments)}"] = {field: text}
        if field == "name" and text and not arguments.get("language_code"):
            bot.user["first_name"] = text
        return True

    return change


def get_text(field: str) -> Handler:
    """Make the method that gives the bot's name or one of its descriptions."""

    def give(bot: Bot, arguments: Json) -> Json:
        default = {field: bot.user["first_name"] if field == "name" else ""}
        own = bot.texts.get(f"{field}:{language_of(arguments)}")
        return own or bot.texts.get(f"{field}:", default)

    return give


# -- Chats and files


def get_chat(bot: Bot, arguments: Json) -> Json:
    """Describe a chat in full."""
    chat = bot.chat(arguments["chat_id"])
    gifts = schema.sample("AcceptedGiftTypes")
    full = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}
    return chat.info | full


def get_file(bot: Bot, arguments: Json) -> Json:
    """Tell where a file can be fetched."""
    file = bot.world.files.get(arguments["file_id"])
    if file is None:
        raise bad_request("invalid file_id")
    number = arguments["file_id"]
    return {
        "file_id": number,
        "file_unique_id": number,
        "file_size": len(file[1]),
        "file_path": f"files/{number}",
    }


# -- Webhooks


def set_webhook(bot: Bot, arguments: Json) -> bool:
    """Let updates be sent to an address; plain http is fine here, unlike at Telegram."""
    url = arguments.get("url", "")
    secret = arguments.get("secret_token", "")
    if url and not re.match(r"https?://[^\s/]+", url):
        raise bad_request(refusals.WRONG_WEBHOOK)
    if len(secret) > LONGEST_SECRET:
        raise bad_request(refusals.WEBHOOK_TOO_LONG)
    if not SECRET_CHARACTERS.issuperset(secret):
        raise bad_request(refusals.WEBHOOK_CHARACTERS)
    updates = bot.updates
    updates.allowed = kinds(arguments.get("allowed_updates"), updates.allowed)
    if arguments.get("drop_pending_updates"):
        updates.drop()
    webhook = Webhook(
        url=url,
        secret=secret,
        max_connections=max(1, min(MOST_CONNECTIONS, arguments.get("max_connections", 40))),
        ip_address=arguments.get("ip_address"),
        certificate="certificate" in arguments,
    )
    updates.set_webhook(webhook if url else None)
    bot.world.changed()
    return True


def delete_webhook(bot: Bot, arguments: Json) -> bool:
    """Go back to polling."""
    if arguments.get("drop_pending_updates"):
        bot.updates.drop()
    bot.updates.set_webhook(None)
    bot.world.changed()
    return True


def get_webhook_info(bot: Bot, _: Json) -> Json:
    """Tell where updates are sent and how the last calls went."""
    webhook, updates = bot.updates.webhook, bot.updates
    found: Json = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": bool(webhook and webhook.certificate),
        "pending_update_count": len(updates.pending),
    }
    if webhook is not None:
        found["max_connections"] = webhook.max_connections
        if webhook.ip_address:
            found["ip_address"] = webhook.ip_address
        if webhook.last_error is not None:
            found["last_error_date"] = webhook.last_error_at
            found["last_error_message"] = webhook.last_error
    if updates.allowed:
        found["allowed_updates"] = list(updates.allowed)
    return found


# -- Everything else


def plausible(method: schema.Method) -> Handler:
    """Make an answer of the right shape for a method that is only checked."""
    name = re.sub(r"(?<!^)([A-Z])", r"_\1", method.name.removeprefix("send")).lower()
    sends = method.name.startswith("send") and "Message" in method.returns
    if sends and name in schema.fields_of("Message"):
        return send_media(name)
    kind = method.returns[0]

    def answer(bot: Bot, arguments: Json) -> Any:
        if "chat_id" in arguments:
            bot.chat(arguments["chat_id"])
        return schema.sample(kind)

    return answer


HANDLERS: Mapping[str, Handler] = {
    "answerCallbackQuery": answer_callback_query,
    "copyMessage": forward(copied=True),
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "deleteMyCommands": delete_my_commands,
    "deleteWebhook": delete_webhook,
    "editMessageCaption": edit_message_caption,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "editMessageText": edit_message_text,
    "forwardMessage": forward(copied=False),
    "getChat": get_chat,
    "getFile": get_file,
    "getMe": get_me,
    "getMyCommands": get_my_commands,
    "getMyDescription": get_text("description"),
    "getMyName": get_text("name"),
    "getMyShortDescription": get_text("short_description"),
    "getWebhookInfo": get_webhook_info,
    "sendChatAction": send_chat_action,
    "sendMediaGroup": send_media_group,
    "sendMessage": send_message,
    "sendMessageDraft": send_message_draft,
    "sendPhoto": send_photo,
    "setMyCommands": set_my_commands,
    "setMyDescription": set_text("description", 512),
    "setMyName": set_text("name", 64),
    "setMyShortDescription": set_text("short_description", 120),
    "setWebhook": set_webhook,
}


def handler_of(method: schema.Method) -> Handler:
    """Give what carries a method out."""
    found = HANDLERS.get(method.name)
    return plausible(method) if found is None else found
