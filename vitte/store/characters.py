"""Who answers: the characters, their words in both languages."""

from datetime import datetime
from typing import Literal, NewType

from msgspec import Struct

from vitte.store.pool import Session
from vitte.store.queries import take

LIST = take("characters", "list_characters")
GET = take("characters", "get_character")

CharacterId = NewType("CharacterId", int)

Temperament = Literal["warm", "curious", "playful"]


class Character(Struct, frozen=True, kw_only=True):
    """One who answers. ``names``, ``about`` and ``greetings`` hold a text under 'ru' and under 'en'."""

    id: CharacterId
    slug: str
    names: dict[str, str]
    about: dict[str, str]
    greetings: dict[str, str]
    temperament: Temperament
    position: int
    active: bool
    created_at: datetime
    updated_at: datetime


async def list_active(session: Session) -> list[Character]:
    """Give those a new dialog may be started with, in the order in which they are offered."""
    return await session.rows(LIST, Character)


async def get(session: Session, character: CharacterId) -> Character | None:
    """Give a character, also one no longer offered, or None."""
    return await session.row_or_none(GET, Character, id=character)
