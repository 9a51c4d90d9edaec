"""The pulse: one round through a running tree, which only a tree that lives completes.

It begins in the root's own turn. Each supervisor, in its own turn, looks at its
children and hands the round on to the supervisors among them; none waits for
another. So a round that comes back proves that the loop turns, that every
supervisor obeys, and that every place has a life in it. The children of a
dynamic supervisor are not visited: they come and go, and their keeper answers
for them. A place that somebody put to rest on purpose (``Running.resting``) is left in peace.
"""

from functools import partial

from anyio import move_on_after

from vitte.runtime.place import Place, State
from vitte.runtime.running import Running
from vitte.runtime.spec import Supervisor
from vitte.runtime.supervisor import SupervisorPlace


async def pulse(tree: Running, *, within: float) -> tuple[str, ...]:
    """Send one round through a tree; give a sentence for each place that does not live.

    Args:
        tree: the running tree.
        within: seconds that the round may take; who has not answered by then does not live.
    """
    round_ = _Round(tree)
    with move_on_after(within):
        await round_.home
        return tuple(round_.ill)
    late = [f"{place.path} does not answer" for place in round_.out]
    return (*round_.ill, *late)


class _Round:
    """One round: who is still to answer, and what was found."""

    def __init__(self, tree: Running) -> None:
        self._resting = tree.resting
        self.home = tree.loop.slot()
        self.out: dict[SupervisorPlace, None] = {}
        self.ill: list[str] = []
        self._send(tree.root)

    def _send(self, place: SupervisorPlace) -> None:
        self.out[place] = None
        place.post(partial(self._visit, place))

    async def _visit(self, place: SupervisorPlace) -> None:
        """Look at a supervisor's children, in its own turn."""
        for child in place.children.values() if isinstance(place.spec, Supervisor) else ():
            if not child.lives() or child.state is not State.RUNNING:
                self._note(child)
                continue
            self._resting.discard(child.path)  # it was woken, by whomever
            if isinstance(child, SupervisorPlace):
                self._send(child)
        del self.out[place]
        if not self.out and not self.home.done():
            self.home.set_result(None)

    def _note(self, place: Place) -> None:
        if place.state is not State.IGNORED and place.path not in self._resting:
            self.ill.append(f"{place.path} is {place.state.value}")
