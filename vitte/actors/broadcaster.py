"""The broadcaster: brings what is said to many into the outbox, a little at a time.

Owns how far each broadcast has come. It puts in no more than the outbox sends in
two or three seconds, so that a pause takes hold at once and the outbox stays
small, whoever the audience. Who is sent it, by which words, and how far it has
come are one transaction: a fall or a kill repeats nobody and passes over nobody.
Of several processes one at a time does it.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import anyio
import msgspec
from anyio import to_thread

from vitte import i18n, metrics
from vitte.errors import VitteError
from vitte.runtime import Life
from vitte.store import broadcasts, outbox
from vitte.store.broadcasts import Broadcast, Recipient
from vitte.store.outbox import Lane, Words
from vitte.store.pool import Database, Transaction
from vitte.store.users import Language

SUBJECT: Final = "broadcast"
LINE: Final = "broadcast-text"
MOST_QUEUED: Final = 60
LOOKED_AT: Final = 5_000
PAUSE_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 3.0

log = logging.getLogger(__name__)


class Broadcaster:
    """One life, from a start to the next fall."""

    def __init__(self, *, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._words: tuple[int, i18n.Words] | None = None

    async def run(self, life: Life[Any]) -> None:
        """Bring the next words in, for ever."""
        life.ready()
        while True:
            busy = False
            try:
                busy = await self.feed()
            except VitteError as problem:
                log.warning("No broadcast goes on: %s", problem)
            await anyio.sleep(PAUSE_SECONDS if busy else IDLE_SECONDS)

    async def feed(self) -> bool:
        """Bring in as many words as there is room for; tell whether any broadcast is under way."""
        now = self._clock()
        async with self._database.transaction() as transaction:
            broadcast = await broadcasts.claim(transaction)
            if broadcast is not None:
                await self._bring(transaction, broadcast, now)
                return True
        return await broadcasts.end(self._database, now) > 0

    async def _bring(self, transaction: Transaction, broadcast: Broadcast, now: datetime) -> None:
        room = MOST_QUEUED - await broadcasts.count_bulk(transaction, MOST_QUEUED)
        if room <= 0:
            return
        ahead = await broadcasts.look_ahead(transaction, broadcast.reached, LOOKED_AT)
        people = await broadcasts.pick(transaction, broadcast, ahead.last, now, room)
        if people:
            words = await self._read(broadcast)
            said = [words_for(each, words) for each in people]
            waiting = await outbox.add(transaction, said, now, taken=False)
            told = [(one.id, its.id) for one, its in zip(people, waiting, strict=True)]
            await broadcasts.add_recipients(transaction, broadcast.id, told)
        filled = len(people) == room
        reached = people[-1].id if filled else max(ahead.last, broadcast.reached)
        everyone = ahead.people < LOOKED_AT and not filled
        await broadcasts.move_on(transaction, broadcast.id, reached, everyone=everyone)
        metrics.broadcast_words.inc(len(people))

    async def _read(self, broadcast: Broadcast) -> i18n.Words:
        """The words of a broadcast; those of the last one are kept."""
        if self._words is None or self._words[0] != broadcast.id:
            # Fluent reads what it knows of a language from files.
            words = await to_thread.run_sync(read, broadcast.texts)
            self._words = broadcast.id, words
        return self._words[1]


def read(texts: Mapping[Language, str]) -> i18n.Words:
    """Read and check the texts of a broadcast, each the text of a Fluent line.

    Raises:
        BadWords: with all faults.
    """
    return i18n.read(SUBJECT, {language: _line(text) for language, text in texts.items()})


def words_for(person: Recipient, words: i18n.Words) -> Words:
    """What goes to a person."""
    fields = {
        "chat_id": person.id,
        "text": words.say(person.language, LINE, name=person.first_name),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    return Words(
        chat_id=person.id,
        lane=Lane.BROADCAST,
        method="sendMessage",
        payload=msgspec.json.encode(fields).decode(),
    )


def _line(text: str) -> str:
    """The text as Fluent has it: indented below its name."""
    return f"{LINE} =\n" + "".join(f"    {line}\n" for line in text.strip().splitlines())
