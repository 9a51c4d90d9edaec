"""The one map from errors to what a person reads.

What we refuse on purpose carries its Fluent line; what we did not expect is
logged with its traceback and told as our fault, in a sentence without details.
"""

import logging

from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import CallbackQuery, Chat, ErrorEvent, User

from vitte.actors.bot import Outcome
from vitte.errors import QuotaSpent, TooFast, VitteError
from vitte.i18n import Language, Words
from vitte.runtime import RuntimeFault
from vitte.services import Services
from vitte.store.users import UserId
from vitte.telegram import people

_log = logging.getLogger("vitte.bot")


async def answer(
    event: ErrorEvent,
    services: Services,
    event_from_user: User | None = None,
    event_chat: Chat | None = None,
    person: people.Person | None = None,
) -> Outcome:
    """Tell the person what went wrong; the outcome is for the books."""
    error = event.exception
    if event_from_user is not None and _is_gone(error):
        await people.mark_unreachable(services, UserId(event_from_user.id))
        return "failed"
    if _is_nothing(error):
        return "answered"
    _note(error)
    language = person.language if person else people.language_of(event_from_user)
    html = line(error, services.words, language)
    if html is not None and event_chat is not None and event_chat.type == "private":
        bot = event.update.bot
        assert bot is not None  # noqa: S101  # the edge parses every update with its bot
        await bot.send_message(event_chat.id, html)
    if isinstance(query := event.update.event, CallbackQuery):
        await query.answer()
    return "refused" if isinstance(error, TooFast | QuotaSpent) else "failed"


def line(error: BaseException, words: Words, language: Language) -> str | None:
    """The sentence for an error, or None where silence is the answer."""
    match error:
        case TooFast(tell=False):
            return None
        case TooFast(wait_seconds=seconds):
            return words.say(language, "limit-minute", seconds=seconds)
        case QuotaSpent(limit=limit, hours=hours):
            return words.say(language, "limit-day", limit=limit, hours=hours)
        case VitteError(permanent=False) | RuntimeFault():
            return words.say(language, "error-again")
        case _:
            return words.say(language, "error-ours")


def _note(error: Exception) -> None:
    match error:
        case TooFast() | QuotaSpent():
            _log.debug("Refused: %s", error)
        case VitteError() | RuntimeFault():
            _log.warning("An update failed: %s: %s", type(error).__name__, error)
        case _:
            _log.error("An update failed", exc_info=error)


def _is_nothing(error: Exception) -> bool:
    """Whether an edit found the text as it was wanted: a button pressed twice, and no error."""
    return isinstance(error, TelegramBadRequest) and "message is not modified" in error.message


def _is_gone(error: Exception) -> bool:
    """Whether Telegram says that this person cannot be written to any more."""
    return isinstance(error, TelegramForbiddenError) or (
        isinstance(error, TelegramBadRequest) and "chat not found" in error.message
    )
