"""The Telegram edge: who answers which update, and how an error becomes a line.

Importing this room is cheap; ``opened(services)`` loads aiogram, off the event
loop, and gives the edge that the bot actor answers with.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from vitte.actors import bot
from vitte.services import Services
from vitte.telegram import quick_import

if TYPE_CHECKING:
    from vitte.telegram.edge import Edge

__all__ = ["opened"]


@asynccontextmanager
async def opened(services: Services) -> AsyncGenerator[bot.Edge]:
    """The edge, with its connections to Telegram; they close with the block."""
    edge = await _load(services)
    try:
        yield edge
    finally:
        await edge.close()


async def _load(services: Services) -> "Edge":
    module = await quick_import.load("vitte.telegram.edge")
    return cast("Edge", module.Edge(services))
