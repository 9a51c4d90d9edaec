"""Two processes on one PostgreSQL: what is to be said is said once, whichever hangs or dies."""

import signal
from pathlib import Path

import anyio
import msgspec

from tests.cli.test_run import Where
from vitte.dev.telegram import LocalTelegram, Person
from vitte.house import utc_now
from vitte.store import outbox
from vitte.store.outbox import Lane, Words
from vitte.store.pool import Database

WITHIN = 30.0


async def written(database: Database, people: list[Person], text: str) -> None:
    """Write words down that nobody tells of."""
    said = [
        Words(
            chat_id=person.id,
            lane=Lane.REPLY,
            method="sendMessage",
            payload=msgspec.json.encode({"chat_id": person.id, "text": text}).decode(),
        )
        for person in people
    ]
    await outbox.add(database, said, utc_now(), taken=False)


async def said(database: Database) -> None:
    with anyio.fail_after(WITHIN):
        while await outbox.list_waiting(database, limit=1):
            await anyio.lowlevel.checkpoint()


def stands(tmp_path: Path, name: str) -> dict[str, str]:
    """What differs between two processes: where they keep their socket."""
    folder = tmp_path / name
    folder.mkdir()
    return {"data": str(folder)}


async def test_one_hangs_and_comes_back_and_the_other_dies(
    telegram: LocalTelegram, database_url: str, redis_url: str, database: Database, tmp_path: Path
) -> None:
    people = [telegram.person(f"Person {number}") for number in range(10)]
    for person in people:
        person.ear()
    one, two = (Where(telegram, database_url, redis_url) for _ in range(2))
    async with one.run(tmp_path, **stands(tmp_path, "one")) as first:
        await written(database, people, "before")
        await said(database)
        async with two.run(tmp_path, **stands(tmp_path, "two")) as second:
            first.process.send_signal(signal.SIGSTOP)
            await written(database, people, "while the first hangs")
            await said(database)

            first.process.send_signal(signal.SIGCONT)
            await written(database, people, "when it is back")
            await said(database)

            second.process.kill()
            await second.ends()
            await written(database, people, "when the second is dead")
            await said(database)

    texts = ["before", "while the first hangs", "when it is back", "when the second is dead"]
    for person in people:
        assert [message.text for message in person.messages] == texts
    [books] = await outbox.count(database)
    assert (books.state, books.words, books.repeated) == ("sent", 40, 0)
