"""aiogram, put together: routers in the order of who answers first.

The dispatcher is fed update by update; aiogram's own polling
and background webhook handling are never used, since they confirm before the
work is done. Handlers draft an answer; nothing is sent or written here.
"""

import logging
from contextlib import suppress

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ChatAction
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import Update

from vitte import log
from vitte.actors import cache
from vitte.actors.scribe import Turn
from vitte.errors import Banned, QuotaSpent, TelegramRefused, TooFast, UpdateBroke, VitteError
from vitte.runtime import RuntimeFault
from vitte.services import Services
from vitte.store.outbox import Words
from vitte.store.updates import Pending
from vitte.store.users import UserId
from vitte.telegram import answers, bans, introduction, people, plain
from vitte.telegram.draft import Draft
from vitte.telegram.routers import language, menu, new, odd, start, status, stop, talk
from vitte.telegram.typist import Typist

_log = logging.getLogger("vitte.bot")


class Edge:
    """Drafts answers to updates."""

    def __init__(self, services: Services) -> None:
        telegram = services.config.telegram
        session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.api.rstrip("/")))
        self._services = services
        self._bot = Bot(telegram.token.reveal(), session=session)
        self._typist = Typist(self._show_typing)
        self._dispatcher = dispatcher(services, self._typist)

    async def attend(self) -> None:
        """Show "typing" where an answer takes long, for ever."""
        await self._typist.run()

    async def introduce(self) -> None:
        """Tell Telegram our commands and where the webhook is; tries until it is done."""
        await introduction.introduce(self._bot, self._services)

    async def answer(self, update: Pending) -> Turn:
        """Answer one update: all that is to be written and said.

        Raises:
            UpdateBroke: The update breaks us.
            VitteError, RuntimeFault: A part is away.
        """
        draft = Draft(update)
        try:
            return await self._answer(update, draft)
        except (VitteError, RuntimeFault):
            raise
        except (TelegramNetworkError, TelegramServerError, TelegramRetryAfter) as problem:
            raise TelegramRefused(type(problem.method).__name__, problem.message) from problem
        except Exception as problem:  # an edge: an update that breaks us must not fell the bot
            _log.exception("An update broke us")
            raise UpdateBroke(type(problem).__name__) from problem

    async def apologise(self, update: Pending) -> tuple[Words, ...]:
        """The words for somebody whose update was given up; none in groups and channels."""
        draft = Draft(update)
        if update.chat_id > 0 and update.kind in {"message", "callback_query"}:
            person = await cache.get_user(self._services.cache, UserId(update.chat_id))
            language = person.language if person else "en"
            draft.say(self._services.words.say(language, "error-ours"))
        return draft.words

    async def close(self) -> None:
        """Close the connections."""
        await self._bot.session.close()

    async def _answer(self, update: Pending, draft: Draft) -> Turn:
        try:
            if (said := plain.read(update)) is not None:
                await self._answer_plain(said, draft)
            else:
                parsed = Update.model_validate_json(update.body, context={"bot": self._bot})
                await self._dispatcher.feed_update(self._bot, parsed, draft=draft)
        except (TooFast, QuotaSpent, Banned) as refusal:
            draft.start_over()
            spoken = draft.person.language if draft.person else "en"
            if (html := answers.line(refusal, self._services.words, spoken)) is not None:
                draft.say(html)
                if isinstance(refusal, Banned) and draft.person is not None:
                    bans.note_told(self._services, draft, draft.person)
            return draft.turn("refused", answers.reason(refusal))
        return draft.turn()

    async def _answer_plain(self, said: plain.Said, draft: Draft) -> None:
        """Go the way of the routers, without them: meet the person, answer their words."""
        with log.about(user_id=said.contact.id):
            draft.person = person = await people.meet(self._services, said.contact)
            bans.check(self._services, person)
            await talk.answer(said.text, person, self._services, draft, self._typist)

    async def _show_typing(self, chat: int) -> None:
        with suppress(TelegramAPIError):  # a nicety, not worth an answer
            await self._bot.send_chat_action(chat, ChatAction.TYPING)


def dispatcher(services: Services, typist: Typist) -> Dispatcher:
    """The routers, in the order of who answers first."""
    dispatcher = Dispatcher(disable_fsm=True, services=services, typist=typist)
    dispatcher.update.outer_middleware(people.Meeting(services))
    dispatcher.update.outer_middleware(bans.Watch(services))
    dispatcher.include_routers(
        odd.elsewhere(),  # groups, channels: nothing below ever sees them
        start.router(),
        menu.router(),
        status.router(),
        language.router(),
        new.router(),
        stop.router(),
        talk.router(),
        odd.router(),  # photos, stickers, old buttons: what nobody above has answered
    )
    return dispatcher
