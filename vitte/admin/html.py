"""HTML, written in Python: a page is a function that gives ``Html``.

Whatever is no ``Html`` is text and is escaped, as a child and as an attribute; names of
tags and attributes stand in the code. So a name or a text from outside is text
wherever a page puts it, and the types say what may go where. Nothing else in the
panel makes ``Html`` of a string.
"""

from collections.abc import Iterable
from html import escape
from typing import Final, TypeAlias, cast

_EMPTY: Final = frozenset({"br", "hr", "img", "input", "link", "meta"})
_WORDS: Final = {"class_": "class", "for_": "for", "from_": "from", "as_": "as"}


class Html(str):
    """Markup that is ready: made here, and nowhere else."""

    __slots__ = ()


Child: TypeAlias = "Html | str | int | float | Iterable[Child] | None"
Attribute: TypeAlias = str | int | float | bool | None

NOTHING: Final = Html()


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """One element. ``class_`` is written class, ``aria_label`` aria-label; True is a bare attribute."""
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[Child]) -> Html:
    """Many as one."""
    return Html("".join(_child(child) for child in children))


def document(*children: Child) -> Html:
    """A whole document."""
    return Html(f"<!doctype html>\n{join(children)}")


def _child(child: Child) -> str:
    if isinstance(child, Html):
        return child
    if isinstance(child, str):
        return escape(child)
    if child is None:
        return ""
    if isinstance(child, int | float):
        return str(child)
    return join(cast("Iterable[Child]", child))


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = _WORDS.get(key) or key.replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
