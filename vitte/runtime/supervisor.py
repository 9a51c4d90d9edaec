"""The places of a running tree, and the loop of a supervisor that obeys the decision.

A supervisor is one task with one inbox: ends of children, requests, and its own
second attempts come in one row, so nothing overlaps and nothing waits on itself.
"""

import random
from collections import deque
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from vitte.runtime import decision
from vitte.runtime import loop as loops
from vitte.runtime.actor import Life, live
from vitte.runtime.channel import Mailbox
from vitte.runtime.errors import (
    AlreadyPresent,
    AlreadyStarted,
    EndedEarly,
    GaveUp,
    Killed,
    NoSuchPlace,
    RuntimeFault,
    ShutdownAsked,
    StartFailed,
    StillRestarting,
    StillRunning,
)
from vitte.runtime.events import (
    CutOff,
    DeadLetter,
    Fell,
    Frame,
    GivenUp,
    Restarted,
    Started,
    StartFell,
    Stopped,
    reason_of,
    stack_of,
)
from vitte.runtime.spec import (
    BRUTAL,
    INFINITY,
    ONE_FOR_ONE,
    TEMPORARY,
    Backoff,
    Child,
    Dynamic,
    Restart,
    Shutdown,
    Spec,
    Supervisor,
)

if TYPE_CHECKING:
    from vitte.runtime.running import Running

T = TypeVar("T")
CUTS = 20
"""How often a life that would not stop is cancelled once more before it is left behind."""


class State(Enum):
    """Where a place stands between two lives and in one."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    RESTARTING = "restarting"
    STOPPED = "stopped"
    IGNORED = "ignored"


UP = (State.STARTING, State.RUNNING, State.STOPPING)


class Fall:
    """One fall that is remembered: when, why, and where it was raised."""

    __slots__ = ("at", "reason", "stack")

    def __init__(self, at: float, reason: str, stack: tuple[Frame, ...]) -> None:
        self.at = at
        self.reason = reason
        self.stack = stack


class Request:
    """Something a supervisor is asked to do in its own turn."""

    __slots__ = ("_action", "slot")

    def __init__(self, action: Callable[[], Awaitable[Any]], slot: loops.Slot) -> None:
        self._action = action
        self.slot = slot

    async def serve(self) -> None:
        """Do it, and answer whoever still waits."""
        try:
            value = await self._action()
        except RuntimeFault as refusal:
            self.refuse(refusal)
        else:
            self._answer((value, None))

    def refuse(self, refusal: RuntimeFault) -> None:
        """Answer that it was not done."""
        self._answer((None, refusal))

    def _answer(self, answer: object) -> None:
        if not self.slot.done():
            self.slot.set_result(answer)


class Place:
    """One place in the tree: what is common to workers and supervisors."""

    __slots__ = (
        "_waiters",
        "above",
        "asked",
        "backoff",
        "error",
        "fallen",
        "falls",
        "ignored",
        "in_a_row",
        "key",
        "killed",
        "loop",
        "path",
        "ready",
        "restart",
        "restarts",
        "running",
        "shutdown",
        "significant",
        "since",
        "start_within",
        "state",
        "task",
        "unseen",
        "watched",
    )

    restart: Restart
    shutdown: Shutdown
    significant: bool
    backoff: Backoff | None
    start_within: float | None

    def __init__(self, running: "Running", above: "SupervisorPlace | None", key: Any) -> None:
        self.running = running
        self.loop = running.loop
        self.above = above
        self.key = key
        self.path = str(key) if above is None else f"{above.path}/{key}"
        self.state = State.STOPPED
        self.task: loops.Task | None = None
        self.error: BaseException | None = None
        self.asked = self.killed = self.ignored = self.ready = self.unseen = False
        self.fallen = self.watched = False
        self.falls: deque[Fall] | None = None
        self.restarts = self.in_a_row = 0
        self.since = 0.0
        self._waiters: list[loops.Slot] | None = None

    def begin(self) -> None:
        """Begin a life; who waits with ``settled`` learns how it went."""
        self.state = State.STARTING
        self.asked = self.killed = self.ignored = self.ready = self.unseen = False
        self.error = None
        self.since = self.loop.now()

    async def settled(self, within: float | None) -> None:
        """Wait for the next change: ready, ended, or the time has passed."""
        slot = self.loop.slot()
        if self._waiters is None:
            self._waiters = []
        self._waiters.append(slot)
        await self.loop.wait(slot, within)

    def changed(self) -> None:
        """Wake everyone in ``settled``."""
        waiters, self._waiters = self._waiters, None
        for slot in waiters or ():
            if not slot.done():
                slot.set_result(None)

    def ask_to_stop(self) -> None:
        """Ask the life to end, in the way that its rules say."""
        raise NotImplementedError

    def cut(self) -> None:
        """End the life without asking."""
        raise NotImplementedError

    def close(self, reason: str, *, keep: bool = False) -> None:
        """Nothing lives here any more: tell everyone who waits; ``keep`` what was told."""
        raise NotImplementedError

    def stack(self) -> tuple[Frame, ...]:
        """Say where the life stands now."""
        return ()

    def ended(self, task: object) -> None:
        """Take note that the task has ended: called by the loop."""
        if task is not self.task:
            return
        self.task = None
        self.unseen = True
        self.after_life()
        self.state = State.IGNORED if self.ignored and not self.ready else State.STOPPED
        self.changed()
        if self.above is None:
            self.close("its tree ended")
        elif not self.watched:
            self.above.post(self)

    def after_life(self) -> None:
        """Clean up behind a life, at once."""

    @property
    def normal(self) -> bool:
        """Say whether the last life ended without an error."""
        return self.error is None


class WorkerPlace(Place):
    """The place of one actor."""

    __slots__ = (
        "_body",
        "box",
        "first",
        "idle",
        "life",
        "parked_at",
        "start",
    )

    def __init__(
        self, running: "Running", above: "SupervisorPlace", key: Any, child: Child[Any]
    ) -> None:
        super().__init__(running, above, key)
        self.start = child.start
        self.restart = child.restart
        self.shutdown = child.shutdown
        self.significant = child.significant
        self.backoff = child.backoff
        self.start_within = child.start_within
        self.box: Mailbox[Any] = child.mailbox or Mailbox(self.path)
        self.life: Life[Any] | None = None
        self.first = False
        self.idle = 0.0
        self.parked_at: float | None = None
        self._body: Any = None

    def begin(self) -> None:
        """Begin a life in a task of its own."""
        super().begin()
        self.error = Killed("it was cancelled")
        self.idle = 0.0
        self.parked_at = None
        self.box.loop = self.loop
        self.box.reopen()
        self.life = Life(self, self.box)
        self._body = self._run(self.life)
        self.task = self.loop.spawn(self._body, self.path, self.ended)

    async def _run(self, life: Life[Any]) -> None:
        try:
            await live(life, self.start)
        except ShutdownAsked as error:
            self.error = None if self.asked else error
        except (KeyboardInterrupt, SystemExit) as error:
            self.error = error
            self.running.interrupt(error)
        except Exception as error:  # noqa: BLE001 - this is where falls are caught
            self.error = error
        else:
            early = not self.ready and not self.ignored
            self.error = EndedEarly("it returned before it was ready") if early else None

    def became_ready(self, life: Life[Any]) -> None:
        """Take note that the actor is ready."""
        if life is self.life and not self.ready:
            self.ready = True
            self.state = State.RUNNING
            self.changed()

    def parked(self) -> None:
        """Take note that the actor waits for a message."""
        self.parked_at = self.loop.now()

    def woken(self) -> None:
        """Take note that it waits no more."""
        if self.parked_at is not None:
            self.idle += self.loop.now() - self.parked_at
            self.parked_at = None

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
        self.life = None
        self._body = None
        self.box.reader = None
        if self.asked:
            self.error = None
            self.box.paused("it was stopped")
        elif self.error is not None:
            self._bury(self.box.fell(reason_of(self.error)))
        else:
            self.box.finished("it ended")

    def _bury(self, letters: list[Any]) -> None:
        for letter in letters:
            self.running.bury(
                DeadLetter(
                    path=self.path,
                    at=self.loop.now(),
                    message=type(letter).__name__,
                    deliveries=self.box.deliveries,
                ),
                letter,
            )

    def close(self, reason: str, *, keep: bool = False) -> None:
        """Close the mailbox, and drop what is in it unless it is kept."""
        self.box.close(reason, keep=keep)

    def stack(self) -> tuple[Frame, ...]:
        """Say where the actor waits."""
        return tuple(
            Frame(file=f.f_code.co_filename, line=f.f_lineno, function=f.f_code.co_qualname)
            for f in loops.frames(self._body)
        )


class SupervisorPlace(Place):
    """The place of a supervisor: its children, its inbox and its loop."""

    __slots__ = (
        "_end",
        "_inbox",
        "_starting",
        "_wakeup",
        "chance",
        "children",
        "spec",
        "window",
    )

    def __init__(
        self,
        running: "Running",
        above: "SupervisorPlace | None",
        spec: Supervisor | Dynamic[Any, Any],
    ) -> None:
        super().__init__(running, above, spec.id)
        self.spec = spec
        self.restart = spec.restart
        self.significant = spec.significant
        self.backoff = spec.backoff
        self.shutdown = INFINITY
        self.start_within = None
        self.children: dict[Any, Place] = {}
        self.chance = random.Random()  # noqa: S311 - jitter, no secret
        self.window = decision.Window(spec.intensity)
        self._inbox: deque[Place | Request | Callable[[], Awaitable[None]]] = deque()
        self._wakeup: loops.Slot | None = None
        self._starting: Place | None = None
        self._end: BaseException | bool | None = False

    def begin(self) -> None:
        """Begin a life: all children anew, in their order."""
        super().begin()
        self._end = False
        self.window = decision.Window(self.spec.intensity)
        self.children = {}
        self.task = self.loop.spawn(self._run(), self.path, self.ended)

    def post(self, event: "Place | Request | Callable[[], Awaitable[None]]") -> None:
        """Put an event into the inbox."""
        self._inbox.append(event)
        self._wake()

    def _wake(self) -> None:
        if self._wakeup is not None:
            slot, self._wakeup = self._wakeup, None
            if not slot.done():
                slot.set_result(None)

    def ask_to_stop(self) -> None:
        """Ask for an orderly end."""
        self.asked = True
        if self._starting is not None:
            self._starting.changed()
        self._wake()

    def cut(self) -> None:
        """End it and all below without asking anyone."""
        self.killed = True
        self.ask_to_stop()

    def close(self, reason: str, *, keep: bool = False) -> None:
        """Close everything below."""
        for place in self.children.values():
            place.close(reason, keep=keep)

    def make(self, spec: Spec) -> Place:
        """Make the place of a child; nothing is started."""
        if isinstance(spec, Supervisor):
            return SupervisorPlace(self.running, self, spec)
        if isinstance(spec, Dynamic):
            from vitte.runtime.dynamic import DynamicPlace  # noqa: PLC0415 - they know each other

            return DynamicPlace(self.running, self, spec)
        return WorkerPlace(self.running, self, spec.id, spec)

    # The loop.

    async def _run(self) -> None:
        try:
            self.error = await self._start_all()
            if self.error is None and not self.asked:
                self.ready = True
                self.state = State.RUNNING
                self.changed()
                await self._serve()
        finally:
            await self._stop_all()
            for event in self._inbox:
                if isinstance(event, Request):
                    event.refuse(NoSuchPlace(f"{self.path} ended"))
            self._inbox.clear()
        if self.asked:
            self.error = Killed("it was killed") if self.killed else None

    async def _serve(self) -> None:
        while not self.asked and self._end is False:
            if not self._inbox:
                self._wakeup = self.loop.slot()
                await self._wakeup
                continue
            event = self._inbox.popleft()
            if isinstance(event, Request):
                await event.serve()
            elif not isinstance(event, Place):
                await event()
            elif event.unseen and self.children.get(event.key) is event:
                await self._child_ended(event)
        if isinstance(self._end, BaseException):
            self.error = self._end

    async def _start_all(self) -> BaseException | None:
        assert isinstance(self.spec, Supervisor)  # noqa: S101 - a dynamic one has its own
        for spec in self.spec.children:
            place = self.make(spec)
            self.children[place.key] = place
            error = await self._bring_up(place)
            if error is not None or self.asked:
                return error
        return None

    async def _bring_up(self, place: Place) -> BaseException | None:
        """Begin a life and wait until it is ready; gives what was wrong, or None."""
        place.begin()
        place.watched = True
        self._starting = place
        await place.settled(place.start_within)
        self._starting = None
        place.watched = False
        if place.ready:
            self._tell_started(place)
            if place.unseen:
                self.post(place)
            return None
        place.unseen = False
        if place.state is State.IGNORED:
            if place.restart is TEMPORARY:
                self._forget(place)
            return None
        error = place.error or RuntimeFault("it was stopped")
        if place.task is not None:
            await self._stop(place)
            error = RuntimeFault(f"it was not ready within {place.start_within} s")
        return self._start_fell(place, error)

    def _tell_started(self, place: Place) -> None:
        now = self.loop.now()
        if place.fallen:
            place.fallen = False
            place.restarts += 1
            event = Restarted(path=place.path, at=now, restarts=place.restarts)
        else:
            event = Started(path=place.path, at=now)
        self.running.tell(event)

    def _start_fell(self, place: Place, error: BaseException) -> BaseException:
        failed = error
        if not isinstance(error, StartFailed):
            failed = StartFailed(place.path, reason_of(error))
            failed.__cause__ = error
        event = StartFell(
            path=place.path, at=self.loop.now(), reason=reason_of(error), stack=stack_of(error)
        )
        self._remember(place, event.reason, event.stack)
        self.running.tell(event)
        return failed

    # Ends and restarts.

    async def _child_ended(self, place: Place) -> None:
        place.unseen = False
        now = self.loop.now()
        again = decision.starts_again(place.restart, normal=place.normal)
        if place.error is not None or again:
            self._fell(place, now)
        else:
            self.running.tell(Stopped(path=place.path, at=now, reason="it ended"))
        if again:
            self._count_in_a_row(place, now)
            await self._restart(place)
            return
        place.close("it ended", keep=place.restart is not TEMPORARY)
        others = any(
            p.significant and p is not place and (p.task is not None or p.state is State.RESTARTING)
            for p in (self.children.values() if place.significant else ())
        )
        if place.restart is TEMPORARY:
            self._forget(place)
        if decision.shuts_down(
            self.spec.auto_shutdown, significant=place.significant, others_live=others
        ):
            self._end = None

    def _fell(self, place: Place, now: float) -> None:
        error = place.error
        reason = "it ended, and it is permanent" if error is None else reason_of(error)
        stack = () if error is None else stack_of(error)
        self._remember(place, reason, stack)
        self.running.tell(Fell(path=place.path, at=now, reason=reason, stack=stack))

    def _remember(self, place: Place, reason: str, stack: tuple[Frame, ...]) -> None:
        if place.falls is None:
            place.falls = deque(maxlen=5)
        place.falls.append(Fall(self.loop.now(), reason, stack))

    def _count_in_a_row(self, place: Place, now: float) -> None:
        if place.backoff is not None and now - place.since >= place.backoff.calm:
            place.in_a_row = 0
        place.in_a_row += 1

    async def _restart(self, place: Place) -> None:
        now = self.loop.now()
        if not self.window.allows_one_more(now):
            reason = place.falls[-1].reason if place.falls else "it ended"
            self._end = GaveUp(self.path, f"{place.path} fell once too often: {reason}")
            self.running.tell(GivenUp(path=self.path, at=now, reason=self._end.reason))
            return
        place.state = State.RESTARTING
        await self._clear_the_way(place)
        seconds = decision.delay(place.backoff, place.in_a_row, self.chance)
        if seconds > 0:
            self.loop.after(seconds, lambda: self.post(lambda: self._start_again(place)))
        else:
            await self._start_again(place)

    def _plan(self, place: Place) -> tuple[list[Place], list[Place]]:
        if self.spec.strategy is ONE_FOR_ONE:
            return [], [place]
        places = list(self.children.values())
        found = decision.plan(self.spec.strategy, places.index(place), [p.restart for p in places])
        return [places[i] for i in found.stop], [places[i] for i in found.start]

    async def _clear_the_way(self, place: Place) -> None:
        for sibling in self._plan(place)[0]:
            await self._stop(sibling)
            if sibling.restart is TEMPORARY:
                sibling.close("it was stopped")
                self._forget(sibling)

    async def _start_again(self, place: Place) -> None:
        """Start the fallen one and whom its fall concerned; try again later when that fails."""
        if self.children.get(place.key) is not place or place.state is not State.RESTARTING:
            return
        for sibling in self._plan(place)[1]:
            if sibling.task is not None:
                continue
            sibling.fallen = True
            error = await self._bring_up(sibling)
            if self.asked:
                return
            if error is not None:
                sibling.state = State.RESTARTING
                self._count_in_a_row(sibling, sibling.since)
                self.post(lambda failed=sibling: self._try_again(failed))
                return

    async def _try_again(self, place: Place) -> None:
        if self.children.get(place.key) is place and place.state is State.RESTARTING:
            await self._restart(place)

    def _forget(self, place: Place) -> None:
        self.children.pop(place.key, None)

    # Stopping.

    async def _stop_all(self) -> None:
        for place in reversed(list(self.children.values())):
            await self._stop(place)

    async def _stop(self, place: Place) -> None:
        """Stop a child in the time it has; then cut it off."""
        was_up = place.task is not None
        place.watched = True
        if was_up:
            place.state = State.STOPPING
            if place.shutdown is BRUTAL or self.killed:
                place.asked = True
                await self._cut(place)
            else:
                await self._end_in_time(place)
        place.unseen = place.watched = False
        place.state = State.STOPPED
        if was_up:
            self.running.tell(Stopped(path=place.path, at=self.loop.now(), reason="it was stopped"))

    async def _end_in_time(self, place: Place) -> None:
        place.ask_to_stop()
        limit = place.shutdown if isinstance(place.shutdown, (int, float)) else None
        until = None if limit is None else self.loop.now() + limit
        while place.task is not None and (until is None or self.loop.now() < until):
            await place.settled(None if until is None else until - self.loop.now())
        if place.task is not None:
            self.running.tell(CutOff(path=place.path, at=self.loop.now(), stack=place.stack()))
            await self._cut(place)

    async def _cut(self, place: Place) -> None:
        for _ in range(CUTS):
            if place.task is None:
                return
            place.cut()
            await place.settled(None if isinstance(place, SupervisorPlace) else 0.05)
        if place.task is not None:
            self.running.abandon(place)

    # At run time.

    async def call(self, action: Callable[[], Awaitable[T]]) -> T:
        """Have something done in the supervisor's own turn, and wait for its answer."""
        if self.task is None or self.state is not State.RUNNING:
            raise NoSuchPlace(f"{self.path} does not run")
        request = Request(action, self.loop.slot())
        self.post(request)
        value, refusal = await request.slot
        if refusal is not None:
            raise refusal
        return value

    def child(self, key: Any) -> Place:
        """Give the place of this child."""
        try:
            return self.children[key]
        except KeyError:
            raise NoSuchPlace(f"{self.path}/{key}") from None

    def named(self, name: str) -> Place:
        """Give the child whose part of the path this is; keys need not be text."""
        found = self.children.get(name)
        if found is None and name.lstrip("-").isdigit():
            found = self.children.get(int(name))
        if found is None:
            found = next((p for key, p in self.children.items() if str(key) == name), None)
        if found is None:
            raise NoSuchPlace(f"{self.path}/{name}")
        return found

    async def start_child(self, spec: Spec) -> str:
        """Add a child and start it; what does not start is not kept."""
        known = self.children.get(spec.id)
        if known is not None:
            raise (AlreadyStarted if known.task is not None else AlreadyPresent)(known.path)
        place = self.make(spec)
        self.children[place.key] = place
        error = await self._bring_up(place)
        if error is not None:
            self._forget(place)
            raise error
        return place.path

    async def terminate_child(self, key: Any) -> None:
        """Stop a child; it stays known, unless it is temporary."""
        place = self.child(key)
        await self._stop(place)
        place.close("it was terminated", keep=place.restart is not TEMPORARY)
        if place.restart is TEMPORARY:
            self._forget(place)

    async def restart_child(self, key: Any) -> None:
        """Start a child that is known and does not run."""
        place = self._resting(key)
        error = await self._bring_up(place)
        if error is not None:
            raise error

    async def delete_child(self, key: Any) -> None:
        """Forget a child that does not run."""
        place = self._resting(key)
        place.close("it was deleted")
        self._forget(place)

    def _resting(self, key: Any) -> Place:
        place = self.child(key)
        if place.state is State.RESTARTING:
            raise StillRestarting(place.path)
        if place.task is not None:
            raise StillRunning(place.path)
        return place
