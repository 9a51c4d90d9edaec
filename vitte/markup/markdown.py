"""MarkdownV2, where every mark must be closed and every reserved character escaped."""

import re
from typing import NamedTuple
from urllib.parse import parse_qs

from vitte.markup.writer import Marked, Unreadable, Writer

RESERVED = set("_*[]()~`>#+-=|{}.!\n")
FENCE = re.compile(r"```(?:([^\s`]+)(?=\s))?(?:\r\n|\n\r|\n|\r)?")
CLOSING = {
    "bold": "*",
    "italic": "_",
    "underline": "__",
    "strikethrough": "~",
    "spoiler": "||",
    "code": "`",
    "pre": "```",
    "text_link": "]",
    "custom_emoji": "]",
}
OPENING = {
    "*": "bold",
    "_": "italic",
    "__": "underline",
    "~": "strikethrough",
    "||": "spoiler",
    "`": "code",
    "[": "text_link",
    "![": "custom_emoji",
}
SPOKEN = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "code": "Code",
    "pre": "Pre",
    "text_link": "TextUrl",
    "custom_emoji": "CustomEmoji",
    "blockquote": "BlockQuote",
}


class OpenMark(NamedTuple):
    """A mark that waits for its end."""

    kind: str
    start: int
    position: int
    part: int
    language: str | None = None


class Markdown:
    """Reads MarkdownV2."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.writer = Writer(source)
        self.stack: list[OpenMark] = []
        self.line_begins = True

    def read(self) -> Marked:
        """Read the whole text."""
        position = 0
        while position < len(self.source):
            position = self.step(position)
        if self.quoting():
            self.end_quote(len(self.source))
        if self.stack:
            raise self.unclosed(self.stack[-1])
        return self.writer.result()

    def unclosed(self, mark: OpenMark) -> Unreadable:
        """Say which mark was never closed."""
        spoken = "PreCode" if mark.language else SPOKEN[mark.kind]
        at = self.writer.byte(mark.position)
        return Unreadable(f"Can't find end of {spoken} entity at byte offset {at}")

    def quoting(self) -> bool:
        """Tell whether a block quotation is open."""
        return any(mark.kind == "blockquote" for mark in self.stack)

    def step(self, position: int) -> int:
        """Read one character, escaped or plain, or one mark."""
        character = self.source[position]
        following = self.source[position + 1 : position + 2]
        if character == "\\" and "\0" < following <= "~":
            self.writer.put(following)
            self.line_begins = following == "\n"
            return position + 2
        code = bool(self.stack) and self.stack[-1].kind in {"code", "pre"}
        if character not in ("`" if code else RESERVED):
            self.writer.put(character)
            self.line_begins = self.line_begins and character == "\r"
            return position + 1
        if character == "\n":
            return self.new_line(position)
        if self.closes(position):
            return self.close(position)
        return self.open(position)

    def new_line(self, position: int) -> int:
        """Read a line's end, which may end a block quotation."""
        if self.quoting() and not self.source.startswith(">", position + 1):
            self.end_quote(position)
        self.writer.put("\n")
        self.line_begins = True
        return position + 1

    def closes(self, position: int) -> bool:
        """Tell whether the innermost open mark ends here."""
        if not self.stack or self.stack[-1].kind == "blockquote":
            return False
        kind = self.stack[-1].kind
        if kind == "italic":
            return self.source[position] == "_" and self.source[position + 1 : position + 2] != "_"
        return self.source.startswith(CLOSING[kind], position)

    def open(self, position: int) -> int:
        """Read the beginning of an entity."""
        if self.source.startswith("```", position):
            return self.open_fence(position)
        if self.source[position] == ">" and self.line_begins:
            if not self.quoting():
                self.push("blockquote", position)
            return position + 1
        for mark in (self.source[position : position + 2], self.source[position]):
            if mark in OPENING:
                self.push(OPENING[mark], position)
                return position + len(mark)
        raise Unreadable(
            f"Character '{self.source[position]}' is reserved and must be escaped "
            "with the preceding '\\'",
        )

    def open_fence(self, position: int) -> int:
        """Read the beginning of a block of code and its language."""
        match = FENCE.match(self.source, position)
        end = match.end() if match else position + 3
        self.push("pre", position, match.group(1) if match else None)
        return end

    def push(self, kind: str, position: int, language: str | None = None) -> None:
        """Remember an open mark."""
        part = len(self.writer.parts)
        self.stack.append(OpenMark(kind, self.writer.units, position, part, language))

    def close(self, position: int) -> int:
        """Read the end of an entity and write it down."""
        mark = self.stack.pop()
        end = position + len(CLOSING[mark.kind])
        if mark.kind == "text_link":
            address, end = self.address(end, required=False)
            self.writer.mark_link(mark.start, address or self.writer.text(mark.part))
        elif mark.kind == "custom_emoji":
            address, end = self.address(end, required=True)
            self.mark_emoji(mark, address)
        else:
            more = {"language": mark.language} if mark.language else {}
            self.writer.mark(mark.kind, mark.start, **more)
        return end

    def address(self, position: int, *, required: bool) -> tuple[str, int]:
        """Read the address in brackets behind a link's text."""
        if not self.source.startswith("(", position):
            if required:
                raise Unreadable("The entity must contain a tg://emoji or tg://time URL")
            return "", position
        begin = position = position + 1
        parts: list[str] = []
        while position < len(self.source) and self.source[position] != ")":
            if self.source[position] == "\\" and position + 1 < len(self.source):
                position += 1
            parts.append(self.source[position])
            position += 1
        if position >= len(self.source):
            at = self.writer.byte(begin)
            raise Unreadable(f"Can't find end of a URL at byte offset {at}")
        return "".join(parts), position + 1

    def mark_emoji(self, mark: OpenMark, address: str) -> None:
        """Write down a custom emoji or a moment in time."""
        query = parse_qs(address.partition("?")[2])
        emoji, unix = query.get("id", [""])[0], query.get("unix", [""])[0]
        if address.startswith("tg://emoji?") and emoji.isdecimal():
            self.writer.mark("custom_emoji", mark.start, custom_emoji_id=emoji)
        elif address.startswith("tg://time?") and unix.isdecimal():
            layout = query.get("format", [""])[0]
            more = {"date_time_format": layout} if layout else {}
            self.writer.mark("date_time", mark.start, unix_time=int(unix), **more)
        else:
            raise Unreadable("Invalid tg://emoji or tg://time URL specified")

    def end_quote(self, position: int) -> None:
        """End a block quotation; one that ends in ``||`` can be folded."""
        kind = "blockquote"
        last = self.stack[-1]
        if last.kind == "spoiler" and last.position == len(self.source[:position].rstrip("\r")) - 2:
            self.stack.pop()
            kind = "expandable_blockquote"
        if self.stack[-1].kind != "blockquote":
            raise self.unclosed(self.stack[-1])
        self.writer.mark(kind, self.stack.pop().start)


def read_markdown_2(source: str) -> Marked:
    """Read MarkdownV2."""
    return Markdown(source).read()
