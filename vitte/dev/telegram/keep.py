"""Where the world lives on: one JSON file in the data folder.

Written a moment after each change and once more at the end. After a kill the
ids jump ahead of anything that may have been given out since the last write,
since a bot takes an id that it knows for a repetition.
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import msgspec

from vitte.dev.telegram.delivery import Update, Webhook
from vitte.dev.telegram.world import Bot, Chat, World
from vitte.errors import DataFolderUnfit

Json: TypeAlias = dict[str, Any]

log = logging.getLogger(__name__)

SETTLED_SECONDS = 0.5
ADVICE = "delete this file; the chats in it are lost, the bot keeps what it knows"
IDS_AHEAD = 10_000


class SavedChat(msgspec.Struct, kw_only=True):
    """One chat."""

    info: Json
    messages: list[Json]
    origins: dict[int, Json]
    keyboard: Json | None
    blocked: bool


class SavedBot(msgspec.Struct, kw_only=True):
    """One bot with its chats and what waits for it."""

    token: str
    user: Json
    chats: list[SavedChat]
    commands: list[tuple[str, str, list[Json]]]
    texts: dict[str, Json]
    last_message: int
    last_update: int
    pending: list[Update]
    allowed: tuple[str, ...]
    webhook: Webhook | None


class SavedWorld(msgspec.Struct, kw_only=True):
    """Everything; ``finished`` tells that it was written at the end."""

    finished: bool
    bots: list[SavedBot]
    people: list[Json]
    files: list[tuple[str, str, bytes]]
    last_file: int
    last_query: int


def save_chat(chat: Chat) -> SavedChat:
    """Write down a chat."""
    return SavedChat(
        info=chat.info,
        messages=list(chat.messages.values()),
        origins=chat.origins,
        keyboard=chat.keyboard,
        blocked=chat.blocked,
    )


def save_bot(bot: Bot) -> SavedBot:
    """Write down a bot."""
    return SavedBot(
        token=bot.token,
        user=bot.user,
        chats=[save_chat(chat) for chat in bot.chats.values()],
        commands=[(*key, commands) for key, commands in bot.commands.items()],
        texts=bot.texts,
        last_message=bot.last_message,
        last_update=bot.updates.last_id,
        pending=list(bot.updates.pending.values()),
        allowed=bot.updates.allowed,
        webhook=bot.updates.webhook,
    )


def save(world: World, *, finished: bool) -> bytes:
    """Write down the world."""
    saved = SavedWorld(
        finished=finished,
        bots=[save_bot(bot) for bot in world.bots.values()],
        people=list(world.people.values()),
        files=[(file, *found) for file, found in world.files.items()],
        last_file=world.last_file,
        last_query=world.last_query,
    )
    return msgspec.json.encode(saved)


def restore(world: World, content: bytes) -> None:
    """Bring a world back to what was written down."""
    saved = msgspec.json.decode(content, type=SavedWorld)
    ahead = 0 if saved.finished else IDS_AHEAD
    for person in saved.people:
        world.add_person(person)
    for file, name, found in saved.files:
        world.files[file] = (name, found)
        world.file_bytes += len(found)
    world.last_file = saved.last_file + ahead
    world.last_query = saved.last_query + ahead
    for bot in saved.bots:
        restore_bot(world, bot, ahead)


def restore_bot(world: World, saved: SavedBot, ahead: int) -> None:
    """Bring back one bot."""
    bot = world.add_bot(saved.token, saved.user["first_name"], saved.user["username"])
    bot.user |= saved.user
    bot.commands = {(scope, language): given for scope, language, given in saved.commands}
    bot.texts = saved.texts
    bot.last_message = saved.last_message + ahead
    for update in saved.pending:
        bot.updates.add(update)
    bot.updates.last_id = saved.last_update + ahead
    bot.updates.allowed = saved.allowed
    bot.updates.webhook = saved.webhook
    for each in saved.chats:
        restore_chat(bot, each)


def restore_chat(bot: Bot, saved: SavedChat) -> None:
    """Bring back one chat."""
    chat = bot.open(saved.info)
    for message in saved.messages:
        chat.keep(message)
    chat.origins = saved.origins
    chat.keyboard = saved.keyboard
    chat.blocked = saved.blocked


class Keeper:
    """Brings a world back and writes it down; without a path it does neither."""

    def __init__(self, world: World, path: Path | None) -> None:
        self.world = world
        self.path = None if path is None else anyio.Path(path)
        self.changed = anyio.Event()

    @asynccontextmanager
    async def keeping(self) -> AsyncGenerator[None]:
        """Bring the world back now and write it down at the end of the block.

        Raises:
            DataFolderUnfit: the file is there but cannot be understood.
        """
        await self.load()
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await self.write(finished=True)

    def note(self) -> None:
        """Note that there is something to write."""
        self.changed.set()

    async def load(self) -> None:
        """Read the file, where there is one."""
        if self.path is None or not await self.path.exists():
            return
        try:
            restore(self.world, await self.path.read_bytes())
        except (msgspec.DecodeError, KeyError) as error:
            raise DataFolderUnfit(Path(self.path), f"it is damaged ({error})", ADVICE) from error

    async def run(self) -> None:
        """Write at once and after changes, until cancelled."""
        self.world.savers.append(self.note)
        await self.write(finished=False)
        while self.path is not None:
            await self.changed.wait()
            await anyio.sleep(SETTLED_SECONDS)
            self.changed = anyio.Event()
            await self.write(finished=False)

    async def write(self, *, finished: bool) -> None:
        """Write the file whole, so that a reader never meets half of one."""
        if self.path is None:
            return
        content = save(self.world, finished=finished)
        new = self.path.with_suffix(".new")
        try:
            await new.write_bytes(content)
            await new.replace(self.path)
        except OSError as error:
            # The chat goes on; only what was said last is lost with this process.
            log.warning("The chats cannot be saved: %s", error)
