"""Text as Telegram keeps it: plain, with entities counted in UTF-16 units.

Takes what a bot or a person wrote, in any of the parse modes or with ready
entities, and gives the text and entities that the message will hold: checked,
trimmed, in order, with the commands, mentions, hashtags, links and addresses
found that Telegram finds by itself.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from vitte import markup
from vitte.dev.telegram import refusals
from vitte.dev.telegram.refusals import bad_request
from vitte.markup import length

Entity: TypeAlias = dict[str, Any]

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024

# Nothing is found inside of these.
OPAQUE = {"code", "pre", "text_link", "text_mention"}
# Telegram finds these itself and ignores them where a bot names them.
FOUND = {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"}

DETECTED = re.compile(
    r"(?P<email>(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<url>(?:https?://|www\.)[^\s<>\"']*[^\s<>\"'.,:;!?)\]])"
    r"|(?P<bot_command>(?<![\w/<@#])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/]))"
    r"|(?P<mention>(?<![\w@])@[A-Za-z0-9_]{3,32}(?!\w))"
    r"|(?P<cashtag>(?<![\w$])\$[A-Z]{3,8}(?!\w))"
    r"|(?P<hashtag>(?<![\w#])#(?=\w*[^\W\d])\w{1,256})"
)
# Only a text with one of these can hold anything that DETECTED finds.
TELLTALE = re.compile(r"[@/#$]|www\.")

# An entity that encloses another of the same extent comes first.
RANK = {"blockquote": 0, "expandable_blockquote": 0, "text_link": 1, "text_mention": 1}


class Formatted(NamedTuple):
    """A text and its entities, ready for a message."""

    text: str
    entities: list[Entity]


def formatted(text: str, parse_mode: str | None, entities: Iterable[Entity] = ()) -> Formatted:
    """Read a text in its parse mode, or with its entities where there is none.

    Raises:
        Refused: with Telegram's words on what cannot be parsed.
    """
    mode = (parse_mode or "none").lower()
    if mode == "none":
        found = list(checked(text, entities))
    elif mode in markup.READERS:
        try:
            text, found = markup.READERS[mode](text)
        except markup.Unreadable as error:
            raise bad_request(f"can't parse entities: {error}") from None
    else:
        raise bad_request(refusals.WRONG_PARSE_MODE)
    return finished(text, found)


def checked(text: str, entities: Iterable[Entity]) -> Iterator[Entity]:
    """Pass on the entities that a bot gave itself, once they lie inside the text."""
    size = length(text)
    for entity in entities:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if start < 0 or entity["length"] < 0:
            raise bad_request(f"receive an entity with incorrect offset {start}")
        if start > size:
            raise bad_request(
                f"entity begins after the end of the text at UTF-16 offset {start}",
            )
        if end > size:
            raise bad_request(
                f"entity beginning at UTF-16 offset {start} ends after the end of the text "
                f"at UTF-16 offset {end}",
            )
        if entity["type"] not in FOUND and entity["length"]:
            yield entity


def finished(text: str, entities: list[Entity]) -> Formatted:
    """Trim the text, fit the entities to what is left, add what Telegram finds."""
    start = length(text) - length(text.lstrip())
    trimmed = text.strip()
    if start or len(trimmed) != len(text):
        entities = list(shifted(entities, start, length(trimmed)))
    if TELLTALE.search(trimmed):
        entities = entities + list(detected(trimmed, entities))
    if len(entities) > 1:
        entities = sorted(entities, key=place)
    return Formatted(trimmed, entities)


def shifted(entities: Iterable[Entity], start: int, size: int) -> Iterator[Entity]:
    """Move entities as the text loses its first units; those outside are lost."""
    for entity in entities:
        begin = max(0, entity["offset"] - start)
        end = min(size, entity["offset"] + entity["length"] - start)
        if begin < end:
            yield entity | {"offset": begin, "length": end - begin}


def detected(text: str, entities: Iterable[Entity]) -> Iterator[Entity]:
    """Find commands, mentions, hashtags, links and addresses."""
    opaque = [
        (entity["offset"], entity["offset"] + entity["length"])
        for entity in entities
        if entity["type"] in OPAQUE
    ]
    for match in DETECTED.finditer(text):
        begin = length(text[: match.start()])
        end = begin + length(match.group())
        if match.lastgroup and not any(start < end and begin < stop for start, stop in opaque):
            yield {"type": match.lastgroup, "offset": begin, "length": end - begin}


def place(entity: Entity) -> tuple[int, int, int]:
    """Order entities as Telegram does: by place, the enclosing one first."""
    return entity["offset"], -entity["length"], RANK.get(entity["type"], 2)
