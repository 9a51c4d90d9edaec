"""Who answers: the characters, their words in both languages, and every version of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, NewType

import msgspec
from msgspec import Struct

from vitte.store import audit
from vitte.store.audit import Author
from vitte.store.pool import Session
from vitte.store.queries import take

LIST = take("characters", "list_characters")
GET = take("characters", "get_character")
LIST_EVERY = take("characters", "list_every_character")
CHANGE = take("characters", "change_character")
LIST_VERSIONS = take("characters", "list_versions")
GET_VERSION = take("characters", "get_version")

CharacterId = NewType("CharacterId", int)

Temperament = Literal["warm", "curious", "playful"]

NEWEST: Final = 2**31 - 1
"""Above every version: where a list begins."""


class Traits(Struct, frozen=True, kw_only=True):
    """What makes a character. ``names``, ``about`` and ``greetings`` hold a text under 'ru' and under 'en'."""

    names: dict[str, str]
    about: dict[str, str]
    greetings: dict[str, str]
    temperament: Temperament
    position: int
    active: bool

    @property
    def traits(self) -> "Traits":
        """These alone, without what else is known of it."""
        fields = {name: getattr(self, name) for name in Traits.__struct_fields__}
        return Traits(**fields)


class Character(Traits, frozen=True, kw_only=True):
    """One who answers, as of the version in force."""

    id: CharacterId
    slug: str
    version: int
    created_at: datetime
    updated_at: datetime


class Version(Traits, frozen=True, kw_only=True):
    """What a character was: who made it so, when, why, and which older one it brought back."""

    version: int
    who: str
    reason: str | None
    of_version: int | None
    created_at: datetime


async def list_active(session: Session) -> list[Character]:
    """Give those a new dialog may be started with, in the order in which they are offered."""
    return await session.rows(LIST, Character)


async def list_every(session: Session) -> list[Character]:
    """Give all of them, those that are offered first."""
    return await session.rows(LIST_EVERY, Character)


async def get(session: Session, character: CharacterId) -> Character | None:
    """Give a character, also one no longer offered, or None."""
    return await session.row_or_none(GET, Character, id=character)


async def change(  # noqa: PLR0913  # what, over which, by whom, and what it brings back
    session: Session,
    known: Character,
    traits: Traits,
    author: Author,
    now: datetime,
    *,
    of_version: int | None = None,
) -> Character | None:
    """Make the version after the ``known`` one, and write down who did it and why.

    None when that is not in force any more: somebody has changed the character meanwhile.
    """
    changed = await session.row_or_none(
        CHANGE,
        Character,
        id=known.id,
        version=known.version,
        names=_json(traits.names),
        about=_json(traits.about),
        greetings=_json(traits.greetings),
        temperament=traits.temperament,
        position=traits.position,
        active=traits.active,
        who=author.who,
        reason=author.reason,
        of_version=of_version,
        now=now,
    )
    if changed is not None:
        action = "change" if of_version is None else "rollback"
        old, new = {"version": known.version}, {"version": changed.version}
        await audit.add(
            session, author, "character", action, now, subject=known.slug, old=old, new=new
        )
    return changed


async def list_versions(
    session: Session, character: CharacterId, *, limit: int, before: int = NEWEST
) -> list[Version]:
    """Give what a character was, the latest version first, what is older than ``before``."""
    return await session.rows(LIST_VERSIONS, Version, id=character, number=before, limit=limit)


async def get_version(session: Session, character: CharacterId, version: int) -> Version | None:
    """Give one version of a character, or None."""
    return await session.row_or_none(GET_VERSION, Version, id=character, number=version)


def _json(words: Mapping[str, str]) -> str:
    return msgspec.json.encode(words).decode()
