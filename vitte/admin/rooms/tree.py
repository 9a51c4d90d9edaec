"""The tree, live: every place with its state, its numbers and its last fall."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from aiohttp import web

from vitte.admin import figures, page, places
from vitte.admin.desk import Visit, say
from vitte.admin.html import Html, tag
from vitte.runtime import PastFall, Statistics

COLUMNS: Final = (
    "place",
    "state",
    "up",
    "restarts",
    "mailbox",
    "oldest",
    "rate",
    "slowest",
    "fall",
)
DEEPEST: Final = 6
RECENT_SECONDS: Final = 600.0
"""A fall counts as recent for ten minutes."""


class Rates:
    """How many messages a second each place handles, from one look to the next."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}
        self._at: float | None = None

    def look(self, statistics: list[Statistics], at: float) -> Mapping[str, float]:
        """Give each place's rate since the last look; at the first, since its life began."""
        elapsed = None if self._at is None else at - self._at
        rates = {
            each.path: _rate(each, self._before.get(each.path, 0) if elapsed else 0, elapsed)
            for each in statistics
        }
        self._before, self._at = {each.path: each.handled for each in statistics}, at
        return rates


def _rate(place: Statistics, before: int, elapsed: float | None) -> float:
    seconds = elapsed or place.uptime
    return max(0.0, (place.handled - before) / seconds) if seconds > 0 else 0.0


async def show(visit: Visit) -> web.StreamResponse:
    """The whole tree."""
    title = say(visit, "admin-room-tree")
    heads = [
        tag("th", say(visit, f"admin-tree-{name}"), scope="col", class_=name) for name in COLUMNS
    ]
    rows = tree_rows(visit, Rates())
    return page.show(
        visit,
        title,
        page.heading(title, pulse(visit)),
        tag("p", say(visit, "admin-tree-news"), class_="hidden", role="status", id="news"),
        tag(
            "div",
            tag(
                "table",
                tag("caption", say(visit, "admin-tree-caption"), class_="hidden"),
                tag("thead", tag("tr", heads)),
                tag("tbody", rows.values(), data_live="/tree/events"),
                class_="tree cards",
            ),
            class_="card",
        ),
        room="tree",
    )


def pulse(visit: Visit) -> Html:
    """Whether the page is live; the script tells."""
    return tag(
        "p",
        tag("span", say(visit, "admin-live-off"), data_pulse="off"),
        tag("span", say(visit, "admin-live-on"), data_pulse="on", hidden=True),
        tag("span", say(visit, "admin-live-lost"), data_pulse="lost", hidden=True),
        class_="pulse quiet",
        id="pulse",
    )


def tree_rows(visit: Visit, rates: Rates) -> dict[str, Html]:
    """Every place as a row, by its path."""
    tree = visit.desk.tree
    statistics = tree.statistics(most=places.MOST_ALIKE)
    known = rates.look(statistics, tree.loop.now())
    return {each.path: _row(visit, each, known[each.path]) for each in statistics}


def _row(visit: Visit, place: Statistics, rate: float) -> Html:
    *above, name = place.path.split("/")
    fall = place.falls[-1] if place.falls else None
    cells: dict[str, Html | str | None] = {
        "state": page.badge(say(visit, f"admin-state-{place.state}"), places.kind_of(place.state)),
        "up": page.about(visit, place.uptime) if place.uptime else None,
        "restarts": _restarts(visit, place),
        "mailbox": _mailbox(visit, place),
        "oldest": page.brief(visit, place.mailbox.oldest)
        if place.mailbox and place.mailbox.oldest
        else None,
        "rate": f"{rate:.1f}" if place.mailbox and place.handled else None,
        "slowest": page.brief(visit, slowest)
        if (slowest := figures.p99_of(place.path)) is not None
        else None,
        "fall": None if fall is None else _last_fall(visit, fall),
    }
    link = tag("a", name, href=address(place.path), data_focus=place.path)
    return tag(
        "tr",
        tag(
            "th",
            link,
            tag("span", note(visit, place.path), class_="note"),
            scope="row",
            class_=f"place d{min(len(above), DEEPEST)} {'supervisor' if place.allowed is not None else ''}",
        ),
        [_cell(visit, label, value) for label, value in cells.items()],
        data_key=place.path,
    )


def _cell(visit: Visit, label: str, value: Html | str | None) -> Html:
    kind = label if value is not None else f"{label} none"
    return tag("td", value, class_=kind, data_label=say(visit, f"admin-tree-{label}"))


def _restarts(visit: Visit, place: Statistics) -> str | None:
    if place.allowed is None or place.recent is None:
        return str(place.restarts) if place.restarts else None
    return say(visit, "admin-tree-of", n=place.recent, most=place.allowed)


def _mailbox(visit: Visit, place: Statistics) -> Html | None:
    box = place.mailbox
    if box is None or (not box.taken and not box.depth):
        return None
    share = box.depth / box.capacity
    kind = "bad" if share > 0.8 else "warn" if share > 0.2 else ""  # noqa: PLR2004  # nearly full; filling
    text = say(visit, "admin-tree-of", n=box.depth, most=box.capacity)
    return tag("span", text, class_=f"depth {kind}")


def _last_fall(visit: Visit, fall: PastFall) -> Html:
    text = say(visit, "admin-tree-ago", span=page.about(visit, fall.ago))
    kind = "fresh" if fall.ago < RECENT_SECONDS else ""
    return tag("span", tag("span", fall.reason, class_="reason"), " ", tag("span", text, class_="quiet"), class_=kind)  # fmt: skip


def address(path: str, **given: str) -> str:
    """Where a place has its page."""
    more = "".join(f"&{name}={quote(value, safe='')}" for name, value in given.items())
    return f"/tree/place?path={quote(path, safe='')}{more}"


def note(visit: Visit, path: str) -> str:
    """Why a place stands there, in the visitor's language where that is known; of several alike, what each does."""
    name = f"admin-place-{re.sub('-[0-9]+$', '', path.rpartition('/')[2])}"
    words = visit.desk.services.words
    if name in words.names("admin-place-"):
        return words.plain(visit.language, name)
    return places.note_of(visit.desk.tree.find(path))
