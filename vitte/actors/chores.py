"""What the jobs do: plain functions of the database, in batches, and the time.

Each may be run again for the same time without harm, and each walks along a key
in batches of at most a thousand rows, every one a transaction of its own. What
they count and whom they remind stands beside this file.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import anyio

from vitte import config
from vitte.actors.batches import Batches
from vitte.errors import DatabaseBusy
from vitte.store import activity, dialogs, messages, outbox, runs, subscriptions, updates
from vitte.store.messages import Retention
from vitte.store.pool import Transaction
from vitte.store.subscriptions import Ended
from vitte.store.users import UserId
from vitte.store.walk import BEFORE_ALL, Walked

MONTHS_AHEAD: Final = 3
# How often a month is tried to be dropped: it needs a moment in which nobody reads or writes.
TRIES: Final = 8
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def clean_messages(batches: Batches, now: datetime, *, settings: config.Cron) -> None:
    """Remove messages that are older than their owner's plan keeps them.

    Months that are over for every plan are dropped whole; then what is due of the others
    is deleted; then months of which nothing is left are dropped.
    """
    retention = Retention(
        free_before=now - timedelta(days=settings.free_retention_days),
        premium_before=now - timedelta(days=settings.premium_retention_days),
    )
    # A drop that is taken back would be counted once more, row by row.
    if retention.nothing_before is not None and not batches.dry:
        await _drop_months(batches, retention.nothing_before, empty=False)
    await _walk(
        batches,
        lambda transaction, after, limit: messages.delete_old(
            transaction, retention, now, after=after, limit=limit
        ),
    )
    await _drop_months(batches, retention.all_kept_from, empty=True)


async def archive_dialogs(batches: Batches, now: datetime, *, settings: config.Cron) -> None:
    """Archive dialogs that have been silent for long; what was said in them stays."""
    before = now - timedelta(days=settings.archive_after_days)
    await _walk(
        batches,
        lambda transaction, after, limit: dialogs.archive_inactive(
            transaction, before=before, now=now, after=after, limit=limit
        ),
    )


async def expire_subscriptions(batches: Batches, now: datetime, *, settings: config.Cron) -> None:
    """Put people whose subscription ended some days ago on the free plan.

    What a subscription is good for ends with the very second: that is judged by the clock,
    wherever it counts. The row waits until the day after, on which people are told.
    """
    before = now - timedelta(days=settings.expired_days)
    last = Ended(user_id=UserId(0), expires_at=LONG_AGO)
    while limit := batches.room:
        async with batches.next() as batch:
            ended = await subscriptions.expire(
                batch.transaction, before, now, after=last, limit=limit
            )
            batch.rows = len(ended)
        if len(ended) < limit:
            return
        last = ended[-1]


async def make_partitions(batches: Batches, now: datetime, *, settings: config.Cron) -> None:
    """Make the months of messages that begin soon."""
    del settings
    async with batches.next() as batch:
        batch.rows = await messages.make_partitions(batch.transaction, now.date(), MONTHS_AHEAD)


async def trim_records(batches: Batches, now: datetime, *, settings: config.Cron) -> None:
    """Forget what nobody asks about any more: old updates, words, runs, and who wrote when."""

    def ago(days: int) -> datetime:
        return now - timedelta(days=days)

    await _walk(
        batches,
        lambda transaction, after, limit: updates.trim(
            transaction,
            ago(settings.updates_days),
            ago(settings.letters_days),
            after=after,
            limit=limit,
        ),
    )
    await _walk(
        batches,
        lambda transaction, after, limit: outbox.trim(
            transaction, ago(settings.words_days), after=after, limit=limit
        ),
    )
    await _walk(
        batches,
        lambda transaction, after, limit: activity.trim(
            transaction, ago(settings.runs_days).date(), after=after, limit=limit
        ),
    )
    await _trim_runs(batches, ago(settings.runs_days))


async def _trim_runs(batches: Batches, before: datetime) -> None:
    while limit := batches.room:
        async with batches.next() as batch:
            batch.rows = await runs.trim(batch.transaction, before, limit=limit)
        if batch.rows < limit or batches.dry:
            return


async def _walk(
    batches: Batches, step: Callable[[Transaction, int, int], Awaitable[Walked]]
) -> None:
    """Walk along a key to its end, or until the run has done enough."""
    after = BEFORE_ALL
    while limit := batches.room:
        async with batches.next() as batch:
            walked = await step(batch.transaction, after, limit)
            batch.rows = walked.touched
        if walked.looked_at < limit:
            return
        after = walked.last_id


async def _drop_months(batches: Batches, before: datetime, *, empty: bool) -> None:
    """Drop the months that were over before a moment, or those of them that are empty."""
    for first in await messages.list_months(batches.database):
        if _end_of(first) <= before:
            await _drop_month(batches, first, empty=empty)


async def _drop_month(batches: Batches, first: date, *, empty: bool) -> None:
    """Drop a month, if there is a moment for it; else the next run finds one."""
    for _ in range(TRIES):
        try:
            async with batches.next() as batch:
                dropped = await messages.drop_month(batch.transaction, first, empty=empty)
                batch.rows = dropped or 0
        except DatabaseBusy:
            await anyio.sleep(0.25)
        else:
            return


def _end_of(first: date) -> datetime:
    """The first moment after a month (UTC), by which partitions are bounded."""
    following = first.replace(day=1) + timedelta(days=32)
    return datetime(following.year, following.month, 1, tzinfo=UTC)
