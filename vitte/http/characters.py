"""Characters: who answers."""

from msgspec import Struct

from vitte.http.pages import Page, shower
from vitte.http.payload import CharacterNumber
from vitte.http.route import Answer, Asked
from vitte.services import Services
from vitte.store import characters
from vitte.store.characters import Temperament


class Words(Struct, frozen=True, kw_only=True):
    """A text in each language."""

    ru: str
    en: str


class Character(Struct, frozen=True, kw_only=True):
    """One who answers."""

    id: CharacterNumber
    slug: str
    names: Words
    about: Words
    greetings: Words
    temperament: Temperament


_show = shower(Character)


class Characters:
    """Answers the address of characters."""

    def __init__(self, services: Services) -> None:
        self._database = services.database

    async def list(self, asked: Asked[None, None]) -> Answer:
        """Those a new dialog may be started with, in the order in which they are offered."""
        del asked
        rows = await characters.list_active(self._database)
        return Answer(body=Page[Character](items=_show(rows), next=None))
