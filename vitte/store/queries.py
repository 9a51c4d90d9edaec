"""Named queries: reads ``sql/queries/<noun>.sql``, one query a name.

A file is a list of queries. Each begins with a line that holds nothing but its
name (``-- get_user``), then one or more comment lines that say what it is for,
then the statement itself, its parameters written ``%(name)s``. The files of
``vitte.store`` take their names at import, so that a misspelt one fails before
anything runs.
"""

import re
from functools import cache

from msgspec import Struct

from vitte.errors import UnknownQuery
from vitte.resources import ROOT

FOLDER = ROOT / "sql" / "queries"

_NAME = re.compile(r"^-- ([a-z]+(?:_[a-z]+)+)$", re.MULTILINE)


class Query(Struct, frozen=True, kw_only=True):
    """One statement, its name, and what it is for."""

    name: str
    intent: str
    # The driver takes bytes as "written by a programmer", which a file of ours is.
    statement: bytes


def take(noun: str, name: str) -> Query:
    """Give the query of that name from ``sql/queries/<noun>.sql``.

    Raises:
        UnknownQuery: when the file has none of that name.
    """
    try:
        return load(noun)[name]
    except KeyError:
        raise UnknownQuery(noun, name) from None


@cache
def load(noun: str) -> dict[str, Query]:
    """Give every query of a noun's file by its name."""
    parts = _NAME.split((FOLDER / f"{noun}.sql").read_text(encoding="utf-8"))
    # What split() gives: the file's own comment, then name, text, name, text, …
    return {name: _query(name, text) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _query(name: str, text: str) -> Query:
    lines = text.strip().splitlines()
    intent: list[str] = []
    while lines and lines[0].startswith("--"):
        intent.append(lines.pop(0).removeprefix("--").strip())
    return Query(name=name, intent=" ".join(intent), statement="\n".join(lines).strip().encode())
