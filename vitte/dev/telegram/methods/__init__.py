"""What the methods of the Bot API do, once their arguments have been checked.

Each takes the bot that calls and the arguments and gives the result, or
refuses in Telegram's words. What is not written out here is still checked
against the schema and answered with something of the right shape.
"""

import re
from collections.abc import Mapping
from typing import Any

from vitte.dev.telegram import schema
from vitte.dev.telegram.methods.account import (
    delete_my_commands,
    get_chat,
    get_me,
    get_my_commands,
    get_text,
    set_my_commands,
    set_text,
)
from vitte.dev.telegram.methods.changing import (
    delete_message,
    delete_messages,
    edit_message_caption,
    edit_message_reply_markup,
    edit_message_text,
)
from vitte.dev.telegram.methods.hooks import delete_webhook, get_webhook_info, set_webhook
from vitte.dev.telegram.methods.keyboards import answer_callback_query
from vitte.dev.telegram.methods.media import get_file, send_media, send_media_group, send_photo
from vitte.dev.telegram.methods.sending import (
    forward,
    send_chat_action,
    send_message,
    send_message_draft,
)
from vitte.dev.telegram.world import Bot, Handler, Json

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


def plausible(method: schema.Method) -> Handler:
    """Make an answer of the right shape for a method that is only checked."""
    name = re.sub(r"(?<!^)([A-Z])", r"_\1", method.name.removeprefix("send")).lower()
    sends = method.name.startswith("send") and "Message" in method.returns
    if sends and name in schema.fields_of("Message"):
        return send_media(name)
    kind = method.returns[0]

    def answer(bot: Bot, arguments: Json) -> Any:
        if "chat_id" in arguments:
            bot.known(arguments["chat_id"])
        return schema.sample(kind)

    return answer
