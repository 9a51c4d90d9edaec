"""Telegram's subset of HTML."""

import re
import sys
from typing import NamedTuple

from vitte.markup.writer import Marked, Unreadable, Writer

NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([a-zA-Z]+));?")
SURROGATES = range(0xD800, 0xE000)
PLAIN_RUN = re.compile(r"[^<&]+")
START_TAG = re.compile(r"<([^\s>]*)")
END_TAG = re.compile(r"</([^\s>]*)\s*(>?)")
ATTRIBUTE = re.compile(r"""([^\s=>/"']+)\s*(=?)\s*""")
QUOTED = re.compile(r"""("[^"]*"|'[^']*')""")
TOKEN = re.compile(r"[A-Za-z0-9.-]*")
SPACES = re.compile(r"\s*")
TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}


class OpenTag(NamedTuple):
    """A tag that waits for its end."""

    name: str
    attributes: dict[str, str]
    start: int
    part: int


def character_of(code: int) -> str | None:
    """Give the character of a number, where there is one."""
    if not 0 < code < sys.maxunicode or code in SURROGATES:
        return None
    return chr(code)


def decoded(source: str, position: int) -> tuple[str, int]:
    """Read a character reference; one that Telegram does not know stays as it is."""
    match = REFERENCE.match(source, position)
    if match is None:
        return source[position], position + 1
    hexadecimal, decimal, name = match.groups()
    if name is not None:
        character = NAMED.get(name)
    else:
        character = character_of(int(hexadecimal, 16) if hexadecimal else int(decimal))
    if character is None:
        return source[position], position + 1
    return character, match.end()


def unescaped(text: str) -> str:
    """Replace the references in an attribute's value."""
    parts: list[str] = []
    position = 0
    while position < len(text):
        character, position = decoded(text, position)
        parts.append(character)
    return "".join(parts)


class Html:
    """Reads Telegram's subset of HTML."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.writer = Writer(source)
        self.stack: list[OpenTag] = []

    def read(self) -> Marked:
        """Read the whole text."""
        position = 0
        while position < len(self.source):
            position = self.step(position)
        if self.stack:
            raise Unreadable(
                f'Can\'t find end tag corresponding to start tag "{self.stack[-1].name}"',
            )
        return self.writer.result()

    def step(self, position: int) -> int:
        """Read one run of text, one reference or one tag."""
        run = PLAIN_RUN.match(self.source, position)
        if run is not None:
            self.writer.put(run.group())
            return run.end()
        if self.source[position] == "&":
            character, position = decoded(self.source, position)
            self.writer.put(character)
            return position
        if self.source.startswith("</", position):
            return self.close(position)
        return self.open(position)

    def open(self, position: int) -> int:
        """Read a start tag."""
        at = self.writer.byte(position)
        match = START_TAG.match(self.source, position)
        if match is None or match.end() >= len(self.source):
            raise Unreadable(f"Unclosed start tag at byte offset {at}")
        name = match.group(1).lower()
        if name not in TAGS:
            raise Unreadable(f'Unsupported start tag "{name}" at byte offset {at}')
        attributes, end = self.attributes(name, match.end(), at)
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise Unreadable(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
        part = len(self.writer.parts)
        self.stack.append(OpenTag(name, attributes, self.writer.units, part))
        return end

    def attributes(self, tag: str, position: int, at: int) -> tuple[dict[str, str], int]:
        """Read the attributes of a start tag up to its end."""
        found: dict[str, str] = {}
        while True:
            position = self.spaces(position)
            if self.source.startswith(">", position):
                return found, position + 1
            match = ATTRIBUTE.match(self.source, position)
            if match is None:
                if position >= len(self.source):
                    raise Unreadable(f"Unclosed start tag at byte offset {at}")
                raise Unreadable(f'Empty attribute name in the tag "{tag}" at byte offset {at}')
            value, position = "", match.end()
            if match.group(2):
                value, position = self.value(position, at)
            if position >= len(self.source):
                raise Unreadable(f'Unclosed start tag "{tag}" at byte offset {at}')
            found[match.group(1)] = value

    def value(self, position: int, at: int) -> tuple[str, int]:
        """Read the value of an attribute, quoted or a bare token."""
        if self.source[position : position + 1] in {'"', "'"}:
            quoted = QUOTED.match(self.source, position)
            if quoted is None:
                raise Unreadable(f"Unclosed start tag at byte offset {at}")
            return unescaped(quoted.group()[1:-1]), quoted.end()
        token = TOKEN.match(self.source, position)
        end = token.end() if token else position
        if end < len(self.source) and not (self.source[end].isspace() or self.source[end] == ">"):
            raise Unreadable(
                f"Unexpected end of name token at byte offset {self.writer.byte(position)}",
            )
        return self.source[position:end].lower(), end

    def spaces(self, position: int) -> int:
        """Skip white space."""
        match = SPACES.match(self.source, position)
        return match.end() if match else position

    def close(self, position: int) -> int:
        """Read an end tag and write down what it ends."""
        at = self.writer.byte(position)
        if not self.stack:
            raise Unreadable(f"Unexpected end tag at byte offset {at}")
        match = END_TAG.match(self.source, position)
        if match is None or not match.group(2):
            raise Unreadable(f"Unclosed end tag at byte offset {at}")
        found, expected = match.group(1).lower(), self.stack[-1].name
        if found and found != expected:
            raise Unreadable(
                f'Unmatched end tag at byte offset {at}, expected "</{expected}>", '
                f'found "</{found}>"',
            )
        self.end(self.stack.pop())
        return match.end()

    def end(self, tag: OpenTag) -> None:
        """Write down the entity that a tag made."""
        kind, writer = TAGS[tag.name], self.writer
        match kind:
            case "text_link":
                writer.mark_link(tag.start, tag.attributes.get("href") or writer.text(tag.part))
            case "custom_emoji":
                emoji = tag.attributes.get("emoji-id", "")
                if not emoji.isdecimal() or not int(emoji):
                    raise Unreadable("Invalid custom emoji identifier specified")
                writer.mark(kind, tag.start, custom_emoji_id=emoji)
            case "date_time":
                self.end_time(tag)
            case "blockquote" if "expandable" in tag.attributes:
                writer.mark("expandable_blockquote", tag.start)
            case "code" | "pre":
                self.end_code(kind, tag)
            case _:
                writer.mark(kind, tag.start)

    def end_time(self, tag: OpenTag) -> None:
        """Write down a moment that each reader sees in their own time."""
        unix = tag.attributes.get("unix", "")
        if unix.isdecimal() and int(unix):
            layout = tag.attributes.get("format")
            more = {"date_time_format": layout} if layout else {}
            self.writer.mark("date_time", tag.start, unix_time=int(unix), **more)

    def end_code(self, kind: str, tag: OpenTag) -> None:
        """Write down code; <pre><code class="language-..."> becomes one block."""
        language = tag.attributes.get("class", "").removeprefix("language-")
        last = self.writer.entities[-1] if self.writer.entities else {}
        same = (
            last.get("offset") == tag.start and last.get("length") == self.writer.units - tag.start
        )
        if kind == "pre" and same and last["type"] == "code":
            last["type"] = "pre"
        elif kind == "code" and same and last["type"] == "pre":
            last.update({"language": language} if language else {})
        else:
            more = {"language": language} if language and self.inside_pre() else {}
            self.writer.mark(kind, tag.start, **more)

    def inside_pre(self) -> bool:
        """Tell whether the tag that encloses this one is <pre>."""
        return bool(self.stack) and self.stack[-1].name == "pre"


def read_html(source: str) -> Marked:
    """Read HTML."""
    text, found = Html(source).read()
    for entity in found:
        # Code kept its language only in case <pre> would end right behind it.
        if entity["type"] == "code":
            entity.pop("language", None)
    return text, found
