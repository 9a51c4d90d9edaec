"""The world that the local Telegram plays: bots, people, chats, messages.

Everything is plain data in the Bot API's own shape, so that it is sent and
saved as it is. A chat belongs to one bot: two bots that talk to Anna have two
chats with her. Nothing here waits or calls out; whoever wants to see changes as
they happen (the page, a test's person) registers as a watcher.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from vitte.dev.telegram import refusals
from vitte.dev.telegram.delivery import Updates
from vitte.dev.telegram.refusals import Refused, bad_request

Json: TypeAlias = dict[str, Any]
Clock: TypeAlias = Callable[[], float]

ACTION_SECONDS = 5
DRAFT_SECONDS = 30
QUERY_SECONDS = 15 * 60
MESSAGES_KEPT = 500
QUERIES_KEPT = 10_000
FILE_BYTES_KEPT = 64 * 2**20


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something changed in a chat: what a messenger on the other side would show."""

    kind: str
    bot: int
    chat: int
    content: Json


Watcher: TypeAlias = Callable[[Notice], None]


class Query(msgspec.Struct, kw_only=True):
    """A pressed button that waits for the bot's answer."""

    id: str
    chat: int
    person: int
    at: float
    answer: Json | None = None


class Chat:
    """One chat, as one bot knows it."""

    def __init__(self, bot: "Bot", info: Json) -> None:
        self.bot = bot
        self.info = info
        self.id: int = info["id"]
        self.messages: OrderedDict[int, Json] = OrderedDict()
        self.origins: dict[int, Json] = {}
        self.keyboard: Json | None = None
        self.action: tuple[str, float] | None = None
        self.draft: tuple[int, Json, float] | None = None
        self.blocked = False
        self.gone: Refused | None = None
        self.watchers: list[Watcher] = []

    @property
    def private(self) -> bool:
        """Tell whether this is a chat with one person."""
        return self.info["type"] == "private"

    def keep(self, message: Json, origin: Json | None = None) -> None:
        """Keep a message and, for the curious, the update or call that brought it."""
        number: int = message["message_id"]
        self.messages[number] = message
        if origin is not None:
            self.origins[number] = origin
        if len(self.messages) > MESSAGES_KEPT:
            oldest, _ = self.messages.popitem(last=False)
            self.origins.pop(oldest, None)

    def tell(self, kind: str, content: Json) -> None:
        """Tell whoever watches this chat or the whole world."""
        watchers = self.bot.world.watchers
        if not watchers and not self.watchers:
            return
        notice = Notice(kind=kind, bot=self.bot.id, chat=self.id, content=content)
        for watcher in (*self.watchers, *watchers):
            watcher(notice)

    def message(self, number: int | None, complaint: str) -> Json:
        """Find a message or refuse with the given words."""
        if not number:
            raise bad_request(refusals.MESSAGE_NOT_SPECIFIED)
        message = self.messages.get(number)
        if message is None:
            raise bad_request(complaint)
        return message


class Bot:
    """One bot: its account, its chats, what waits for it."""

    def __init__(self, world: "World", token: str, name: str, username: str) -> None:
        self.world = world
        self.token = token
        self.id = int(token.partition(":")[0])
        self.user: Json = {
            "id": self.id,
            "is_bot": True,
            "first_name": name,
            "username": username,
        }
        self.chats: dict[int, Chat] = {}
        self.updates = Updates(world.clock)
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.queries: OrderedDict[str, Query] = OrderedDict()
        self.texts: dict[str, Json] = {}
        self.last_message = 0

    def me(self) -> Json:
        """Give the bot's account as getMe shows it."""
        return self.user | {
            "can_join_groups": True,
            "can_read_all_group_messages": True,
            "supports_guest_queries": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
            "has_topics_enabled": False,
            "allows_users_to_create_topics": False,
            "can_manage_bots": False,
            "supports_join_request_queries": False,
        }

    def next_message(self) -> int:
        """Give the next message's id; ids never go back."""
        self.last_message += 1
        self.world.changed()
        return self.last_message

    def chat_with(self, person: Json) -> Chat:
        """Open the private chat with a person."""
        chat = self.chats.get(person["id"])
        if chat is None:
            fields = ("id", "first_name", "last_name", "username")
            info = {name: person[name] for name in fields if name in person}
            chat = self.open(info | {"type": "private"})
        return chat

    def open(self, info: Json) -> Chat:
        """Open a chat of any kind."""
        chat = self.chats[info["id"]] = Chat(self, info)
        return chat

    def known(self, name: int | str) -> Chat:
        """Find a chat by id or @username."""
        chat = self.chats.get(name) if isinstance(name, int) else self.named(name)
        if chat is None:
            raise bad_request(refusals.CHAT_NOT_FOUND)
        if chat.gone is not None:
            raise chat.gone
        return chat

    def chat(self, name: int | str) -> Chat:
        """Find a chat in which the bot may write."""
        chat = self.known(name)
        if chat.blocked:
            raise Refused(*refusals.BLOCKED)
        return chat

    def named(self, name: str) -> Chat | None:
        """Find a group or channel by its @username, or a chat by an id in digits."""
        if name.removeprefix("-").isdecimal():
            return self.chats.get(int(name))
        wanted = name.removeprefix("@").lower()
        for chat in self.chats.values():
            if not chat.private and chat.info.get("username", "").lower() == wanted:
                return chat
        return None

    def deliver(self, kind: str, content: Json, chat: int) -> Json:
        """Queue an update for the bot and give it whole."""
        update = self.updates.put(kind, content, chat)
        self.world.changed()
        return update

    def ask(self, query: Query) -> None:
        """Remember a pressed button until the bot answers it."""
        self.queries[query.id] = query
        if len(self.queries) > QUERIES_KEPT:
            self.queries.popitem(last=False)

    def commands_for(self, chat: Chat, language: str) -> list[Json]:
        """Give the commands that a person sees: the narrowest scope, then the language."""
        kind = "all_private_chats" if chat.private else "all_group_chats"
        for scope in (f"chat:{chat.id}", kind, "default"):
            for spoken in dict.fromkeys((language[:2], "")):
                found = self.commands.get((scope, spoken))
                if found:
                    return found
        return []


# What carries a method out: takes the bot that calls and its arguments, gives the result.
Handler: TypeAlias = Callable[[Bot, Json], Any]


class World:
    """All bots, people and files, under one clock."""

    def __init__(self, clock: Clock = time.time) -> None:
        self.clock = clock
        self.bots: dict[str, Bot] = {}
        self.people: dict[int, Json] = {}
        self.files: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self.file_bytes = 0
        self.watchers: list[Watcher] = []
        self.savers: list[Callable[[], None]] = []
        self.last_file = 0
        self.last_query = 0

    def changed(self) -> None:
        """Tell whoever saves the world that there is something to save."""
        for saver in self.savers:
            saver()

    def now(self) -> int:
        """Give the time in whole seconds, as messages carry it."""
        return int(self.clock())

    def add_bot(self, token: str, name: str, username: str) -> Bot:
        """Add a bot, or give the one that has this token."""
        bot = self.bots.get(token)
        if bot is None:
            bot = self.bots[token] = Bot(self, token, name, username)
        return bot

    def add_person(self, person: Json) -> Json:
        """Add a person, or bring what is known of them up to date."""
        known = self.people.setdefault(person["id"], person)
        known.update(person)
        return known

    def store(self, name: str, content: bytes) -> str:
        """Keep a file and give its id; the oldest go when there are too many bytes."""
        self.last_file += 1
        file = f"local-{self.last_file}"
        self.files[file] = (name, content)
        self.file_bytes += len(content)
        while self.file_bytes > FILE_BYTES_KEPT and len(self.files) > 1:
            _, (_, dropped) = self.files.popitem(last=False)
            self.file_bytes -= len(dropped)
        return file

    def next_query(self) -> str:
        """Give the next callback query's id."""
        self.last_query += 1
        return str(4_000_000_000_000 + self.last_query)
