"""What can go wrong at Telegram, on demand: refusals, outages, slowness, floods.

A fault is armed by a test and spent by the calls that it fits. The flood limits
are Telegram's own and are judged only when they are switched on.
"""

from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import anyio
import msgspec

from vitte.dev.telegram.refusals import Refused, too_many

Json: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["refuse", "drop", "lose", "hang", "slow"]

DESCRIPTIONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class Fault(msgspec.Struct, kw_only=True):
    """One thing that goes wrong, for the calls that it fits."""

    kind: Kind
    method: str | None = None
    chat: int | None = None
    times: int | None = 1
    refused: Refused | None = None
    seconds: float = 0.0
    struck: anyio.Event = msgspec.field(default_factory=anyio.Event)

    def fits(self, method: str, arguments: Json) -> bool:
        """Tell whether a call meets this fault."""
        if self.method is not None and self.method.lower() != method.lower():
            return False
        return self.chat is None or str(arguments.get("chat_id")) == str(self.chat)


def refusal(status: int, retry_after: int | None, description: str | None) -> Refused:
    """Make the refusal that a fault answers with."""
    if status == 429:  # noqa: PLR2004 - HTTP's number for this very thing
        return too_many(retry_after or 1)
    return Refused(status, description or DESCRIPTIONS.get(status, "Bad Request"))


class Faults:
    """The faults that are armed now."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []
        self.released = anyio.Event()

    def arm(self, fault: Fault) -> Fault:
        """Let a fault wait for the calls that it fits."""
        self.armed.append(fault)
        return fault

    def disarm(self, fault: Fault) -> None:
        """Take a fault away, whether or not it struck."""
        if fault in self.armed:
            self.armed.remove(fault)

    def strike(self, method: str, arguments: Json) -> Fault | None:
        """Give the first fault that a call meets, and spend it."""
        for fault in self.armed:
            if fault.fits(method, arguments):
                fault.struck.set()
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.armed.remove(fault)
                return fault
        return None

    def release(self) -> None:
        """Let every call go on that hangs."""
        self.released.set()
        self.released = anyio.Event()

    @contextmanager
    def lasting(self, fault: Fault) -> Generator[Fault]:
        """Let a fault strike every call for a while."""
        fault.times = None
        self.arm(fault)
        try:
            yield fault
        finally:
            self.disarm(fault)


class Pace(msgspec.Struct, frozen=True):
    """So many messages in so many seconds."""

    messages: int
    seconds: float


class FloodLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How fast a bot may send before it is told to wait."""

    overall: Pace = Pace(30, 1.0)
    chat: Pace = Pace(1, 1.0)
    group: Pace = Pace(20, 60.0)


class Flood:
    """Judges how fast a bot sends, by exact sliding windows."""

    def __init__(self, limits: FloodLimits, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.clock = clock
        self.sent: dict[int, deque[float]] = {}

    def judge(self, chat: int) -> None:
        """Count a message to a chat.

        Raises:
            Refused: 429, with the seconds until there is room again.
        """
        now = self.clock()
        pace = self.limits.group if chat < 0 else self.limits.chat
        windows = ((0, self.limits.overall), (chat, pace))
        for key, limit in windows:
            self.check(key, limit, now)
        for key, _ in windows:
            self.sent[key].append(now)

    def check(self, key: int, limit: Pace, now: float) -> None:
        """Refuse when a window is full."""
        sent = self.sent.setdefault(key, deque())
        while sent and sent[0] <= now - limit.seconds:
            sent.popleft()
        if len(sent) >= limit.messages:
            raise too_many(sent[0] + limit.seconds - now)
