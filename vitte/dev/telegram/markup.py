"""The three languages in which a bot can mark up a text: HTML, MarkdownV2, Markdown.

Each reader gives the plain text and its entities or says, as Telegram says it,
what it cannot parse and at which byte.
"""

import re
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import parse_qs, urlsplit

Entity: TypeAlias = dict[str, Any]
Marked: TypeAlias = tuple[str, list[Entity]]


class Unreadable(Exception):
    """Raised when a text is not well-formed in its markup language."""


class Writer:
    """The plain text so far, its length in UTF-16 units, and the entities found."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.parts: list[str] = []
        self.units = 0
        self.entities: list[Entity] = []

    def put(self, text: str) -> None:
        """Add plain text."""
        self.parts.append(text)
        self.units += len(text) + sum(character > "\uffff" for character in text)

    def mark(self, kind: str, start: int, **more: Any) -> None:
        """Add an entity from a place to here; an empty one is left out."""
        if self.units > start:
            self.entities.append(
                {"type": kind, "offset": start, "length": self.units - start, **more},
            )

    def mark_link(self, start: int, address: str) -> None:
        """Add a link, or a mention where the address names a user; a bad one is left out."""
        user = mentioned(address)
        if user is not None:
            person = {"id": user, "is_bot": False, "first_name": str(user)}
            self.mark("text_mention", start, user=person)
        elif url := checked_link(address):
            self.mark("text_link", start, url=url)

    def text(self, since: int = 0) -> str:
        """Give the plain text, from the given part on."""
        return "".join(self.parts[since:])

    def byte(self, position: int) -> int:
        """Tell the byte at which a place of the source stands."""
        return len(self.source[:position].encode())

    def result(self) -> Marked:
        """Give what was read."""
        return self.text(), self.entities


def mentioned(address: str) -> int | None:
    """Find the user in ``tg://user?id=...``."""
    if not re.match(r"tg:(//)?user/?\?", address, re.IGNORECASE):
        return None
    found = parse_qs(address.partition("?")[2].partition("#")[0]).get("id", [""])[0]
    return int(found) if found.isdecimal() else None


def checked_link(address: str) -> str | None:
    """Complete an address as Telegram does, or refuse it."""
    if re.match(r"(tg|ton|tonsite):", address, re.IGNORECASE):
        return address
    whole = address if re.match(r"https?://", address, re.IGNORECASE) else f"http://{address}"
    try:
        parts = urlsplit(whole)
    except ValueError:
        return None
    host = parts.hostname or ""
    if "." not in host or re.search(r"\s", whole) or host.startswith(".") or host.endswith(".."):
        return None
    return whole if parts.path or parts.query else f"{whole}/"


# -- HTML

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


# -- MarkdownV2

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


# -- Markdown, the first one, kept by Telegram for old bots

LEGACY = {"_": "italic", "*": "bold", "`": "code", "```": "pre", "[": "text_link"}
LEGACY_MARK = re.compile(r"\\([_*`\[])|```|[_*`\[]")


def read_markdown(source: str) -> Marked:
    """Read the first Markdown: nothing nests, and a backslash escapes only ``_*`[``."""
    writer, position = Writer(source), 0
    while (match := LEGACY_MARK.search(source, position)) is not None:
        writer.put(source[position : match.start()])
        if match.group(1):
            writer.put(match.group(1))
            position = match.end()
        else:
            position = read_legacy(writer, match.group(), match.start())
    writer.put(source[position:])
    return writer.result()


def read_legacy(writer: Writer, mark: str, begin: int) -> int:
    """Read one entity of the first Markdown and give where it ends."""
    source, language, start = writer.source, None, begin + len(mark)
    if mark == "```" and (fence := FENCE.match(source, begin)) is not None:
        language, start = fence.group(1), fence.end()
    closing = "]" if mark == "[" else mark
    end = source.find(closing, start)
    if end < 0:
        at = writer.byte(begin)
        raise Unreadable(f"Can't find end of the entity starting at byte offset {at}")
    offset, inner = writer.units, source[start:end]
    writer.put(inner)
    end += len(closing)
    if mark != "[":
        writer.mark(LEGACY[mark], offset, **({"language": language} if language else {}))
        return end
    address = inner
    if source.startswith("(", end):
        stop = source.find(")", end)
        stop = len(source) if stop < 0 else stop
        address, end = source[end + 1 : stop], stop + 1
    writer.mark_link(offset, address)
    return end


READERS: dict[str, Callable[[str], Marked]] = {
    "html": read_html,
    "markdown": read_markdown,
    "markdownv2": read_markdown_2,
}
