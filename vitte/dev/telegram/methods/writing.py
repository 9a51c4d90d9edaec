"""A bot's message comes to be: text, caption, what it answers, what it carries."""

from vitte.dev.telegram import refusals
from vitte.dev.telegram.entities import LONGEST_CAPTION, LONGEST_TEXT, Formatted, formatted
from vitte.dev.telegram.methods.keyboards import checked_keyboard
from vitte.dev.telegram.refusals import bad_request
from vitte.dev.telegram.world import Bot, Chat, Json
from vitte.markup import length


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


def new_message(bot: Bot, chat: Chat, arguments: Json, content: Json) -> Json:
    """Put a message of the bot into a chat."""
    carried = carried_along(chat, arguments)
    channel = chat.info["type"] == "channel"
    message: Json = {
        "message_id": bot.next_message(),
        **({"sender_chat": chat.info} if channel else {"from": bot.user}),
        "chat": chat.info,
        "date": bot.world.now(),
        **content,
        **carried,
    }
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


def carried_along(chat: Chat, arguments: Json) -> Json:
    """Give what a message carries beside its content: its flags, what it answers, its buttons."""
    carried = {FLAGS[name]: value for name, value in arguments.items() if value and name in FLAGS}
    reply, markup = arguments.get("reply_parameters"), arguments.get("reply_markup")
    if reply is not None:
        carried |= answered_by(chat, reply)
    if markup is None:
        return carried
    if "inline_keyboard" in markup:
        return carried | buttons_of(markup)
    change_keyboard(chat, markup)
    return carried


def answered_by(chat: Chat, reply: Json) -> Json:
    """Name the message that another answers."""
    answered = chat.messages.get(reply.get("message_id", 0))
    if answered is not None:
        known = {field: value for field, value in answered.items() if field != "reply_to_message"}
        return {"reply_to_message": known}
    if not reply.get("allow_sending_without_reply"):
        raise bad_request(refusals.NOTHING_TO_ANSWER)
    return {}


def buttons_of(markup: Json) -> Json:
    """Put buttons below a message; rows without any leave it bare."""
    return {"reply_markup": checked_keyboard(markup)} if any(markup["inline_keyboard"]) else {}


def change_keyboard(chat: Chat, markup: Json) -> None:
    """Put a keyboard below the chat, or take it away."""
    if "keyboard" in markup:
        chat.keyboard = markup
    elif markup.get("remove_keyboard"):
        chat.keyboard = None
    chat.tell("keyboard", markup)
