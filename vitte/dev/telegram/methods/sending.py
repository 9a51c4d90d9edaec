"""What a bot sends as words: texts, drafts, actions, forwarded messages."""

from vitte.dev.telegram import refusals
from vitte.dev.telegram.methods.writing import caption_content, new_message, text_content
from vitte.dev.telegram.refusals import bad_request
from vitte.dev.telegram.world import ACTION_SECONDS, DRAFT_SECONDS, Bot, Handler, Json

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


def send_message(bot: Bot, arguments: Json) -> Json:
    """Send a text."""
    chat = bot.chat(arguments["chat_id"])
    return new_message(bot, chat, arguments, text_content(arguments))


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
        source = bot.known(arguments["from_chat_id"])
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
