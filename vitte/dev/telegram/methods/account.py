"""The bot itself: its account, its commands, its name and descriptions."""

import re

from vitte.dev.telegram import schema
from vitte.dev.telegram.refusals import bad_request
from vitte.dev.telegram.world import Bot, Handler, Json
from vitte.markup import length

MOST_COMMANDS = 100
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
DESCRIPTION_LONGEST = 256


def get_me(bot: Bot, _: Json) -> Json:
    """Give the bot's account."""
    return bot.me()


def get_chat(bot: Bot, arguments: Json) -> Json:
    """Describe a chat in full."""
    chat = bot.known(arguments["chat_id"])
    gifts = schema.sample("AcceptedGiftTypes")
    full = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}
    return chat.info | full


def scope_key(bot: Bot, scope: Json | None) -> str:
    """Name a scope of commands."""
    if scope is None:
        return "default"
    parts: list[str] = [scope["type"]]
    if "chat_id" in scope:
        parts.append(str(bot.known(scope["chat_id"]).id))
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
