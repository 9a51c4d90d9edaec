"""/language: in which language the bot speaks; the person's choice stands from then on."""

import logging

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from vitte.i18n import LANGUAGES, Language
from vitte.services import Services
from vitte.store import settings
from vitte.telegram import people
from vitte.telegram.people import Person

PREFIX = "language:"

_log = logging.getLogger("vitte.bot")


def router() -> Router:
    """Answers /language and the buttons under it."""
    router = Router(name="language")
    router.message.register(show, Command("language"))
    router.callback_query.register(choose, F.data.in_({PREFIX + code for code in LANGUAGES}))
    return router


async def show(message: Message, person: Person, services: Services) -> None:
    """Offer the languages, each named in itself."""
    _log.info("Command /language from user %d", person.id)
    buttons = [
        InlineKeyboardButton(
            text=services.words.plain(code, f"language-choose.{code}"),
            callback_data=PREFIX + code,
        )
        for code in LANGUAGES
    ]
    await message.answer(
        services.words.say(person.language, "language-choose"),
        reply_markup=InlineKeyboardMarkup(inline_keyboard=[buttons]),
    )


async def choose(query: CallbackQuery, person: Person, services: Services) -> None:
    """Write the choice down and say so in the new language."""
    chosen: Language = next(code for code in LANGUAGES if query.data == PREFIX + code)
    await settings.set_language(services.database, person.id, chosen, services.clock())
    await people.refreshed(services, person.id)
    await query.answer(services.words.plain(chosen, "language-chosen.notice"))
    if isinstance(query.message, Message):
        await query.message.edit_text(services.words.say(chosen, "language-chosen"))
