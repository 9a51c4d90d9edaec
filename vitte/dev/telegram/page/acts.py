"""What a person at the page can do."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import msgspec

from vitte.dev.telegram.people import Message, Person
from vitte.dev.telegram.world import Json


class Act(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the person at the page does."""

    person: int
    does: Literal["writes", "edits", "presses", "photo", "sticker", "voice", "blocks", "unblocks"]
    bot: int | None = None
    text: str = ""
    message: int = 0
    data: str = ""
    reply_to: int = 0


async def writes(person: Person, act: Act) -> None:
    """Write a text."""
    answered = person.chat.messages.get(act.reply_to)
    await person.writes(act.text, reply_to=Message(answered) if answered else None)


async def edits(person: Person, act: Act) -> None:
    """Edit a message of one's own."""
    message = Message(person.chat.messages[act.message])
    if message.raw["from"]["id"] != person.id:
        raise LookupError("only your own message can be edited")
    await person.edits(message, act.text)


async def presses(person: Person, act: Act) -> Json:
    """Press a button below a message."""
    press = await person.presses(Message(person.chat.messages[act.message]), "", data=act.data)
    return {"query": press.query.id}


async def sends_photo(person: Person, act: Act) -> None:
    """Send a picture."""
    await person.sends_photo(act.text)


async def sends_sticker(person: Person, act: Act) -> None:
    """Send a sticker."""
    await person.sends_sticker(act.text or "🙂")


async def sends_voice(person: Person, _: Act) -> None:
    """Send a voice message."""
    await person.sends_voice(4)


async def blocks(person: Person, _: Act) -> None:
    """Block the bot."""
    await person.blocks()


async def unblocks(person: Person, _: Act) -> None:
    """Let the bot write again."""
    await person.unblocks()


ACTS: Mapping[str, Callable[[Person, Act], Awaitable[Json | None]]] = {
    "writes": writes,
    "edits": edits,
    "presses": presses,
    "photo": sends_photo,
    "sticker": sends_sticker,
    "voice": sends_voice,
    "blocks": blocks,
    "unblocks": unblocks,
}
