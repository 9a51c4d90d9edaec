"""The players of the runtime's tests: actors that do as they are told, and a log of it."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest
import trio.testing
from msgspec import Struct

from vitte.runtime import (
    ONE_FOR_ONE,
    Child,
    Events,
    Fell,
    Intensity,
    Life,
    Mailbox,
    Ref,
    Reply,
    Spec,
    Strategy,
    Supervisor,
    within,
)

VIRTUAL = ("trio", {"clock": trio.testing.MockClock(autojump_threshold=0)})
UVLOOP = ("asyncio", {"use_uvloop": True})
on_the_virtual_clock = pytest.mark.parametrize("anyio_backend", [VIRTUAL], ids=["virtual clock"])
on_uvloop = pytest.mark.parametrize("anyio_backend", [UVLOOP], ids=["uvloop"])


class Say(Struct, frozen=True, kw_only=True):
    """Write this word into the log."""

    word: str


class Echo(Struct, frozen=True, kw_only=True):
    """Which word is this?"""

    word: str
    reply: Reply[str]


class Fall(Struct, frozen=True, kw_only=True):
    """Fall over."""

    reason: str = "it was told to"


class Leave(Struct, frozen=True, kw_only=True):
    """Return."""


class Hold(Struct, frozen=True, kw_only=True):
    """Be busy until the gate opens."""

    gate: anyio.Event


Message = Say | Echo | Fall | Leave | Hold


class Stage:
    """A log that all players write, and their mailboxes by name."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.boxes: dict[str, Mailbox[Message]] = {}
        self.events = Events()
        self.seen: list[Any] = []
        self.events.call(self.seen.append)

    def ref(self, name: str) -> Ref[Message]:
        return self.boxes[name].ref

    def player(
        self, name: str, *, box: Mailbox[Message] | None = None, **rules: Any
    ) -> Child[Message]:
        box = self.boxes[name] = box or Mailbox[Message](name, deliveries=1)
        return Child(name, lambda: Player(name, self), mailbox=box, **rules)

    def body(self, name: str, run: Callable[[Life[Message]], Any], **rules: Any) -> Child[Message]:
        box = self.boxes[name] = Mailbox[Message](name)
        return Child(name, lambda: run, mailbox=box, **rules)

    def fallen(self) -> list[str]:
        return [event.path for event in self.seen if isinstance(event, Fell)]


class Player:
    """Does as it is told."""

    def __init__(self, name: str, stage: Stage) -> None:
        self._name = name
        self._stage = stage

    async def run(self, life: Life[Message]) -> None:
        log = self._stage.log
        log.append(f"{self._name} up")
        life.ready()
        try:
            while True:
                match await life.receive():
                    case Say(word=word):
                        log.append(f"{self._name}: {word}")
                    case Echo(word=word, reply=reply):
                        reply.send(word)
                    case Fall(reason=reason):
                        raise ValueError(reason)
                    case Leave():
                        return
                    case Hold(gate=gate):
                        await gate.wait()
        finally:
            log.append(f"{self._name} down")


OFTEN = within(1000, minutes=1)


def one(*children: Spec, intensity: Intensity = OFTEN, **rules: Any) -> Supervisor:
    return Supervisor("root", ONE_FOR_ONE, intensity, children, **rules)


def tree(strategy: Strategy, *children: Spec, intensity: Intensity = OFTEN) -> Supervisor:
    return Supervisor("root", strategy, intensity, children)


async def echo(ref: Ref[Message], word: str = "here", seconds: float = 5.0) -> str:
    """Ask, and so know that all that was told before is handled."""
    return await ref.ask(lambda reply: Echo(word=word, reply=reply), within=seconds)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds, giving everyone else their turn."""
    with anyio.fail_after(5):
        while not condition():
            await anyio.lowlevel.checkpoint()
