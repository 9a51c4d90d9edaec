"""What a bot does to messages that are there: edits and deletions."""

from vitte.dev.telegram import refusals
from vitte.dev.telegram.methods.writing import buttons_of, caption_content, text_content
from vitte.dev.telegram.refusals import bad_request
from vitte.dev.telegram.world import Bot, Chat, Json

DELETABLE_SECONDS = 48 * 3600
NO_BUTTONS: Json = {"inline_keyboard": []}


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
    changed |= buttons_of(arguments.get("reply_markup", NO_BUTTONS))
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
