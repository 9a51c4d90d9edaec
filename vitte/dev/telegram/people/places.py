"""Groups and channels, and what happens in them."""

from collections.abc import Iterable

import anyio
import anyio.lowlevel

from vitte.dev.telegram.entities import formatted
from vitte.dev.telegram.people.hearing import Message
from vitte.dev.telegram.people.person import Person, membership
from vitte.dev.telegram.refusals import KICKED, Refused, migrated
from vitte.dev.telegram.world import Bot, Json


class Group:
    """A group with the bot in it."""

    def __init__(self, bot: Bot, info: Json, members: Iterable[Person]) -> None:
        self.bot = bot
        self.members = list(members)
        self.chat = bot.open(info)
        for person in self.members:
            person.ear(self)

    @property
    def id(self) -> int:
        """Give the chat's id, which is negative."""
        return self.chat.id

    async def adds_bot(self, by: Person) -> None:
        """Let a member add the bot."""
        change = membership(self.bot, by, self.chat, "left", "member")
        self.bot.deliver("my_chat_member", change, self.id)
        self.chat.gone = None
        await anyio.lowlevel.checkpoint()

    async def kicks_bot(self, by: Person) -> None:
        """Let a member throw the bot out: what it sends is refused with 403."""
        change = membership(self.bot, by, self.chat, "member", "kicked")
        self.bot.deliver("my_chat_member", change, self.id)
        self.chat.gone = Refused(*KICKED)
        await anyio.lowlevel.checkpoint()

    async def migrates(self) -> int:
        """Become a supergroup with another id; the old one refuses and names it."""
        old = self.chat
        info = old.info | {"id": -1_000_000_000_000 + old.id, "type": "supergroup"}
        self.chat = self.bot.open(info)
        old.gone = migrated(self.id)
        for person in self.members:
            person.ear(self)
        for chat, field, other in (
            (old, "migrate_to_chat_id", self.id),
            (self.chat, "migrate_from_chat_id", old.id),
        ):
            service = self.members[0].message(chat, {field: other})
            self.bot.deliver("message", service, chat.id)
        await anyio.lowlevel.checkpoint()
        return self.id

    async def says_anonymously(self, text: str) -> Message:
        """Let an anonymous administrator write: the message has no sender but the group."""
        content = {"text": text, "sender_chat": self.chat.info}
        message = self.members[0].message(self.chat, content)
        del message["from"]
        self.chat.keep(message)
        self.bot.deliver("message", message, self.id)
        await anyio.lowlevel.checkpoint()
        return Message(message)


class Channel:
    """A channel that the bot reads."""

    def __init__(self, bot: Bot, info: Json) -> None:
        self.bot = bot
        self.chat = bot.open(info)

    @property
    def id(self) -> int:
        """Give the chat's id, which is negative."""
        return self.chat.id

    async def posts(self, text: str) -> Message:
        """Publish a post."""
        read = formatted(text, None)
        message: Json = {
            "message_id": self.bot.next_message(),
            "sender_chat": self.chat.info,
            "chat": self.chat.info,
            "date": self.bot.world.now(),
            "text": read.text,
        }
        self.chat.keep(message)
        self.bot.deliver("channel_post", message, self.id)
        await anyio.lowlevel.checkpoint()
        return Message(message)

    async def edits(self, message: Message, text: str) -> Message:
        """Write a post anew."""
        changed = message.raw | {"text": text, "edit_date": self.bot.world.now()}
        self.chat.messages[message.id] = changed
        self.bot.deliver("edited_channel_post", changed, self.id)
        await anyio.lowlevel.checkpoint()
        return Message(changed)
