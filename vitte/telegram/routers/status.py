"""/status: the plan, when it ends, and what is used and left."""

import logging
from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from vitte.actors import cache, limiter
from vitte.services import Services
from vitte.store.scenes import Scene
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
    scene = await talk.scene_of(services, person)
    lines = [
        services.words.say(person.language, "status-title", name=person.name),
        _plan(services, person, subscription, now),
        *_character(services, person, scene),
        _today(services, person, talk.day_limit(services, subscription, now), scene),
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


def _character(services: Services, person: Person, scene: Scene | None) -> list[str]:
    """Who they are talking with, in an open dialog."""
    if scene is None or not scene.is_open:
        return []
    name = scene.names[person.language]
    return [services.words.say(person.language, "status-character", character=name)]


def _today(services: Services, person: Person, limit: int, scene: Scene | None) -> str:
    used = scene.used if scene else 0
    left = max(0, limit - used)
    return services.words.say(person.language, "status-day", used=used, limit=limit, left=left)


async def _this_minute(services: Services, person: Person, limit: int) -> str:
    left = (await limiter.how_much(services.limiter, person.id, limit)).left
    return services.words.say(
        person.language, "status-minute", used=limit - left, limit=limit, left=left
    )
