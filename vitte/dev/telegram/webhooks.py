"""How updates reach a bot that has a webhook: it is called.

Chats are served side by side, one chat's updates in order; what is not
accepted with a 2xx is handed over again after a pause that doubles.
"""

from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol

import aiohttp
import anyio
import anyio.abc
import msgspec

from vitte.dev.telegram.delivery import Json, Update, Updates, Webhook

WEBHOOK_ANSWER_SECONDS = 60
REDIRECTED = 300


class Owner(Protocol):
    """Who has a queue: a bot."""

    id: int
    updates: Updates


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds between two attempts to hand an update over."""

    first: float = 1.0
    longest: float = 60.0

    def after(self, failures: int) -> float:
        """Give the wait after so many failures, doubling."""
        return min(self.longest, self.first * 2 ** min(failures - 1, 30))


class Caller:
    """Calls a bot's webhook: chats side by side, one chat's updates in order."""

    def __init__(
        self,
        updates: Updates,
        *,
        http: aiohttp.ClientSession,
        backoff: Backoff,
        carry_out: Callable[[Json], None],
    ) -> None:
        self.updates = updates
        self.http = http
        self.backoff = backoff
        self.carry_out = carry_out
        self.waiting: dict[int, deque[tuple[int, Update]]] = {}
        self.ready: deque[int] = deque()
        self.wake = anyio.Event()

    async def run(self, webhook: Webhook) -> None:
        """Hand over all that waits and all that comes, until cancelled."""
        room = anyio.Semaphore(webhook.max_connections)
        for place, update in self.updates.pending.items():
            self.arrived(place, update)
        self.updates.arrived.append(self.arrived)
        try:
            async with anyio.create_task_group() as calls:
                while True:
                    calls.start_soon(self.hand_over, webhook, await self.next_chat(), room)
        finally:
            self.updates.arrived.remove(self.arrived)

    def arrived(self, place: int, update: Update) -> None:
        """Put an update behind the others of its chat."""
        queue = self.waiting.get(update.chat)
        if queue is None:
            queue = self.waiting[update.chat] = deque()
            self.ready.append(update.chat)
            self.wake.set()
        queue.append((place, update))

    async def next_chat(self) -> int:
        """Wait for a chat that has something and is not being served."""
        while not self.ready:
            self.wake = anyio.Event()
            await self.wake.wait()
        return self.ready.popleft()

    async def hand_over(self, webhook: Webhook, chat: int, room: anyio.Semaphore) -> None:
        """Call with a chat's updates one by one until none is left."""
        queue, failures = self.waiting[chat], 0
        while queue:
            place, update = queue[0]
            wait = None
            if place in self.updates.pending:
                async with room:
                    wait = await self.call(webhook, update, failures)
            if wait is None:
                self.updates.take(place)
                queue.popleft()
                failures = 0
            else:
                failures += 1
                await anyio.sleep(wait)
        del self.waiting[chat]

    async def call(self, webhook: Webhook, update: Update, failures: int) -> float | None:
        """Make one call; None when it was accepted, else the seconds to wait."""
        headers = {"Content-Type": "application/json"}
        if webhook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret
        retry_after = ""
        try:
            async with self.http.post(webhook.url, data=update.body, headers=headers) as answer:
                content = await answer.read()
                if answer.ok and answer.status < REDIRECTED:
                    self.answered(content)
                    return None
                retry_after = answer.headers.get("Retry-After", "")
                problem = f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            problem = (
                "Connection timed out" if isinstance(error, TimeoutError) else "Connection refused"
            )
        webhook.last_error = problem
        webhook.last_error_at = int(self.updates.clock())
        if retry_after.isdecimal():
            return min(float(retry_after), 3600.0)
        return self.backoff.after(failures + 1)

    def answered(self, content: bytes) -> None:
        """Carry out the method that a webhook may put into its answer."""
        try:
            call = msgspec.json.decode(content, type=Json) if content[:1] == b"{" else {}
        except msgspec.DecodeError:
            return
        if "method" in call:
            self.carry_out(call)


class Callers:
    """One caller for every bot that has a webhook."""

    def __init__(
        self, backoff: Backoff, connector: Callable[[], aiohttp.BaseConnector] | None = None
    ) -> None:
        self.backoff = backoff
        self.connector = connector or partial(aiohttp.TCPConnector, limit=0)
        self.scopes: dict[int, anyio.CancelScope] = {}
        self.tasks: anyio.abc.TaskGroup | None = None
        self.http: aiohttp.ClientSession | None = None
        self.carry_out: Callable[[Any, Json], None] = lambda _bot, _call: None

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[None]:
        """Have an HTTP client while the block lasts."""
        timeout = aiohttp.ClientTimeout(total=WEBHOOK_ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, connector=self.connector()) as self.http:
            yield

    def changed(self, bot: Owner) -> None:
        """Start calling a bot's webhook, or stop, as it is set now."""
        scope = self.scopes.pop(bot.id, None)
        if scope is not None:
            scope.cancel()
        webhook = bot.updates.webhook
        if webhook is not None and self.tasks is not None:
            self.scopes[bot.id] = scope = anyio.CancelScope()
            self.tasks.start_soon(self.call, bot, webhook, scope)

    async def call(self, bot: Owner, webhook: Webhook, scope: anyio.CancelScope) -> None:
        """Call one webhook until another is set."""
        if self.http is None:
            return
        carry_out = partial(self.carry_out, bot)
        caller = Caller(bot.updates, http=self.http, backoff=self.backoff, carry_out=carry_out)
        with scope:
            await caller.run(webhook)
