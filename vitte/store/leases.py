"""Leases: what one process at a time may do, and which one does.

Nothing here tells the time. Whoever wants a lease looks at its beat again and
again, and takes it when the beat stands still; see ``vitte.actors.lease``.
"""

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take

ASK = take("leases", "ask_lease")
TAKE = take("leases", "take_lease")
BEAT = take("leases", "beat_lease")
HOLD = take("leases", "hold_lease")
RELEASE = take("leases", "release_lease")


class Seen(Struct, frozen=True, kw_only=True):
    """A lease as it stands: who holds it, how often it changed hands, how far its beat has come.

    ``asked`` grows while somebody else would like to have it.
    """

    holder: str | None
    fence: int
    beat: int
    asked: int


async def ask(session: Session, name: str) -> Seen:
    """Say that one would like to have it; give how it stands."""
    return await session.row(ASK, Seen, name=name)


async def take_over(session: Session, name: str, node: str, seen: Seen) -> Seen | None:
    """Take it as it was seen; None when anybody has moved since."""
    return await session.row_or_none(
        TAKE, Seen, name=name, node=node, fence=seen.fence, beat=seen.beat
    )


async def beat(session: Session, name: str, node: str, fence: int) -> Seen | None:
    """Show that one lives; None when it is another's by now."""
    return await session.row_or_none(BEAT, Seen, name=name, node=node, fence=fence)


async def hold(session: Session, name: str, node: str, fence: int) -> bool:
    """Tell whether one holds it; nobody else can take it until the transaction ends."""
    return await session.row_or_none(HOLD, Seen, name=name, node=node, fence=fence) is not None


async def release(session: Session, name: str, node: str, fence: int) -> bool:
    """Give it back; False when it is another's already."""
    return await session.change(RELEASE, name=name, node=node, fence=fence) > 0
