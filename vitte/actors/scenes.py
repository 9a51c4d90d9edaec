"""The scenes: reads what is needed to answer people, for all who ask at once.

Owns nothing but the question: every answer to a text begins with it, and all that
wait share one statement. Nothing is kept, so that nothing can be old. A fall loses
nothing: who asked is told, and asks again.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final, TypeAlias

from msgspec import Struct

from vitte.errors import VitteError
from vitte.runtime import Life, Ref, Reply
from vitte.store import scenes as store
from vitte.store.pool import Database
from vitte.store.scenes import Scene
from vitte.store.users import UserId

RECENT: Final = 30
MOST_AT_ONCE: Final = 128
# Longer than the database lets anybody wait for a connection and a statement.
ANSWER_SECONDS: Final = 20.0


class Get(Struct, frozen=True, kw_only=True):
    """What is needed to answer this person, on this day of theirs?"""

    user: UserId
    day: date
    reply: Reply[Scene | None]


Message: TypeAlias = Get


async def get(scenes: Ref[Message], user: UserId, day: date) -> Scene | None:
    """What is needed to answer a person; None where nobody could answer.

    Raises:
        VitteError, RuntimeFault: PostgreSQL is away, or the reader is.
    """
    return await scenes.ask(
        lambda reply: Get(user=user, day=day, reply=reply), within=ANSWER_SECONDS
    )


class Scenes:
    """One life, from a start to the next fall."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def run(self, life: Life[Message]) -> None:
        """Read for all who wait, for ever."""
        life.ready()
        while True:
            await self._answer(await life.receive_all(most=MOST_AT_ONCE))

    async def _answer(self, questions: Sequence[Get]) -> None:
        asked = list({(each.user, each.day) for each in questions})
        try:
            found = await store.get(self._database, asked, limit=RECENT)
        except VitteError as problem:  # PostgreSQL is away or busy: the askers decide
            for question in questions:
                question.reply.fail(problem)
        else:
            for question in questions:
                question.reply.send(found.get(question.user))
