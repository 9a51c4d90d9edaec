"""Cutting a long text into messages that Telegram takes.

Telegram counts UTF-16 units of what is read, without markup, and takes 4,096 of
them a message (Bot API, sendMessage). A cut falls between paragraphs, else lines,
else sentences, else words, and where there is none of these between two
characters: never inside a surrogate pair, and of a text in HTML never inside an
entity that would fit into a message. One that would not is ended in one piece and
goes on in the next. Joined, the pieces are the text.
"""

import re
from collections.abc import Iterator, Sequence
from html import unescape
from typing import Final, NamedTuple

from vitte.markup import length as units

LONGEST: Final = 4096
_ENDS: Final = ("\n\n", "\n", ". ", "! ", "? ", " ")
# A tag, a character written as an entity of HTML, or a character.
_TOKEN: Final = re.compile(
    r"<(/?)([a-zA-Z][\w-]*)[^>]*>|&(?:#\d+|#[xX][0-9a-fA-F]+|\w+);|.", re.DOTALL
)


def pieces(text: str, longest: int = LONGEST) -> Iterator[str]:
    """The text in pieces of at most ``longest`` UTF-16 units."""
    while units(text) > longest:
        end = _end(text, longest)
        yield text[:end]
        text = text[end:]
    if text:
        yield text


def html_pieces(html: str, longest: int = LONGEST) -> Iterator[str]:
    """A text in HTML in pieces of at most ``longest`` UTF-16 units of what is read.

    Each is whole HTML. What is open where it is cut is closed there, and opened again in the next.
    """
    if len(html) <= longest:  # what is read is never longer than what is written
        if html:
            yield html
        return
    characters = list(_read(html))
    start = 0
    while start < len(characters):
        end = _html_end(characters, start, longest)
        yield _write(characters[start:end])
        start = end


class _Tag(NamedTuple):
    """An opened tag: its name, how it was written, and which of all it is."""

    name: str
    written: str
    number: int


class _Character(NamedTuple):
    """A character that is read: how it is written, and the tags around it, the outermost first."""

    read: str
    written: str
    tags: tuple[_Tag, ...]


def _read(html: str) -> Iterator[_Character]:
    tags: tuple[_Tag, ...] = ()
    for number, token in enumerate(_TOKEN.finditer(html)):
        written = token[0]
        if token[2] is None:
            yield _Character(unescape(written), written, tags)
        elif not token[1]:
            tags = (*tags, _Tag(token[2], written, number))
        elif tags:
            tags = tags[:-1]


def _write(characters: Sequence[_Character]) -> str:
    """Write characters as whole HTML: what is open at the end is closed."""
    written: list[str] = []
    tags: tuple[_Tag, ...] = ()
    for character in characters:
        written += _between(tags, character.tags)
        written.append(character.written)
        tags = character.tags
    written += _between(tags, ())
    return "".join(written)


def _between(before: tuple[_Tag, ...], after: tuple[_Tag, ...]) -> list[str]:
    """Close and open what differs between two characters."""
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    closed = [f"</{tag.name}>" for tag in reversed(before[same:])]
    return closed + [tag.written for tag in after[same:]]


def _html_end(characters: Sequence[_Character], start: int, longest: int) -> int:
    """Where the piece that begins at ``start`` ends."""
    room = longest
    most = start
    while most < len(characters):
        room -= units(characters[most].read)
        if room < 0:
            break
        most += 1
    if most == len(characters):
        return most
    text = "".join(character.read[-1:] for character in characters[start:most])
    for mark in _ENDS:
        found = len(text)
        while (found := text.rfind(mark, len(text) // 2, found)) > 0:
            end = start + found + len(mark)
            if _is_outside(characters, end):
                return end
    end = most  # becomes the last place that is outside every entity
    while end > start and not _is_outside(characters, end):
        end -= 1
    if end > start and (end == most or _length(characters, end) <= longest):
        return end
    return start + _end_of(text, end - start)


def _is_outside(characters: Sequence[_Character], end: int) -> bool:
    """Tell whether a cut there is inside no entity."""
    before, after = characters[end - 1].tags, characters[end].tags
    return not (before and after and before[0] == after[0])


def _length(characters: Sequence[_Character], start: int) -> int:
    """How many units are in the entity that begins there."""
    outer, length = characters[start].tags[0], 0
    for character in characters[start:]:
        if not character.tags or character.tags[0] != outer:
            break
        length += units(character.read)
    return length


def _end_of(text: str, least: int = 0) -> int:
    """Where a text that must be cut is cut best, beyond so many characters."""
    for mark in _ENDS:
        found = text.rfind(mark, max(len(text) // 2, least))
        if found > 0:
            return found + len(mark)
    return len(text)


def _end(text: str, longest: int) -> int:
    """Where the first piece ends."""
    return _end_of(text[: _fitting(text, longest)])


def _fitting(text: str, longest: int) -> int:
    """How many characters of a text fit."""
    room = longest
    for place, character in enumerate(text):
        room -= 2 if character > "\uffff" else 1
        if room < 0:
            return place
    return len(text)
