"""People who write to the bot together, and what each of them has heard."""

import math
from collections import Counter

import anyio
from msgspec import Struct

from vitte.dev.telegram import LocalTelegram, Person
from vitte.dev.telegram.world import Notice
from vitte.store.pool import Database
from vitte.store.queries import Query

SAID = Query(
    name="said", intent="", statement=b"SELECT user_id, role, text FROM messages ORDER BY id"
)
REPEATED = Query(
    name="repeated",
    intent="",
    statement=b"SELECT chat_id, count(id) AS words FROM outbox WHERE repeated GROUP BY chat_id",
)


class Said(Struct, frozen=True):
    user_id: int
    role: str
    text: str


class Repeated(Struct, frozen=True):
    chat_id: int
    words: int


class Crowd:
    """So many people; each counts what they wrote, and hears what the bot says to them."""

    def __init__(self, telegram: LocalTelegram, size: int) -> None:
        self.telegram = telegram
        self.people = [
            telegram.person(f"Person {number}", language_code="en") for number in range(size)
        ]
        self.written: dict[int, list[str]] = {person.id: [] for person in self.people}
        self.heard: dict[int, list[str]] = {person.id: [] for person in self.people}
        self._changed = anyio.Event()
        telegram.world.watchers.append(self._notice)

    def _notice(self, notice: Notice) -> None:
        if notice.kind == "message" and notice.chat in self.heard:
            self.heard[notice.chat].append(notice.content["text"])
            self._changed.set()

    async def write(self, times: int = 1) -> None:
        """Everybody writes so many messages, in turns."""
        for _ in range(times):
            for person in self.people:
                await self.one_writes(person)

    async def one_writes(self, person: Person) -> None:
        """One of them writes the next message of theirs."""
        text = f"message {len(self.written[person.id]) + 1}"
        self.written[person.id].append(text)
        await person.writes(text)

    @property
    def answers(self) -> int:
        """How much was heard by all together."""
        return sum(map(len, self.heard.values()))

    @property
    def unanswered(self) -> int:
        """How many people have heard less than they wrote."""
        return sum(len(self.heard[user]) < len(self.written[user]) for user in self.written)

    async def hears(self, answers: float = math.inf, *, within: float = 30) -> None:
        """Wait until everybody was answered, or so much was heard by all together."""
        with anyio.move_on_after(within):
            while self.unanswered and self.answers < answers:
                self._changed = anyio.Event()
                await self._changed.wait()
            return
        raise AssertionError(f"{self.unanswered} of {len(self.people)} wait after {within} s")

    async def accounted(self, database: Database) -> int:
        """See that each was answered once for each message, in order; gives how much was said again.

        Said again may only be what the ledger marks as repeated.
        """
        stored = await database.rows(SAID, Said)
        marked = {row.chat_id: row.words for row in await database.rows(REPEATED, Repeated)}
        twice = 0
        for user, written in self.written.items():
            own = [(each.role, each.text) for each in stored if each.user_id == user]
            answers = [text for role, text in own if role == "character"]
            assert [text for role, text in own if role == "user"] == written
            assert len(answers) == len(written)
            assert _is_within(answers, self.heard[user]), (answers, self.heard[user])
            extra = Counter(self.heard[user]) - Counter(answers)
            assert len(extra) <= marked.get(user, 0), (answers, self.heard[user])
            twice += extra.total()
        return twice


def _is_within(wanted: list[str], heard: list[str]) -> bool:
    """Whether all that is wanted was heard in its order, whatever came in between."""
    rest = iter(heard)
    return all(text in rest for text in wanted)
