"""A person with a Telegram account, to act as.

Each method says in the present tense what happens: ``await anna.writes("hello")``.
Whatever happens becomes an update for the bot; whatever the bot answers can be heard.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import anyio
import anyio.lowlevel

from vitte.dev.telegram import schema
from vitte.dev.telegram.entities import formatted
from vitte.dev.telegram.people.hearing import PATIENCE, Ear, Message, Press
from vitte.dev.telegram.world import Bot, Chat, Json, Query

PICTURE = (Path(__file__).parent.parent / "page" / "photo.png").read_bytes()


class Place(Protocol):
    """Where people meet: a group."""

    chat: Chat


class Person:
    """Somebody with a Telegram account."""

    def __init__(self, bot: Bot, user: Json, *, listens: bool = True) -> None:
        self.bot = bot
        self.user = bot.world.add_person(user)
        self.listens = listens
        self.ears: dict[int, Ear] = {}
        if self.id in bot.chats and listens:
            self.ear()

    @property
    def id(self) -> int:
        """Give the user id, which is also the id of the private chat."""
        return self.user["id"]

    @property
    def name(self) -> str:
        """Give the first name."""
        return self.user["first_name"]

    @property
    def chat(self) -> Chat:
        """Open the private chat with the bot."""
        return self.bot.chat_with(self.user)

    @property
    def messages(self) -> list[Message]:
        """Give what stands in the private chat now."""
        return [Message(message) for message in self.chat.messages.values()]

    def ear(self, place: Place | None = None) -> Ear:
        """Listen to the private chat or to a group."""
        return self.ear_in(place.chat if place is not None else self.chat)

    def ear_in(self, chat: Chat) -> Ear:
        """Listen to a chat, from the first time on."""
        ear = self.ears.get(chat.id)
        if ear is None or ear.chat is not chat:
            ear = self.ears[chat.id] = Ear(chat)
        return ear

    # -- What a person does

    async def writes(
        self,
        text: str,
        *,
        to: Place | None = None,
        reply_to: Message | None = None,
        parse_mode: str | None = None,
    ) -> Message:
        """Write a text, in the private chat or in a group."""
        read = formatted(text, parse_mode)
        content: Json = {"text": read.text}
        if read.entities:
            content["entities"] = read.entities
        if reply_to is not None:
            content["reply_to_message"] = reply_to.raw
        return await self.sends(content, to=to)

    async def starts(self, payload: str = "") -> Message:
        """Press Start, or follow a deep link with a payload."""
        return await self.writes(f"/start {payload}".strip())

    async def sends(self, content: Json, *, to: Place | None = None) -> Message:
        """Send any content, given as the fields of a message."""
        chat = to.chat if to is not None else self.chat
        if self.listens:
            self.ear_in(chat)
        if chat.private and chat.blocked:
            await self.unblocks()
        message = self.message(chat, content)
        chat.keep(message)
        chat.origins[message["message_id"]] = chat.bot.deliver("message", message, chat.id)
        chat.tell("said", message)
        await anyio.lowlevel.checkpoint()
        return Message(message)

    def message(self, chat: Chat, content: Json) -> Json:
        """Make a message of this person."""
        return {
            "message_id": self.bot.next_message(),
            "from": self.user,
            "chat": chat.info,
            "date": self.bot.world.now(),
            **content,
        }

    async def sends_photo(self, caption: str = "", *, to: Place | None = None) -> Message:
        """Send a picture."""
        file = self.bot.world.store("photo.png", PICTURE)
        size = {"file_id": file, "file_unique_id": file, "width": 640, "height": 400}
        photo = {"photo": [size | {"file_size": len(PICTURE)}]}
        return await self.sends(photo | ({"caption": caption} if caption else {}), to=to)

    async def sends_sticker(self, emoji: str = "🙂", *, to: Place | None = None) -> Message:
        """Send a sticker."""
        file = self.bot.world.store("sticker.webp", b"")
        sticker = schema.sample("Sticker") | {"emoji": emoji, "type": "regular"}
        sticker |= {"file_id": file, "file_unique_id": file, "width": 512, "height": 512}
        return await self.sends({"sticker": sticker}, to=to)

    async def sends_voice(self, seconds: int = 3, *, to: Place | None = None) -> Message:
        """Send a voice message."""
        file = self.bot.world.store("voice.ogg", b"")
        voice = {"file_id": file, "file_unique_id": file, "duration": seconds}
        return await self.sends({"voice": voice | {"mime_type": "audio/ogg"}}, to=to)

    async def edits(self, message: Message, text: str) -> Message:
        """Write a message anew."""
        chat = self.bot.chats[message.raw["chat"]["id"]]
        read = formatted(text, None)
        changed = chat.messages[message.id] | {"text": read.text}
        changed.pop("entities", None)
        changed |= {"edit_date": self.bot.world.now()}
        changed |= {"entities": read.entities} if read.entities else {}
        chat.messages[message.id] = changed
        chat.origins[message.id] = chat.bot.deliver("edited_message", changed, chat.id)
        chat.tell("edited", changed)
        await anyio.lowlevel.checkpoint()
        return Message(changed)

    async def presses(self, message: Message, label: str, *, data: str | None = None) -> Press:
        """Press an inline button by its label; ``data`` forges what the button holds."""
        chat = self.bot.chats[message.raw["chat"]["id"]]
        current = chat.messages.get(message.id, message.raw)
        if data is None:
            data = Message(current).button(label)["callback_data"]
        world = self.bot.world
        query = Query(id=world.next_query(), chat=chat.id, person=self.id, at=world.clock())
        self.bot.ask(query)
        content: Json = {
            "id": query.id,
            "from": self.user,
            "message": current,
            "chat_instance": str(chat.id),
            "data": data,
        }
        self.bot.deliver("callback_query", content, chat.id)
        await anyio.lowlevel.checkpoint()
        return Press(query, chat)

    async def blocks(self) -> None:
        """Block the bot: what it sends is refused with 403."""
        self.chat.blocked = True
        await self.becomes("member", "kicked")

    async def unblocks(self) -> None:
        """Let the bot write again."""
        self.chat.blocked = False
        await self.becomes("kicked", "member")

    async def becomes(self, before: str, after: str) -> None:
        """Tell the bot how its membership in the private chat changed."""
        self.bot.deliver(
            "my_chat_member", membership(self.bot, self, self.chat, before, after), self.id
        )
        self.chat.tell("member", {"blocked": self.chat.blocked})
        await anyio.lowlevel.checkpoint()

    # -- What a person sees

    async def hears(
        self,
        count: int = 1,
        *,
        within: float = PATIENCE,
        inside: Place | None = None,
    ) -> list[Message]:
        """Wait for the next messages of the bot; each is heard once.

        Raises:
            Silence: they did not all come in time.
        """
        ear = self.ear(inside)

        def enough() -> bool | None:
            return True if len(ear.unheard) >= count else None

        await ear.until(enough, within, f"{count} message(s) for {self.name}")
        return [ear.unheard.popleft() for _ in range(count)]

    async def hears_one(self, *, within: float = PATIENCE) -> Message:
        """Wait for the next message of the bot."""
        return (await self.hears(within=within))[0]

    async def sees(self, true: Callable[[Message], bool], *, within: float = PATIENCE) -> Message:
        """Wait until some message in the chat, new, edited or old, is as described."""

        def found() -> Message | None:
            return next((message for message in reversed(self.messages) if true(message)), None)

        return await self.ear().until(found, within, f"what {self.name} wants to see")

    async def sees_typing(self, *, within: float = PATIENCE) -> str:
        """Wait until the bot shows that it is doing something, and give what."""
        ear = self.ear()
        await ear.until(lambda: ear.actions or None, within, "a chat action")
        return ear.actions.pop(0)

    def commands(self) -> dict[str, str]:
        """Give the commands that the menu shows to this person."""
        language = self.user.get("language_code", "")
        found = self.bot.commands_for(self.chat, language)
        return {each["command"]: each["description"] for each in found}


def membership(bot: Bot, person: Person, chat: Chat, before: str, after: str) -> Json:
    """Describe how the bot's membership in a chat changed."""
    return {
        "chat": chat.info,
        "from": person.user,
        "date": bot.world.now(),
        "old_chat_member": member(bot.user, before),
        "new_chat_member": member(bot.user, after),
    }


def member(user: Json, status: str) -> Json:
    """Describe a member of a chat."""
    return {"status": status, "user": user} | ({"until_date": 0} if status == "kicked" else {})
