"""Who answers: the characters, their words in both languages, and every version of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, NewType

import msgspec
from msgspec import Struct

from vitte.errors import NobodyOffered, TooManyOffered
from vitte.store import audit
from vitte.store.audit import Author
from vitte.store.pool import Session
from vitte.store.queries import take

LIST = take("characters", "list_characters")
GET = take("characters", "get_character")
LIST_EVERY = take("characters", "list_every_character")
HOLD_OFFERED = take("characters", "hold_offered")
ADD = take("characters", "add_character")
CHANGE = take("characters", "change_character")
LIST_VERSIONS = take("characters", "list_versions")
GET_VERSION = take("characters", "get_version")

CharacterId = NewType("CharacterId", int)

Temperament = Literal["warm", "curious", "playful"]

LONGEST_SLUG: Final = 32
MOST_OFFERED: Final = 100
"""So many buttons a message has at most (Bot API): who is offered stands on one."""
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


class _Offered(Struct, frozen=True, kw_only=True):
    id: CharacterId


async def list_active(session: Session) -> list[Character]:
    """Give those a new dialog may be started with, in the order in which they are offered."""
    return await session.rows(LIST, Character)


async def list_every(session: Session) -> list[Character]:
    """Give all of them, those that are offered first."""
    return await session.rows(LIST_EVERY, Character)


async def get(session: Session, character: CharacterId) -> Character | None:
    """Give a character, also one no longer offered, or None."""
    return await session.row_or_none(GET, Character, id=character)


async def add(
    session: Session, slug: str, traits: Traits, author: Author, now: datetime
) -> Character | None:
    """Add a character, its first version, and who made it and why. Call it in a transaction.

    None when ``slug``, by which programs and the audit know it, is another's.

    Raises:
        TooManyOffered: It should be offered, and there is no room for one more.
    """
    if traits.active:
        await _make_room(session)
    added = await session.row_or_none(
        ADD, Character, slug=slug, who=author.who, reason=author.reason, now=now, **_written(traits)
    )
    if added is not None:
        new = {"version": added.version}
        await audit.add(session, author, "character", "create", now, subject=slug, new=new)
    return added


async def change(  # noqa: PLR0913  # what, over which, by whom, and what it brings back
    session: Session,
    known: Character,
    traits: Traits,
    author: Author,
    now: datetime,
    *,
    of_version: int | None = None,
) -> Character | None:
    """Make the version after the ``known`` one, and write down who did it and why. Call it in a transaction.

    None when that is not in force any more: somebody has changed the character meanwhile.

    Raises:
        NobodyOffered: It is the last one that is offered, and would be no more.
        TooManyOffered: It should be offered again, and there is no room for one more.
    """
    if traits.active and not known.active:
        await _make_room(session)
    elif known.active and not traits.active:
        await _leave_one(session, known)
    changed = await session.row_or_none(
        CHANGE,
        Character,
        id=known.id,
        version=known.version,
        who=author.who,
        reason=author.reason,
        of_version=of_version,
        now=now,
        **_written(traits),
    )
    if changed is not None:
        action = _action(known.traits, traits) if of_version is None else "rollback"
        old, new = {"version": known.version}, {"version": changed.version}
        await audit.add(
            session, author, "character", action, now, subject=known.slug, old=old, new=new
        )
    return changed


def _action(old: Traits, new: Traits) -> str:
    """What the audit calls a change."""
    if new != msgspec.structs.replace(old, active=not old.active):
        return "change"
    return "restore" if new.active else "retire"


async def _make_room(session: Session) -> None:
    if len(await session.rows(HOLD_OFFERED, _Offered)) >= MOST_OFFERED:
        raise TooManyOffered("no more characters can be offered", "active")


async def _leave_one(session: Session, known: Character) -> None:
    offered = await session.rows(HOLD_OFFERED, _Offered)
    if not [each for each in offered if each.id != known.id]:
        raise NobodyOffered("it is the last character that is offered", "active")


async def list_versions(
    session: Session, character: CharacterId, *, limit: int, before: int = NEWEST
) -> list[Version]:
    """Give what a character was, the latest version first, what is older than ``before``."""
    return await session.rows(LIST_VERSIONS, Version, id=character, number=before, limit=limit)


async def get_version(session: Session, character: CharacterId, version: int) -> Version | None:
    """Give one version of a character, or None."""
    return await session.row_or_none(GET_VERSION, Version, id=character, number=version)


def _written(traits: Traits) -> dict[str, Any]:
    """Traits as the queries take them."""
    texts = {name: _json(getattr(traits, name)) for name in ("names", "about", "greetings")}
    return {
        **texts,
        "temperament": traits.temperament,
        "position": traits.position,
        "active": traits.active,
    }


def _json(words: Mapping[str, str]) -> str:
    return msgspec.json.encode(words).decode()
