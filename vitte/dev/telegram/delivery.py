"""How updates reach a bot: by long polling or by webhook.

Updates wait in one queue a bot until the bot confirms them: with a higher
offset when it polls, with a 2xx when it is called. What is not confirmed is
handed over again, for 24 hours, as Telegram does.
"""

from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol, TypeAlias

import aiohttp
import anyio
import anyio.abc
import msgspec

from vitte.dev.telegram import refusals
from vitte.dev.telegram.refusals import Refused

Json: TypeAlias = dict[str, Any]
Clock: TypeAlias = Callable[[], float]

KEPT_SECONDS = 24 * 3600
LONGEST_POLL = 50
RECENTLY = 10.0
REDIRECTED = 300
WEBHOOK_ANSWER_SECONDS = 60
# What a bot gets only when it asks for it by name.
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})

encode = msgspec.json.encode


class Update(msgspec.Struct, frozen=True):
    """One update that waits for its bot, already encoded."""

    id: int
    chat: int
    at: float
    body: bytes


class Poll:
    """One getUpdates request that waits."""

    def __init__(self) -> None:
        self.wake = anyio.Event()
        self.refused: Refused | None = None

    def end(self, refused: Refused | None) -> None:
        """Send the waiting poller away."""
        self.refused = refused
        self.wake.set()


class Webhook(msgspec.Struct, kw_only=True):
    """Where a bot wants to be called, and how the last calls went."""

    url: str
    secret: str = ""
    max_connections: int = 40
    ip_address: str | None = None
    certificate: bool = False
    last_error_at: int | None = None
    last_error: str | None = None


class Updates:
    """The queue of one bot."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.pending: OrderedDict[int, Update] = OrderedDict()
        self.allowed: tuple[str, ...] = ()
        self.webhook: Webhook | None = None
        self.poll: Poll | None = None
        # A queue without a past begins at the time of day, so that a bot which remembers
        # the ids of an earlier world does not take new updates for old ones.
        self.last_id = int(clock())
        self.last_place = 0
        self.polled_at = -RECENTLY
        self.polled = anyio.Event()
        self.orderly = True
        self.arrived: list[Callable[[int, Update], None]] = []
        self.emptied: list[anyio.Event] = []

    def wanted(self, kind: str) -> bool:
        """Tell whether the bot gets updates of this kind."""
        return kind in self.allowed if self.allowed else kind not in ON_REQUEST

    def put(self, kind: str, content: Json, chat: int) -> Json:
        """Queue an update; one of a kind that the bot does not want is only given back."""
        self.last_id += 1
        update = {"update_id": self.last_id, kind: content}
        if self.wanted(kind):
            self.add(Update(self.last_id, chat, self.clock(), encode(update)))
        return update

    def put_raw(self, update: Json, chat: int) -> int:
        """Queue an update as it is; its id, where it has one, may be old or known."""
        number: int = update.get("update_id") or self.last_id + 1
        self.orderly = self.orderly and number > self.last_id
        self.last_id = max(self.last_id, number)
        body = encode({"update_id": number} | update)
        self.add(Update(number, chat, self.clock(), body))
        return number

    def add(self, update: Update) -> None:
        """Put an update at the end of the queue and wake whoever waits for it."""
        self.last_place += 1
        self.pending[self.last_place] = update
        if self.poll is not None:
            self.poll.wake.set()
        for listener in self.arrived:
            listener(self.last_place, update)

    def confirm(self, offset: int) -> None:
        """Forget what lies before an offset; a negative one keeps that many of the last."""
        if offset < 0:
            while len(self.pending) > -offset:
                self.pending.popitem(last=False)
        elif self.orderly:
            while self.pending and next(iter(self.pending.values())).id < offset:
                self.pending.popitem(last=False)
        else:
            for place in [place for place, update in self.pending.items() if update.id < offset]:
                del self.pending[place]
        self.forget_old()

    def forget_old(self) -> None:
        """Forget what nobody fetched for a day, and tell whoever waits for an empty queue."""
        oldest = self.clock() - KEPT_SECONDS
        while self.pending and next(iter(self.pending.values())).at < oldest:
            self.pending.popitem(last=False)
        self.tell_emptied()

    def tell_emptied(self) -> None:
        """Wake whoever waits until nothing is pending."""
        if not self.pending:
            self.orderly = True
            for event in self.emptied:
                event.set()

    def take(self, place: int) -> None:
        """Take out one update that a webhook has accepted."""
        self.pending.pop(place, None)
        self.tell_emptied()

    def drop(self) -> None:
        """Forget everything that waits."""
        self.pending.clear()
        self.tell_emptied()

    def first(self, limit: int) -> list[bytes]:
        """Give the first updates, encoded."""
        found: list[bytes] = []
        for update in self.pending.values():
            if len(found) >= limit:
                break
            found.append(update.body)
        return found

    async def fetch(self, offset: int, limit: int, timeout: float) -> list[bytes]:
        """Answer getUpdates: confirm, then wait until there is something or time is up.

        Raises:
            Refused: a webhook is set, or another poller came.
        """
        if self.webhook is not None:
            raise Refused(*refusals.WEBHOOK_ACTIVE)
        if self.poll is not None:
            self.poll.end(Refused(*refusals.OTHER_POLLER))
        self.polled_at = self.clock()
        self.confirm(offset)
        found = self.first(limit)
        if found or timeout <= 0:
            return found
        return await self.wait(limit, timeout)

    async def wait(self, limit: int, timeout: float) -> list[bytes]:
        """Wait for an update as the one poller."""
        poll = self.poll = Poll()
        self.polled.set()
        try:
            with anyio.move_on_after(min(timeout, LONGEST_POLL)):
                await poll.wake.wait()
        finally:
            if self.poll is poll:
                self.poll = None
        if poll.refused is not None:
            raise poll.refused
        return self.first(limit)

    def set_webhook(self, webhook: Webhook | None) -> None:
        """Change how updates are handed over; a waiting poller is sent away."""
        self.webhook = webhook
        if webhook is not None:
            self.send_away(Refused(*refusals.WEBHOOK_SET))

    def send_away(self, refused: Refused | None) -> None:
        """End a poll that waits, with a refusal or with what there is."""
        if self.poll is not None:
            self.poll.end(refused)

    def watched(self) -> bool:
        """Tell whether a bot has been fetching its updates lately, or has a webhook."""
        polling = self.poll is not None or self.clock() - self.polled_at < RECENTLY
        return polling or self.webhook is not None


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

    def __init__(self, backoff: Backoff) -> None:
        self.backoff = backoff
        self.scopes: dict[int, anyio.CancelScope] = {}
        self.tasks: anyio.abc.TaskGroup | None = None
        self.http: aiohttp.ClientSession | None = None
        self.carry_out: Callable[[Any, Json], None] = lambda _bot, _call: None

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[None]:
        """Have an HTTP client while the block lasts."""
        timeout = aiohttp.ClientTimeout(total=WEBHOOK_ANSWER_SECONDS)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as self.http:
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


def bounded(value: int | None, default: int, least: int, most: int) -> int:
    """Take a number within bounds, as Telegram silently does."""
    return default if value is None else max(least, min(most, value))


def kinds(given: Iterable[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """Give the update kinds to remember: what was said last stands."""
    return known if given is None else tuple(given)
