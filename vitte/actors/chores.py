"""What the crons do: plain functions of the database and the time.

Each works in batches of at most a thousand rows, every batch on its own, and may
be run again for the same time without harm.
"""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from vitte import config
from vitte.i18n import Words
from vitte.store import dialogs, messages, outbox, reminders, statistics
from vitte.store.messages import Retention
from vitte.store.pool import Database
from vitte.store.reminders import Ending, Reminder

BATCH: Final = 1_000
MONTHS_AHEAD: Final = 3
AFTER_THE_END: Final = -1


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
    database: Database, now: datetime, *, settings: config.Cron, words: Words
) -> int:
    """Remind people whose subscription ends soon, or ended yesterday; gives how many.

    A reminder is recorded in the transaction that puts it into the outbox: nobody
    is reminded twice of the same end, and nobody is passed over.
    """
    reminded = 0
    zone = ZoneInfo(settings.timezone)
    today = _midnight(now, zone)
    for days in (*settings.remind_days_before, AFTER_THE_END):
        ending = Ending(
            days_before=days,
            first=today + timedelta(days=days),
            before=today + timedelta(days=days + 1),
        )
        while batch := await _remind(database, now, ending, words, zone):
            reminded += batch
    return reminded


async def make_partitions(database: Database, now: datetime) -> int:
    """Make the months of messages that begin soon; gives how many were missing."""
    return await messages.make_partitions(database, now.date(), MONTHS_AHEAD)


async def _remind(
    database: Database, now: datetime, ending: Ending, words: Words, zone: ZoneInfo
) -> int:
    """Put the next batch of reminders of one kind into the outbox, in one transaction."""
    async with database.transaction() as transaction:
        claimed = await reminders.claim(transaction, ending, now, stale=now, limit=BATCH)
        said = [_words(each, words, zone) for each in claimed]
        await outbox.add(transaction, said, now, taken=False)
        for each in claimed:
            await reminders.mark_sent(transaction, each, now)
    return len(claimed)


def _words(reminder: Reminder, words: Words, zone: ZoneInfo) -> outbox.Words:
    html = _line(reminder, words, zone)
    fields = {"chat_id": reminder.user_id, "text": html, "parse_mode": "HTML"}
    return outbox.Words(
        chat_id=reminder.user_id,
        lane=outbox.Lane.REMINDER,
        method="sendMessage",
        payload=msgspec.json.encode(fields).decode(),
    )


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
