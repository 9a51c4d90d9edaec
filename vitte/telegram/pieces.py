"""Cutting a long text into messages that Telegram takes.

Telegram counts UTF-16 units and takes 4,096 of them a message (Bot API,
sendMessage). A cut falls between paragraphs, else lines, else sentences, else
words, and where there is none of these between two characters: never inside a
surrogate pair. Joined, the pieces are the text.
"""

from collections.abc import Iterator
from typing import Final

LONGEST: Final = 4096
_ENDS: Final = ("\n\n", "\n", ". ", "! ", "? ", " ")


def pieces(text: str, longest: int = LONGEST) -> Iterator[str]:
    """The text in pieces of at most ``longest`` UTF-16 units."""
    while units(text) > longest:
        end = _end(text, longest)
        yield text[:end]
        text = text[end:]
    if text:
        yield text


def units(text: str) -> int:
    """How many UTF-16 units a text has: two for each character beyond the first 65,536."""
    return len(text) + sum(character > "\uffff" for character in text)


def _end(text: str, longest: int) -> int:
    """Where the first piece ends."""
    most = _fitting(text, longest)
    for mark in _ENDS:
        found = text.rfind(mark, most // 2, most)
        if found > 0:
            return found + len(mark)
    return most


def _fitting(text: str, longest: int) -> int:
    """How many characters of a text fit."""
    room = longest
    for place, character in enumerate(text):
        room -= 2 if character > "\uffff" else 1
        if room < 0:
            return place
    return len(text)
