"""Any text: said in the person's open dialog, answered by the dialog's character.

The order is: may they speak, what was said before, what does the character say;
the draft holds both sides. No connection is held while the voice thinks. Plain text of
a private chat comes here straight from the edge, the rest by the router.
"""

from datetime import date, datetime
from typing import Final

import msgspec
from aiogram import Router
from aiogram.types import Message

from vitte import metrics
from vitte.actors import cache, limiter, scenes
from vitte.errors import NoSuchCharacter, QuotaSpent, TooFast
from vitte.services import Services
from vitte.store import characters, dialogs, messages, usage
from vitte.store.characters import Character
from vitte.store.dialogs import Dialog
from vitte.store.pool import Session
from vitte.store.scenes import Scene
from vitte.store.subscriptions import Subscription
from vitte.store.updates import UpdateId
from vitte.telegram import filters
from vitte.telegram.draft import Draft
from vitte.telegram.people import Person
from vitte.telegram.typist import Typist
from vitte.voice import DialogView, Line

_lines: Final = msgspec.json.Decoder(list[Line]).decode


def router() -> Router:
    """Answers any text that is no command."""
    router = Router(name="talk")
    router.message.register(hear, filters.words)
    return router


async def hear(
    message: Message, person: Person, services: Services, draft: Draft, typist: Typist
) -> None:
    """Answer a message of words."""
    await answer(message.text or "", person, services, draft, typist)


async def answer(
    said: str, person: Person, services: Services, draft: Draft, typist: Typist
) -> None:
    """Answer what a person said.

    Raises:
        TooFast: They send more a minute than allowed.
        QuotaSpent: They have used up their day.
        NoSuchCharacter: There is nobody to answer.
    """
    now = services.clock()
    subscription = await cache.get_subscription(services.cache, person.id)
    await _let_through(services, person, draft.update.id, minute_limit(services, subscription, now))
    day = _day(services, person)
    scene = await scenes.get(services.scenes, person.id, day)
    if scene is None:
        raise NoSuchCharacter
    _check_quota(services, person, day_limit(services, subscription, now), scene.used, now)
    with typist.writing(draft.update.chat_id):
        text = await _reply(services, person, scene, said)
    draft.exchange = messages.Exchange(
        user_id=person.id,
        dialog_id=scene.dialog_id,
        character_id=scene.character_id,
        said=said,
        answered=(text,),
    )
    draft.used = usage.Used(user_id=person.id, day=day)
    draft.speak(text)


async def scene_of(services: Services, person: Person) -> Scene | None:
    """Where a person's next words belong, and what they have used of their day."""
    return await scenes.get(services.scenes, person.id, _day(services, person))


def day_limit(services: Services, subscription: Subscription | None, now: datetime) -> int:
    """How many messages a day a person may send, by the plan that counts now."""
    plan = subscription.plan_at(now) if subscription else "free"
    return services.config.limiter.per_day(plan)


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


def _day(services: Services, person: Person) -> date:
    return person.day(services.clock(), services.config.cron.timezone)


async def _let_through(services: Services, person: Person, update: UpdateId, limit: int) -> None:
    verdict = await limiter.may_speak(services.limiter, person.id, update, limit)
    metrics.limiter_verdicts.labels("allowed" if verdict.allowed else "refused").inc()
    if not verdict.allowed:
        raise TooFast(verdict.wait_seconds, tell=verdict.tell)


def _check_quota(services: Services, person: Person, limit: int, used: int, now: datetime) -> None:
    if used >= limit:
        raise QuotaSpent(limit, person.hours_left(now, services.config.cron.timezone))


async def _reply(services: Services, person: Person, scene: Scene, said: str) -> str:
    """What the character says."""
    view = DialogView(
        dialog=scene.dialog_id or person.id,  # what its dice begin with
        language=person.language,
        name=scene.names[person.language],
        temperament=scene.temperament,
        person=person.name,
    )
    recent = [*_lines(scene.recent), Line(role="user", text=said)]
    pieces = [piece async for piece in services.voice.reply(view, recent)]
    return "".join(pieces)
