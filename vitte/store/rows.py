"""Rows as Structs: what the pool makes of what PostgreSQL answers, quickly."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import psycopg

Row = TypeVar("Row")


def made(row: type[Row]) -> Callable[[psycopg.AsyncCursor[Any]], Callable[[Sequence[Any]], Row]]:
    """What makes rows into Structs, as psycopg's ``class_row`` does, without a dict for each."""

    def maker(cursor: psycopg.AsyncCursor[Any]) -> Callable[[Sequence[Any]], Row]:
        return _maker(row, tuple(column.name for column in cursor.description or ()))

    return maker


@lru_cache(maxsize=512)
def _maker(row: type[Row], names: tuple[str, ...]) -> Callable[[Sequence[Any]], Row]:
    # Their fields are given by name, and only code that spells the names out does so without
    # building a dict: a quarter of the time, which tells where a page has hundreds of rows. The
    # names are the columns of our own queries; what is no name of Python's is no code here either.
    if not all(name.isidentifier() for name in names):
        raise ValueError(names)
    fields = ", ".join(f"{name}=_[{place}]" for place, name in enumerate(names))
    return eval(f"lambda _: row({fields})", {"row": row})  # noqa: S307  # nosec B307  # said above
