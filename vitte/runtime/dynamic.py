"""The supervisor of many alike: one actor a key, started and stopped at run time.

A start, and a stop, is watched by whoever asked for it and not by the supervisor's
loop: one that is slow holds up nobody else. Only when that one leaves half way does
the supervisor see it through. Stopping all asks all at once, as OTP's
``simple_one_for_one`` does.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from vitte.runtime.address import Ref
from vitte.runtime.errors import ActorGone, NoMoreRoom, RuntimeFault, StartFailed, WrongKind
from vitte.runtime.mailbox import Mailbox
from vitte.runtime.place import Place, State, WorkerPlace
from vitte.runtime.spec import ONE_FOR_ONE, Body, Child, Dynamic, Spec, Supervisor
from vitte.runtime.supervisor import SupervisorPlace

if TYPE_CHECKING:
    from vitte.runtime.running import Running

GLANCES: Final = 4
"""How many times in the idle time the children are looked over."""
AT_ONCE: Final = 1000
"""After so many children everyone else has a turn."""


class KeyedPlace(WorkerPlace):
    """The place of one of many."""

    __slots__ = ()

    def build(self) -> Body[Any]:
        """Build the actor of this key."""
        above = self.above
        assert isinstance(above, DynamicPlace)  # noqa: S101 - it makes these
        return above.dynamic.start(self.key)


class DynamicPlace(SupervisorPlace):
    """The place of a dynamic supervisor."""

    __slots__ = ("_rules", "dynamic")

    def __init__(self, running: "Running", above: SupervisorPlace, spec: Dynamic[Any, Any]) -> None:
        super().__init__(running, above, spec)
        self.rules = Supervisor(
            spec.id,
            ONE_FOR_ONE,
            spec.intensity,
            (),
            restart=spec.restart,
            significant=spec.significant,
            backoff=spec.backoff,
        )
        self.dynamic = spec
        self._rules: Child[Any] = Child(
            "any",
            _none,
            restart=spec.child_restart,
            shutdown=spec.shutdown,
            start_within=spec.start_within,
            backoff=spec.child_backoff,
        )

    async def _start_all(self) -> BaseException | None:
        self.dynamic.registry.bind(self)
        self._glance_later()
        return None

    def ref(self, key: Any) -> Ref[Any] | None:
        """Give the address of a child that is known, and neither starts nor leaves."""
        place = self.children.get(key)
        if place is None or place.first or place.asked:
            return None
        assert isinstance(place, WorkerPlace)  # noqa: S101 - it makes no others
        return place.box.ref

    async def find_or_start(self, key: Any) -> Ref[Any]:
        """Give the address of a child when it is ready; it is started if there is none."""
        place = self.children.get(key)
        while place is not None and place.asked:
            await place.settled()
            place = self.children.get(key)
        if place is None:
            place = self._begin(key)
        if place.first:
            try:
                await place.settled(self.dynamic.start_within)
            except BaseException:
                self.post(partial(self._see_it_start, place))
                raise
            await self._first_settled(place)
        assert isinstance(place, WorkerPlace)  # noqa: S101 - it makes no others
        return place.box.ref

    def _begin(self, key: Any) -> Place:
        spec = self.dynamic
        if self.state is not State.RUNNING or self.asked:
            raise ActorGone(self.path, "it does not run")
        if spec.max_children is not None and len(self.children) >= spec.max_children:
            raise NoMoreRoom(f"{self.path} has {len(self.children)} children")
        box: Mailbox[Any] = Mailbox(
            f"{self.path}/{key}",
            capacity=spec.capacity,
            full=spec.full,
            deliveries=spec.deliveries,
        )
        place = KeyedPlace(self.running, self, key, self._rules, box)
        self.children[key] = place
        place.first = place.watched = True
        place.begin()
        return place

    async def _first_settled(self, place: Place) -> None:
        if not place.ready:
            raise await self._did_not_start(place)
        if place.first:
            place.first = place.watched = False
            self.tell_started(place)

    async def _see_it_start(self, place: Place) -> None:
        """Watch a start whose asker left."""
        if place.first:
            if place.lives() and not place.ready:
                await place.settled(self.dynamic.start_within)
            with suppress(RuntimeFault):  # told as an event; there is nobody left to tell
                await self._first_settled(place)

    async def _did_not_start(self, place: Place) -> BaseException:
        error: BaseException = place.error or RuntimeFault("it was stopped")
        if place.task is not None:
            await self._stop(place)
            error = RuntimeFault("it was not ready in its time")
        if self.children.get(place.key) is not place:
            return StartFailed(place.path, "it did not start")
        del self.children[place.key]
        failed = self._start_fell(place, error)
        place.close(str(failed))
        return failed

    async def stop_child(self, key: Any) -> None:
        """Stop and forget one child; nothing happens when there is none."""
        place = self.children.get(key)
        if place is None:
            return
        if place.asked or place.first:
            while self.children.get(key) is place:
                await place.settled()
            return
        try:
            await self._let_go(place)
        except BaseException:
            self.post(partial(self._let_go, place))
            raise

    def _rest(self, place: Place) -> None:
        """Forget a child that ended for good: there is no id to restart it by."""
        place.close("it ended")
        self.children.pop(place.key, None)

    async def _let_go(self, place: Place) -> None:
        if self.children.get(place.key) is place:
            await self._stop(place)
            place.close("it was stopped")
            self.children.pop(place.key, None)
            place.changed()

    async def _stop_all(self) -> None:
        self.dynamic.registry.bind(None)
        await self._stop_these(list(self.children.values()))
        self.children.clear()

    async def _stop_these(self, places: list[Place]) -> None:
        """Ask all at once, then wait for each."""
        for place in places:
            if place.task is not None and not self.killed:
                place.watched = True
                place.state = State.STOPPING
                place.ask_to_stop()
        for place in places:
            await self._let_go(place)

    # The idle.

    def _glance_later(self) -> None:
        if self.dynamic.idle is not None:
            self.loop.after(self.dynamic.idle / GLANCES, lambda: self.post(self._glance))

    async def _glance(self) -> None:
        """End those who have heard nothing for the idle time."""
        idle: list[Place] = []
        for number, place in enumerate(tuple(self.children.values())):
            if isinstance(place, WorkerPlace) and self._is_idle(place):
                idle.append(place)
            if number % AT_ONCE == AT_ONCE - 1:
                await self.loop.breathe()
        await self._stop_these([place for place in idle if self._is_idle(place)])
        self._glance_later()

    def _is_idle(self, place: Place) -> bool:
        if not isinstance(place, WorkerPlace) or place.life is None or place.asked:
            return False
        parked_at = place.life.parked_at
        if parked_at is None or place.box.depth() or self.dynamic.idle is None:
            return False
        return self.loop.now() - parked_at >= self.dynamic.idle

    # What only supervisors of named children do.

    async def start_child(self, spec: Spec) -> str:  # noqa: ARG002 - a refusal reads nothing
        """Refuse: its children are started by key."""
        raise WrongKind(f"{self.path} starts its children by key: see its registry")

    async def terminate_child(self, key: Any) -> None:
        """Stop and forget a child."""
        place = self._known(key)
        await self._let_go(place)

    async def restart_child(self, key: Any) -> None:  # noqa: ARG002 - as above
        """Refuse: a child that does not run is not known."""
        raise WrongKind(f"{self.path} knows no child that does not run")

    async def delete_child(self, key: Any) -> None:  # noqa: ARG002 - as above
        """Refuse: as ``restart_child``."""
        raise WrongKind(f"{self.path} knows no child that does not run")


def _none() -> Callable[[Any], Awaitable[None]]:
    raise NotImplementedError  # the template's: a keyed place builds its own
