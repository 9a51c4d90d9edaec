"""The sender: makes the calls that the governor lets go, and does what their answers ask for.

A pool of workers, as many as there are slots, each of which sleeps until a line
may go. What an answer wants written in the table (a chat that moved, a long
pause) is written by the worker that got it; what can wait is noted.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, assert_never

import anyio
import msgspec

from vitte.actors.governor import Governor
from vitte.actors.hand import Hand
from vitte.actors.lease import Lease
from vitte.actors.line import Line
from vitte.actors.marks import Marks
from vitte.actors.post import (
    SENT,
    Later,
    Moved,
    Post,
    Refused,
    Result,
    Sent,
    Unparsed,
    plainly,
)
from vitte.errors import VitteError
from vitte.store import outbox as store
from vitte.store.outbox import EVERY_CHAT, Finished, OutgoingId, Waiting
from vitte.store.pool import Database

PARK_SECONDS: Final = 10.0
# After so long nobody can use the answer any more. Of a payment the Bot API says ten seconds; of
# the others only that they expire, and nobody looks at a button for longer than a minute.
EXPIRES: Final = {
    "answerPreCheckoutQuery": timedelta(seconds=10),
    "answerShippingQuery": timedelta(seconds=60),
    "answerCallbackQuery": timedelta(seconds=60),
}

log = logging.getLogger(__name__)


class Sender:
    """Workers that say what is in hand."""

    def __init__(  # noqa: PLR0913  # what it works with, each by its name
        self,
        *,
        database: Database,
        lease: Lease,
        marks: Marks,
        governor: Governor,
        hand: Hand,
        slots: int,
        clock: Callable[[], datetime],
        wants_look: Callable[[], None],
    ) -> None:
        self._database = database
        self._lease = lease
        self._marks = marks
        self._governor = governor
        self._hand = hand
        self._slots = slots
        self._clock = clock
        self._wants_look = wants_look
        self._workers = 0
        self._idle: list[anyio.Event] = []
        self._sooner = anyio.Event()
        self._dozing_until = float("-inf")
        self._stopping = False
        self._doubtful: set[OutgoingId] = set()  # words whose answer was lost, once at least
        self.gone: list[int] = []
        """People who turned out not to be reachable, to be noted by whoever owns us."""

    async def run(self, post: Post) -> None:
        """Send until told to stop; then let the calls in hand end."""
        async with anyio.create_task_group() as workers:
            self._group, self._post = workers, post
            with self._marks.telling_of_room(lambda: self.rouse(self._slots)):
                await self._doze()

    def stop(self) -> None:
        """Begin no call any more."""
        self._stopping = True
        self._sooner.set()
        for idle in self._idle:
            idle.set()

    def rouse(self, lines: int = 1) -> None:
        """Wake workers: so many lines may go now."""
        for _ in range(lines):
            if self._idle:
                self._idle.pop().set()
            elif self._workers < self._slots:
                self._workers += 1
                self._group.start_soon(self._work)
            else:
                return

    async def _doze(self) -> None:
        """Sleep until a line's time comes, and wake a worker for it."""
        while not self._stopping:
            now = time.monotonic()
            self.rouse(max(1, self._governor.wake(now)))
            self._dozing_until = self._governor.due(now)
            with anyio.move_on_after(max(0.0, self._dozing_until - now)):
                await self._sooner.wait()
            self._sooner = anyio.Event()

    async def _work(self) -> None:
        while not self._stopping:
            now = time.monotonic()
            may = self._lease.held() and not self._marks.is_full()
            line = self._governor.next(now) if may else None
            if line is None:
                await self._rest(now)
                continue
            if self._governor.has_ready():
                self.rouse()
            await self._say(line)

    async def _rest(self, now: float) -> None:
        if self._governor.due(now) < self._dozing_until:
            self._sooner.set()
        idle = anyio.Event()
        self._idle.append(idle)
        await idle.wait()

    async def _say(self, line: Line) -> None:
        words = line.hand
        assert words is not None  # noqa: S101  # the governor put it there
        line.tries += 1
        if self._is_too_late(words):
            await anyio.lowlevel.checkpoint()
            result: Result = Refused(reason="expired: nobody could use the answer any more")
        else:
            result = await self._post.deliver(words.method, words.payload)
        now = time.monotonic()
        if result is SENT:
            self._governor.well(now)
            self._sent(line, words)
        else:
            await self._settle(line, words, result, now)
        line.hand = None
        self._governor.done(line)
        self._hand.rest(line, now)

    def _is_too_late(self, words: Waiting) -> bool:
        limit = EXPIRES.get(words.method)
        return limit is not None and self._clock() > words.created_at + limit

    async def _settle(self, line: Line, words: Waiting, result: Result, now: float) -> None:
        """Do what an answer asks for."""
        match result:
            case Sent():
                self._sent(line, words)
            case Refused(reason=reason, gone=gone):
                self._fail(line, words, reason)
                if gone and line.chat > 0:
                    self.gone.append(line.chat)
            case Unparsed() if '"parse_mode"' not in words.payload:
                self._fail(line, words, "Telegram cannot read it, even without markup")
            case Unparsed():
                log.warning("Telegram could not read the markup of %d", words.id)
                plain = msgspec.structs.replace(words, payload=plainly(words.payload))
                self._hand.again(line, plain)
            case Moved(chat_id=new):
                await self._move(line, words, new)
            case Later(seconds=seconds) if seconds is not None:
                await self._wait(line, words, seconds, now)
            case Later(doubtful=doubtful):
                if doubtful:
                    self._doubtful.add(words.id)
                self._governor.failed(line, now)
                self._hand.again(line, words)
                return
            case _:
                assert_never(result)
        self._governor.well(now)

    def _sent(self, line: Line, words: Waiting) -> None:
        again = words.id in self._doubtful
        finished = Finished(id=words.id, state="sent", tries=line.tries, repeated=again)
        self._finish(line, words, finished)

    def _finish(self, line: Line, words: Waiting, finished: Finished) -> None:
        self._marks.note(finished)
        self._doubtful.discard(words.id)
        line.tries = 0
        if self._hand.over(line, words):
            self._wants_look()

    def _fail(self, line: Line, words: Waiting, reason: str) -> None:
        self._finish(
            line, words, Finished(id=words.id, state="failed", tries=line.tries, reason=reason)
        )

    async def _wait(self, line: Line, words: Waiting, seconds: float, now: float) -> None:
        """Telegram says how long: this chat waits, or all do. A long wait is written down."""
        chat = line.chat
        self._hand.again(line, words)
        if self._governor.refused(line, seconds, now):
            log.warning("Telegram told many chats at once to wait: all wait %s s", seconds)
            chat = EVERY_CHAT
        if seconds < PARK_SECONDS or line.track == "aside":
            return
        until = self._clock() + timedelta(seconds=seconds)
        try:
            await store.pause_chat(self._database, chat, until)
        except VitteError as problem:
            log.warning("A pause of %s s cannot be written down: %s", seconds, problem)
            return  # then it is kept here
        if chat != EVERY_CHAT:
            self._hand.park(chat, until)

    async def _move(self, line: Line, words: Waiting, new: int) -> None:
        """A group became a supergroup: what waits for it is written anew, and found there."""
        log.info("Chat %d is now %d", line.chat, new)
        self._hand.again(line, words)
        try:
            await store.move_chat(self._database, line.chat, new)
        except VitteError as problem:
            log.warning("Could not note that chat %d moved: %s", line.chat, problem)
            self._governor.failed(line, time.monotonic())
            return
        self._hand.drop_chat(line.chat)
        self._hand.behind = True
        self._wants_look()
