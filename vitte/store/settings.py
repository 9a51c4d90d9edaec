"""What each person chose: language, character, timezone, reminders."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from vitte.store.characters import CharacterId
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import Language, UserId

GET = take("settings", "get_settings")
GET_MANY = take("settings", "get_many_settings")
CHOOSE_LANGUAGE = take("settings", "choose_language")
DETECT_LANGUAGE = take("settings", "detect_language")
SET_CHARACTER = take("settings", "set_character")
CHANGE = take("settings", "change_settings")


class Settings(Struct, frozen=True, kw_only=True):
    """A person's choices; ``language_chosen`` is False while the language is only detected."""

    user_id: UserId
    language: Language
    language_chosen: bool
    timezone: str | None
    character_id: CharacterId | None
    reminders: bool
    created_at: datetime
    updated_at: datetime


async def get(session: Session, user: UserId) -> Settings | None:
    """Give a person's settings, or None for a stranger."""
    return await session.row_or_none(GET, Settings, user_id=user)


async def get_many(session: Session, wanted: Sequence[UserId]) -> dict[UserId, Settings]:
    """Give the settings of those of some people who are known, by their ids."""
    found = await session.rows(GET_MANY, Settings, ids=list(wanted))
    return {row.user_id: row for row in found}


async def set_language(
    session: Session, user: UserId, language: Language, now: datetime
) -> Settings | None:
    """Write down the language a person chose; it stands from now on."""
    return await session.row_or_none(
        CHOOSE_LANGUAGE, Settings, user_id=user, language=language, now=now
    )


async def detect_language(
    session: Session, user: UserId, language: Language, now: datetime
) -> Settings | None:
    """Replace the guessed language by a better guess; None when nothing changed or the person chose."""
    return await session.row_or_none(
        DETECT_LANGUAGE, Settings, user_id=user, language=language, now=now
    )


async def set_character(
    session: Session, user: UserId, character: CharacterId, now: datetime
) -> Settings | None:
    """Write down the character that the person's next dialogs begin with."""
    return await session.row_or_none(
        SET_CHARACTER, Settings, user_id=user, character_id=character, now=now
    )


async def change(  # noqa: PLR0913  # what may be changed, each apart
    session: Session,
    user: UserId,
    now: datetime,
    *,
    language: Language | UnsetType = UNSET,
    timezone: str | UnsetType | None = UNSET,
    character: CharacterId | UnsetType | None = UNSET,
    reminders: bool | UnsetType = UNSET,
    version: datetime | None = None,
) -> Settings | None:
    """Change what is given of a person's settings; a language that is given counts as chosen.

    ``version`` is the ``updated_at`` that the change is meant for; None is any. None comes
    back for a stranger, for another version, and for a character that is not offered.
    """
    return await session.row_or_none(
        CHANGE,
        Settings,
        user_id=user,
        language=None if language is UNSET else language,
        keep_timezone=timezone is UNSET,
        timezone=None if timezone is UNSET else timezone,
        keep_character=character is UNSET,
        character_id=None if character is UNSET else character,
        reminders=None if reminders is UNSET else reminders,
        version=version,
        now=now,
    )
