"""/new: a new dialog with the same character; the old one is closed and kept."""

import logging

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from vitte.services import Services
from vitte.telegram.draft import Draft
from vitte.telegram.people import Person
from vitte.telegram.routers import talk

_log = logging.getLogger("vitte.bot")


def router() -> Router:
    """Answers /new."""
    router = Router(name="new")
    router.message.register(begin, Command("new"))
    return router


async def begin(_message: Message, person: Person, services: Services, draft: Draft) -> None:
    """Close what is open, begin anew, and let the character speak first."""
    _log.info("Command /new from user %d", person.id)
    character = await talk.character_of(services.database, person)
    now = services.clock()
    draft.write(lambda transaction: talk.begin(transaction, person, character, now), talk=person.id)
    name = character.names[person.language]
    draft.say(services.words.say(person.language, "new-begun", character=name))
    draft.speak(character.greetings[person.language])
