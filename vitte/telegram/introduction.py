"""How the bot introduces itself to Telegram: its commands, and where it listens.

Commands are read first and set only when they differ, so that a restart costs
nothing. Nothing is ever deleted here, and no waiting update dropped: during a
rolling deploy another process may live by them.
"""

import logging
import random
from typing import Final

import anyio
from aiogram import Bot
from aiogram.exceptions import AiogramError, ClientDecodeError, TelegramUnauthorizedError
from aiogram.types import BotCommand, BotCommandScopeAllPrivateChats

from vitte.actors.poller import ALLOWED_UPDATES
from vitte.i18n import Language, Words
from vitte.services import Services
from vitte.telegram.commands import MENUS, menu

LONGEST_PAUSE_SECONDS: Final = 60.0

log = logging.getLogger("vitte.bot")


async def introduce(bot: Bot, services: Services) -> None:
    """Introduce the bot; while Telegram cannot be reached, try again with growing pauses."""
    failures = 0
    while True:
        try:
            await _introduce(bot, services)
        except TelegramUnauthorizedError:
            log.error("Telegram does not know this token: check telegram.token with @BotFather")  # noqa: TRY400  # the advice is all
        except AiogramError as problem:
            log.warning("The bot could not introduce itself: %s", type(problem).__name__)
        else:
            return
        failures += 1
        longest = min(LONGEST_PAUSE_SECONDS, 0.5 * 2 ** min(failures, 10))
        await anyio.sleep(random.uniform(longest / 2, longest))  # noqa: S311  # jitter, no secret


async def _introduce(bot: Bot, services: Services) -> None:
    me = await bot.me()
    telegram = services.config.telegram
    if telegram.updates == "webhook":
        await bot.set_webhook(
            telegram.webhook_url,
            secret_token=telegram.secret_token(),
            allowed_updates=list(ALLOWED_UPDATES),
            max_connections=min(100, telegram.parallel_chats),
        )
    for code, language in MENUS:
        await _set_commands(bot, services.words, code, language)
    log.info("Bot started successfully", extra={"username": me.username})


async def _set_commands(bot: Bot, words: Words, code: str | None, language: Language) -> None:
    wanted = menu(words, language)
    scope = BotCommandScopeAllPrivateChats()
    if await _known_commands(bot, scope, code) != list(wanted.items()):
        commands = [BotCommand(command=name, description=text) for name, text in wanted.items()]
        await bot.set_my_commands(commands, scope=scope, language_code=code)


async def _known_commands(
    bot: Bot, scope: BotCommandScopeAllPrivateChats, code: str | None
) -> list[tuple[str, str]] | None:
    """The menu that is set, or None where the server gives nothing that can be read."""
    try:
        known = await bot.get_my_commands(scope=scope, language_code=code)
    except ClientDecodeError:  # not every Bot API server keeps menus
        return None
    return [(each.command, each.description) for each in known]
