"""The local Telegram itself: the world, its Bot API, the people to act as.

``LocalTelegram.serve()`` is the one way in. All of it lives in the event loop
that it is started in; a thread is used only to write the saved chats to disk.
"""

import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypedDict, Unpack, cast

import aiohttp
import anyio
from aiohttp import web

from vitte.dev.telegram import keep
from vitte.dev.telegram.api import Api, Call, only_loopback
from vitte.dev.telegram.faults import Fault, Flood, FloodLimits, refusal
from vitte.dev.telegram.page import Page
from vitte.dev.telegram.people import PATIENCE, Channel, Group, Person, Silence
from vitte.dev.telegram.webhooks import Backoff, Callers
from vitte.dev.telegram.world import Bot, Clock, World

Json: TypeAlias = dict[str, Any]

TOKEN = "4242000001:LOCAL-TELEGRAM-NOT-A-SECRET-00000001"  # noqa: S105 - opens nothing but this
LARGEST_BODY = 64 * 2**20
STOP_SECONDS = 0.5
FIRST_PERSON = 101
FIRST_GROUP = -5001
FIRST_CHANNEL = -1_002_000_000_001


class Options(TypedDict, total=False):
    """What can be chosen when a local Telegram is started."""

    clock: Clock
    """The time in seconds since 1970, for dates and expiry; waits are real."""
    tokens: Sequence[str]
    """The only tokens that are let in; the first is the main bot's. Without it any is."""
    name: str
    username: str
    flood: FloodLimits
    """Telegram's limits on sending; without it there are none."""
    backoff: Backoff
    """The pauses between attempts to reach a webhook."""
    connector: Callable[[], aiohttp.BaseConnector]
    """How webhooks are reached: from which address, by which names, whom it trusts."""
    saved: Path
    """The file in which the chats live on from one run to the next."""


class LocalTelegram:
    """A Telegram of one's own, for developing and testing without a token."""

    def __init__(self, **options: Unpack[Options]) -> None:
        clock, tokens, flood = (
            options.get("clock", time.time),
            options.get("tokens"),
            options.get("flood"),
        )
        self.world = World(clock)
        self.token = tokens[0] if tokens else TOKEN
        self.name, self.username = (
            options.get("name", "Vitte"),
            options.get("username", "vitte_bot"),
        )
        self.callers = Callers(options.get("backoff") or Backoff(), options.get("connector"))
        self.api = Api(
            self.world,
            tokens=None if tokens is None else frozenset(tokens),
            flood=None if flood is None else Flood(flood, clock),
            webhook_changed=self.callers.changed,
        )
        self.callers.carry_out = self.api.carry_out_from_webhook
        self.faults = self.api.faults
        self.page = Page(self.world)
        self.url = ""
        self._next_person, self._next_group = FIRST_PERSON, FIRST_GROUP
        self._next_channel = FIRST_CHANNEL
        for token in tokens or (TOKEN,):
            number = token.partition(":")[0]
            self.world.add_bot(token, f"Bot {number}", f"bot_{number}_bot")
        self.bot = self.world.bots[self.token]
        self.bot.user |= {"first_name": self.name, "username": self.username}

    # -- Starting and stopping

    @classmethod
    @asynccontextmanager
    async def serve(
        cls,
        host: str = "127.0.0.1",
        port: int = 0,
        **options: Unpack[Options],
    ) -> "AsyncGenerator[LocalTelegram]":
        """Serve until the block ends; port 0 takes any free one.

        Raises:
            OSError: the port is taken.
            DataFolderUnfit: the saved chats cannot be understood.
        """
        telegram = cls(**options)
        keeper = keep.Keeper(telegram.world, options.get("saved"))
        async with keeper.keeping(), telegram.listening(host, port), telegram.working(keeper):
            yield telegram

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncGenerator[None]:
        """Listen while the block lasts."""
        runner = web.AppRunner(
            self.application(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=STOP_SECONDS,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            shown = f"[{host}]" if ":" in host else host
            self.url = f"http://{shown}:{runner.addresses[0][1]}"
            yield
        finally:
            self.faults.release()
            self.page.close()
            for bot in self.world.bots.values():
                bot.updates.send_away(None)
            await runner.cleanup()

    @asynccontextmanager
    async def working(self, keeper: keep.Keeper) -> AsyncGenerator[None]:
        """Call webhooks and write the world down while the block lasts."""
        failure: Exception | None = None
        async with self.callers.session(), anyio.create_task_group() as tasks:
            self.callers.tasks = tasks
            tasks.start_soon(keeper.run)
            for bot in self.world.bots.values():
                self.callers.changed(bot)
            try:
                yield
            except Exception as error:  # noqa: BLE001 - it goes on as it is, in no group
                failure = error
            tasks.cancel_scope.cancel()
        self.callers.tasks = None
        if failure is not None:
            raise failure

    def application(self) -> web.Application:
        """Give the routes of the Bot API and of the page."""
        application = web.Application(client_max_size=LARGEST_BODY, middlewares=[only_loopback])
        application.add_routes([*self.api.routes(), *self.page.routes()])
        return application

    # -- People

    def person(
        self,
        first_name: str = "Anna",
        *,
        language_code: str | None = "en",
        is_premium: bool = False,
        id: int | None = None,  # noqa: A002 - Telegram's own word for it
        bot: Bot | None = None,
        **more: Any,
    ) -> Person:
        """Give a person to act as; the same id is the same person."""
        if id is None:
            id, self._next_person = self._next_person, self._next_person + 1  # noqa: A001
        user: Json = {"id": id, "is_bot": False, "first_name": first_name, **more}
        if language_code is not None:
            user["language_code"] = language_code
        if is_premium:
            user["is_premium"] = True
        return Person(bot or self.bot, user)

    def group(self, title: str, *members: Person, kind: str = "group", **more: Any) -> Group:
        """Give a group in which the bot is."""
        number, self._next_group = self._next_group, self._next_group - 1
        info = {"id": number, "type": kind, "title": title, **more}
        return Group(members[0].bot if members else self.bot, info, members)

    def channel(self, title: str, **more: Any) -> Channel:
        """Give a channel that the bot reads."""
        number, self._next_channel = self._next_channel, self._next_channel - 1
        return Channel(self.bot, {"id": number, "type": "channel", "title": title, **more})

    def deliver(self, update: Json, *, bot: Bot | None = None) -> int:
        """Queue an update exactly as given and give its id.

        Without ``update_id`` it gets the next; with one, it is taken as it is, so
        that the same update can come twice.
        """
        content = next(
            (cast("Json", update[kind]) for kind in update if kind != "update_id"), Json()
        )
        message: Json = content.get("message") or content
        chat: Json = message.get("chat") or content.get("from") or {}
        return (bot or self.bot).updates.put_raw(update, chat.get("id", 0))

    # -- Faults

    def fail_next(  # noqa: PLR0913 - each is a word of the sentence that a test says
        self,
        method: str | None = None,
        *,
        status: int = 400,
        retry_after: int | None = None,
        description: str | None = None,
        chat: int | None = None,
        times: int = 1,
    ) -> Fault:
        """Refuse the next calls of a method, or of any, perhaps only for one chat."""
        no = refusal(status, retry_after, description)
        fault = Fault(kind="refuse", method=method, chat=chat, times=times, refused=no)
        return self.faults.arm(fault)

    def drop_next(self, method: str | None = None, *, times: int = 1) -> Fault:
        """Hang up on the next calls without doing what they ask for."""
        return self.faults.arm(Fault(kind="drop", method=method, times=times))

    def lose_next_answer(self, method: str | None = None, *, times: int = 1) -> Fault:
        """Do what the next calls ask for and hang up instead of answering."""
        return self.faults.arm(Fault(kind="lose", method=method, times=times))

    def hang_next(self, method: str | None = None, *, times: int = 1) -> Fault:
        """Let the next calls hang until ``faults.release()``."""
        return self.faults.arm(Fault(kind="hang", method=method, times=times))

    @contextmanager
    def slow(self, seconds: float, method: str | None = None) -> Generator[Fault]:
        """Answer every call so much later while the block lasts."""
        with self.faults.lasting(Fault(kind="slow", method=method, seconds=seconds)) as fault:
            yield fault

    @contextmanager
    def failing(
        self, method: str | None = None, *, status: int = 500, **more: Any
    ) -> Generator[Fault]:
        """Refuse every call while the block lasts."""
        no = refusal(status, more.get("retry_after"), more.get("description"))
        fault = Fault(kind="refuse", method=method, chat=more.get("chat"), refused=no)
        with self.faults.lasting(fault):
            yield fault

    @contextmanager
    def outage(self, status: int | None = None) -> Generator[Fault]:
        """Be gone while the block lasts: hang up on everyone, or answer with a status."""
        kind = "drop" if status is None else "refuse"
        no = refusal(status or 502, None, None)
        for bot in self.world.bots.values():
            bot.updates.send_away(no)
        with self.faults.lasting(Fault(kind=kind, refused=no)) as fault:
            yield fault

    # -- What the bot did

    def calls(self, method: str | None = None, *, chat: int | None = None) -> list[Call]:
        """Give the calls that were made, the oldest first."""
        return self.api.journal.find(method, chat)

    def forget_calls(self) -> None:
        """Forget the calls that were made so far."""
        self.api.journal.calls.clear()

    async def called(
        self,
        method: str,
        count: int = 1,
        *,
        chat: int | None = None,
        within: float = PATIENCE,
    ) -> list[Call]:
        """Wait until a method was called so often and answered.

        Raises:
            Silence: it was not, in time.
        """
        return await self.api.journal.wait(method, count, chat=chat, within=within)

    async def polled(self, within: float = PATIENCE, *, bot: Bot | None = None) -> None:
        """Wait until the bot waits for updates.

        Raises:
            Silence: it does not, in time.
        """
        updates = (bot or self.bot).updates
        updates.polled = anyio.Event()
        with anyio.move_on_after(within):
            if updates.poll is None:
                await updates.polled.wait()
            return
        raise Silence(f"nobody polled within {within} s")

    async def drained(self, within: float = PATIENCE, *, bot: Bot | None = None) -> None:
        """Wait until the bot has confirmed every update.

        Raises:
            Silence: it has not, in time.
        """
        updates = (bot or self.bot).updates
        emptied = anyio.Event()
        updates.emptied.append(emptied)
        try:
            with anyio.move_on_after(within):
                if updates.pending:
                    await emptied.wait()
                return
        finally:
            updates.emptied.remove(emptied)
        raise Silence(f"{len(updates.pending)} update(s) still wait after {within} s")
