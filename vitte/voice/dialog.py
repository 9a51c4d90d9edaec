"""What a voice is told, and what it must be able to do."""

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from vitte.i18n import Language

Temperament: TypeAlias = Literal["warm", "curious", "playful"]


class DialogView(Struct, frozen=True, kw_only=True):
    """What a voice knows of a dialog besides what was said in it."""

    dialog: int
    language: Language
    name: str
    """The character's name, in the dialog's language."""
    temperament: Temperament
    person: str
    """The first name that the person has in Telegram."""


class Line(Struct, frozen=True, kw_only=True):
    """Something that was said, by the person or by the character."""

    role: Literal["user", "character"]
    text: str


class Voice(Protocol):
    """What gives a character its words."""

    def reply(self, dialog: DialogView, recent: Sequence[Line]) -> AsyncIterator[str]:
        """Answer the last of the recent lines, which are in the order they were said.

        The reply comes in pieces, as they are ready; joined they are plain text.
        """
        ...
