"""Laws that hold whatever happens, tried with random trees and events on the virtual clock.

A machine starts a tree and lets hypothesis tell, ask, fell, kill, stop, start, wait.
After each step: no life runs that the supervisor does not know, each place has one life
at most, starts went in order and stops in reverse, and nobody waits for ever.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.stage import Echo, Fall, Leave, Message, Say, echo
from vitte.runtime import (
    Backoff,
    Child,
    Dynamic,
    GaveUp,
    Intensity,
    Life,
    Mailbox,
    Place,
    Registry,
    Restart,
    Running,
    RuntimeFault,
    Strategy,
    Supervisor,
    start,
)

NAMES = ["a", "b", "c", "d"]
PATIENCE = 30.0
WORKERS = st.fixed_dictionaries(
    {
        "restart": st.sampled_from(Restart),
        "backoff": st.sampled_from([None, Backoff(minimum=1, maximum=8)]),
        "shutdown": st.sampled_from([0.5, 5.0]),
        "slow": st.sampled_from([0.0, 0.0, 3.0]),
        "stubborn": st.booleans(),
    }
)
TREES = st.fixed_dictionaries(
    {
        "outer": st.sampled_from(Strategy),
        "inner": st.sampled_from(Strategy),
        "limit": st.integers(0, 4),
        "workers": st.lists(WORKERS, min_size=4, max_size=4),
    }
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["say", "ask", "fall", "leave", "kill", "terminate", "restart", "delete", "wait", "key"]
        ),
        st.sampled_from([*NAMES, "inner"]),
    ),
    max_size=25,
)


class World:
    """One tree, what lives in it, and the laws."""

    def __init__(self, shape: dict[str, Any]) -> None:
        self.alive: list[str] = []
        self.history: list[tuple[str, str]] = []
        self.boxes = {name: Mailbox[Message](name, capacity=2) for name in NAMES}
        self.keyed = Registry[int, Message]("keyed")
        a, b, c, d = (
            self._child(name, rules) for name, rules in zip(NAMES, shape["workers"], strict=True)
        )
        intensity = Intensity(shape["limit"], 60.0)
        inner = Supervisor("inner", shape["inner"], intensity, [b, c])
        many = Dynamic("keyed", self.keyed, lambda key: self._body(str(key), {}), intensity)
        self.spec = Supervisor("root", shape["outer"], intensity, [a, inner, d, many])

    def _child(self, name: str, rules: dict[str, Any]) -> Child[Message]:
        given = {key: rules[key] for key in ("restart", "backoff", "shutdown")}
        return Child(name, lambda: self._body(name, rules), mailbox=self.boxes[name], **given)

    def _body(self, name: str, rules: dict[str, Any]) -> Callable[[Life[Message]], Awaitable[None]]:
        async def body(life: Life[Message]) -> None:
            if rules.get("stubborn"):
                life.trap_exit()
            await anyio.sleep(rules.get("slow", 0.0))
            self.alive.append(name)
            self.history.append(("up", name))
            try:
                life.ready()
                await self._serve(life)
            finally:
                self.alive.remove(name)
                self.history.append(("down", name))

        return body

    async def _serve(self, life: Life[Message]) -> None:
        while True:
            match await life.receive():
                case Echo(word=word, reply=reply):
                    reply.send(word)
                case Fall(reason=reason):
                    raise ValueError(reason)
                case Leave():
                    return
                case _:
                    pass

    async def step(self, running: Running, what: str, name: str) -> None:
        path = f"root/inner/{name}" if name in "bc" else f"root/{name}"
        box = self.boxes.get(name, self.boxes["a"])
        ask = self.ask(box)
        steps: dict[str, Callable[[], Awaitable[object]]] = {
            "say": lambda: box.ref.tell(Say(word="x")),
            "ask": lambda: ask,
            "fall": lambda: box.ref.tell(Fall()),
            "leave": lambda: box.ref.tell(Leave()),
            "kill": lambda: running.kill(path),
            "terminate": lambda: running.terminate_child(path),
            "restart": lambda: running.restart_child(path),
            "delete": lambda: running.delete_child(path),
            "wait": lambda: anyio.sleep(10),
            "key": lambda: self.keyed.tell(len(name), Fall()),
        }
        try:
            await steps[what]()
        except (RuntimeFault, LookupError):
            pass  # a refusal is an answer
        finally:
            ask.close()

    async def ask(self, box: Mailbox[Message]) -> None:
        await echo(box.ref, seconds=PATIENCE)

    def hold(self, running: Running) -> None:
        known = [place for place in places(running.root) if not hasattr(place, "children")]
        up = [str(place.key) for place in known if place.task is not None]
        assert len(self.alive) == len(set(self.alive)), "two lives in one place"
        assert set(self.alive) <= set(up), "a life that its supervisor does not know"
        assert running.abandoned == []


def places(place: Place) -> list[Place]:
    children: dict[Any, Place] = getattr(place, "children", {})
    return [place, *(found for child in children.values() for found in places(child))]


def in_start_order(names: list[str]) -> bool:
    return [name for name in names if name in NAMES] == sorted(n for n in names if n in NAMES)


@settings(max_examples=3000, deadline=None, derandomize=True, database=None)
@given(shape=TREES, steps=STEPS)
def test_the_laws_hold_whatever_happens(
    shape: dict[str, Any], steps: list[tuple[str, str]]
) -> None:
    world = World(shape)

    async def run() -> None:
        async with start(world.spec) as running:
            assert in_start_order([name for what, name in world.history if what == "up"])
            for what, name in steps:
                # Nobody waits for ever: not the longest restart, stop or question.
                with anyio.fail_after(10 * PATIENCE):
                    await world.step(running, what, name)
                await trio.testing.wait_all_tasks_blocked()
                world.hold(running)
            world.history.clear()
            still = sorted(set(world.alive) & set(NAMES), reverse=True)
        downs = [name for what, name in world.history if what == "down" and name in still]
        assert downs == still, "a stop goes in reverse"

    with suppress(GaveUp):
        trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0.001))
    assert world.alive == [], "a life that outlived its tree"
