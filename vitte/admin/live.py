"""Pages that change by themselves: server-sent events with what has changed, ready to be put in place.

A stream of the tree looks at it each second, and at once when something happens in it;
one of what PostgreSQL keeps looks every few seconds. It sends the parts whose HTML
differs from what it sent before, so a quiet page costs next to nothing. It ends with
its session, and it does not keep one awake.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import anyio
from aiohttp import web

from vitte.admin.desk import Visit, say
from vitte.admin.gate import HEADERS
from vitte.admin.html import Html, join
from vitte.admin.rooms import broadcasts, jobs, place, tree
from vitte.errors import DatabaseAway, DatabaseBusy, DatabaseSlow, NotThere, TooBusy
from vitte.runtime import (
    DeadLetter,
    Event,
    Fell,
    GivenUp,
    Listener,
    NoSuchPlace,
    Restarted,
    StartFell,
)
from vitte.store import sessions

Look: TypeAlias = Callable[[], Awaitable[Mapping[str, Html]]]
"""What the page shows now, each part by its key."""

GLANCE_SECONDS: Final = 1.0
ROWS_SECONDS: Final = 3.0
"""So often a page is looked at that PostgreSQL must be asked for."""
TOGETHER_SECONDS: Final = 0.1
"""What happens this soon after something else is sent with it."""
CHECK_SECONDS: Final = 10.0
MOST_STREAMS: Final = 32
LONGEST_SECONDS: Final = 3_600.0


async def tree_events(visit: Visit) -> web.StreamResponse:
    """The rows of the tree, or the parts of one place's page, as they change.

    Raises:
        TooBusy: So many streams are open that there is no room for one more.
        NoSuchPlace: There is no such place.
    """
    path, rates = visit.asked("path"), tree.Rates()

    async def look() -> Mapping[str, Html]:
        return place.parts_of(visit, path, rates) if path else tree.tree_rows(visit, rates)

    return await _stream(visit, look, GLANCE_SECONDS)


async def job_events(visit: Visit) -> web.StreamResponse:
    """The jobs, or one job's page, as they change."""
    name = visit.asked("job")
    if name:
        job = jobs.named(visit, name)
        return await _stream(visit, lambda: jobs.parts_of(visit, job), ROWS_SECONDS, tree=False)
    return await _stream(visit, lambda: jobs.all_parts(visit), ROWS_SECONDS, tree=False)


async def broadcast_events(visit: Visit) -> web.StreamResponse:
    """The broadcasts, or one broadcast's page, as they change."""
    name = visit.asked("name")
    if name:
        return await _stream(
            visit, lambda: broadcasts.parts_of(visit, name), ROWS_SECONDS, tree=False
        )
    return await _stream(visit, lambda: broadcasts.all_parts(visit), ROWS_SECONDS, tree=False)


async def _stream(
    visit: Visit, look: Look, glance: float, *, tree: bool = True
) -> web.StreamResponse:
    desk = visit.desk
    if len(desk.streams) >= MOST_STREAMS:
        raise TooBusy
    sent = dict(await look())
    response = web.StreamResponse(
        headers={**HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    )
    await response.prepare(visit.request)
    with anyio.move_on_after(LONGEST_SECONDS) as scope, desk.tree.events.listen() as listener:
        desk.streams.add(scope)
        try:
            await response.write(_event("all", join(sent.values())))
            glances = _Glances(listener if tree else None, glance)
            await _follow(visit, response, glances, look, sent)
        except (ConnectionError, NoSuchPlace, NotThere):
            pass  # whoever looked on has gone, or what was looked at
        finally:
            desk.streams.discard(scope)
    return response


class _Glances:
    """When to look again: after a while, or as soon as something happens in the tree."""

    def __init__(self, listener: Listener | None, seconds: float) -> None:
        self._listener = listener
        self._seconds = seconds

    async def next(self) -> list[Event]:
        """Wait for the next glance, or for something to happen and what comes right after it."""
        happened: list[Event] = []
        if self._listener is None:
            await anyio.sleep(self._seconds)
            return happened
        with anyio.move_on_after(self._seconds):
            happened.append(await self._listener.next())
            with anyio.move_on_after(TOGETHER_SECONDS):
                while True:
                    happened.append(await self._listener.next())
        return happened


async def _follow(
    visit: Visit,
    response: web.StreamResponse,
    glances: _Glances,
    look: Look,
    sent: dict[str, Html],
) -> None:
    checked = time.monotonic()
    while True:
        happened = await glances.next()
        if time.monotonic() - checked > CHECK_SECONDS:
            if not await _is_in(visit):
                await response.write(_event("over", ""))
                return
            checked = time.monotonic()
        now = await look_again(look, sent)
        pieces = _changes(sent, now) + [_event("news", text) for text in _news(visit, happened)]
        sent.clear()
        sent.update(now)
        await response.write(b"".join(pieces) or b": still here\n\n")


async def look_again(look: Look, before: Mapping[str, Html]) -> dict[str, Html]:
    """What there is to see; while PostgreSQL is away, what was seen last."""
    try:
        return dict(await look())
    except (DatabaseAway, DatabaseBusy, DatabaseSlow):
        return dict(before)


async def _is_in(visit: Visit) -> bool:
    try:
        held = await sessions.see(
            visit.desk.services.database, visit.cookie, visit.now, awake=False
        )
    except (DatabaseAway, DatabaseBusy):
        return True  # nobody can have ended it meanwhile; an idle one ends when PostgreSQL is back
    return held is not None


def _changes(sent: Mapping[str, Html], now: Mapping[str, Html]) -> list[bytes]:
    """What has to be put in place of what; all of it when something came, went or moved."""
    if list(sent) != list(now):
        return [_event("all", join(now.values()))]
    return [_event("part", part) for key, part in now.items() if part != sent[key]]


def _news(visit: Visit, happened: list[Event]) -> list[str]:
    """What is worth being read aloud."""
    said: list[str] = []
    for event in happened:
        name = event.path.rpartition("/")[2]
        match event:
            case Fell() | StartFell():
                said.append(say(visit, "admin-news-fell", place=name, reason=event.reason))
            case Restarted():
                said.append(say(visit, "admin-news-back", place=name))
            case GivenUp():
                said.append(say(visit, "admin-news-gave-up", place=name, reason=event.reason))
            case DeadLetter():
                said.append(say(visit, "admin-news-letter", place=name))
            case _:
                pass
    return said


def _event(name: str, data: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n".encode()
