"""/start: a welcome by name, and the characters to choose from."""

import logging
import re
from datetime import datetime

from aiogram import Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from vitte.actors import cache
from vitte.services import Services
from vitte.store import characters, dialogs, settings, users
from vitte.store.characters import CharacterId
from vitte.telegram import filters
from vitte.telegram.draft import Draft
from vitte.telegram.people import Person
from vitte.telegram.routers import talk

PREFIX = "character:"
BESIDE = 3
"""So many names stand beside each other: more would be cut short on a phone."""

_log = logging.getLogger("vitte.bot")


def router() -> Router:
    """Answers /start and the buttons under it."""
    router = Router(name="start")
    router.message.register(start, CommandStart())
    router.callback_query.register(choose, filters.pressed_number(PREFIX))
    return router


async def start(
    _message: Message, command: CommandObject, person: Person, services: Services, draft: Draft
) -> None:
    """Welcome a person, or welcome them back."""
    _log.info("Command /start from user %d", person.id)
    if command.args and person.profile.start_payload is None:
        _keep_payload(draft, person, command.args, services.clock())
    say, language = services.words.say, person.language
    offered = await cache.get_offered(services.cache)
    scene = None if person.is_new else await talk.scene_of(services, person)
    if scene is None or not scene.is_open:
        words = say(language, "start-welcome", name=person.name)
    else:
        words = say(
            language,
            "start-welcome-back",
            name=person.name,
            character=scene.names[language],
        )
    buttons = [(each.names[language], f"{PREFIX}{each.id}") for each in offered]
    rows = [buttons[first : first + BESIDE] for first in range(0, len(buttons), BESIDE)]
    draft.say(f"{words}\n\n{say(language, 'start-choose')}", buttons=rows)


async def choose(query: CallbackQuery, person: Person, services: Services, draft: Draft) -> None:
    """A character was chosen: a dialog with them begins, and they speak first."""
    wanted = CharacterId(int((query.data or "").removeprefix(PREFIX)))
    character = await characters.get(services.database, wanted)
    words, language = services.words, person.language
    if character is None or not character.active:
        draft.notice(query.id, words.plain(language, "odd-button-old.notice"))
        return
    name = character.names[language]
    open_dialog = await dialogs.open_of(services.database, person.id)
    if open_dialog is not None and open_dialog.character_id == character.id:
        draft.notice(query.id, words.plain(language, "start-same.notice", character=name))
        return
    now = services.clock()
    draft.write(
        lambda transaction: settings.set_character(transaction, person.id, character.id, now),
        about=person.id,
    )
    draft.write(lambda transaction: talk.begin(transaction, person, character, now), talk=person.id)
    draft.notice(query.id, words.plain(language, "start-chosen.notice", character=name))
    draft.say(words.say(language, "start-chosen", character=name))
    draft.speak(character.greetings[language])


def _keep_payload(draft: Draft, person: Person, payload: str, now: datetime) -> None:
    """Keep the first deep link that brought a person; what Telegram would not pass is dropped."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload):
        draft.write(
            lambda transaction: users.keep_start_payload(transaction, person.id, payload, now),
            about=person.id,
        )
