"""Pages that change by themselves: server-sent events with what has changed, ready to be put in place.

A stream looks at the tree each second, and at once when something happens in it. It
sends the parts whose HTML differs from what it sent before, so a quiet tree costs
next to nothing. It ends with its session, and it does not keep one awake.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

import anyio
from aiohttp import web

from vitte.admin.desk import Visit, say
from vitte.admin.gate import HEADERS
from vitte.admin.html import Html, join
from vitte.admin.rooms import place, tree
from vitte.errors import DatabaseAway, DatabaseBusy, TooBusy
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

GLANCE_SECONDS: Final = 1.0
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
    if path:
        return await _stream(visit, lambda: place.parts_of(visit, path, rates))
    return await _stream(visit, lambda: tree.tree_rows(visit, rates))


async def _stream(visit: Visit, look: Callable[[], Mapping[str, Html]]) -> web.StreamResponse:
    desk = visit.desk
    if len(desk.streams) >= MOST_STREAMS:
        raise TooBusy
    sent = dict(look())
    response = web.StreamResponse(
        headers={**HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    )
    await response.prepare(visit.request)
    with anyio.move_on_after(LONGEST_SECONDS) as scope, desk.tree.events.listen() as listener:
        desk.streams.add(scope)
        try:
            await response.write(_event("all", join(sent.values())))
            await _follow(visit, response, listener, look, sent)
        except (ConnectionError, NoSuchPlace):
            pass  # whoever looked on has gone, or what was looked at
        finally:
            desk.streams.discard(scope)
    return response


async def _follow(
    visit: Visit,
    response: web.StreamResponse,
    listener: Listener,
    look: Callable[[], Mapping[str, Html]],
    sent: dict[str, Html],
) -> None:
    checked = time.monotonic()
    while True:
        happened = await _next(listener)
        if time.monotonic() - checked > CHECK_SECONDS:
            if not await _is_in(visit):
                await response.write(_event("over", ""))
                return
            checked = time.monotonic()
        now = dict(look())
        pieces = _changes(sent, now) + [_event("news", text) for text in _news(visit, happened)]
        sent.clear()
        sent.update(now)
        await response.write(b"".join(pieces) or b": still here\n\n")


async def _next(listener: Listener) -> list[Event]:
    """Wait for the next glance, or for something to happen and what comes right after it."""
    happened: list[Event] = []
    with anyio.move_on_after(GLANCE_SECONDS):
        happened.append(await listener.next())
        with anyio.move_on_after(TOGETHER_SECONDS):
            while True:
                happened.append(await listener.next())
    return happened


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
