"""The outbox: every word to Telegram goes through here, each chat's in its order.

Owns the table of words on its way out, and the connections to the Bot API. Words
of a chat follow one another; chats go side by side, as far as there are slots,
and who pays or waits for a reply goes before reminders and broadcasts, which are
paced. What became of words is written many at a time. A fall loses nothing: what
is not marked is sent by the next life, and what was sent but not marked yet is
sent twice, at most once a fall, and marked as repeated.
"""

import heapq
import logging
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias, assert_never

import anyio
import msgspec
from anyio.abc import TaskGroup
from msgspec import Struct

from vitte import metrics
from vitte.actors import cache
from vitte.actors.governor import Governor
from vitte.actors.post import (
    Later,
    Moved,
    Post,
    Refused,
    Result,
    Sent,
    Unparsed,
    elsewhere,
    plainly,
)
from vitte.errors import VitteError
from vitte.runtime import Life, Ref, RuntimeFault, ShutdownAsked
from vitte.store import outbox as store
from vitte.store import users
from vitte.store.outbox import Finished, Lane, OutgoingId, Waiting
from vitte.store.pool import Database
from vitte.store.users import UserId

GLANCE_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 60.0
PAGE: Final = 1_000
MOST_KNOWN: Final = 20_000

log = logging.getLogger(__name__)


class Send(Struct, frozen=True, kw_only=True):
    """Send these; they are in the table already."""

    waiting: tuple[Waiting, ...]


class Look(Struct, frozen=True, kw_only=True):
    """Look into the table: there may be words that nobody told of."""


Message: TypeAlias = Send | Look


class Line(NamedTuple):
    """Where words wait for one another: a chat's own, and beside it what is sent in bulk."""

    chat: int
    bulk: bool


async def post(outbox: Ref[Message], waiting: Sequence[Waiting]) -> None:
    """Have words sent that have just been committed."""
    await outbox.tell(Send(waiting=tuple(waiting)))


async def look(outbox: Ref[Message]) -> None:
    """Have the table looked into."""
    await outbox.tell(Look())


class Outbox:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        *,
        database: Database,
        cache: cache.Front,
        post: Callable[[], Post],
        slots: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._cache = cache
        self._open_post = post
        self._governor = Governor(slots=slots)
        self._clock = clock
        self._queues: dict[Line, list[tuple[int, OutgoingId, Waiting]]] = {}
        self._known: set[OutgoingId] = set()
        self._marked: set[OutgoingId] = set()
        self._finished: list[Finished] = []
        self._more = anyio.Event()
        self._stopping = False
        self._looked = float("-inf")
        self._first = True

    async def run(self, life: Life[Message]) -> None:
        """Send what is told and what is found, for ever. A stop lets the calls in hand end."""
        life.trap_exit()
        life.ready()
        async with self._open_post() as post, anyio.create_task_group() as marker:
            marker.start_soon(self._mark)
            async with anyio.create_task_group() as senders:
                await self._look(post, senders)  # what waits by now may have been sent before
                await self._receive(life, post, senders)
                senders.cancel_scope.cancel()  # who waits, waits in the table; calls are shielded
            self._stopping = True
            self._more.set()

    async def _receive(self, life: Life[Message], post: Post, senders: TaskGroup) -> None:
        while True:
            batch: Sequence[Message] = ()
            try:
                with anyio.move_on_after(GLANCE_SECONDS):
                    batch = await life.receive_all()
            except ShutdownAsked:
                return
            wanted = not batch
            for message in batch:
                match message:
                    case Send(waiting=waiting):
                        self._queue(waiting, post, senders)
                    case Look():
                        wanted = True
                    case _:
                        assert_never(message)
            if wanted or anyio.current_time() >= self._looked + GLANCE_SECONDS:
                await self._look(post, senders)

    def _queue(self, waiting: Sequence[Waiting], post: Post, senders: TaskGroup) -> None:
        for each in waiting:
            if each.id in self._known or len(self._known) >= MOST_KNOWN:
                continue  # it is in hand, or it stays in the table until there is room
            self._known.add(each.id)
            line = Line(each.chat_id, bulk=each.lane >= Lane.REMINDER)
            queue = self._queues.get(line)
            if queue is None:
                queue = self._queues[line] = []
                senders.start_soon(self._serve, line, queue, post)
            heapq.heappush(queue, (int(each.lane), each.id, each))

    async def _look(self, post: Post, senders: TaskGroup) -> None:
        """Find words in the table that nobody told of: of the life before, or of another process."""
        # What was marked before the question cannot be among the answers; what is marked
        # meanwhile can, and so is forgotten a look later.
        marked, self._marked = self._marked, set()
        self._looked = anyio.current_time()
        try:
            if self._first:
                await store.mark_repeated(self._database)
                self._first = False
            found = await store.list_waiting(self._database, limit=PAGE)
        except VitteError as problem:
            log.warning("The outbox cannot be read: %s", problem)
            self._marked |= marked
            return
        self._known -= marked
        self._queue(found, post, senders)

    async def _serve(
        self, line: Line, queue: list[tuple[int, OutgoingId, Waiting]], post: Post
    ) -> None:
        """Send what waits in a line, one after the other, until nothing does."""
        tries, chat = 0, line.chat
        try:
            while queue:
                await self._governor.admit(chat, queue[0][2].lane)
                words = queue[0][2]  # something more urgent may have come meanwhile
                with anyio.CancelScope(shield=True):
                    try:
                        result = await post.deliver(words.method, words.payload)
                    finally:
                        self._governor.release()
                    tries += 1
                    if await self._settle(chat, queue, words, result, tries):
                        tries = 0
        finally:
            del self._queues[line]

    async def _settle(
        self,
        chat: int,
        queue: list[tuple[int, OutgoingId, Waiting]],
        words: Waiting,
        result: Result,
        tries: int,
    ) -> bool:
        """Do what an answer asks for; True when these words are done with."""
        match result:
            case Sent():
                self._finish(queue, words, Finished(id=words.id, state="sent", tries=tries))
            case Refused(reason=reason, gone=gone):
                finished = Finished(id=words.id, state="failed", tries=tries, reason=reason)
                self._finish(queue, words, finished)
                if gone:
                    await self._note_gone(chat)
            case Unparsed() if '"parse_mode"' not in words.payload:
                reason = "Telegram cannot read it, even without markup"
                finished = Finished(id=words.id, state="failed", tries=tries, reason=reason)
                self._finish(queue, words, finished)
            case Unparsed():
                log.warning("Telegram could not read the markup of %d", words.id)
                self._replace(queue, words, plainly(words.payload))
                return False
            case Moved(chat_id=new):
                self._replace(queue, words, elsewhere(words.payload, new))
                await self._note_moved(chat, new)
                return False
            case Later(seconds=seconds):
                self._governor.pause(chat, _pause(tries) if seconds is None else seconds)
                return False
            case _:
                assert_never(result)
        return True

    def _finish(
        self,
        queue: list[tuple[int, OutgoingId, Waiting]],
        words: Waiting,
        finished: Finished,
    ) -> None:
        queue.remove((int(words.lane), words.id, words))
        heapq.heapify(queue)
        self._finished.append(finished)
        self._more.set()

    def _replace(
        self, queue: list[tuple[int, OutgoingId, Waiting]], words: Waiting, payload: str
    ) -> None:
        place = queue.index((int(words.lane), words.id, words))
        changed = msgspec.structs.replace(words, payload=payload)
        queue[place] = (int(words.lane), words.id, changed)

    async def _mark(self) -> None:
        """Write down what became of words, all that wait with one statement."""
        while self._finished or not self._stopping:
            await self._more.wait()
            self._more = anyio.Event()
            finished, self._finished = self._finished, []
            if not finished:
                continue
            try:
                await store.finish(self._database, finished, self._clock())
            except VitteError as problem:
                log.warning("Sent words cannot be marked: %s", problem)
                self._finished = finished + self._finished
                self._more.set()
                await anyio.sleep(PAUSE_SECONDS)
                continue
            self._marked.update(each.id for each in finished)
            for each in finished:
                metrics.words_done.labels(each.state).inc()

    async def _note_gone(self, chat: int) -> None:
        """Mark a person unreachable. Their data stays; reminders stop."""
        if chat <= 0:
            return
        try:
            if await users.mark_unreachable(self._database, UserId(chat), self._clock()):
                await cache.forget(self._cache, UserId(chat))
                log.info("User cannot be reached: %d", chat)
        except (VitteError, RuntimeFault) as problem:
            log.warning("Could not note that %d cannot be reached: %s", chat, problem)

    async def _note_moved(self, old: int, new: int) -> None:
        log.info("Chat %d is now %d", old, new)
        try:
            await store.move_chat(self._database, old, new)
        except VitteError as problem:
            log.warning("Could not note that chat %d moved: %s", old, problem)


def _pause(tries: int) -> float:
    longest = min(LONGEST_PAUSE_SECONDS, 0.25 * 2 ** min(tries, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311  # jitter, no secret
