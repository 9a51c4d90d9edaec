"""Any text: said in the person's open dialog, answered by the dialog's character.

The order is: may they speak, what was said before, what does the character say,
one transaction that writes both, then the answer. No connection is held while
the voice thinks or Telegram is called.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime
from typing import Final

import anyio
import msgspec
from aiogram import Bot, F, Router
from aiogram.enums import ChatAction
from aiogram.exceptions import TelegramAPIError
from aiogram.types import Message

from vitte import metrics
from vitte.actors import cache, limiter
from vitte.errors import NoSuchCharacter, QuotaSpent, TooFast
from vitte.services import Services
from vitte.store import characters, dialogs, messages, usage
from vitte.store.characters import Character
from vitte.store.dialogs import Dialog, Scene
from vitte.store.pool import Session
from vitte.store.subscriptions import Subscription
from vitte.store.updates import UpdateId
from vitte.telegram.draft import Draft
from vitte.telegram.people import Person
from vitte.voice import DialogView, Line

RECENT: Final = 30
# Quick answers come without a "typing" before them; the action itself lasts five seconds.
TYPING_AFTER_SECONDS: Final = 0.3
TYPING_AGAIN_SECONDS: Final = 4.5

_lines: Final = msgspec.json.Decoder(list[Line]).decode


def router() -> Router:
    """Answers any text that is no command."""
    router = Router(name="talk")
    router.message.register(answer, F.text & ~F.text.startswith("/"))
    return router


async def answer(
    message: Message, bot: Bot, person: Person, services: Services, draft: Draft
) -> None:
    """Answer what a person said.

    Raises:
        TooFast: They send more a minute than allowed.
        QuotaSpent: They have used up their day.
    """
    said, now = message.text or "", services.clock()
    subscription = await cache.get_subscription(services.cache, person.id)
    await _let_through(services, person, draft.update.id, minute_limit(services, subscription, now))
    day = person.day(now, services.config.cron.timezone)
    scene = await _scene(services, person, day, now)
    _check_quota(services, person, day_limit(services, subscription, now), scene.used, now)
    async with _typing(bot, message.chat.id):
        text = await _reply(services, person, scene, said)
    draft.exchange = messages.Exchange(
        dialog_id=scene.dialog_id, user_id=person.id, said=said, answered=(text,)
    )
    draft.used = usage.Used(user_id=person.id, day=day)
    draft.speak(text)


def day_limit(services: Services, subscription: Subscription | None, now: datetime) -> int:
    """How many messages a day a person may send, by the plan that counts now."""
    plan = subscription.plan_at(now) if subscription else "free"
    limits = services.config.limiter
    return limits.premium_per_day if plan == "premium" else limits.free_per_day


def minute_limit(services: Services, subscription: Subscription | None, now: datetime) -> int:
    """How many messages a minute a person may send, by the plan that counts now."""
    plan = subscription.plan_at(now) if subscription else "free"
    return services.config.limiter.per_minute(plan)


async def character_of(session: Session, person: Person) -> Character:
    """The character that a person's next dialog begins with: the last chosen, else the first.

    Raises:
        NoSuchCharacter: None is offered at all.
    """
    offered = await characters.list_active(session)
    if not offered:
        raise NoSuchCharacter
    return next((c for c in offered if c.id == person.profile.character_id), offered[0])


async def begin(session: Session, person: Person, character: Character, now: datetime) -> Dialog:
    """Begin a dialog: the one that was open is closed, and the character's greeting stands first."""
    dialog = await dialogs.start(session, person.id, character.id, now)
    await messages.add_exchange(session, dialog, None, [character.greetings[person.language]], now)
    return dialog


async def _let_through(services: Services, person: Person, update: UpdateId, limit: int) -> None:
    verdict = await limiter.may_speak(services.limiter, person.id, update, limit)
    metrics.limiter_verdicts.labels("allowed" if verdict.allowed else "refused").inc()
    if not verdict.allowed:
        raise TooFast(verdict.wait_seconds, tell=verdict.tell)


def _check_quota(services: Services, person: Person, limit: int, used: int, now: datetime) -> None:
    if used >= limit:
        raise QuotaSpent(limit, person.hours_left(now, services.config.cron.timezone))


async def _scene(services: Services, person: Person, day: date, now: datetime) -> Scene:
    """Where the person's words belong: the open dialog, else the archived one, else a new one."""
    database = services.database
    scene = await dialogs.get_scene(database, person.id, day, limit=RECENT)
    if scene is not None:
        return scene
    async with database.transaction() as transaction:
        if await dialogs.resume(transaction, person.id, now) is None:
            character = await character_of(transaction, person)
            await dialogs.start(transaction, person.id, character.id, now)
    scene = await dialogs.get_scene(database, person.id, day, limit=RECENT)
    if scene is None:
        raise NoSuchCharacter
    return scene


async def _reply(services: Services, person: Person, scene: Scene, said: str) -> str:
    """What the character says."""
    view = DialogView(
        dialog=scene.dialog_id,
        language=person.language,
        name=scene.names[person.language],
        temperament=scene.temperament,
        person=person.name,
    )
    recent = [*_lines(scene.recent), Line(role="user", text=said)]
    pieces = [piece async for piece in services.voice.reply(view, recent)]
    return "".join(pieces)


@asynccontextmanager
async def _typing(bot: Bot, chat: int) -> AsyncGenerator[None]:
    """Show "typing" for as long as the block takes, if it takes long enough to be seen."""

    async def show() -> None:
        await anyio.sleep(TYPING_AFTER_SECONDS)
        while True:
            with suppress(TelegramAPIError):  # a nicety, not worth an answer
                await bot.send_chat_action(chat, ChatAction.TYPING)
            await anyio.sleep(TYPING_AGAIN_SECONDS)

    async with anyio.create_task_group() as group:
        group.start_soon(show)
        yield
        group.cancel_scope.cancel()
