"""Broadcasts: what is said to many at once, to whom, and how far it has come.

People go by their id, so one number tells how far a broadcast has come, and a row
for each who was sent it keeps anybody from being sent it twice.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from vitte.store import audit
from vitte.store.audit import Author
from vitte.store.outbox import OutgoingId
from vitte.store.pool import Session, Transaction
from vitte.store.queries import take
from vitte.store.users import Language, UserId

ADD = take("broadcasts", "add_broadcast")
GET = take("broadcasts", "get_broadcast")
COUNT_AUDIENCE = take("broadcasts", "count_audience")
CHANGE = take("broadcasts", "change_broadcast")
CLAIM = take("broadcasts", "claim_broadcast")
COUNT_BULK = take("broadcasts", "count_bulk")
LOOK_AHEAD = take("broadcasts", "look_ahead")
PICK_RECIPIENTS = take("broadcasts", "pick_recipients")
ADD_RECIPIENTS = take("broadcasts", "add_recipients")
MOVE_ON = take("broadcasts", "move_on")
END = take("broadcasts", "end_broadcasts")
LIST_REPORTS = take("broadcasts", "list_reports")

State = Literal["draft", "running", "paused", "done", "cancelled"]

Action = Literal["start", "pause", "resume", "cancel"]

ACTIONS: dict[Action, tuple[State, tuple[State, ...]]] = {
    "start": ("running", ("draft",)),
    "pause": ("paused", ("running",)),
    "resume": ("running", ("paused",)),
    "cancel": ("cancelled", ("draft", "running", "paused")),
}
"""To which state each leads, and from which ones."""

NEW: Final = datetime.min.replace(tzinfo=UTC)
"""When no draft was made."""
NEWEST: Final = 2**63 - 1
"""Above every broadcast: where a list begins."""


class Segment(Struct, frozen=True, kw_only=True):
    """To whom: of those who can be reached, all who fit; None is no matter."""

    plan: Literal["free", "premium"] | None = None
    language: Language | None = None
    active_days: int | None = None

    def active_since(self, now: datetime) -> date | None:
        """The first day on which somebody must have written."""
        days = self.active_days
        return None if days is None else (now - timedelta(days=days)).date()


class Broadcast(Struct, frozen=True, kw_only=True):
    """A broadcast: its texts (each a line of Fluent), its segment, how far it has come."""

    id: int
    name: str
    text_ru: str
    text_en: str
    plan: Literal["free", "premium"] | None
    language: Language | None
    active_days: int | None
    state: State
    audience: int | None
    reached: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def segment(self) -> Segment:
        """To whom it goes."""
        return Segment(plan=self.plan, language=self.language, active_days=self.active_days)

    @property
    def texts(self) -> dict[Language, str]:
        """Its text in each language."""
        return {"ru": self.text_ru, "en": self.text_en}


class Report(Broadcast, frozen=True, kw_only=True):
    """What became of a broadcast: how many were put into the outbox, and of these."""

    queued: int
    sent: int
    blocked: int
    failed: int
    waiting: int


class Recipient(Struct, frozen=True, kw_only=True):
    """Somebody whose turn it is."""

    id: UserId
    first_name: str
    language: Language


class Ahead(Struct, frozen=True, kw_only=True):
    """The next people: how many, and who is the last."""

    people: int
    last: int


class _Words(Struct, frozen=True, kw_only=True):
    words: int


class _People(Struct, frozen=True, kw_only=True):
    people: int


async def add(  # noqa: PLR0913, PLR0917  # what, to whom, by whom, and over which
    session: Session,
    name: str,
    texts: dict[Language, str],
    segment: Segment,
    author: Author,
    now: datetime,
    *,
    over: datetime | None = None,
) -> Broadcast | None:
    """Write a draft down, or anew, and who did it; None when one of that name has started already.

    Also None when ``over`` says which draft was looked at, by when it was made, and there is another
    by now; ``NEW`` says that there was none.
    """
    added = await session.row_or_none(
        ADD,
        Broadcast,
        name=name,
        text_ru=texts["ru"],
        text_en=texts["en"],
        plan=segment.plan,
        language=segment.language,
        active_days=segment.active_days,
        version=over,
        now=now,
    )
    if added is not None:
        await audit.add(session, author, "broadcast", "create", now, subject=name)
    return added


async def get(session: Session, name: str) -> Broadcast | None:
    """Give a broadcast, or None."""
    return await session.row_or_none(GET, Broadcast, name=name)


async def count_audience(session: Session, segment: Segment, now: datetime) -> int:
    """Give how many people a segment has now."""
    row = await session.row(
        COUNT_AUDIENCE,
        _People,
        plan=segment.plan,
        language=segment.language,
        active_since=segment.active_since(now),
        now=now,
    )
    return row.people


async def change(  # noqa: PLR0913  # which, what, by whom, and for how many
    session: Session,
    name: str,
    action: Action,
    author: Author,
    now: datetime,
    *,
    audience: int | None = None,
) -> Broadcast | None:
    """Let it begin, rest, go on or end, and note who did it; None when it is in no state from which it may."""
    state, since = ACTIONS[action]
    changed = await session.row_or_none(
        CHANGE, Broadcast, name=name, state=state, states=list(since), audience=audience, now=now
    )
    if changed is not None:
        new = {} if audience is None else {"audience": audience}
        await audit.add(session, author, "broadcast", action, now, subject=name, new=new)
    return changed


async def note_trial(
    session: Session, broadcast: Broadcast, user: UserId, author: Author, now: datetime
) -> None:
    """Note who had its texts sent to whom, to look at."""
    await audit.add(session, author, "broadcast", "try", now, user=user, subject=broadcast.name)


async def claim(transaction: Transaction) -> Broadcast | None:
    """Give the one whose turn it is, for this transaction alone; None when nobody's is, or another has it."""
    return await transaction.row_or_none(CLAIM, Broadcast)


async def count_bulk(session: Session, limit: int) -> int:
    """Give how many words of broadcasts wait in the outbox, at most ``limit``."""
    return (await session.row(COUNT_BULK, _Words, limit=limit)).words


async def look_ahead(session: Session, after: int, limit: int) -> Ahead:
    """Give the next people, whoever they are."""
    return await session.row(LOOK_AHEAD, Ahead, after=after, limit=limit)


async def pick(
    session: Session, broadcast: Broadcast, last: int, now: datetime, limit: int
) -> list[Recipient]:
    """Give whose turn it is among those up to ``last``."""
    segment = broadcast.segment
    return await session.rows(
        PICK_RECIPIENTS,
        Recipient,
        id=broadcast.id,
        after=broadcast.reached,
        last=last,
        plan=segment.plan,
        language=segment.language,
        active_since=segment.active_since(now),
        now=now,
        limit=limit,
    )


async def add_recipients(
    transaction: Transaction, broadcast: int, words: Sequence[tuple[UserId, OutgoingId]]
) -> None:
    """Note who is sent it, by which words.

    Raises:
        Contradiction: somebody was sent it already.
    """
    users, ids = [user for user, _ in words], [number for _, number in words]
    await transaction.change(ADD_RECIPIENTS, id=broadcast, users=users, ids=ids)


async def move_on(
    transaction: Transaction, broadcast: int, reached: int, *, everyone: bool
) -> None:
    """Note how far it has come."""
    await transaction.change(MOVE_ON, id=broadcast, reached=reached, everyone=everyone)


async def end(session: Session, now: datetime) -> int:
    """Let those be done that have come to everybody, and close the books of these and of the cancelled; give how many."""
    return await session.change(END, now=now)


async def list_reports(
    session: Session, *, name: str | None = None, limit: int = 100, before: int = NEWEST
) -> list[Report]:
    """Give what became of broadcasts, the latest first, what is older than ``before``."""
    return await session.rows(LIST_REPORTS, Report, name=name, number=before, limit=limit)
