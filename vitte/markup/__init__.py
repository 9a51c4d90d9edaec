"""The three languages in which a bot can mark up a text: HTML, MarkdownV2, Markdown.

Each reader gives the plain text and its entities or says, as Telegram says it,
what it cannot parse and at which byte.
"""

from collections.abc import Callable

from vitte.markup.html import read_html
from vitte.markup.legacy import read_markdown
from vitte.markup.markdown import read_markdown_2
from vitte.markup.writer import Entity, Marked, Unreadable, length

READERS: dict[str, Callable[[str], Marked]] = {
    "html": read_html,
    "markdown": read_markdown,
    "markdownv2": read_markdown_2,
}


__all__ = ["READERS", "Entity", "Unreadable", "length"]
