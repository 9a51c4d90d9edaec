"""What ``vitte job`` shows: plain tables, times in each job's own timezone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from vitte.actors.jobs import Job
    from vitte.store.jobs import Standing
    from vitte.store.runs import Run

TIMES: Final = 5
HEAD: Final = ("time", "job", "state", "tries", "rows", "took", "by", "why")


def rows(number: int) -> str:
    """How many rows, in words."""
    return f"{number:,} row{'' if number == 1 else 's'}"


def overview(jobs: "Sequence[Job]", standing: "Mapping[str, Standing]", now: datetime) -> str:
    """Every job: its schedule, its next times, its last run."""
    lines: list[str] = []
    for job in jobs:
        lines += [
            f"{job.name}: {job.note}",
            f"  schedule  {job.expression}  ({job.timezone})",
            "  next      " + "  ".join(f"{time:%a %d %b %H:%M}" for time in job.times(now, TIMES)),
            "  last      " + _last(job, standing.get(job.name)),
        ]
        known = standing.get(job.name)
        if known is not None and known.paused_at is not None:
            since = known.paused_at.astimezone(ZoneInfo(job.timezone))
            lines.append(f"  paused    since {since:%a %d %b %H:%M} by {known.paused_by}")
    return "\n".join(lines)


def as_fields(
    jobs: "Sequence[Job]", standing: "Mapping[str, Standing]", now: datetime
) -> list[dict[str, object]]:
    """The same for a program."""
    return [
        {
            "name": job.name,
            "schedule": job.expression,
            "timezone": job.timezone,
            "note": job.note,
            "next": job.times(now, TIMES),
            "last": standing.get(job.name),
        }
        for job in jobs
    ]


def history(runs: "Sequence[Run]", jobs: "Sequence[Job]") -> str:
    """Runs, a line each."""
    zones = {job.name: ZoneInfo(job.timezone) for job in jobs}
    lines = [_line(run, zones.get(run.job)) for run in runs]
    if not lines:
        return ""
    widths = [max(len(line[place]) for line in [HEAD, *lines]) for place in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [HEAD, *lines]
    )


def _line(run: "Run", zone: ZoneInfo | None) -> tuple[str, ...]:
    took = ""
    if run.started_at is not None and run.ended_at is not None:
        took = f"{(run.ended_at - run.started_at).total_seconds():.1f} s"
    return (
        f"{run.scheduled_for.astimezone(zone):%Y-%m-%d %H:%M}",
        run.job,
        run.state,
        str(run.attempt or ""),
        f"{run.rows_touched:,}" if run.attempt else "",
        took,
        run.asked_by or "",
        run.reason or run.error or "",
    )


def _last(job: "Job", known: "Standing | None") -> str:
    if known is None or known.last_state is None or known.last_scheduled_for is None:
        return "never"
    time = known.last_scheduled_for.astimezone(ZoneInfo(job.timezone))
    words = [f"{time:%a %d %b %H:%M}", known.last_state]
    if known.last_state == "ok":
        words.append(rows(known.last_rows or 0))
    elif why := known.last_reason or known.last_error:
        words.append(why)
    return ", ".join(words).replace(", ", "  ", 1)
