"""The places of a running tree: what holds a life, and judges how it ended.

A place outlasts its lives. Its supervisor begins a life here, waits for what becomes
of it (``settled``), and is told of an end that it did not wait for.
"""

from collections import deque
from contextvars import ContextVar
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, cast

from vitte.runtime import loop as loops
from vitte.runtime.actor import Life
from vitte.runtime.errors import EndedEarly, Killed
from vitte.runtime.events import DeadLetter, Frame, reason_of, stack_of
from vitte.runtime.mailbox import Mailbox
from vitte.runtime.spec import Body, Child, Rules

if TYPE_CHECKING:
    from vitte.runtime.running import Running
    from vitte.runtime.supervisor import SupervisorPlace

REMEMBERED: Final = 5
"""How many falls of a place are remembered."""
current_life: ContextVar["Life[Any] | None"] = ContextVar("current_life", default=None)
"""The life in which the running code runs, in its inner tasks too."""


class State(Enum):
    """Where a place stands, in a life and between two."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    RESTARTING = "restarting"
    STOPPED = "stopped"
    IGNORED = "ignored"


class Fall:
    """One fall that is remembered: when, why, and where it was raised."""

    __slots__ = ("at", "reason", "stack")

    def __init__(self, at: float, error: BaseException | None, reason: str) -> None:
        self.at = at
        self.reason = reason
        self.stack = () if error is None else stack_of(error)


class Place:
    """One place in the tree: what workers and supervisors have in common."""

    __slots__ = (
        "above",
        "asked",
        "cut_short",
        "error",
        "fallen",
        "falls",
        "first",
        "ignored",
        "in_a_row",
        "key",
        "killed",
        "loop",
        "path",
        "ready",
        "restarts",
        "rules",
        "running",
        "since",
        "state",
        "task",
        "unseen",
        "waiters",
        "watched",
    )

    def __init__(
        self, running: "Running", above: "SupervisorPlace | None", key: Any, rules: Rules
    ) -> None:
        self.running = running
        self.loop = running.loop
        self.above = above
        self.key = key
        self.rules = rules
        self.path = str(key) if above is None else f"{above.path}/{key}"
        self.state = State.STOPPED
        self.task: loops.Task | None = None
        self.error: BaseException | None = None
        self.falls: deque[Fall] | None = None
        self.restarts = self.in_a_row = 0
        self.since = 0.0
        self.waiters: list[loops.Slot] | None = None
        self.first = self.fallen = self.watched = self.cut_short = False
        self.asked = self.killed = self.ignored = self.ready = self.unseen = False

    def begin(self) -> None:
        """Begin a life; who waits in ``settled`` learns how it goes."""
        self.state = State.STARTING
        self.asked = self.killed = self.ignored = self.ready = self.unseen = False
        self.error = None
        self.cut_short = True
        self.since = self.loop.now()

    def became_ready(self) -> None:
        """Take note that the life is ready."""
        if not self.ready:
            self.ready = True
            if self.state is State.STARTING:
                self.state = State.RUNNING
            self.changed()

    async def settled(self, within: float | None = None) -> None:
        """Wait for the next change (ready, ended), at most so many seconds."""
        loop = self.loop
        slot = loop.slot()
        if self.waiters is None:
            self.waiters = [slot]
        else:
            self.waiters.append(slot)
        if within is None:
            await slot
            return
        loop.limit(slot, within)
        try:
            await slot
        finally:
            loop.others.pop(slot, None)

    def changed(self) -> None:
        """Wake everyone in ``settled``."""
        waiters = self.waiters
        if waiters is not None:
            self.waiters = None
            for slot in waiters:
                if not slot.done():
                    slot.set_result(None)

    def __call__(self, task: object) -> None:
        """Take note that the task has ended: this is the callback that the loop is given."""
        if task is not self.task:
            return
        self.task = None
        self.unseen = True
        if self.cut_short:
            self.error = Killed("it was killed")
        self.after_life()
        if self.state is not State.STOPPING:
            self.state = State.IGNORED if self.ignored and not self.ready else State.STOPPED
        self.changed()
        if self.above is None:
            self.close("its tree ended")
        elif not self.watched:
            self.above.post(self)

    def remember(self, error: BaseException | None) -> Fall:
        """Remember one more fall."""
        if self.falls is None:
            self.falls = deque(maxlen=REMEMBERED)
        reason = "it ended, and it is permanent" if error is None else self.worded(error)
        fall = Fall(self.loop.now(), error, reason)
        self.falls.append(fall)
        return fall

    def worded(self, error: BaseException) -> str:
        """Say why a life ended, in the words that the tree's events have for errors."""
        return reason_of(error, self.running.events.say)

    def ask_to_stop(self) -> None:
        """Ask the life to end, in the way of its kind."""
        raise NotImplementedError

    def lives(self) -> bool:
        """Say whether a life is here that has not ended."""
        return self.task is not None

    def cut(self) -> None:
        """End the life without asking."""
        raise NotImplementedError

    def after_life(self) -> None:
        """Clean up behind a life, at once."""

    def close(self, reason: str, *, keep: bool = False) -> None:
        """Nothing lives here any more: tell everyone who waits; ``keep`` what was told."""
        raise NotImplementedError

    def stack(self) -> tuple[Frame, ...]:
        """Say where the life stands now."""
        return tuple(
            Frame(file=f.f_code.co_filename, line=f.f_lineno, function=f.f_code.co_qualname)
            for f in (() if self.task is None else loops.frames(self.task.get_coro()))
        )


class WorkerPlace(Place):
    """The place of one actor, and of its mailbox."""

    __slots__ = ("box", "life", "start")

    def __init__(
        self,
        running: "Running",
        above: "SupervisorPlace",
        key: Any,
        child: Child[Any],
        box: Mailbox[Any] | None = None,
    ) -> None:
        super().__init__(running, above, key, child)
        self.box: Mailbox[Any] = box or child.mailbox or Mailbox(self.path)
        self.life: Life[Any] | None = None

    def begin(self) -> None:
        """Begin a life in a task of its own."""
        super().begin()
        box = self.box
        box.loop = self.loop
        box.reopen()
        self.life = life = Life(self, box)
        self.task = self.loop.spawn(self._run(life), self.path, self)

    def build(self) -> Body[Any]:
        """Build the actor of one life."""
        return cast("Child[Any]", self.rules).start()

    async def _run(self, life: Life[Any]) -> None:
        """Live: an actor is an object with ``run``, or a function."""
        current_life.set(life)
        try:
            body = self.build()
            if callable(body):
                await body(life)
            else:
                await body.run(life)
            if not self.ready and not self.ignored:
                self.error = EndedEarly("it returned before it was ready")
        except Exception as error:  # noqa: BLE001 - this is where falls are caught
            self.error = error
        except BaseException as error:
            if self._is_cancellation(error):
                raise
        self.cut_short = False

    def _is_cancellation(self, error: BaseException) -> bool:
        """Judge what is no Exception; True says that the task is being cancelled.

        A cancellation that the tree did not ask for is no fall: somebody takes the task
        down, with the loop as a rule. But one that only came out of something awaited,
        while nobody cancels this task, is an error like any other.
        """
        if isinstance(error, loops.cancelled()):
            if self.task is not None and self.task.cancelling():
                self.cut_short = self.killed
                return True
        elif (last := last_word(error)) is not None:
            self.running.interrupt(last)
        self.error = error
        return False

    def ask_to_stop(self) -> None:
        """Cancel, or ask softly when the actor traps its exit."""
        self.asked = True
        if self.life is not None and self.life.trapped:
            self.life.ask_to_end()
        elif self.task is not None:
            self.task.cancel()

    def cut(self) -> None:
        """Cancel, whatever it does."""
        if self.task is not None:
            self.task.cancel()

    def after_life(self) -> None:
        """Tell the askers at once, and put back what was in hand."""
        box = self.box
        if self.life is not None:
            self.life.leave()
            self.life = None
        box.reader = None
        if self.asked:
            self.error = None
            reason = "it was stopped"
            box.paused(reason)
        elif self.error is not None:
            reason = self.worded(self.error)
            self._bury(box.fell(reason))
        else:
            reason = "it ended"
            box.finished(reason)
        if box.watchers:
            box.tell_watchers(reason)

    def _bury(self, letters: list[Any]) -> None:
        for letter in letters:
            told = DeadLetter(
                path=self.path,
                at=self.loop.now(),
                message=type(letter).__name__,
                deliveries=self.box.deliveries,
            )
            self.running.bury(told, letter)

    def close(self, reason: str, *, keep: bool = False) -> None:
        """Close the mailbox, and drop what is in it unless it is kept."""
        self.box.close(reason, keep=keep)


def last_word(error: BaseException) -> BaseException | None:
    """Give the KeyboardInterrupt or SystemExit in an error, if there is one."""
    if isinstance(error, BaseExceptionGroup):
        inners = cast("BaseExceptionGroup[BaseException]", error).exceptions
        found = (last_word(inner) for inner in inners)
        return next((inner for inner in found if inner is not None), None)
    return error if isinstance(error, (KeyboardInterrupt, SystemExit)) else None
