"""How updates wait for a bot and how it fetches them.

Updates wait in one queue a bot until the bot confirms them: with a higher
offset when it polls, with a 2xx when it is called (``webhooks``). What is not
confirmed is handed over again, for 24 hours, as Telegram does.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeAlias

import anyio
import msgspec

from vitte.dev.telegram import refusals
from vitte.dev.telegram.refusals import Refused

Json: TypeAlias = dict[str, Any]
Clock: TypeAlias = Callable[[], float]

KEPT_SECONDS = 24 * 3600
LONGEST_POLL = 50
RECENTLY = 10.0
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
        self.handed: list[Callable[[list[int]], None]] = []
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
        found = list(islice(self.pending.values(), limit))
        for listener in self.handed:
            listener([update.chat for update in found])
        return [update.body for update in found]

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


def bounded(value: int | None, default: int, least: int, most: int) -> int:
    """Take a number within bounds, as Telegram silently does."""
    return default if value is None else max(least, min(most, value))


def kinds(given: Iterable[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """Give the update kinds to remember: what was said last stands."""
    return known if given is None else tuple(given)
