"""The supervisor of many alike: one actor a key, started and stopped at run time.

A start is watched by whoever asked for it and not by the supervisor's loop, so one
that is slow to become ready holds up nobody else. Stopping asks all at once, as
OTP's ``simple_one_for_one`` does.
"""

from typing import TYPE_CHECKING, Any

from vitte.runtime.channel import Mailbox, Ref
from vitte.runtime.errors import ActorGone, NoMoreRoom, StartFailed
from vitte.runtime.events import Started
from vitte.runtime.spec import Child, Dynamic
from vitte.runtime.supervisor import Place, State, SupervisorPlace, WorkerPlace

if TYPE_CHECKING:
    from vitte.runtime.running import Running


class DynamicPlace(SupervisorPlace):
    """The place of a dynamic supervisor."""

    __slots__ = ("_dynamic",)

    def __init__(self, running: "Running", above: SupervisorPlace, spec: Dynamic[Any, Any]) -> None:
        super().__init__(running, above, spec)
        self._dynamic = spec

    async def _start_all(self) -> BaseException | None:
        self._dynamic.registry.bind(self)
        return None

    def ref(self, key: Any) -> Ref[Any] | None:
        """Give the address of a child that is known."""
        place = self.children.get(key)
        if isinstance(place, WorkerPlace) and not place.first:
            return place.box.ref
        return None

    async def find_or_start(self, key: Any) -> Ref[Any]:
        """Give the address of a child, started if there is none, when it is ready."""
        place = self.children.get(key)
        if place is None:
            place = self._begin(key)
        assert isinstance(place, WorkerPlace)  # noqa: S101 - it makes no others
        if place.first:
            await self._first_ready(place)
        return place.box.ref

    def _begin(self, key: Any) -> Place:
        spec = self._dynamic
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
        child = Child[Any](
            "child",
            lambda: spec.start(key),
            mailbox=box,
            restart=spec.child_restart,
            shutdown=spec.shutdown,
            start_within=spec.start_within,
            backoff=spec.child_backoff,
        )
        place = WorkerPlace(self.running, self, key, child)
        self.children[key] = place
        place.first = True
        place.watched = True
        place.begin()
        return place

    async def _first_ready(self, place: WorkerPlace) -> None:
        await place.settled(place.start_within)
        if place.ready:
            if place.first:
                place.first = place.watched = False
                self.running.tell(Started(path=place.path, at=self.loop.now()))
                if place.unseen:
                    self.post(place)
            return
        if self.children.get(place.key) is place:
            self._forget(place)
            place.cut()
        error = place.error
        reason = "it was not ready in time" if error is None else repr(error)
        place.close(reason)
        raise StartFailed(place.path, reason) from error

    async def stop_child(self, key: Any) -> None:
        """Stop and forget one child."""

        async def stop() -> None:
            place = self.children.get(key)
            if place is not None:
                await self._stop(place)
                place.close("it was stopped")
                self._forget(place)

        await self.call(stop)

    async def _stop_all(self) -> None:
        self._dynamic.registry.bind(None)
        places = list(self.children.values())
        for place in places:
            if place.task is not None:
                place.state = State.STOPPING
                place.ask_to_stop()
        for place in places:
            await self._stop(place)
            place.close("it was stopped")
        self.children.clear()
