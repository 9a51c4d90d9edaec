"""Who is speaking: every update of a private chat meets its person here first.

The first contact writes the person down, with one upsert; afterwards the cache
knows them, and only a changed name, or the return of somebody who could not be
reached, is written again.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.types import Chat, TelegramObject, User
from msgspec import Struct

from vitte import i18n, log, metrics
from vitte.actors import cache
from vitte.i18n import Language
from vitte.services import Services
from vitte.store import users
from vitte.store.users import Contact, UserId

_log = logging.getLogger("vitte.bot")


class Person(Struct, frozen=True, kw_only=True):
    """Who is speaking, and whether this is the first contact."""

    profile: users.Profile
    is_new: bool

    @property
    def id(self) -> UserId:
        """Telegram's id, which is ours too."""
        return self.profile.id

    @property
    def name(self) -> str:
        """What to call them."""
        return self.profile.first_name

    @property
    def language(self) -> Language:
        """In which language they are spoken to."""
        return self.profile.language

    def day(self, now: datetime, zone: str) -> date:
        """The day it is for them; ``zone`` is the installation's."""
        return now.astimezone(ZoneInfo(self.profile.timezone or zone)).date()

    def hours_left(self, now: datetime, zone: str) -> int:
        """Whole hours until their next day begins, rounded up."""
        here = now.astimezone(ZoneInfo(self.profile.timezone or zone))
        midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return -int(-(midnight - here).total_seconds() // 3600)


def language_of(sender: User | None) -> Language:
    """The language for somebody we have not met: what their app is set to."""
    return i18n.language_of(sender.language_code if sender else None)


class Meeting(BaseMiddleware):
    """Gives every handler of a private chat its ``person``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Meet the person, then let the handler work."""
        sender: User | None = data.get("event_from_user")
        chat: Chat | None = data.get("event_chat")
        if chat is not None and chat.type != ChatType.PRIVATE:
            return await handler(event, data)
        if sender is None or sender.is_bot:
            return None  # nobody to speak to
        with log.about(user_id=sender.id):
            person = data["person"] = await meet(self._services, contact_of(sender))
            data["draft"].person = person
            return await handler(event, data)


def contact_of(sender: User) -> Contact:
    """What aiogram read of a sender."""
    return Contact(
        id=UserId(sender.id),
        first_name=sender.first_name,
        last_name=sender.last_name,
        username=sender.username,
        language_code=sender.language_code,
    )


async def meet(services: Services, contact: Contact) -> Person:
    """Find a person, or write them down.

    Raises:
        VitteError: PostgreSQL is away, and nobody else knew the person.
    """
    known = await cache.get_user(services.cache, contact.id)
    if known is not None and known.is_described_by(contact):
        return Person(profile=known, is_new=False)
    language = i18n.language_of(contact.language_code)
    met = await users.add_or_refresh(
        services.database, contact, language=language, now=services.clock()
    )
    if met.profile is None:
        return Person(profile=await refreshed(services, contact.id), is_new=False)
    await cache.forget(services.cache, contact.id)  # it may have kept that there is nobody
    metrics.users_registered.labels(language).inc()
    _log.info("New user registered: %d", contact.id)
    return Person(profile=met.profile, is_new=True)


async def refreshed(services: Services, user: UserId) -> users.Profile:
    """The person as they are after a change that was committed.

    Raises:
        LookupError: There is no such person.
    """
    await cache.forget(services.cache, user)
    profile = await cache.get_user(services.cache, user)
    if profile is None:
        raise LookupError(user)
    return profile
