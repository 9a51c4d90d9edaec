"""aiogram, put together: routers in the order of who answers first.

Owns the connections to the Bot API. The dispatcher is fed update by update by
the bot actor, which keeps the order; aiogram's own polling and background
webhook handling are never used, since they confirm before the work is done.
"""

import logging

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramAPIError, TelegramForbiddenError
from aiogram.types import Update

from vitte import log
from vitte.actors import bot
from vitte.services import Services
from vitte.store.users import UserId
from vitte.telegram import answers, introduction, people, sending
from vitte.telegram.routers import language, menu, new, odd, start, status, talk

_log = logging.getLogger("vitte.bot")


class Edge:
    """Answers updates, and says what nobody asked for."""

    def __init__(self, services: Services) -> None:
        telegram = services.config.telegram
        session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.api.rstrip("/")))
        session.middleware(sending.Sending())
        self._services = services
        self._bot = Bot(
            telegram.token.reveal(),
            session=session,
            default=DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview_is_disabled=True),
        )
        self._dispatcher = _dispatcher(services)

    async def introduce(self) -> None:
        """Tell Telegram our commands and where the webhook is; tries until it is done."""
        await introduction.introduce(self._bot, self._services)

    async def answer(self, update: bot.Update) -> bot.Outcome:
        """Answer one update. Whatever goes wrong is told to the person and to the log."""
        with log.about(update_id=update.id):
            try:
                parsed = Update.model_validate(update.fields, context={"bot": self._bot})
                outcome = await self._dispatcher.feed_update(self._bot, parsed)
            except Exception:  # noqa: BLE001  # an edge: an update that breaks us must not fell the bot
                _log.exception("An update failed")
                return "failed"
        return outcome if outcome in {"refused", "failed"} else "answered"

    async def say(self, user: UserId, html: str) -> bool:
        """Say something to a person; False where they cannot be reached any more."""
        try:
            await self._bot.send_message(user, html)
        except TelegramForbiddenError:
            await people.mark_unreachable(self._services, user)
            return False
        except TelegramAPIError:
            _log.exception("Telegram refused a message", extra={"user_id": user})
            return False
        return True

    async def close(self) -> None:
        """Close the connections."""
        await self._bot.session.close()


def _dispatcher(services: Services) -> Dispatcher:
    dispatcher = Dispatcher(disable_fsm=True, services=services)
    dispatcher.update.outer_middleware(people.Meeting(services))
    dispatcher.errors.register(answers.answer)
    dispatcher.include_routers(
        odd.elsewhere(),  # groups, channels: nothing below ever sees them
        start.router(),
        menu.router(),
        status.router(),
        language.router(),
        new.router(),
        talk.router(),
        odd.router(),  # photos, stickers, old buttons: what nobody above has answered
    )
    return dispatcher
