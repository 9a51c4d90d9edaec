"""The runbook: what each alert means, what to look at, what to do; as it stands in ``docs/runbook.md``."""

import re
from typing import Final

from aiohttp import web

from vitte import resources
from vitte.admin import page
from vitte.admin.desk import Visit, say
from vitte.admin.html import Child, Html, tag

_TEXT: Final = (resources.ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
_MARKED: Final = re.compile(r"\*\*(.+?)\*\*|\*(.+?)\*|`([^`]+)`|\[([^\]]+)\]\([^)]*\)")
_ELEMENTS: Final = ("b", "em", "code", "span")


async def show(visit: Visit) -> web.StreamResponse:
    """The whole of it; an alarm leads to its paragraph."""
    title = say(visit, "admin-runbook")
    parts = [_block(each) for each in _TEXT.strip().split("\n\n")[1:]]
    return page.show(
        visit,
        title,
        page.way(visit, "overview"),
        page.heading(title),
        tag("section", parts, class_="card runbook", lang="en"),
        room="overview",
    )


def address(rule: str) -> str:
    """Where the paragraph of an alert is."""
    return f"/runbook#{rule.lower()}"


def _block(text: str) -> Html:
    if text.startswith("## "):
        name = text.removeprefix("## ").strip()
        return tag("h2", name, id=name.lower())
    return tag("p", _inline(" ".join(text.split())))


def _inline(text: str) -> list[Child]:
    """A paragraph, with what is marked in it as elements of ours."""
    parts: list[Child] = []
    at = 0
    for found in _MARKED.finditer(text):
        number = next(n for n, group in enumerate(found.groups()) if group is not None)
        inside = found.groups()[number]
        parts += [text[at : found.start()], tag(_ELEMENTS[number], inside)]
        at = found.end()
    return [*parts, text[at:]]
