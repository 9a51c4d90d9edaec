"""/start: a welcome by name, and the characters to choose from."""

import logging
import re

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from vitte.services import Services
from vitte.store import characters, dialogs, settings, users
from vitte.store.characters import Character, CharacterId
from vitte.telegram import people
from vitte.telegram.people import Person
from vitte.telegram.routers import talk

PREFIX = "character:"

_log = logging.getLogger("vitte.bot")


def router() -> Router:
    """Answers /start and the buttons under it."""
    router = Router(name="start")
    router.message.register(start, CommandStart())
    router.callback_query.register(choose, F.data.regexp(rf"^{PREFIX}\d{{1,18}}$"))
    return router


async def start(
    message: Message, command: CommandObject, person: Person, services: Services
) -> None:
    """Welcome a person, or welcome them back."""
    _log.info("Command /start from user %d", person.id)
    if command.args and person.profile.start_payload is None:
        await _keep_payload(services, person, command.args)
    say, language = services.words.say, person.language
    offered = await characters.list_active(services.database)
    open_dialog = await dialogs.open_of(services.database, person.id)
    if person.is_new or open_dialog is None:
        words = say(language, "start-welcome", name=person.name)
    else:
        character = next((c for c in offered if c.id == open_dialog.character_id), offered[0])
        words = say(
            language,
            "start-welcome-back",
            name=person.name,
            character=character.names[language],
        )
    await message.answer(
        f"{words}\n\n{say(language, 'start-choose')}", reply_markup=_buttons(offered, person)
    )


async def choose(query: CallbackQuery, person: Person, services: Services) -> None:
    """A character was chosen: a dialog with them begins, and they speak first."""
    wanted = CharacterId(int((query.data or "").removeprefix(PREFIX)))
    character = await characters.get(services.database, wanted)
    language = person.language
    if character is None or not character.active:
        await query.answer(services.words.plain(language, "odd-button-old.notice"))
        return
    name = character.names[language]
    open_dialog = await dialogs.open_of(services.database, person.id)
    if open_dialog is not None and open_dialog.character_id == character.id:
        await query.answer(services.words.plain(language, "start-same.notice", character=name))
        return
    async with services.database.transaction() as transaction:
        now = services.clock()
        await settings.set_character(transaction, person.id, character.id, now)
        await talk.begin(transaction, person, character, now)
    await people.refreshed(services, person.id)
    await query.answer(services.words.plain(language, "start-chosen.notice", character=name))
    if isinstance(query.message, Message):
        await query.message.answer(services.words.say(language, "start-chosen", character=name))
        await query.message.answer(character.greetings[language], parse_mode=None)


async def _keep_payload(services: Services, person: Person, payload: str) -> None:
    """Keep the first deep link that brought a person; what Telegram would not pass is dropped."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload):
        return
    profile = person.profile
    await users.add_or_refresh(
        services.database,
        users.Contact(
            id=profile.id,
            first_name=profile.first_name,
            last_name=profile.last_name,
            username=profile.username,
            language_code=profile.language_code,
        ),
        language=profile.language,
        now=services.clock(),
        start_payload=payload,
    )
    await people.refreshed(services, person.id)


def _buttons(offered: list[Character], person: Person) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [
                InlineKeyboardButton(
                    text=character.names[person.language], callback_data=f"{PREFIX}{character.id}"
                )
                for character in offered
            ]
        ]
    )
