"""What payloads are made of: ids, times, texts, each with what holds for it everywhere.

Payloads stand apart from rows: a column may come or go without a caller noticing.
"""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

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
