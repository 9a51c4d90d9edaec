"""/status: the plan, when it ends, and what is used and left."""

import logging
from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from vitte.actors import cache, limiter
from vitte.services import Services
from vitte.store import characters, dialogs, usage
from vitte.store.subscriptions import Subscription
from vitte.telegram.draft import Draft
from vitte.telegram.people import Person
from vitte.telegram.routers import talk

_log = logging.getLogger("vitte.bot")


def router() -> Router:
    """Answers /status."""
    router = Router(name="status")
    router.message.register(show, Command("status"))
    return router


async def show(_message: Message, person: Person, services: Services, draft: Draft) -> None:
    """Say it in plain words."""
    _log.info("Command /status from user %d", person.id)
    now = services.clock()
    subscription = await cache.get_subscription(services.cache, person.id)
    lines = [
        services.words.say(person.language, "status-title", name=person.name),
        _plan(services, person, subscription, now),
        *await _character(services, person),
        await _today(services, person, subscription, now),
        await _this_minute(services, person, talk.minute_limit(services, subscription, now)),
    ]
    draft.say("\n".join(lines))


def _plan(
    services: Services, person: Person, subscription: Subscription | None, now: datetime
) -> str:
    say, language = services.words.say, person.language
    zone = services.config.cron.timezone
    if subscription is None or subscription.expires_at is None:
        return say(language, "status-free")
    until = subscription.expires_at
    days = (person.day(until, zone) - person.day(now, zone)).days
    if subscription.is_active(now):
        return say(language, "status-premium", days=days, until=person.day(until, zone))
    return say(language, "status-ended", days=-days, until=person.day(until, zone))


async def _character(services: Services, person: Person) -> list[str]:
    dialog = await dialogs.open_of(services.database, person.id)
    if dialog is None:
        return []
    character = await characters.get(services.database, dialog.character_id)
    if character is None:
        return []
    name = character.names[person.language]
    return [services.words.say(person.language, "status-character", character=name)]


async def _today(
    services: Services, person: Person, subscription: Subscription | None, now: datetime
) -> str:
    limit = talk.day_limit(services, subscription, now)
    used = await usage.count(
        services.database, person.id, person.day(now, services.config.cron.timezone)
    )
    left = max(0, limit - used)
    return services.words.say(person.language, "status-day", used=used, limit=limit, left=left)


async def _this_minute(services: Services, person: Person, limit: int) -> str:
    left = (await limiter.how_much(services.limiter, person.id, limit)).left
    return services.words.say(
        person.language, "status-minute", used=limit - left, limit=limit, left=left
    )
