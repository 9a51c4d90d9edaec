"""Scenes: what is needed to answer people, read for many with one question."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from vitte.store.characters import CharacterId, Temperament
from vitte.store.dialogs import DialogId
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import UserId

GET = take("scenes", "get_scenes")


class Scene(Struct, frozen=True, kw_only=True):
    """Where a person's next words belong, who answers, what was said lately, what is used.

    ``dialog_id`` is None where a dialog is to be begun with the character; ``is_open`` is false
    there, and in an archived one, which opens again when it is written to. ``recent`` is JSON,
    a list of role and text, the oldest first.
    """

    user_id: UserId
    dialog_id: DialogId | None
    is_open: bool
    character_id: CharacterId
    names: dict[str, str]
    temperament: Temperament
    used: int
    recent: str


async def get(
    session: Session, asked: Sequence[tuple[UserId, date]], *, limit: int
) -> dict[UserId, Scene]:
    """Give the scenes of people who are known, each as of a day of theirs.

    With the latest ``limit`` messages. Nobody has one where no character is offered.
    """
    found = await session.rows(
        GET,
        Scene,
        users=[user for user, _ in asked],
        days=[day for _, day in asked],
        limit=limit,
    )
    return {scene.user_id: scene for scene in found}
