"""Updates that come, are kept and are finished: what the tests of the way of an update begin with."""

from collections.abc import Sequence

from tests.store.people import NOW
from vitte.store import turns, updates
from vitte.store.pool import Session
from vitte.store.turns import Turn
from vitte.store.updates import Finished, Outcome, Pending, UpdateId


def coming(number: int, chat: int = 101, kind: str = "message", body: str = "{}") -> Pending:
    """An update that has just come."""
    return Pending(id=UpdateId(number), chat_id=chat, kind=kind, body=body, received_at=NOW)


def finished(
    update: Pending | int, outcome: Outcome = "answered", reason: str | None = None
) -> Finished:
    """How an update ended."""
    came = coming(update) if isinstance(update, int) else update
    return Finished(update=came, outcome=outcome, reason=reason)


async def keep(session: Session, *came: Pending) -> list[int]:
    """Write updates down for later; gives those that were new."""
    return [row.id for row in await turns.write(session, came, [], NOW)]


async def finish(session: Session, *ended: Finished | int) -> list[int]:
    """Finish updates; gives those that were still to be finished."""
    how = [each if isinstance(each, Finished) else finished(each) for each in ended]
    written = await turns.write(session, [], [Turn(finished=each) for each in how], NOW)
    return [row.id for row in written]


async def pending(session: Session) -> Sequence[int]:
    """The updates that nobody has finished, in their order."""
    return [each.id for each in await updates.list_pending(session, limit=1_000)]


async def books(session: Session) -> dict[str, int]:
    """How many updates are in which state, and why."""
    lines = await updates.count(session)
    return {f"{line.state} {line.reason}".strip(): line.updates for line in lines}
