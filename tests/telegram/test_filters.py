"""The filters: none of them needs a thread, and each lets through what it says."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiogram import Router
from aiogram.dispatcher.event.handler import HandlerObject

from vitte.telegram import edge, filters
from vitte.telegram.typist import Typist


def handlers(router: Router) -> Iterator[HandlerObject]:
    for each in router.chain_tail:
        for observer in each.observers.values():
            yield from observer.handlers


async def nobody(_chat: int) -> None:
    """Show nothing."""


def test_no_handler_and_no_filter_is_run_in_a_thread() -> None:
    services: Any = SimpleNamespace()
    dispatcher = edge.dispatcher(services, Typist(nobody))

    found = list(handlers(dispatcher))

    assert len(found) > 10
    assert [each.callback for each in found if not each.awaitable] == []
    every_filter = [one for each in found for one in each.filters or []]
    assert [one.callback for one in every_filter if not one.awaitable] == []


@pytest.mark.parametrize(
    ("data", "passes"),
    [
        ("character:1", True),
        ("character:123456789012345678", True),
        ("character:1234567890123456789", False),
        ("character:", False),
        ("character:-1", False),
        ("character:1x", False),
        ("character:١", False),
        ("1", False),
        ("", False),
        (None, False),
    ],
)
async def test_a_pressed_number_is_a_prefix_and_digits(data: str | None, passes: bool) -> None:  # noqa: FBT001
    query: Any = SimpleNamespace(data=data)

    assert await filters.pressed_number("character:")(query) is passes
