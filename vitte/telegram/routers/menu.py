"""/help: what the bot can do, made from the registry of commands."""

import logging

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from vitte.services import Services
from vitte.telegram.commands import COMMANDS
from vitte.telegram.draft import Draft
from vitte.telegram.people import Person

_log = logging.getLogger("vitte.bot")


def router() -> Router:
    """Answers /help."""
    router = Router(name="help")
    router.message.register(show, Command("help"))
    return router


async def show(_message: Message, person: Person, services: Services, draft: Draft) -> None:
    """List the commands, each with what it does."""
    _log.info("Command /help from user %d", person.id)
    words, language = services.words, person.language
    listed = [
        words.say(
            language,
            "help-command",
            command=name,
            description=words.plain(language, f"command-{name}"),
        )
        for name in COMMANDS
    ]
    lines = [words.say(language, "help-title"), "", *listed, "", words.say(language, "help-end")]
    draft.say("\n".join(lines))
