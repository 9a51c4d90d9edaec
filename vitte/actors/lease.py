"""A lease: of all processes on one database, one at a time may do a thing.

A plain object that its actor beats again and again. It asks no clock but its own
watch: the holder's beat grows in the table, and whoever wants the lease takes it
when the beat has stood still for ``LEASE_SECONDS`` by the watch of the one who
looks, or at once when it was given back. The holder counts its seconds from the
moment before it sent its beat, which is earlier than anybody can have seen it:
so it knows first that its time is over, also when it hung, or PostgreSQL did. A
fence that grows with each holder keeps one who comes back from beating again.
"""

import time
from collections.abc import Callable
from typing import Final

from vitte.store import leases
from vitte.store.leases import Seen
from vitte.store.pool import Database

LEASE_SECONDS: Final = 3.0
BEAT_SECONDS: Final = 0.75
ASK_SECONDS: Final = 0.25
COMPANY_SECONDS: Final = 2.0
# What a holder's watch may go slower than another's, and a call take to be on its way.
_MARGIN: Final = 0.1


def watch() -> float:
    """Seconds that also go on while the machine sleeps, where there is such a clock."""
    return time.clock_gettime(_CLOCK)


_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Lease:
    """One lease, as one process sees it."""

    def __init__(
        self, name: str, *, database: Database, node: str, watch: Callable[[], float] = watch
    ) -> None:
        self._name = name
        self._database = database
        self._node = node
        self._watch = watch
        self._seen: Seen | None = None
        self._still_since = 0.0
        self._company_until = float("-inf")
        self.until = float("-inf")
        self.fence = 0
        self.clean = True

    def held(self) -> bool:
        """Tell whether one may act now. Ask before each act: the answer is soon old."""
        return self._watch() < self.until

    def has_company(self) -> bool:
        """Tell whether another process would like to have it: it may have written something."""
        return self._watch() < self._company_until

    def pause(self) -> float:
        """Give the seconds until the next beat."""
        return BEAT_SECONDS if self.fence else ASK_SECONDS

    async def beat(self) -> None:
        """Keep it, or ask for it. Not while another beat is under way.

        A new ``fence`` means that it was taken; ``clean`` tells whether the one before
        gave it back. A fence of nought means that it is another's.

        Raises:
            VitteError: The database is away; what is held is held until its time is over.
        """
        sent = self._watch()
        seen = await self._move(sent)
        if seen is None:
            return
        if self._seen is not None and seen.asked != self._seen.asked:
            self._company_until = sent + COMPANY_SECONDS
        self._seen, self.fence = seen, seen.fence
        self.until = sent + LEASE_SECONDS - _MARGIN

    async def release(self) -> None:
        """Give it back: everything is in order.

        Raises:
            VitteError: The database is away; the next one waits until the beat is found still.
        """
        fence, self.fence, self.until = self.fence, 0, float("-inf")
        if fence:
            await leases.release(self._database, self._name, self._node, fence)

    async def _move(self, sent: float) -> Seen | None:
        if self.fence:
            mine = await leases.beat(self._database, self._name, self._node, self.fence)
            if mine is not None:
                return mine
            self.fence, self.until, self._seen = 0, float("-inf"), None
        seen = await leases.ask(self._database, self._name)
        if not self._is_free(seen, sent):
            return None
        # Where nobody has ever held it, a process of a version without leases may have died.
        self.clean = seen.holder is None and seen.fence > 0
        self._seen = None
        return await leases.take_over(self._database, self._name, self._node, seen)

    def _is_free(self, seen: Seen, sent: float) -> bool:
        """Tell whether nobody holds it, as far as one can see from here."""
        before, self._seen = self._seen, seen
        if seen.holder is None or seen.holder == self._node:
            return True  # given back; or it was an earlier life's of this very process
        if before is None or (before.fence, before.beat) != (seen.fence, seen.beat):
            self._still_since = self._watch()  # not before the answer came
            return False
        return sent - self._still_since >= LEASE_SECONDS
