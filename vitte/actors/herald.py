"""The herald: tells systemd that the tree lives, for as long as it does.

Owns the line to systemd. Every few seconds it sends a round through the whole tree
(``vitte.runtime.pulse``) and looks whether the bot takes what it is asked. A round that
comes back well feeds systemd's watchdog; the first one says READY. When a part stays
dead, or the event loop stands still, nothing is said, and systemd starts the process
anew. Without systemd the rounds go on, and a dead part is still logged and counted.
"""

import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, Never, Protocol

import anyio

from vitte import metrics
from vitte.runtime import Life, Running, pulse

EVERY_SECONDS: Final = 10.0
ROUNDS_IN_A_WATCH: Final = 3
"""So many rounds come into one watchdog time: two may fail before the third must not."""
GLANCE_SECONDS: Final = 0.2
"""Until the tree is whole for the first time the rounds follow so closely: READY is waited for."""
DEAF_SECONDS: Final = 90.0
"""Longer than the bot may take over any update: who takes nothing for so long is stuck."""

log = logging.getLogger(__name__)


class Systemd:
    """The line to systemd: sd_notify's datagrams. Without systemd it says nothing to nobody.

    The socket is opened once, and the variables are taken out of the environment, so that
    no child of ours speaks in our name.
    """

    def __init__(self, address: str = "", watchdog_seconds: float | None = None) -> None:
        self.watchdog_seconds = watchdog_seconds
        self._socket = _connected(address) if address else None

    def tell(self, *news: str) -> None:
        """Tell systemd, as ``READY=1``; what it does not take at once is lost."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.send("\n".join(news).encode())

    def close(self) -> None:
        """Let the line go."""
        if self._socket is not None:
            self._socket.close()


def _connected(address: str) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        line.setblocking(False)  # noqa: FBT003 - the standard library asks for it so
        # An @ stands for the nought that begins a name outside the file system.
        line.connect("\0" + address[1:] if address.startswith("@") else address)
    except OSError:
        line.close()
        raise
    return line


def listening(environment: Mapping[str, str]) -> Systemd:
    """Open the line that an environment names, if it names one (sd_notify(3), sd_watchdog_enabled(3))."""
    micros = environment.get("WATCHDOG_USEC", "")
    ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    seconds = int(micros) / 1e6 if micros.isdigit() and int(micros) and ours else None
    try:
        return Systemd(environment.get("NOTIFY_SOCKET", ""), seconds)
    except OSError as problem:
        log.warning("systemd cannot be told anything: %s", problem)
        return Systemd()


class Takes(Protocol):
    """What can be seen to take what waits for it, as a mailbox or the bot's desk."""

    @property
    def name(self) -> str:
        """Who it is."""
        ...

    @property
    def taken(self) -> int:
        """How much it has taken so far."""
        ...

    def depth(self) -> int:
        """How much waits."""
        ...


class Herald:
    """One life, from a start to the next fall."""

    def __init__(
        self,
        systemd: Systemd,
        *,
        heard: Sequence[Takes] = (),
        every: float | None = None,
        deaf_seconds: float = DEAF_SECONDS,
    ) -> None:
        watchdog = systemd.watchdog_seconds
        self._systemd = systemd
        self._every = every or (watchdog / ROUNDS_IN_A_WATCH if watchdog else EVERY_SECONDS)
        self._ears = [_Ear(box, deaf_seconds) for box in heard]

    async def run(self, life: Life[Never]) -> None:
        """Send a round through the tree now and then, for ever."""
        life.ready()
        ready = False
        while True:
            began = anyio.current_time()
            ill = [*await pulse(life.tree, within=self._every), *self._deaf(life.tree)]
            metrics.rounds.labels("ill" if ill else "well").inc()
            if not ill:
                self._systemd.tell("WATCHDOG=1", f"STATUS={_how(life)}", *["READY=1"][ready:])
                ready = True
            elif ready:
                log.error("The tree is not whole: %s", "; ".join(ill))
                self._systemd.tell(f"STATUS=Not whole: {'; '.join(ill)}")
            pause = self._every if ready else min(self._every, GLANCE_SECONDS)
            await anyio.sleep(max(0.0, began + pause - anyio.current_time()))

    def _deaf(self, tree: Running) -> Iterator[str]:
        now = anyio.current_time()
        resting = {
            place.path.rpartition("/")[2]
            for path in tree.resting
            for place in tree.statistics(path, most=0)
        }
        for ear in self._ears:
            if ear.is_deaf(now) and ear.box.name not in resting:
                yield f"{ear.box.name} takes nothing"


class _Ear:
    """Whether an actor takes what waits for it."""

    def __init__(self, box: Takes, deaf_seconds: float) -> None:
        self.box = box
        self._deaf_seconds = deaf_seconds
        self._taken = -1
        self._since = 0.0

    def is_deaf(self, now: float) -> bool:
        """Whether something has waited and nothing has been taken for too long."""
        if self.box.taken != self._taken or not self.box.depth():
            self._taken, self._since = self.box.taken, now
        return now - self._since > self._deaf_seconds


def _how(life: Life[Never]) -> str:
    """How it does, for ``systemctl status``."""
    places = life.tree.statistics(most=0)
    chats = sum(place.children or 0 for place in places if place.kind == "dynamic")
    restarts = sum(place.restarts for place in places)
    return f"Serving: {len(places)} places, {chats} chats in hand, {restarts} restarts"
