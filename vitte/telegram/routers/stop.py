"""/stop: the answer that is being written is broken off, whoever waits for it.

It comes by the urgent conversation of the chat, past the answer itself; a button that
sends ``stop`` does the same.
"""

import logging

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from vitte.services import Services
from vitte.telegram import filters
from vitte.telegram.draft import Draft
from vitte.telegram.people import Person

COMMANDS = ("stop", "cancel")
DATA = "stop"

_log = logging.getLogger("vitte.bot")


def router() -> Router:
    """Answers /stop, /cancel and the button."""
    router = Router(name="stop")
    router.message.register(stop, Command(*COMMANDS))
    router.callback_query.register(press, filters.pressed({DATA}))
    return router


def is_meant(text: str) -> bool:
    """Tell whether somebody wrote one of the commands."""
    word = text.split(maxsplit=1)[0] if text.strip() else ""
    return word.partition("@")[0].removeprefix("/") in COMMANDS and word.startswith("/")


async def stop(_message: Message, person: Person, services: Services, draft: Draft) -> None:
    """Break the answer off, and say so."""
    _log.info("Command /stop from user %d", person.id)
    stopped = services.desk.stop(draft.update.chat_id)
    line = "stop-done" if stopped else "stop-nothing"
    draft.say(services.words.say(person.language, line))


async def press(query: CallbackQuery, person: Person, services: Services, draft: Draft) -> None:
    """The same, said over the chat."""
    stopped = services.desk.stop(draft.update.chat_id)
    line = "stop-done.notice" if stopped else "stop-nothing.notice"
    draft.notice(query.id, services.words.plain(person.language, line))
