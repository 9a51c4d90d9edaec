"""What is neither a command nor a text: a polite word each, or silence. Never an exception."""

import logging
from typing import Final

from aiogram import Bot, Router
from aiogram.enums import ChatMemberStatus, ContentType
from aiogram.types import (
    CallbackQuery,
    ChatMemberUpdated,
    Message,
    PreCheckoutQuery,
    TelegramObject,
)

from vitte.services import Services
from vitte.store import users
from vitte.store.users import UserId
from vitte.telegram import filters, people
from vitte.telegram.draft import Draft
from vitte.telegram.people import Person

_log = logging.getLogger("vitte.bot")

# The kinds of content that have a word of their own, by aiogram's names for them.
KINDS: Final = frozenset(
    {
        "photo",
        "sticker",
        "animation",
        "voice",
        "audio",
        "video",
        "document",
        "location",
        "contact",
        "poll",
        "dice",
    }
)
OTHER_WORDS_FOR: Final = {"video_note": "video", "story": "other", "venue": "location"}
# All that a person can say; the rest reports what happened in the chat and wants no answer.
SAID: Final = KINDS | {"text", "paid_media", "game", "checklist", "other"}
LONGEST_COMMAND: Final = 32


def elsewhere() -> Router:
    """Takes everything outside private chats, so that nobody below ever sees it."""
    router = Router(name="elsewhere")
    router.message.register(group, filters.outside)
    router.edited_message.register(silence, filters.outside)
    router.channel_post.register(silence)
    router.my_chat_member.register(silence, filters.outside)
    return router


def router() -> Router:
    """Answers in private chats what nobody above has answered."""
    router = Router(name="odd")
    router.my_chat_member.register(membership)
    router.edited_message.register(edited, filters.text)
    router.edited_message.register(silence)
    router.message.register(command, filters.command)
    router.message.register(content)
    router.callback_query.register(old_button)
    router.pre_checkout_query.register(no_sale)
    return router


async def silence(_event: TelegramObject) -> None:
    """Say nothing, on purpose."""


async def group(message: Message, bot: Bot, services: Services, draft: Draft) -> None:
    """In a group answer only a command meant for us: let us speak in private."""
    me = await bot.me()
    meant = f"@{me.username}".casefold()
    if message.from_user is None or meant not in (message.text or "").casefold().split(" ")[0]:
        return
    language = people.language_of(message.from_user)
    html = services.words.say(language, "odd-group", bot=me.username or "")
    draft.say(html, reply_to=message.message_id)


async def edited(_message: Message, person: Person, services: Services, draft: Draft) -> None:
    """What was said stays as it was said."""
    draft.say(services.words.say(person.language, "odd-edit"))


async def command(message: Message, person: Person, services: Services, draft: Draft) -> None:
    """A command that does not exist."""
    name = (message.text or "").removeprefix("/").split(maxsplit=1)[:1]
    shown = name[0].partition("@")[0][:LONGEST_COMMAND] if name else ""
    draft.say(services.words.say(person.language, "odd-command", command=shown))


async def content(message: Message, person: Person, services: Services, draft: Draft) -> None:
    """A photo, a sticker, a voice: a word on why it is not understood yet."""
    content_type = ContentType(message.content_type).value
    kind = OTHER_WORDS_FOR.get(content_type, content_type)
    if kind not in SAID:
        return
    line = f"odd-{kind}" if kind in KINDS else "odd-other"
    draft.say(services.words.say(person.language, line))


async def old_button(
    query: CallbackQuery, person: Person, services: Services, draft: Draft
) -> None:
    """A button of a time before; or one under somebody else's message."""
    draft.notice(query.id, services.words.plain(person.language, "odd-button-old.notice"))


async def no_sale(
    query: PreCheckoutQuery, person: Person, services: Services, draft: Draft
) -> None:
    """Nothing is sold yet: say so within Telegram's ten seconds, so that nobody pays."""
    draft.decline(query.id, services.words.plain(person.language, "odd-sale.notice"))


async def membership(event: ChatMemberUpdated, services: Services, draft: Draft) -> None:
    """A person blocked us, or came back."""
    user, now = UserId(event.from_user.id), services.clock()
    blocked = event.new_chat_member.status == ChatMemberStatus.KICKED
    mark = users.mark_unreachable if blocked else users.mark_reachable
    draft.write(lambda transaction: mark(transaction, user, now), about=user)
    _log.info("User %d %s", user, "blocked the bot" if blocked else "can be reached again")
