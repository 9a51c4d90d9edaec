"""Finding one of many alike by its key.

A registry is made with the tree, like a mailbox, and handed to whoever needs it;
while the tree runs it is bound to its dynamic supervisor.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from vitte.runtime.address import Ref, Reply
from vitte.runtime.errors import ActorGone

if TYPE_CHECKING:
    from vitte.runtime.dynamic import DynamicPlace

K = TypeVar("K")
M = TypeVar("M")
T = TypeVar("T")


class Registry(Generic[K, M]):
    """The addresses of the children of one dynamic supervisor, by key.

    An address is good until its child is ended (idle, or stopped): keep the key and come
    here for each message, rather than keep the address.
    """

    __slots__ = ("_place", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._place: DynamicPlace | None = None

    def bind(self, place: "DynamicPlace | None") -> None:
        """Belong to a running supervisor: the runtime calls this."""
        self._place = place

    async def ref(self, key: K) -> Ref[M]:
        """Give the address of the child of this key, started if there is none.

        Raises:
            NoMoreRoom: there are as many children as there may be.
            StartFailed: it did not become ready.
            ActorGone: the supervisor does not run.
        """
        return cast("Ref[M]", await self._running().find_or_start(key))

    def find(self, key: K) -> Ref[M] | None:
        """Give the address of the child of this key, if there is one."""
        return None if self._place is None else cast("Ref[M] | None", self._place.ref(key))

    async def tell(self, key: K, message: M, *, control: bool = False) -> None:
        """Tell the child of this key, started if there is none."""
        await (self.find(key) or await self.ref(key)).tell(message, control=control)

    async def ask(
        self, key: K, question: Callable[[Reply[T]], M], *, within: float, control: bool = False
    ) -> T:
        """Ask the child of this key, started if there is none."""
        ref = self.find(key) or await self.ref(key)
        return await ref.ask(question, within=within, control=control)

    async def stop(self, key: K) -> None:
        """End the child of this key and forget it; nothing happens when there is none."""
        await self._running().stop_child(key)

    def __len__(self) -> int:
        return 0 if self._place is None else len(self._place.children)

    def __iter__(self) -> Iterator[K]:
        return iter(() if self._place is None else tuple(self._place.children))

    def _running(self) -> "DynamicPlace":
        if self._place is None:
            raise ActorGone(self.name, "its supervisor does not run")
        return self._place
