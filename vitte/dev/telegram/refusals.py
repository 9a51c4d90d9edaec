"""Every no that Telegram says, in Telegram's own words.

A refusal travels as an exception from where it is decided to the one place that
writes the answer. The texts are those of the real server, since a bot may
well decide by them.
"""

import math
from typing import Any


class Refused(Exception):
    """Raised when a call is answered as Telegram answers what it will not do."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        self.status = status
        self.description = description
        self.parameters = parameters
        super().__init__(description)

    def payload(self) -> dict[str, Any]:
        """Give the body of the answer, as the Bot API writes it."""
        body: dict[str, Any] = {
            "ok": False,
            "error_code": self.status,
            "description": self.description,
        }
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(words: str) -> Refused:
    """Refuse with 400; the first letter turns small unless it begins a constant."""
    second = words[1:2]
    if second != "_" and not second.isupper():
        words = words[:1].lower() + words[1:]
    return Refused(400, f"Bad Request: {words}")


def too_many(seconds: float) -> Refused:
    """Refuse with 429 and the whole seconds to wait."""
    wait = max(1, math.ceil(seconds))
    return Refused(429, f"Too Many Requests: retry after {wait}", retry_after=wait)


def migrated(chat: int) -> Refused:
    """Refuse since the group became a supergroup with another id."""
    return Refused(
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        migrate_to_chat_id=chat,
    )


NOT_FOUND = (404, "Not Found")
METHOD_NOT_FOUND = (404, "Not Found: method not found")
UNAUTHORIZED = (401, "Unauthorized")
BLOCKED = (403, "Forbidden: bot was blocked by the user")
KICKED = (403, "Forbidden: bot was kicked from the group chat")
OTHER_POLLER = (
    409,
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
)
WEBHOOK_SET = (409, "Conflict: terminated by setWebhook request")
WEBHOOK_ACTIVE = (
    409,
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
)

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly "
    "the same as a current content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
CHAT_NOT_FOUND = "chat not found"
TEXT_IS_EMPTY = "message text is empty"
TEXT_MUST_NOT_BE_EMPTY = "text must be non-empty"
TEXT_IS_TOO_LONG = "message is too long"
CAPTION_IS_TOO_LONG = "message caption is too long"
NOTHING_TO_EDIT = "message to edit not found"
NOTHING_TO_DELETE = "message to delete not found"
NOTHING_TO_ANSWER = "message to be replied not found"
CANNOT_EDIT = "message can't be edited"
NO_TEXT_TO_EDIT = "there is no text in the message to edit"
NO_CAPTION_TO_EDIT = "there is no caption in the message to edit"
BUTTON_DATA = "BUTTON_DATA_INVALID"
BUTTON_WITHOUT_ACTION = (
    "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
)
WRONG_ACTION = "wrong parameter action in request"
WRONG_PARSE_MODE = "unsupported parse_mode"
MESSAGE_NOT_SPECIFIED = "message identifier is not specified"
WRONG_FILE = "wrong file identifier/HTTP URL specified"
WRONG_WEBHOOK = "invalid webhook URL specified"
WEBHOOK_TOO_LONG = "secret token is too long"
WEBHOOK_CHARACTERS = "secret token contains unallowed characters"
DRAFT_WITHOUT_ID = "RANDOM_ID_INVALID"

# What is said of a required parameter that is missing or empty, where it has words of its own.
MISSING = {
    "action": WRONG_ACTION,
    "callback_query_id": QUERY_TOO_OLD,
    "chat_id": "chat_id is empty",
    "message_id": MESSAGE_NOT_SPECIFIED,
    "message_ids": "message identifiers are not specified",
    "photo": "there is no photo in the request",
    "sticker": "there is no sticker in the request",
    "text": TEXT_IS_EMPTY,
    "user_id": "invalid user_id specified",
    "voice": "there is no voice in the request",
}
