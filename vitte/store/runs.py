"""The ledger of the jobs: every occurrence, which runs once or is skipped for a reason.

A row is due, then running, then ok, failed or lost; or it is skipped from the
start. Whoever has it in hand is known by the number of the attempt: an older one
finds that it may write nothing any more.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal, NewType, TypeAlias

from msgspec import Struct

from vitte.store import audit
from vitte.store.audit import Author
from vitte.store.pool import Session
from vitte.store.queries import take

PLAN = take("runs", "plan_runs")
HAS_UNFINISHED = take("runs", "has_unfinished_runs")
CLAIM = take("runs", "claim_run")
BEGIN = take("runs", "begin_run")
ASK_FOR = take("runs", "ask_for_run")
BEAT = take("runs", "beat_run")
END = take("runs", "end_run")
LIST_RUNNING = take("runs", "list_running")
GIVE_UP_LATE = take("runs", "give_up_late_runs")
LIST = take("runs", "list_runs")
TRIM = take("runs", "trim_runs")

RunId = NewType("RunId", int)
State = Literal["due", "running", "ok", "failed", "skipped", "lost"]
Reason = Literal["missed", "late", "overlap", "paused"]

Place: TypeAlias = tuple[datetime, RunId]
"""Where a run stands in a list: for when it was due, and which it is."""

LONGEST_ERROR = 500
NEWEST: Final[Place] = (datetime.max.replace(tzinfo=UTC), RunId(2**63 - 1))
"""Above every run: where a list begins."""


class Run(Struct, frozen=True, kw_only=True):
    """An occurrence of a job, and what became of it so far."""

    id: RunId
    job: str
    scheduled_for: datetime
    state: State
    reason: Reason | None
    not_before: datetime | None
    node: str | None
    attempt: int
    failures: int
    losses: int
    started_at: datetime | None
    ended_at: datetime | None
    heartbeat_at: datetime | None
    beat: int
    rows_touched: int
    error: str | None
    asked_by: str | None
    decided_at: datetime


class Planned(Struct, frozen=True, kw_only=True):
    """What was decided of an occurrence: it is due from a moment on, or skipped for a reason."""

    scheduled_for: datetime
    not_before: datetime | None = None
    reason: Reason | None = None


class Ending(Struct, frozen=True, kw_only=True):
    """How an attempt ended; with ``not_before`` it is tried again from then on."""

    state: State
    error: str | None = None
    not_before: datetime | None = None
    failed: bool = False
    lost: bool = False


class _Found(Struct, frozen=True, kw_only=True):
    found: bool


async def plan(session: Session, job: str, planned: Sequence[Planned], now: datetime) -> list[Run]:
    """Account for occurrences, in one statement; give those that were new, or decided anew."""
    return await session.rows(
        PLAN,
        Run,
        job=job,
        times=[each.scheduled_for for each in planned],
        reasons=[each.reason for each in planned],
        starts=[each.not_before for each in planned],
        now=now,
    )


async def has_unfinished(session: Session, job: str) -> bool:
    """Tell whether a job has a run that waits or is in hand."""
    return (await session.row(HAS_UNFINISHED, _Found, job=job)).found


async def claim(session: Session, jobs: Sequence[str], node: str, now: datetime) -> Run | None:
    """Take a run of one of these jobs in hand that may begin; None when none may.

    Raises:
        Contradiction: Another one of the job was taken at the same moment.
    """
    return await session.row_or_none(CLAIM, Run, jobs=list(jobs), node=node, now=now)


async def begin(  # noqa: PLR0913  # what, when, by whom
    session: Session, job: str, at: datetime, *, node: str, author: Author, now: datetime
) -> Run | None:
    """Take an occurrence in hand out of turn, and write down who wanted it.

    None while it is in hand already.

    Raises:
        Contradiction: Another occurrence of the job is in hand.
    """
    run = await session.row_or_none(
        BEGIN, Run, job=job, scheduled_for=at, node=node, who=author.who, now=now
    )
    await _note(session, run, author, now)
    return run


async def ask_for(
    session: Session, job: str, at: datetime, *, author: Author, now: datetime
) -> Run | None:
    """Let an occurrence run out of turn, by a worker that is free, and write down who wanted it.

    None while it waits or is in hand.
    """
    run = await session.row_or_none(
        ASK_FOR, Run, job=job, scheduled_for=at, who=author.who, now=now
    )
    await _note(session, run, author, now)
    return run


async def _note(session: Session, run: Run | None, author: Author, now: datetime) -> None:
    if run is not None:
        new = {"scheduled_for": run.scheduled_for}
        await audit.add(session, author, "job", "run", now, subject=run.job, new=new)


async def beat(session: Session, run: Run, now: datetime, *, rows: int = 0) -> bool:
    """Show that a run is worked on, and that it touched so many more rows.

    False when it is another's by now: then stop, and commit nothing.
    """
    changed = await session.change(BEAT, id=run.id, attempt=run.attempt, rows=rows, now=now)
    return changed > 0


async def end(
    session: Session, run: Run, ending: Ending, now: datetime, *, beat: int | None = None
) -> bool:
    """Note how an attempt ended; False when it is another's by now, or has gone on since ``beat``."""
    changed = await session.change(
        END,
        id=run.id,
        attempt=run.attempt,
        state=ending.state,
        not_before=ending.not_before,
        failed=ending.failed,
        lost=ending.lost,
        error=ending.error and ending.error[:LONGEST_ERROR],
        beat=beat,
        now=now,
    )
    return changed > 0


async def list_running(session: Session) -> list[Run]:
    """Give the runs that somebody has in hand."""
    return await session.rows(LIST_RUNNING, Run)


async def give_up_late(session: Session, job: str, before: datetime, now: datetime) -> list[Run]:
    """Close what waits of a job and was due before a moment; give what that was."""
    return await session.rows(GIVE_UP_LATE, Run, job=job, before=before, now=now)


async def list_latest(
    session: Session, job: str | None = None, *, limit: int = 20, before: Place = NEWEST
) -> list[Run]:
    """Give the latest occurrences of a job, or of all, the latest first, what is older than ``before``."""
    time, number = before
    return await session.rows(LIST, Run, job=job, time=time, number=number, limit=limit)


async def trim(session: Session, before: datetime, *, limit: int = 1_000) -> int:
    """Forget what was over before a moment, at most ``limit``; give how many."""
    return await session.change(TRIM, before=before, limit=limit)
