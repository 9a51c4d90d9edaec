"""/language: in which language the bot speaks; the person's choice stands from then on."""

import logging

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from vitte.i18n import LANGUAGES, Language
from vitte.services import Services
from vitte.store import settings
from vitte.telegram import filters
from vitte.telegram.draft import Draft
from vitte.telegram.people import Person

PREFIX = "language:"

_log = logging.getLogger("vitte.bot")


def router() -> Router:
    """Answers /language and the buttons under it."""
    router = Router(name="language")
    router.message.register(show, Command("language"))
    router.callback_query.register(choose, filters.pressed({PREFIX + code for code in LANGUAGES}))
    return router


async def show(_message: Message, person: Person, services: Services, draft: Draft) -> None:
    """Offer the languages, each named in itself."""
    _log.info("Command /language from user %d", person.id)
    buttons = [
        (services.words.plain(code, f"language-choose.{code}"), PREFIX + code) for code in LANGUAGES
    ]
    draft.say(services.words.say(person.language, "language-choose"), buttons=[buttons])


async def choose(query: CallbackQuery, person: Person, services: Services, draft: Draft) -> None:
    """Write the choice down and say so in the new language."""
    chosen: Language = next(code for code in LANGUAGES if query.data == PREFIX + code)
    now = services.clock()
    draft.write(
        lambda transaction: settings.set_language(transaction, person.id, chosen, now),
        about=person.id,
    )
    draft.notice(query.id, services.words.plain(chosen, "language-chosen.notice"))
    if query.message is not None:
        draft.edit(query.message.message_id, services.words.say(chosen, "language-chosen"))
