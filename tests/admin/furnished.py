"""A panel in which everything has happened already: no table of it is empty.

An empty table has no cells that somebody could not read, and a place that never fell has
no stack that could not be scrolled. Who looks for barriers looks at this.
"""

from datetime import datetime, timedelta
from typing import Any

import anyio
import msgspec
import pytest

from tests.admin.conftest import Panel
from tests.admin.test_broadcasts import TEXTS
from tests.admin.test_jobs import at_rest
from tests.admin.test_overview import a_minute
from tests.admin.test_people import a_letter
from tests.fragile import killed
from tests.store.days import counted
from tests.store.people import ANNA, BORIS, VERA, register, start_dialog
from vitte.admin import alarms
from vitte.admin.alarms import RULES, Alarm
from vitte.admin.desk import Visit
from vitte.store import (
    bans,
    broadcasts,
    characters,
    jobs,
    messages,
    minutes,
    receipts,
    runs,
    statistics,
    users,
)
from vitte.store.audit import Author
from vitte.store.broadcasts import Action, Segment
from vitte.store.characters import CharacterId
from vitte.store.runs import Ending, Planned, Reason, Run
from vitte.store.users import Contact, UserId

OWNER = Author(who="operator:anna", reason="asked for by letter", address="127.0.0.1")
LONG = "and on it went, for a reason that wanted many words " * 4
LONG_NAME = "аннамариявикторияалександраекатеринаелизаветаолимпиадаевпраксия"
"""Nearly 64 letters without a space between them, which is what Telegram allows."""
LONGEST = Contact(id=UserId(104), first_name=LONG_NAME, last_name=LONG_NAME, username="e" * 32)
FALLEN = "vitte/stores/services/limiter"


async def furnish(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> UserId:
    """Fill every table; give the person whose updates were answered."""
    await register(panel.database, ANNA, BORIS, VERA, LONGEST)
    await _trouble(panel)
    ivan = panel.vitte.telegram.person("Ivan", language_code="en", id=201)
    await ivan.starts()
    await ivan.hears_one()
    await ivan.writes("hello there")
    await ivan.hears_one()
    await panel.vitte.settled()
    await _broadcasts(panel)
    await _characters(panel)
    await _jobs(panel)
    await _numbers(panel)
    await _fall(panel)
    _all_fires(monkeypatch)
    return UserId(ivan.id)


async def _trouble(panel: Panel) -> None:
    """Anna spoke and is banned, Boris for a time and out of reach; letters, and receipts of each kind."""
    database, now = panel.database, panel.clock()
    dialog = await start_dialog(database, ANNA, now)
    await messages.add_exchange(database, dialog, "hello", ["Hello.", LONG], now)
    await bans.impose(database, ANNA.id, now, ends_at=None, author=OWNER)
    await bans.impose(database, BORIS.id, now, ends_at=now + timedelta(days=4), author=OWNER)
    await users.mark_unreachable(database, BORIS.id, now)
    for number in (1, 2):
        await a_letter(panel, number)
    broken = await receipts.begin(database, ANNA.id, "deletion", now, author=OWNER)
    export = await receipts.begin(database, BORIS.id, "export", now, author=OWNER)
    deletion = await receipts.begin(database, VERA.id, "deletion", now, author=OWNER)
    assert [broken.id, export.id, deletion.id] == [1, 2, 3]
    for receipt in (export, deletion):
        await receipts.count(database, receipt.id, {"users": 1, "messages": 12_345, "audit": 3})
    await receipts.end(database, export.id, now, size=123_456, sha256=b"x" * 32)
    await receipts.end(database, deletion.id, now)


async def _broadcasts(panel: Panel) -> None:
    """One in each state; what became of it is known of the one that is done."""
    await _broadcast(panel, "done", "start")
    with anyio.fail_after(20):
        while (await broadcasts.list_reports(panel.database, name="done"))[0].state != "done":  # noqa: ASYNC110  # the books are in PostgreSQL, which tells nobody
            await anyio.sleep(0.05)
    await panel.vitte.running.terminate_child("vitte/updates/broadcasts")
    await _broadcast(panel, "news")
    await _broadcast(panel, "running", "start")
    await _broadcast(panel, "paused", "start", "pause")
    await _broadcast(panel, "cancelled", "start", "cancel")


async def _broadcast(panel: Panel, name: str, *actions: Action) -> None:
    segment = Segment(plan="free", language="en", active_days=30) if name == "paused" else Segment()
    await broadcasts.add(panel.database, name, TEXTS, segment, OWNER, panel.clock())
    for action in actions:
        audience = 1_234 if action == "start" else None
        await broadcasts.change(panel.database, name, action, OWNER, panel.clock(), audience=audience)  # fmt: skip


async def _characters(panel: Panel) -> None:
    """Mila was changed, and is again what she was; Zoya is retired."""
    database, now = panel.database, panel.clock()
    mila, zoya = [await characters.get(database, CharacterId(number)) for number in (1, 3)]
    assert mila is not None
    assert zoya is not None
    names, about = {"ru": "Людмила", "en": "Ludmila"}, {"ru": LONG, "en": LONG}
    other = msgspec.structs.replace(mila.traits, names=names, about=about, temperament="playful")
    changed = await characters.change(database, mila, other, OWNER, now)
    assert changed is not None
    await characters.change(database, changed, mila.traits, OWNER, now, of_version=1)
    away = msgspec.structs.replace(zoya.traits, active=False)
    await characters.change(database, zoya, away, msgspec.structs.replace(OWNER, reason=LONG), now)


async def _jobs(panel: Panel) -> None:
    """A job rests, and there are runs in each state, with each reason to skip one."""
    await at_rest(panel)
    database, now = panel.database, panel.clock()
    reasons: tuple[Reason, ...] = ("missed", "late", "overlap", "paused")
    skipped = [Planned(scheduled_for=now - timedelta(days=4 + number), reason=reason) for number, reason in enumerate(reasons)]  # fmt: skip
    await runs.plan(database, "make-partitions", skipped, now)
    await _run(panel, "make-partitions", timedelta(days=3), Ending(state="ok"))
    await _run(panel, "make-partitions", timedelta(minutes=9), Ending(state="failed", error=LONG))
    await _run(panel, "clean-messages", timedelta(minutes=8), Ending(state="lost", lost=True))
    await _run(panel, "archive-dialogs", timedelta(minutes=1), None)
    await runs.ask_for(database, "user-stats", now, author=OWNER, now=now)
    async with database.transaction() as transaction:
        for job in panel.vitte.house.services.jobs:
            if job.name == "expire-subscriptions":
                assert await jobs.pause(transaction, job.name, job.schedule, OWNER, now)


async def _run(panel: Panel, job: str, ago: timedelta, ending: Ending | None) -> None:
    """A run that was due some time ago and began late; without an ending it is in hand still."""
    due = panel.clock() - ago
    await runs.plan(panel.database, job, [Planned(scheduled_for=due, not_before=due)], due)
    run: Run | None = await runs.claim(panel.database, [job], "elsewhere", panel.clock())
    assert run is not None
    await runs.beat(panel.database, run, panel.clock(), rows=12_345)
    if ending is not None:
        at: datetime = panel.clock() + timedelta(seconds=2)
        await runs.end(panel.database, run, ending, at)


async def _numbers(panel: Panel) -> None:
    """An hour was written down, and a night counted who was there."""
    now = panel.clock().replace(second=0, microsecond=0)
    for ago in range(1, 50):
        minute = a_minute(
            now - timedelta(minutes=ago),
            received=10 + ago % 7,
            answered=9 + ago % 7,
            refused=1,
            failed=ago % 2,
            words_sent=12,
            half_within=0.02,
            most_within=0.3 + ago / 100,
            in_hand=ago % 3,
        )
        await minutes.add(panel.database, "one", minute)
    shares = {"premium": {"active": 7, "active_7": 8, "active_30": 9}}
    yesterday = (panel.clock() - timedelta(days=1)).date()
    day = counted(yesterday, users_active=11, users_active_7=22, users_active_30=3_333, by_plan=shares)  # fmt: skip
    await statistics.set_day(panel.database, day, panel.clock())


async def _fall(panel: Panel) -> None:
    """The limiter was killed once, and fell once with a stack: it was told what it does not understand."""
    running = panel.vitte.running
    await killed(running, FALLEN)
    nonsense: Any = "nonsense"
    await panel.vitte.house.services.limiter.tell(nonsense)
    with anyio.fail_after(10):
        while len(running.statistics(FALLEN, most=1)[0].falls) < 2:  # noqa: ASYNC110  # a place tells nobody; killed, and fallen
            await anyio.sleep(0.01)


def _all_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every alarm that there is: what is found, and what could be."""
    judge = alarms.judge

    async def everything(visit: Visit) -> list[Alarm]:
        found = await judge(visit)
        known = {alarm.rule for alarm in found}
        rest = [Alarm(rule, of="make-partitions", n=1_234, where="/jobs") for rule in RULES if rule not in known]  # fmt: skip
        return sorted([*found, *rest], key=lambda alarm: list(RULES).index(alarm.rule))

    monkeypatch.setattr(alarms, "judge", everything)
