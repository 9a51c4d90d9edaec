"""What payloads are made of: ids, times, texts, each with what holds for it everywhere.

Payloads stand apart from rows: a column may come or go without a caller noticing.
"""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from vitte.store.dialogs import State
from vitte.store.messages import Role
from vitte.store.users import Language

_LARGEST: Final = 2**63 - 1

UserNumber = Annotated[
    int, Meta(ge=1, le=_LARGEST, description="The user's id, as Telegram gave it", examples=[101])
]
DialogNumber = Annotated[int, Meta(ge=1, le=_LARGEST, description="The dialog's id", examples=[7])]
CharacterNumber = Annotated[
    int, Meta(ge=1, le=_LARGEST, description="The character's id", examples=[1])
]
Moment = Annotated[
    datetime, Meta(tz=True, description="RFC 3339", examples=["2027-01-31T12:00:00Z"])
]
# PostgreSQL's text cannot hold the character NUL.
TITLE: Final = Meta(
    max_length=200,
    pattern="^[^\\x00]*$",
    description="As the person sees it",
    examples=["Evenings"],
)
Title = Annotated[str, TITLE]
Name = Annotated[str, Meta(max_length=256, pattern="^[^\\x00]*$", examples=["Anna"])]
Username = Annotated[
    str, Meta(pattern="^[A-Za-z0-9_]{1,64}$", description="Without @", examples=["anna"])
]


class Patch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change as a merge patch (RFC 7396): absent stays, null takes away."""


class Dialog(Struct, frozen=True, kw_only=True):
    """A conversation between a person and a character; at most one a person is open."""

    id: DialogNumber
    user_id: UserNumber
    character_id: CharacterNumber
    title: Title
    state: State
    last_message_at: Moment
    closed_at: Moment | None
    archived_at: Moment | None
    created_at: Moment
    updated_at: Moment


class Message(Struct, frozen=True, kw_only=True):
    """Something said in a dialog, by the person or by the character."""

    id: int
    dialog_id: DialogNumber
    role: Role
    text: str
    created_at: Moment


class Settings(Struct, frozen=True, kw_only=True):
    """What a person chose; `language_chosen` is false while the language is a guess."""

    user_id: UserNumber
    language: Language
    language_chosen: bool
    timezone: str | None
    character_id: CharacterNumber | None
    reminders: bool
    updated_at: Moment
