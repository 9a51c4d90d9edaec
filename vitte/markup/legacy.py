"""The first Markdown, which Telegram keeps for old bots."""

import re

from vitte.markup.markdown import FENCE
from vitte.markup.writer import Marked, Unreadable, Writer

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
