"""The frame that every page stands in, and the small parts that pages are made of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from vitte.admin import files
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, document, tag
from vitte.store.operators import Role

DIGITS: Final = 18
TENTHS_BELOW: Final = 0.01
_UNITS: Final = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))


class Room(NamedTuple):
    """A place in the navigation, and the least role that sees it."""

    name: str
    path: str
    role: Role = "read"


ROOMS: Final = (
    Room("overview", "/overview"),
    Room("people", "/people"),
    Room("letters", "/letters"),
    Room("characters", "/characters"),
    Room("broadcasts", "/broadcasts"),
    Room("jobs", "/jobs"),
    Room("tree", "/tree"),
    Room("configuration", "/configuration", "owner"),
    Room("audit", "/audit", "support"),
    Room("receipts", "/receipts", "support"),
    Room("sessions", "/sessions"),
)


def show(visit: Visit, title: str, *main: Child, room: str = "", status: int = 200) -> web.Response:
    """A whole page."""
    held = visit.held if visit.held is not None and visit.held.stage == "open" else None
    body = document(
        tag(
            "html",
            tag(
                "head",
                tag("meta", charset="utf-8"),
                tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
                tag("meta", name="color-scheme", content="light dark"),
                tag("title", f"{title} · vitte"),
                tag("link", rel="icon", href=files.address("icon.svg"), type="image/svg+xml"),
                tag("link", rel="stylesheet", href=files.address("panel.css")),
                tag("script", src=files.address("panel.js"), defer=True),
            ),
            tag(
                "body",
                tag("a", say(visit, "admin-skip"), href="#main", class_="skip"),
                _side(visit, room) if held is not None else NOTHING,
                tag(
                    "main",
                    *main,
                    id="main",
                    tabindex="-1",
                    class_=None if held is not None else "alone",
                ),
                class_="inside" if held is not None else "outside",
            ),
            lang=visit.language,
        )
    )
    return web.Response(text=body, content_type="text/html", status=status)


def bare(title: str, status: int) -> web.Response:
    """A page for whoever asks for what is no page of ours: nobody knows who asks, or in which language."""
    body = document(
        tag(
            "html",
            tag("head", tag("meta", charset="utf-8"), tag("title", f"{title} · vitte")),
            tag("body", tag("main", tag("h1", title), tag("a", "vitte", href="/"))),
            lang="en",
        )
    )
    return web.Response(text=body, content_type="text/html", status=status)


def see(where: str) -> web.Response:
    """Send the browser to another page, by GET."""
    return web.Response(status=303, headers={"Location": where})


def _side(visit: Visit, room: str) -> Html:
    rooms = [each for each in ROOMS if visit.may(each.role)]
    return tag(
        "header",
        tag(
            "a",
            tag("img", src=files.address("icon.svg"), alt="", width=28, height=28),
            tag("span", "vitte"),
            href="/",
            class_="brand",
        ),
        tag(
            "nav",
            tag("ul", [_room(visit, each, here=each.name == room) for each in rooms]),
            aria_label=say(visit, "admin-rooms"),
        ),
        _self(visit),
        class_="side",
    )


def _room(visit: Visit, room: Room, *, here: bool) -> Html:
    label = say(visit, f"admin-room-{room.name}")
    return tag("li", tag("a", label, href=room.path, aria_current="page" if here else None))


def _self(visit: Visit) -> Html:
    other = "en" if visit.language == "ru" else "ru"
    held = visit.holder
    return tag(
        "div",
        tag("p", tag("b", held.name), " ", tag("span", role(visit, held.role), class_="quiet")),
        form(
            visit,
            "/language",
            tag("input", type="hidden", name="language", value=other),
            tag("input", type="hidden", name="to", value=visit.request.path_qs),
            tag("button", say(visit, "admin-language-other"), class_="plain", lang=other),
        ),
        form(visit, "/logout", tag("button", say(visit, "admin-logout"), class_="plain")),
        class_="self",
    )


def role(visit: Visit, named: Role) -> str:
    """A role in words."""
    return say(visit, f"admin-role-{named}")


def form(visit: Visit, action: str, *fields: Child, class_: str | None = None) -> Html:
    """A form that changes something: with the token that the gate wants."""
    token = tag("input", type="hidden", name="csrf", value=visit.csrf)
    return tag("form", token, *fields, method="post", action=action, class_=class_)


def heading(title: str, *beside: Child) -> Html:
    """The head of a page."""
    return tag("div", tag("h1", title), *beside, class_="head")


def field(
    label: str, *, name: str, key: str = "", hint: str = "", **given: str | int | bool | None
) -> Html:
    """A field of a form with its label, and perhaps a hint; ``key`` where its name is not its own."""
    key = key or name
    described = f"{key}-hint" if hint else None
    return tag(
        "div",
        tag("label", label, for_=key),
        tag("input", id=key, name=name, aria_describedby=described, **given),
        tag("p", hint, id=described, class_="quiet") if hint else NOTHING,
        class_="field",
    )


def way(visit: Visit, room: str) -> Html:
    """The way back to the room that a page belongs to."""
    return tag("p", tag("a", say(visit, f"admin-room-{room}"), href=f"/{room}"), class_="way")


def notice(text: str, kind: str = "good") -> Html:
    """A sentence about what has just happened: good, or bad."""
    return tag("p", text, class_=f"notice {kind}", role="alert" if kind == "bad" else "status")


def faults(lead: str, found: Sequence[str]) -> Html:
    """What is wrong with what was typed, above its form; nothing where nothing is."""
    if not found:
        return NOTHING
    listed = tag("ul", [tag("li", fault) for fault in found])
    return tag("div", tag("p", lead), listed, class_="notice bad", role="alert")


def badge(text: str, kind: str) -> Html:
    """A state: its colour says no more than its word."""
    return tag("span", text, class_=f"badge {kind}")


def marks(*badges: Html) -> Html:
    """Badges that belong together."""
    return tag("span", *badges, class_="marks")


def empty(text: str, *more: Child) -> Html:
    """What stands where a list would be, and says what to do."""
    return tag("div", tag("p", text), *more, class_="empty")


def facts(rows: Sequence[tuple[str, Child]]) -> Html:
    """Names and values."""
    return tag("dl", [tag("div", tag("dt", name), tag("dd", value)) for name, value in rows], class_="facts")  # fmt: skip


def table(heads: Sequence[str], rows: Sequence[Sequence[Child]]) -> Html:
    """A table; on a narrow screen each row is a card."""
    shown = [
        tag(
            "tr",
            [
                tag("td", cell, data_label=head, class_="none" if cell is None else None)
                for head, cell in zip(heads, row, strict=True)
            ],
        )
        for row in rows
    ]
    head = tag("tr", [tag("th", head, scope="col") for head in heads])
    return tag("div", tag("table", tag("thead", head), tag("tbody", shown), class_="cards"), class_="card")  # fmt: skip


def more(visit: Visit, where: str) -> Html:
    """The way to the next page."""
    return tag("p", tag("a", say(visit, "admin-more"), href=where, class_="button"))


def number(text: str) -> int | None:
    """A number of an address, if it is one that PostgreSQL can hold."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


def grouped(value: float) -> str:
    """A number with thin spaces between the thousands."""
    text = f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}")


def address(path: str, **given: str) -> str:
    """A path with what it is asked with."""
    return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"


def moment(visit: Visit, at: datetime | None) -> Html:
    """A time, as the installation's clocks show it."""
    if at is None:
        return tag("span", "–", class_="quiet")
    return by_clocks_of(visit.desk.zone, at)


def by_clocks_of(zone: ZoneInfo, at: datetime) -> Html:
    """A time by some clocks, which are named; where there is little room the hour stands below the day."""
    local = at.astimezone(zone)
    parts = (tag("span", f"{local:%Y-%m-%d}"), " ", tag("span", f"{local:%H:%M:%S}"))
    return tag("time", *parts, datetime=at.isoformat(), title=str(zone))


def about(visit: Visit, seconds: float) -> str:
    """A span of time in its largest fitting unit."""
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return say(visit, f"admin-span-{unit}", n=round(seconds / size))
    return say(visit, "admin-span-seconds", n=max(0, round(seconds)))


def brief(visit: Visit, seconds: float | None) -> str:
    """A short span, in milliseconds below a second."""
    if seconds is None:
        return "–"
    if seconds >= 1:
        return say(visit, "admin-span-short", n=f"{seconds:.1f}")
    digits = 0 if seconds >= TENTHS_BELOW else 1
    return say(visit, "admin-span-milliseconds", n=f"{seconds * 1000:.{digits}f}")
