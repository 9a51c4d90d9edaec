"""What every markup language writes: plain text, entities, links.

Offsets are counted in UTF-16 units, as Telegram counts them; places in errors
are bytes, as Telegram names them.
"""

import re
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

Entity: TypeAlias = dict[str, Any]
Marked: TypeAlias = tuple[str, list[Entity]]


class Unreadable(Exception):
    """Raised when a text is not well-formed in its markup language."""


def length(text: str) -> int:
    """Count UTF-16 units: what Telegram's limits and offsets count."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


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
        self.units += length(text)

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
