"""Buttons: what the schema cannot say of them, and the answers to their presses."""

import re

from vitte.dev.telegram import refusals
from vitte.dev.telegram.refusals import bad_request
from vitte.dev.telegram.world import QUERY_SECONDS, Bot, Json
from vitte.markup import length

LONGEST_DATA = 64
LONGEST_NOTE = 200
MOST_BUTTONS = 100
ANSWER_FIELDS = ("text", "show_alert", "url", "cache_time")


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
