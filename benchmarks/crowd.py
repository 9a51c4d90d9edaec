"""A crowd: many people who write to a bot in the local Telegram, and a clock on each answer.

Nobody is written down one by one: a person is an id, and what comes back is counted
by the chat it comes to. Each waits for an answer before writing again, as people do.
"""

import itertools
import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import anyio
from msgspec import Struct

from vitte.dev.telegram import Bot, Call, LocalTelegram
from vitte.dev.telegram.world import Notice

MIX: Final = {"text": 0.8, "/status": 0.15, "/start": 0.05}
STALL_SECONDS: Final = 20.0
URGENT_EVERY_SECONDS: Final = 0.1
WORDS: Final = (
    "Good morning, how did you sleep?",
    "I have been at work all day and my back hurts a little.",
    "Do you like the autumn? The leaves in our street are yellow now.",
    "Tell me something nice, please.",
    "What do you think, should I call my sister tonight or tomorrow?",
)


class Ran(Struct, frozen=True, kw_only=True):
    """How a run went: seconds, and milliseconds from an update handed over to its reply."""

    offered: int
    answered: int
    seconds: float
    waits: Sequence[float]
    since_offer: Sequence[float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0

    def percentile(self, share: float, waits: Sequence[float] | None = None) -> float:
        """The wait in milliseconds that so large a share stayed below."""
        ordered = sorted(self.waits if waits is None else waits)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


class Urgent:
    """People who pay or say stop while others write; the time until the bot has obeyed."""

    def __init__(self, telegram: LocalTelegram, bot: Bot) -> None:
        self._telegram = telegram
        self._bot = bot
        self._done = anyio.Event()
        self._wanted: tuple[str, int] = ("", 0)
        self.waits: dict[str, list[float]] = {"pre_checkout": [], "stop": []}

    async def press_on(self, people: range) -> None:
        """One after the other, until cancelled; what is not obeyed in ten seconds counts so."""
        self._telegram.api.journal.listeners.append(self._see)
        try:
            for number in itertools.count():
                person = people[number % len(people)]
                await self._time("pre_checkout", self._pay, person)
                await self._time("stop", self._stop, person)
                await anyio.sleep(URGENT_EVERY_SECONDS)
        finally:
            self._telegram.api.journal.listeners.remove(self._see)

    async def _time(self, what: str, press: Callable[[int], None], person: int) -> None:
        self._done, began = anyio.Event(), time.perf_counter()
        press(person)
        with anyio.move_on_after(10):
            await self._done.wait()
        self.waits[what].append(time.perf_counter() - began)

    def _pay(self, person: int) -> None:
        self._wanted = ("answerPreCheckoutQuery", 0)
        query = {
            "id": str(self._bot.next_message()),
            "from": _user(person),
            "currency": "XTR",
            "total_amount": 100,
            "invoice_payload": "premium",
        }
        self._bot.deliver("pre_checkout_query", query, person)

    def _stop(self, person: int) -> None:
        self._wanted = ("sendMessage", person)
        self._bot.deliver("message", _message(self._bot, person, "/stop"), person)

    def _see(self, call: Call) -> None:
        method, chat = self._wanted
        if call.bot == self._bot.id and call.fits(method, chat or None):
            self._done.set()


class Crowd:
    """People who write to one bot."""

    def __init__(self, telegram: LocalTelegram, bot: Bot) -> None:
        self._bot = bot
        self._world = telegram.world
        self._asked: dict[int, float] = {}
        self._handed: dict[int, float] = {}
        self._ready: deque[int] = deque()
        self._waits: list[float] = []
        self._since: list[float] = []
        self._last = 0.0
        self._answer = anyio.Event()
        self._world.watchers.append(self._hear)
        bot.updates.handed.append(self._hand)

    def leave(self) -> None:
        """Listen no more."""
        self._world.watchers.remove(self._hear)
        self._bot.updates.handed.remove(self._hand)

    async def all_at_once(
        self, people: range, updates: int, *, window: int, mix: Mapping[str, float] = MIX
    ) -> Ran:
        """So many updates, with at most ``window`` unanswered at a time: as fast as it goes."""
        kinds, began = self._begin(people, updates, mix), time.perf_counter()
        while kinds or self._asked:
            while kinds and self._ready and len(self._asked) < window:
                self._write(self._ready.popleft(), kinds.pop())
            if not await self._heard():
                break
        return self._ended(updates, began)

    async def at_a_rate(
        self, people: range, updates: int, *, a_second: float, mix: Mapping[str, float] = MIX
    ) -> Ran:
        """So many updates, at random moments, whether the ones before were answered or not."""
        kinds, began = self._begin(people, updates, mix), time.perf_counter()
        due = began
        while kinds and self._ready:
            due += random.expovariate(a_second)
            await anyio.sleep(max(0.0, due - time.perf_counter()))
            self._write(self._ready.popleft(), kinds.pop())
        while self._asked and await self._heard():
            pass
        return self._ended(updates, began)

    def _begin(self, people: range, updates: int, mix: Mapping[str, float]) -> list[str]:
        self._ready = deque(random.sample(people, len(people)))
        self._asked.clear()
        self._handed.clear()
        self._waits, self._since = [], []
        return random.choices(list(mix), list(mix.values()), k=updates)  # noqa: S311  # no secret

    def _ended(self, updates: int, began: float) -> Ran:
        return Ran(
            offered=updates,
            answered=len(self._waits),
            seconds=self._last - began,
            waits=self._waits,
            since_offer=self._since,
        )

    async def _heard(self) -> bool:
        """Wait for the next answer; False when nothing has come for long."""
        self._answer = anyio.Event()
        with anyio.move_on_after(STALL_SECONDS):
            await self._answer.wait()
            return True
        return False

    def _write(self, person: int, kind: str) -> None:
        # Nobody says quite the same as another: what is remembered of a text helps nobody else.
        text = f"{random.choice(WORDS)} {self._bot.last_message}"  # noqa: S311  # no secret
        content = _message(self._bot, person, text if kind == "text" else kind)
        self._asked[person] = time.perf_counter()
        self._bot.deliver("message", content, person)

    def _hand(self, chats: Sequence[int]) -> None:
        now = time.perf_counter()
        for chat in chats:
            self._handed.setdefault(chat, now)

    def _hear(self, notice: Notice) -> None:
        asked = self._asked.pop(notice.chat, None) if notice.kind == "message" else None
        if asked is None or notice.bot != self._bot.id:
            return
        self._last = time.perf_counter()
        self._waits.append(self._last - self._handed.pop(notice.chat, asked))
        self._since.append(self._last - asked)
        self._ready.append(notice.chat)
        self._answer.set()


def _user(person: int) -> dict[str, Any]:
    return {"id": person, "is_bot": False, "first_name": "Vera", "language_code": "en"}


def _message(bot: Bot, person: int, text: str) -> dict[str, Any]:
    user = _user(person)
    content: dict[str, Any] = {
        "message_id": bot.next_message(),
        "from": user,
        "chat": bot.chat_with(user).info,
        "date": bot.world.now(),
        "text": text,
    }
    if text.startswith("/"):
        content["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    return content
