"""Who is banned is refused, and told so once a day.

The ban comes with the person's profile, so it costs no question. What it never holds up
is what must work for everybody: money that is paid or about to be, the news that
somebody blocked us or came back, and the end of an answer that is being written.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject, Update

from vitte.errors import Banned
from vitte.services import Services
from vitte.store import bans
from vitte.telegram.draft import Draft
from vitte.telegram.people import Person
from vitte.telegram.routers import stop

TOLD_EVERY: Final = timedelta(days=1)


class Watch(BaseMiddleware):
    """Lets through who is not banned; comes after the meeting, which tells who it is."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Look, then let the handler work."""
        person: Person | None = data.get("person")
        if person is not None and not (isinstance(event, Update) and passes(event)):
            check(self._services, person)
        return await handler(event, data)


def check(services: Services, person: Person) -> None:
    """Let pass who is not banned.

    Raises:
        Banned: The person is banned.
    """
    profile, now = person.profile, services.clock()
    if not profile.is_banned(now):
        return
    ends, told = profile.ban_ends_at, profile.ban_told_at
    until = None if ends is None else person.day(ends, services.config.cron.timezone)
    raise Banned(until, tell=told is None or now >= told + TOLD_EVERY)


def passes(update: Update) -> bool:
    """Tell whether an update is one that no ban holds up."""
    message, query = update.message, update.callback_query
    if message is not None:
        paid = message.successful_payment or message.refunded_payment
        return bool(paid) or stop.is_meant(message.text or "")
    if query is not None:
        return query.data == stop.DATA
    return update.edited_message is None


def note_told(services: Services, draft: Draft, person: Person) -> None:
    """Have it written, with the words themselves, that the person is told now."""
    now = services.clock()
    draft.write(lambda transaction: bans.note_told(transaction, person.id, now), about=person.id)
