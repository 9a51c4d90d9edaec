"""Plain text of a private chat, read without aiogram's types.

Nearly every update is a person who says something in words. Such a one is read
here in a microsecond and goes straight to ``talk``; whatever is in any way
different is read by aiogram and goes through its routers, in their order. What
counts as plain is exactly what the routers before ``talk`` leave to it.
"""

from typing import Final, Literal

import msgspec
from msgspec import Struct

from vitte.store.updates import Pending
from vitte.store.users import Contact, UserId


class Chat(Struct, frozen=True):
    """A chat with one person; any other kind cannot be read as this."""

    type: Literal["private"]


class Sender(Struct, frozen=True):
    """Who wrote; a bot cannot be read as this."""

    id: int
    first_name: str
    is_bot: Literal[False]
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class Message(Struct, frozen=True):
    """What was said."""

    chat: Chat
    sender: Sender = msgspec.field(name="from")
    text: str = msgspec.field()


class Update(Struct, frozen=True):
    """An update that is a plain message."""

    message: Message


class Said(Struct, frozen=True, kw_only=True):
    """A person, and what they said in words."""

    contact: Contact
    text: str


_decode: Final = msgspec.json.Decoder(Update).decode


def read(update: Pending) -> Said | None:
    """Read plain text of a private chat; None for everything else."""
    if update.kind != "message":
        return None
    try:
        message = _decode(update.body).message
    except msgspec.MsgspecError:
        return None
    if not message.text or message.text.startswith("/"):
        return None
    sender = message.sender
    contact = Contact(
        id=UserId(sender.id),
        first_name=sender.first_name,
        last_name=sender.last_name,
        username=sender.username,
        language_code=sender.language_code,
    )
    return Said(contact=contact, text=message.text)
