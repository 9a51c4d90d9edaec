"""What each person chose: language, character, timezone, reminders."""

from datetime import datetime

from msgspec import Struct

from vitte.store.characters import CharacterId
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import Language, UserId

GET = take("settings", "get_settings")
CHOOSE_LANGUAGE = take("settings", "choose_language")
DETECT_LANGUAGE = take("settings", "detect_language")
SET_CHARACTER = take("settings", "set_character")


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
