"""The outbox: every word to Telegram goes through here, each chat's in its order.

Owns the table of words on its way out, and the connections to the Bot API. Of all
processes on a database one sends, the one that holds the lease. What it is handed
right after a commit it sends at once; what others have written it finds in the
table. Only so much is in memory, whatever waits. A fall loses nothing: what is not
marked is sent by the next one to hold the lease, and what was in hand then is
marked as repeated, for it may have been sent already.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeAlias, assert_never

import anyio
from msgspec import Struct

from vitte.actors import cache
from vitte.actors.governor import Governor
from vitte.actors.hand import Hand
from vitte.actors.lease import Lease
from vitte.actors.marks import Marks
from vitte.actors.post import Post
from vitte.actors.sender import Sender
from vitte.errors import VitteError
from vitte.runtime import Life, Ref, RuntimeFault, ShutdownAsked
from vitte.store import outbox as store
from vitte.store import users
from vitte.store.outbox import EVERY_CHAT, Lane, Waiting
from vitte.store.pool import Database
from vitte.store.users import UserId

GLANCE_SECONDS: Final = 1.0
COMPANY_GLANCE_SECONDS: Final = 0.1
PAUSE_SECONDS: Final = 0.5
LEAVE_SECONDS: Final = 3.0

log = logging.getLogger(__name__)


class Send(Struct, frozen=True, kw_only=True):
    """Send these; they are in the table already."""

    waiting: tuple[Waiting, ...]


class Look(Struct, frozen=True, kw_only=True):
    """Look into the table: there may be words that nobody told of."""


Message: TypeAlias = Send | Look


async def post(outbox: Ref[Message], waiting: Sequence[Waiting]) -> None:
    """Have words sent that have just been committed."""
    await outbox.tell(Send(waiting=tuple(waiting)))


async def look(outbox: Ref[Message]) -> None:
    """Have the table looked into."""
    await outbox.tell(Look())


class Outbox:
    """One life, from a start to the next fall."""

    def __init__(  # noqa: PLR0913  # what it works with, each by its name
        self,
        *,
        database: Database,
        cache: cache.Front,
        lease: Lease,
        marks: Marks,
        post: Callable[[], Post],
        slots: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._cache = cache
        self._lease = lease
        self._marks = marks
        self._open_post = post
        self._clock = clock
        self._fence = 0
        self._look_now = anyio.Event()
        self._governor = Governor(slots=slots)
        self._hand = Hand(self._governor, marks.settled)
        self._sender = Sender(
            database=database,
            lease=lease,
            marks=marks,
            governor=self._governor,
            hand=self._hand,
            slots=slots,
            clock=clock,
            wants_look=self._want_look,
        )

    async def run(self, life: Life[Message]) -> None:
        """Send what is told and what is found, for ever. A stop lets the calls in hand end."""
        life.trap_exit()
        life.ready()
        async with self._open_post() as post, anyio.create_task_group() as helpers:
            for keep in (self._keep_lease, self._keep_looking, self._keep_marking):
                helpers.start_soon(keep)
            async with anyio.create_task_group() as sending:
                sending.start_soon(self._sender.run, post)
                await self._receive(life)
                self._sender.stop()
            helpers.cancel_scope.cancel()
        await self._leave()

    async def _receive(self, life: Life[Message]) -> None:
        while True:
            try:
                batch = await life.receive_all()
            except ShutdownAsked:
                return
            now = time.monotonic()
            for message in batch:
                match message:
                    case Send(waiting=waiting):
                        self._sender.rouse(self._hand.told(waiting, now))
                    case Look():
                        self._want_look()
                    case _:
                        assert_never(message)

    # The lease.

    async def _keep_lease(self) -> None:
        away = False
        while True:
            had = self._lease.held()
            try:
                await self._lease.beat()
                if not had and self._lease.held():
                    self._sender.rouse()  # what waits in hand waited for this
                if self._fence != self._lease.fence:
                    await self._change_hands()
                away = False
            except VitteError as problem:
                if not away:
                    log.warning("The outbox's lease cannot be looked at: %s", problem)
                away = True
            await anyio.sleep(self._lease.pause())

    async def _change_hands(self) -> None:
        """The lease is ours now, or is not any more."""
        self._hand.start_over()
        fence = self._lease.fence
        if fence:
            await self._write_marks()
            repeated = 0 if self._lease.clean else await store.mark_repeated(self._database)
            now = self._clock()
            pauses = await store.list_pauses(self._database, now)
            self._hand.start_over(pauses)
            for pause in pauses:
                if pause.chat_id == EVERY_CHAT:
                    seconds = (pause.until - now).total_seconds()
                    self._governor.pause_all(seconds, time.monotonic())
            log.info("The outbox sends from here", extra={"fence": fence, "repeated": repeated})
        else:
            log.warning("Another process sends now")
        self._fence = fence
        self._want_look()

    async def _leave(self) -> None:
        """Write down what is known, and let the next one begin at once."""
        try:
            with anyio.fail_after(LEAVE_SECONDS):
                await self._write_marks()
                await self._lease.release()
        except (VitteError, TimeoutError) as problem:
            log.warning("The outbox could not be left in order: %r", problem)

    # What waits in the table.

    def _want_look(self) -> None:
        self._look_now.set()

    async def _keep_looking(self) -> None:
        """Find words that nobody told of: of the life before, or of another process."""
        while True:
            company = self._lease.has_company()
            with anyio.move_on_after(COMPANY_GLANCE_SECONDS if company else GLANCE_SECONDS):
                await self._look_now.wait()
            self._look_now = anyio.Event()
            if not self._fence or self._fence != self._lease.fence or not self._lease.held():
                continue
            try:
                await self._look()
            except VitteError as problem:
                self._hand.give_up_look()
                log.warning("The outbox cannot be read: %s", problem)
                await anyio.sleep(PAUSE_SECONDS)

    async def _look(self) -> None:
        fence, now = self._fence, self._clock()
        self._marks.forget_written()
        limit, bulk = self._hand.begin_look()
        if not limit and not bulk:
            return
        found = await store.find_waiting(self._database, limit=limit, bulk=bulk, now=now)
        complete = sum(each.lane < Lane.REMINDER for each in found) < limit
        unknown = self._hand.unknown(each.id for each in found)
        taken = await store.take_waiting(self._database, unknown) if unknown else []
        if fence != self._fence:
            return  # they are another's by now
        ready = self._hand.end_look(taken, time.monotonic(), complete=complete, looked_at=now)
        self._sender.rouse(ready)
        if self._hand.ended_pauses:
            await store.end_pauses(self._database, now)
        if limit and not complete:
            self._want_look()

    # What became of words.

    async def _keep_marking(self) -> None:
        while True:
            await self._marks.overdue()
            try:
                await self._write_marks()
            except VitteError as problem:
                log.warning("Sent words cannot be marked: %s", problem)
                await anyio.sleep(PAUSE_SECONDS)

    async def _write_marks(self) -> None:
        with self._marks.taken() as finished:
            if finished:
                await store.finish(self._database, finished, self._clock())
        while self._sender.gone:
            await self._note_gone(UserId(self._sender.gone.pop()))

    async def _note_gone(self, user: UserId) -> None:
        """Mark a person unreachable. Their data stays; reminders stop."""
        try:
            if await users.mark_unreachable(self._database, user, self._clock()):
                await cache.forget(self._cache, user)
                log.info("User cannot be reached: %d", user)
        except (VitteError, RuntimeFault) as problem:
            log.warning("Could not note that %d cannot be reached: %s", user, problem)
