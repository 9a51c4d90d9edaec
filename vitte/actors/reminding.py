"""Who is reminded of an ending subscription, when, and in which words.

Days are those of the person's own calendar, and nobody is woken: a run reminds
whom it may at that hour, the next one reaches others. A reminder is recorded in
the transaction that puts it into the outbox: nobody is reminded twice of the same
end, and nobody is passed over.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from anyio import to_thread

from vitte import config
from vitte.actors.batches import Batches
from vitte.i18n import Words
from vitte.store import outbox, reminders
from vitte.store.reminders import Due, Ending
from vitte.store.subscriptions import Ended
from vitte.store.users import UserId

AFTER_THE_END: Final = -1
# No calendar day of any place lies further from ours.
MARGIN: Final = timedelta(days=2)


async def remind_expiring(
    batches: Batches, now: datetime, *, settings: config.Cron, words: Words
) -> None:
    """Remind people whose subscription ends in some days, or ended yesterday."""
    first, before = now - MARGIN - timedelta(days=1), now + MARGIN
    before += timedelta(days=max(settings.remind_days_before, default=0))
    last = Ended(user_id=UserId(0), expires_at=first)
    zones = Zones(settings.timezone)
    while limit := batches.room:
        page = await reminders.list_ending(batches.database, first, before, after=last, limit=limit)
        await zones.know(page)
        due = {
            each.user_id: Due(user_id=each.user_id, expires_at=each.expires_at, days_before=days)
            for each in page
            if (days := _days_before(each, now, zones.of(each), settings)) is not None
        }
        if due:
            await _remind(batches, now, list(due.values()), page, words, zones)
        if len(page) < limit:
            return
        last = Ended(user_id=page[-1].user_id, expires_at=page[-1].expires_at)


class Zones:
    """The timezones of people, each read from the disk once, in a thread."""

    def __init__(self, usual: str) -> None:
        self._usual = usual
        self._known: dict[str, ZoneInfo] = {}

    async def know(self, people: Sequence[Ending]) -> None:
        """Read the zones of these people."""
        names = {self._usual, *(each.timezone or self._usual for each in people)}
        if missing := names - self._known.keys():
            await to_thread.run_sync(self._read, missing)

    def of(self, person: Ending) -> ZoneInfo:
        """The person's zone; the installation's where they have none, or one that there is not."""
        return self._known[person.timezone or self._usual]

    def _read(self, names: set[str]) -> None:
        usual = ZoneInfo(self._usual)
        for name in names:
            try:
                self._known[name] = ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                self._known[name] = usual


def _days_before(
    ending: Ending, now: datetime, zone: ZoneInfo, settings: config.Cron
) -> int | None:
    """Which kind of reminder is due to a person now, if any is, and they are awake."""
    there = now.astimezone(zone)
    if not settings.remind_from_hour <= there.hour < settings.remind_to_hour:
        return None
    days = (ending.expires_at.astimezone(zone).date() - there.date()).days
    return days if days in {*settings.remind_days_before, AFTER_THE_END} else None


async def _remind(  # noqa: PLR0913, PLR0917  # of whom, when, in which words
    batches: Batches,
    now: datetime,
    due: Sequence[Due],
    page: Sequence[Ending],
    words: Words,
    zones: Zones,
) -> None:
    people = {each.user_id: each for each in page}
    async with batches.next() as batch:
        recorded = await reminders.add(batch.transaction, due, now)
        said = [_words(people[each.user_id], each.days_before, words, zones) for each in recorded]
        if said:
            await outbox.add(batch.transaction, said, now, taken=False)
        batch.rows = len(said)


def _words(person: Ending, days: int, words: Words, zones: Zones) -> outbox.Words:
    fields = {
        "chat_id": person.user_id,
        "text": _line(person, days, words, zones.of(person)),
        "parse_mode": "HTML",
    }
    return outbox.Words(
        chat_id=person.user_id,
        lane=outbox.Lane.REMINDER,
        method="sendMessage",
        payload=msgspec.json.encode(fields).decode(),
    )


def _line(person: Ending, days: int, words: Words, zone: ZoneInfo) -> str:
    """What the person reads, as HTML; the date is that of their own calendar."""
    if days == AFTER_THE_END:
        return words.say(person.language, "reminder-ended", name=person.first_name)
    return words.say(
        person.language,
        "reminder-soon",
        name=person.first_name,
        days=days,
        until=person.expires_at.astimezone(zone).date(),
    )
