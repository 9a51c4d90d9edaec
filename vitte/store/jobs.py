"""The jobs that run by the clock, as far as this database knows them."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from vitte.store import audit
from vitte.store.audit import Author
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.runs import Reason, State

KNOW = take("jobs", "know_job")
MOVE = take("jobs", "move_job")
PAUSE = take("jobs", "pause_job")
RESUME = take("jobs", "resume_job")
LIST = take("jobs", "list_jobs")


class Known(Struct, frozen=True, kw_only=True):
    """A job: everything up to ``planned_until`` has its row in the ledger."""

    job: str
    schedule: str
    planned_until: datetime
    paused_at: datetime | None
    paused_by: str | None


class Standing(Struct, frozen=True, kw_only=True):
    """A job with its latest occurrence, and when it last went well."""

    job: str
    paused_at: datetime | None
    paused_by: str | None
    last_state: State | None
    last_reason: Reason | None
    last_scheduled_for: datetime | None
    last_ended_at: datetime | None
    last_rows: int | None
    last_error: str | None
    succeeded_at: datetime | None


async def know(session: Session, job: str, schedule: str, now: datetime) -> Known:
    """Give how a job stands, and hold it until the transaction ends.

    One that is new has nothing to make up for, nor has one whose ``schedule`` is another now.
    A clock that went back takes the job with it: what comes again is found in the ledger.
    """
    return await session.row(KNOW, Known, job=job, schedule=schedule, now=now)


async def move(session: Session, job: str, until: datetime, now: datetime) -> None:
    """Note that everything up to ``until`` has its row."""
    await session.change(MOVE, job=job, until=until, now=now)


async def pause(session: Session, job: str, schedule: str, author: Author, now: datetime) -> bool:
    """Let a job rest, and write down who wanted it; False when it rests already."""
    changed = await session.change(PAUSE, job=job, schedule=schedule, who=author.who, now=now)
    if changed:
        await audit.add(session, author, "job", "pause", now, subject=job)
    return changed > 0


async def resume(session: Session, job: str, author: Author, now: datetime) -> bool:
    """Let a job that rests run again, and write down who wanted it; False when it does not rest."""
    changed = await session.change(RESUME, job=job, now=now)
    if changed:
        await audit.add(session, author, "job", "resume", now, subject=job)
    return changed > 0


async def list_standing(session: Session, jobs: Sequence[str]) -> list[Standing]:
    """Give how each of these jobs stands, by name, also one that has never run."""
    return await session.rows(LIST, Standing, jobs=list(jobs))
