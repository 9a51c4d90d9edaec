"""A text as Telegram will show it: what is marked in it becomes elements of ours, and nothing else does."""

from collections.abc import Sequence
from typing import Final

from vitte.admin.html import Child, Html, tag
from vitte.markup import Entity

_ELEMENTS: Final = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "expandable_blockquote": "blockquote",
}


def show(text: str, entities: Sequence[Entity], *, language: str) -> Html:
    """The text, in its language."""
    units = text.encode("utf-16-le", "replace")
    # Of two that begin together the outer one is longer, or else was ended later.
    ordered = sorted(
        enumerate(entities), key=lambda each: (each[1]["offset"], -each[1]["length"], -each[0])
    )
    inside = _within(units, 0, len(units) // 2, [entity for _, entity in ordered])
    return tag("div", inside, class_="said", lang=language)


def _within(units: bytes, start: int, end: int, entities: Sequence[Entity]) -> list[Child]:
    """What stands between two places, counted in UTF-16 units as Telegram does."""
    parts: list[Child] = []
    rest, at = list(entities), start
    while rest:
        first, *rest = rest
        begin, stop = first["offset"], first["offset"] + first["length"]
        inner = [each for each in rest if each["offset"] < stop]
        rest = rest[len(inner) :]
        parts += [_text(units, at, begin), _element(first, _within(units, begin, stop, inner))]
        at = stop
    return [*parts, _text(units, at, end)]


def _text(units: bytes, start: int, end: int) -> str:
    return units[2 * start : 2 * end].decode("utf-16-le", "replace")


def _element(entity: Entity, inside: Sequence[Child]) -> Html:
    kind = entity["type"]
    if kind == "text_link" and str(entity["url"]).startswith(("http://", "https://")):
        return tag("a", inside, href=entity["url"], title=entity["url"], rel="noreferrer noopener")
    if kind == "spoiler":
        return tag("span", inside, class_="spoiler")
    return tag(_ELEMENTS.get(kind, "span"), inside)
