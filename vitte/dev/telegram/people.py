"""People, groups and channels that a test or the page acts as.

Each says in the present tense what happens: ``await anna.writes("hello")``.
Whatever happens becomes an update for the bot; whatever the bot answers can be
heard. Nothing here sleeps: to hear is to be woken by the message.
"""

from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import anyio
import anyio.lowlevel

from vitte.dev.telegram import schema
from vitte.dev.telegram.entities import Entity, formatted
from vitte.dev.telegram.refusals import KICKED, Refused, migrated
from vitte.dev.telegram.world import Bot, Chat, Notice, Query

Json: TypeAlias = dict[str, Any]
Found = TypeVar("Found")

PATIENCE = 5.0
PICTURE = (Path(__file__).parent / "page" / "photo.png").read_bytes()


class Silence(AssertionError):
    """Raised when what somebody waits for did not happen in time."""


class Message:
    """One message as its reader sees it; ``raw`` is the Bot API's own form."""

    def __init__(self, raw: Json) -> None:
        self.raw = raw

    @property
    def id(self) -> int:
        """Give the id within the chat."""
        return self.raw["message_id"]

    @property
    def text(self) -> str:
        """Give the text, or the caption of a picture."""
        return self.raw.get("text") or self.raw.get("caption") or ""

    @property
    def entities(self) -> list[Entity]:
        """Give the formatting."""
        return self.raw.get("entities") or self.raw.get("caption_entities") or []

    @property
    def buttons(self) -> list[list[str]]:
        """Give the labels of the inline buttons, row by row."""
        return [[button["text"] for button in row] for row in self.rows()]

    @property
    def labels(self) -> list[str]:
        """Give the labels of the inline buttons in one list."""
        return [button["text"] for row in self.rows() for button in row]

    @property
    def edited(self) -> bool:
        """Tell whether the message was edited."""
        return "edit_date" in self.raw

    def rows(self) -> list[list[Json]]:
        """Give the inline buttons themselves, row by row."""
        return self.raw.get("reply_markup", {}).get("inline_keyboard", [])

    def button(self, label: str) -> Json:
        """Find a button by its whole label."""
        for row in self.rows():
            for button in row:
                if button["text"] == label:
                    return button
        raise LookupError(f"no button {label!r} among {self.labels}")

    def __repr__(self) -> str:
        return f"<Message {self.id}: {self.text!r} {self.buttons or ''}>"


class Ear:
    """Listens to one chat for one listener."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.unheard: deque[Message] = deque(maxlen=10_000)
        self.actions: list[str] = []
        self.changed = anyio.Event()
        chat.watchers.append(self.notice)

    def close(self) -> None:
        """Listen no more."""
        self.chat.watchers.remove(self.notice)

    def notice(self, notice: Notice) -> None:
        """Take in what happened."""
        if notice.kind == "message":
            self.unheard.append(Message(notice.content))
        elif notice.kind == "action":
            self.actions.append(notice.content["action"])
        self.changed.set()

    async def until(self, found: Callable[[], Found | None], within: float, what: str) -> Found:
        """Wait until something can be found in the chat.

        Raises:
            Silence: it was not there in time; says what was.
        """
        with anyio.move_on_after(within):
            while True:
                self.changed = anyio.Event()
                result = found()
                if result is not None:
                    return result
                await self.changed.wait()
        seen = [Message(message) for message in self.chat.messages.values()]
        raise Silence(f"{what} did not come within {within} s; the chat holds {seen[-5:]}")


class Press:
    """A pressed button; the bot is to answer it."""

    def __init__(self, query: Query, chat: Chat) -> None:
        self.query = query
        self.chat = chat

    async def answered(self, within: float = PATIENCE) -> Json:
        """Wait for answerCallbackQuery and give its text, show_alert and url."""
        ear = Ear(self.chat)
        try:
            return await ear.until(lambda: self.query.answer, within, "an answer to the button")
        finally:
            ear.close()


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

    def ear(self, place: "Group | None" = None) -> Ear:
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
        to: "Group | None" = None,
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

    async def sends(self, content: Json, *, to: "Group | None" = None) -> Message:
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

    async def sends_photo(self, caption: str = "", *, to: "Group | None" = None) -> Message:
        """Send a picture."""
        file = self.bot.world.store("photo.png", PICTURE)
        size = {"file_id": file, "file_unique_id": file, "width": 640, "height": 400}
        photo = {"photo": [size | {"file_size": len(PICTURE)}]}
        return await self.sends(photo | ({"caption": caption} if caption else {}), to=to)

    async def sends_sticker(self, emoji: str = "🙂", *, to: "Group | None" = None) -> Message:
        """Send a sticker."""
        file = self.bot.world.store("sticker.webp", b"")
        sticker = schema.sample("Sticker") | {"emoji": emoji, "type": "regular"}
        sticker |= {"file_id": file, "file_unique_id": file, "width": 512, "height": 512}
        return await self.sends({"sticker": sticker}, to=to)

    async def sends_voice(self, seconds: int = 3, *, to: "Group | None" = None) -> Message:
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
        inside: "Group | None" = None,
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
