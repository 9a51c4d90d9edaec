"""/new: a new dialog with the same character; the old one is closed and kept."""

import logging

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from vitte.services import Services
from vitte.telegram.people import Person
from vitte.telegram.routers import talk

_log = logging.getLogger("vitte.bot")


def router() -> Router:
    """Answers /new."""
    router = Router(name="new")
    router.message.register(begin, Command("new"))
    return router


async def begin(message: Message, person: Person, services: Services) -> None:
    """Close what is open, begin anew, and let the character speak first."""
    _log.info("Command /new from user %d", person.id)
    async with services.database.transaction() as transaction:
        character = await talk.character_of(transaction, person)
        await talk.begin(transaction, person, character, services.clock())
    name = character.names[person.language]
    await message.answer(services.words.say(person.language, "new-begun", character=name))
    await message.answer(character.greetings[person.language], parse_mode=None)
