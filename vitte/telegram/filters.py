"""What handlers are chosen by, beside commands.

Each is an async function: aiogram runs a plain one, and ``F`` as well, in a thread of
its own each time, which costs more than a handler's own work.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import TypeAlias

from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message

Pressed: TypeAlias = Callable[[CallbackQuery], Awaitable[bool]]


async def outside(event: Message | ChatMemberUpdated) -> bool:
    """Anywhere but in a private chat."""
    return event.chat.type != ChatType.PRIVATE


async def text(message: Message) -> bool:
    """Words, be they a command or not."""
    return bool(message.text)


async def words(message: Message) -> bool:
    """Words that are no command."""
    return bool(message.text) and not message.text.startswith("/")


async def command(message: Message) -> bool:
    """Any command at all."""
    return bool(message.text) and message.text.startswith("/")


def pressed(data: Collection[str]) -> Pressed:
    """A button that sends one of these."""

    async def is_pressed(query: CallbackQuery) -> bool:
        return query.data in data

    return is_pressed


def pressed_number(prefix: str) -> Pressed:
    """A button that sends a prefix and a number of at most 18 digits."""

    async def is_pressed(query: CallbackQuery) -> bool:
        number = (query.data or "").removeprefix(prefix)
        ours = number != query.data and number.isascii() and number.isdecimal()
        return ours and len(number) <= 18  # noqa: PLR2004  # what surely fits a bigint

    return is_pressed
