"""What the crons do: plain functions of the database and the time.

Each works in batches of at most a thousand rows, every batch on its own, and may
be run again for the same time without harm.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from vitte import config
from vitte.i18n import Words
from vitte.store import dialogs, messages, reminders, statistics
from vitte.store.messages import Retention
from vitte.store.pool import Database
from vitte.store.reminders import Ending, Reminder
from vitte.store.users import UserId

BATCH: Final = 1_000
MONTHS_AHEAD: Final = 3
AFTER_THE_END: Final = -1
# A claim this old was made by a process that fell before it could send.
STALE: Final = timedelta(hours=1)

# Says something (HTML) to a person; False where they cannot be reached.
Say: TypeAlias = Callable[[UserId, str], Awaitable[bool]]


async def clean_messages(database: Database, now: datetime, *, settings: config.Cron) -> int:
    """Remove messages that are older than their owner's plan keeps them; gives how many."""
    retention = Retention(
        free_before=now - timedelta(days=settings.free_retention_days),
        premium_before=now - timedelta(days=settings.premium_retention_days),
    )
    removed, after = 0, messages.OLDEST
    while True:
        batch = await messages.delete_old(database, retention, now, after=after, limit=BATCH)
        removed += batch.deleted
        after = batch.last_id
        if batch.looked_at < BATCH:
            return removed


async def archive_dialogs(database: Database, now: datetime, *, settings: config.Cron) -> int:
    """Archive dialogs that have been silent for long; gives how many."""
    before = now - timedelta(days=settings.archive_after_days)
    archived = 0
    while True:
        batch = await dialogs.archive_inactive(database, before=before, now=now, limit=BATCH)
        archived += batch
        if batch < BATCH:
            return archived


async def user_stats(database: Database, now: datetime, *, settings: config.Cron) -> int:
    """Count the day before ``now``, as days are in the installation's timezone; one row."""
    zone = ZoneInfo(settings.timezone)
    today = _midnight(now, zone)
    # By the calendar, not by 24 hours: a day on which the clocks change has 23 or 25.
    yesterday = (today.replace(tzinfo=None) - timedelta(days=1)).replace(tzinfo=zone)
    await statistics.add_day(database, yesterday.date(), begins=yesterday, ends=today, now=now)
    return 1


async def remind_expiring(
    database: Database, now: datetime, *, settings: config.Cron, words: Words, say: Say
) -> int:
    """Remind people whose subscription ends soon, or ended yesterday; gives how many were sent.

    Each reminder is claimed before it is sent: nobody is reminded twice of the
    same end, and a claim whose process fell is taken up again.
    """
    sent = 0
    zone = ZoneInfo(settings.timezone)
    today = _midnight(now, zone)
    for days in (*settings.remind_days_before, AFTER_THE_END):
        ending = Ending(
            days_before=days,
            first=today + timedelta(days=days),
            before=today + timedelta(days=days + 1),
        )
        while claimed := await reminders.claim(
            database, ending, now, stale=now - STALE, limit=BATCH
        ):
            for reminder in claimed:
                reached = await say(reminder.user_id, _line(reminder, words, zone))
                await reminders.mark_sent(database, reminder, now)
                sent += reached
    return sent


async def make_partitions(database: Database, now: datetime) -> int:
    """Make the months of messages that begin soon; gives how many were missing."""
    return await messages.make_partitions(database, now.date(), MONTHS_AHEAD)


def _line(reminder: Reminder, words: Words, zone: ZoneInfo) -> str:
    """What the person reads, as HTML; the date is that of the days which were counted."""
    if reminder.days_before == AFTER_THE_END:
        return words.say(reminder.language, "reminder-ended", name=reminder.first_name)
    return words.say(
        reminder.language,
        "reminder-soon",
        name=reminder.first_name,
        days=reminder.days_before,
        until=reminder.expires_at.astimezone(zone).date(),
    )


def _midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """The first moment of the day; where midnight comes twice, the first of the two."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
