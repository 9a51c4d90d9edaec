"""The loop of a supervisor, which obeys the decision.

A supervisor is one task with one inbox: ends of children, requests, and its own
second attempts come in one row, so nothing overlaps and nothing waits on itself.
Between two attempts at a start that fails, everything else in the inbox has its turn.
"""

import random
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from vitte.runtime import decision
from vitte.runtime import loop as loops
from vitte.runtime.errors import (
    AlreadyPresent,
    AlreadyStarted,
    GaveUp,
    Killed,
    NoSuchPlace,
    RuntimeFault,
    ShutdownAsked,
    StartFailed,
    StillRestarting,
    StillRunning,
)
from vitte.runtime.events import CutOff, Fell, GivenUp, Restarted, Started, StartFell, Stopped
from vitte.runtime.place import Place, State, WorkerPlace, current_life
from vitte.runtime.spec import BRUTAL, INFINITY, ONE_FOR_ONE, TEMPORARY, Dynamic, Spec, Supervisor

if TYPE_CHECKING:
    from vitte.runtime.running import Running

T = TypeVar("T")
CUTS: Final = 20
"""How often a life that would not stop is cancelled once more before it is left behind."""
BETWEEN_CUTS: Final = 0.05


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
            if not self.slot.done():
                self.slot.set_result(value)

    def refuse(self, refusal: RuntimeFault) -> None:
        """Answer that it was not done."""
        if not self.slot.done():
            self.slot.set_result(loops.Refusal(refusal))


Turn: TypeAlias = Callable[[], Awaitable[None]]


class SupervisorPlace(Place):
    """The place of a supervisor: its children, its inbox and its loop."""

    __slots__ = ("_chance", "_end", "_inbox", "_starting", "_wakeup", "children", "spec", "window")

    def __init__(
        self,
        running: "Running",
        above: "SupervisorPlace | None",
        spec: Supervisor | Dynamic[Any, Any],
    ) -> None:
        super().__init__(running, above, spec.id, spec)
        self.spec = spec
        self.children: dict[Any, Place] = {}
        self.window = decision.Window(spec.intensity)
        self._chance = random.Random()  # noqa: S311 - jitter, no secret
        self._inbox: deque[Place | Request | Turn] = deque()
        self._wakeup: loops.Slot | None = None
        self._starting: Place | None = None
        self._end: GaveUp | bool = False

    def begin(self) -> None:
        """Begin a life: all children anew, in their order."""
        super().begin()
        self._end = False
        self.window = decision.Window(self.spec.intensity)
        self.children = {}
        self.task = self.loop.spawn(self._run(), self.path, self)

    def post(self, event: "Place | Request | Turn") -> None:
        """Put an event into the inbox."""
        self._inbox.append(event)
        self._wake()

    def _wake(self) -> None:
        slot, self._wakeup = self._wakeup, None
        if slot is not None and not slot.done():
            slot.set_result(None)

    def ask_to_stop(self) -> None:
        """Ask for an orderly end; a child that is starting is not waited for."""
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
            return self.running.make_dynamic(self, spec)
        return WorkerPlace(self.running, self, spec.id, spec)

    # The loop.

    async def _run(self) -> None:
        try:
            error = await self._start_all()
            if error is None and not self.asked:
                self.became_ready()
                error = await self._serve()
        finally:
            self.cut_short = False  # cancelled from outside, or at its end: no kill
            await self._stop_all()
            self._refuse_the_rest()
        if self.asked:
            error = Killed("it was killed") if self.killed else None
        self.error = error

    async def _serve(self) -> BaseException | None:
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
        return self._end if isinstance(self._end, GaveUp) else None

    def _refuse_the_rest(self) -> None:
        for event in self._inbox:
            if isinstance(event, Request):
                event.refuse(NoSuchPlace(f"{self.path} ended"))
        self._inbox.clear()

    # Starting.

    async def _start_all(self) -> BaseException | None:
        for spec in self.spec.children if isinstance(self.spec, Supervisor) else ():
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
        await place.settled(place.rules.start_within)
        self._starting = None
        place.watched = False
        if place.ready:
            self.tell_started(place)
            return None
        if place.state is State.IGNORED:
            place.unseen = False
            self._forget_if_temporary(place)
            return None
        if place.task is None:
            place.unseen = False
            return self._start_fell(place, place.error or RuntimeFault("it was stopped"))
        if self.asked:  # it is stopped in its turn, with the others
            return RuntimeFault("its supervisor was stopped")
        await self._stop(place)
        late = f"it was not ready within {place.rules.start_within} s"
        return self._start_fell(place, RuntimeFault(late))

    def tell_started(self, place: Place) -> None:
        """Tell that a place is ready, and see to one that ended since."""
        now = self.loop.now()
        if place.fallen:
            place.fallen = False
            place.restarts += 1
            self.running.tell(Restarted(path=place.path, at=now, restarts=place.restarts))
        else:
            self.running.tell(Started(path=place.path, at=now))
        if place.unseen:
            self.post(place)

    def _start_fell(self, place: Place, error: BaseException) -> BaseException:
        fall = place.remember(error)
        self.running.tell(
            StartFell(path=place.path, at=fall.at, reason=fall.reason, stack=fall.stack)
        )
        if isinstance(error, StartFailed):
            return error
        failed = StartFailed(place.path, fall.reason)
        failed.__cause__ = error
        return failed

    # Ends and restarts.

    async def _child_ended(self, place: Place) -> None:
        place.unseen = False
        now = self.loop.now()
        normal = place.error is None
        again = decision.starts_again(place.rules.restart, normal=normal)
        if normal and not again:
            self.running.tell(Stopped(path=place.path, at=now, reason="it ended"))
        else:
            fall = place.remember(place.error)
            self.running.tell(Fell(path=place.path, at=now, reason=fall.reason, stack=fall.stack))
        if again:
            self._count_in_a_row(place, now)
            await self._restart(place)
        else:
            self._rest(place)

    def _rest(self, place: Place) -> None:
        """Let a place rest that ended for good, and see whether that ends this supervisor."""
        place.close("it ended", keep=place.rules.restart is not TEMPORARY)
        self._forget_if_temporary(place)
        rule = self.spec.auto_shutdown
        significant = place.rules.significant
        others = significant and any(
            other.rules.significant and other is not place and self._is_alive(other)
            for other in self.children.values()
        )
        if decision.shuts_down(rule, significant=significant, others_live=others):
            self._end = True

    def _is_alive(self, place: Place) -> bool:
        return place.task is not None or place.state is State.RESTARTING

    def _count_in_a_row(self, place: Place, now: float) -> None:
        backoff = place.rules.backoff
        if backoff is not None and now - place.since >= backoff.calm:
            place.in_a_row = 0
        place.in_a_row += 1

    async def _restart(self, place: Place) -> None:
        """Restart a place and whom its fall concerns, or give up."""
        now = self.loop.now()
        if not self.window.allows_one_more(now):
            reason = place.falls[-1].reason if place.falls else "it ended"
            self._end = GaveUp(self.path, f"{place.path} fell once too often: {reason}")
            self.running.tell(GivenUp(path=self.path, at=now, reason=self._end.reason))
            return
        place.state = State.RESTARTING
        for sibling in self._concerned(place)[0]:
            await self._stop(sibling)
            if sibling.rules.restart is TEMPORARY:
                sibling.close("it was stopped")
                self._forget_if_temporary(sibling)
        seconds = decision.delay(place.rules.backoff, place.in_a_row, self._chance)
        if seconds > 0:
            self.loop.after(seconds, lambda: self.post(lambda: self._start_again(place)))
        else:
            await self._start_again(place)

    def _concerned(self, place: Place) -> tuple[list[Place], list[Place]]:
        """Give those to stop and those to start, each in its order."""
        if self.spec.strategy is ONE_FOR_ONE:
            return [], [place]
        places = list(self.children.values())
        restarts = [one.rules.restart for one in places]
        plan = decision.plan(self.spec.strategy, places.index(place), restarts)
        return [places[i] for i in plan.stop], [places[i] for i in plan.start]

    def _still_restarts(self, place: Place) -> bool:
        return self.children.get(place.key) is place and place.state is State.RESTARTING

    async def _start_again(self, place: Place) -> None:
        """Start the fallen one and whom its fall concerned; when that fails, try again later."""
        if not self._still_restarts(place):
            return
        for sibling in self._concerned(place)[1]:
            if sibling.task is not None:
                continue
            sibling.fallen = True
            error = await self._bring_up(sibling)
            if self.asked:
                return
            if error is not None:
                sibling.state = State.RESTARTING
                self._count_in_a_row(sibling, sibling.since)
                self.post(partial(self._try_again, sibling))
                return

    async def _try_again(self, place: Place) -> None:
        if self._still_restarts(place):
            await self._restart(place)

    def _forget_if_temporary(self, place: Place) -> None:
        if place.rules.restart is TEMPORARY:
            self.children.pop(place.key, None)

    # Stopping.

    async def _stop_all(self) -> None:
        for place in reversed(list(self.children.values())):
            await self._stop(place)

    async def _stop(self, place: Place) -> None:
        """Stop a child in the time it has; then cut it off."""
        place.watched = True
        if place.task is not None:
            place.state = State.STOPPING
            shutdown = place.rules.shutdown
            if shutdown is BRUTAL or self.killed:
                place.asked = True
                await self._cut(place)
            elif shutdown is INFINITY:
                place.ask_to_stop()
                while place.lives():
                    await place.settled()
            else:
                place.ask_to_stop()
                left = float(shutdown)
                until = self.loop.now() + left
                while place.lives() and left > 0:
                    await place.settled(left)
                    left = until - self.loop.now()
                await self._cut_off(place)
        place.unseen = place.watched = False
        if place.state is State.STOPPING:
            self.running.tell(Stopped(path=place.path, at=self.loop.now(), reason="it was stopped"))
        place.state = State.STOPPED

    async def _cut_off(self, place: Place) -> None:
        if place.task is not None:
            self.running.tell(CutOff(path=place.path, at=self.loop.now(), stack=place.stack()))
            await self._cut(place)

    async def _cut(self, place: Place) -> None:
        for _ in range(CUTS):
            if place.task is None:
                return
            place.cut()
            await place.settled(None if isinstance(place, SupervisorPlace) else BETWEEN_CUTS)
        if place.task is not None:
            self.running.abandon(place)

    # At run time.

    async def call(self, action: Callable[[], Awaitable[T]]) -> T:
        """Have something done in the supervisor's own turn, and wait for its answer."""
        if self.task is None or self.state is not State.RUNNING:
            raise NoSuchPlace(f"{self.path} does not run")
        request = Request(action, self.loop.slot())
        life = current_life.get()
        self.post(request)
        if life is None:
            answer: Any = await request.slot
        else:
            answer = await life.during(request.slot, lambda: request.refuse(ShutdownAsked()))
        if isinstance(answer, loops.Refusal):
            raise answer.error or RuntimeFault("it was refused")
        return answer

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
            if not place.lives():
                place.close("it did not start")
                self.children.pop(place.key, None)
            raise error
        return place.path

    async def terminate_child(self, key: Any) -> None:
        """Stop a child; it stays known, unless it is temporary."""
        place = self._known(key)
        await self._stop(place)
        place.close("it was terminated", keep=place.rules.restart is not TEMPORARY)
        self._forget_if_temporary(place)

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
        self.children.pop(place.key, None)

    def _known(self, key: Any) -> Place:
        if key not in self.children:
            raise NoSuchPlace(f"{self.path}/{key}")
        return self.children[key]

    def _resting(self, key: Any) -> Place:
        place = self._known(key)
        if place.state is State.RESTARTING:
            raise StillRestarting(place.path)
        if place.task is not None:
            raise StillRunning(place.path)
        return place
