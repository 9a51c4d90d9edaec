"""Pages: a list in parts, each beginning where the one before ended.

A cursor is the key of a page's last row, so that it stays good while rows come
and go: nothing is counted, nothing is skipped, nothing comes twice. To callers it
is a text to be handed back as it is; any cursor of the right form is a place to begin.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType

from vitte.http.route import Answer
from vitte.http.written import line

T = TypeVar("T")
Row = TypeVar("Row")

NEWEST: Final = 2**63 - 1

Limit = Annotated[int, Meta(ge=1, le=200, description="How many at the most", examples=[50])]
Cursor = Annotated[
    str,
    Meta(
        pattern="^[0-7][0-9a-f]{15}$",
        description="Where the page begins: `next` of the page before, as it is",
        examples=["0000000000000065"],
    ),
]


class PageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be asked of any list."""

    limit: Limit = 50
    cursor: Cursor | UnsetType = UNSET

    def before(self) -> int:
        """The key below which the page begins."""
        return NEWEST if self.cursor is UNSET else int(self.cursor, 16)


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the part after it, null at the end."""

    items: list[T]
    next: Cursor | None


def answer(
    request: web.Request,
    query: PageQuery,
    rows: Sequence[Row],
    *,
    show: Callable[[Sequence[Row]], list[Any]],
    key: Callable[[Row], int],
) -> Answer:
    """A page out of ``limit`` + 1 rows: the one too many tells that there is more."""
    shown, cursor = cut(rows, query.limit, key=key)
    body = Page[Any](items=show(shown), next=cursor)
    if cursor is None:
        return Answer(body=body)
    return Answer(body=body, head=link(str(request.rel_url.update_query(cursor=cursor))))


def cut(
    rows: Sequence[Row], limit: int, *, key: Callable[[Row], int]
) -> tuple[Sequence[Row], str | None]:
    """What a page shows of ``limit`` + 1 rows, and the cursor of the next, if there is one."""
    if len(rows) <= limit:
        return rows, None
    shown = rows[:limit]
    return shown, f"{key(shown[-1]):016x}"


def link(address: str) -> str:
    """The line of a head that says where the next page is."""
    return line("Link", f'<{address}>; rel="next"')


def shower(shape: type[T]) -> Callable[[Sequence[Any]], list[T]]:
    """What turns rows into payloads of a shape whose fields they have."""
    many = list[shape]

    def show(rows: Sequence[Any]) -> list[T]:
        return msgspec.convert(rows, many, from_attributes=True)

    return show
