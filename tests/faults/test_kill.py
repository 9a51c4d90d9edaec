"""The whole process, killed at random instants while people write: nothing lost, nothing twice."""

import random
from collections import Counter
from pathlib import Path

import anyio
import pytest
from msgspec import Struct

from tests.cli.test_run import Where
from vitte.cli import ledger
from vitte.dev.telegram import LocalTelegram, Person
from vitte.store.pool import Database
from vitte.store.queries import Query

PEOPLE = 20
ROUNDS = 3

STORED = Query(
    name="stored", intent="", statement=b"SELECT user_id, role, text FROM messages ORDER BY id"
)
ENOUGH = {
    "telegram_parallel_chats": "4",  # so that the answers come one after the other
    "limiter_messages_per_minute": "1000",
    "voice_pause_seconds": "0.05",
    "telegram_poll_seconds": "2",
}


class Stored(Struct, frozen=True):
    user_id: int
    role: str
    text: str


@pytest.fixture
def where(telegram: LocalTelegram, database_url: str, redis_url: str) -> Where:
    return Where(telegram, database_url, redis_url)


@pytest.fixture
def people(telegram: LocalTelegram) -> list[Person]:
    return [telegram.person(f"Person {number}") for number in range(PEOPLE)]


async def all_write(people: list[Person], text: str) -> None:
    async with anyio.create_task_group() as group:
        for person in people:
            group.start_soon(person.writes, text)


async def settled(database: Database, received: int) -> ledger.Ledger:
    """Wait until every update is finished and every word said."""
    with anyio.fail_after(60):
        while True:
            books = await ledger.read(database)
            if books.received == received and not books.pending and not books.waiting:
                return books
            await anyio.lowlevel.checkpoint()


async def test_killed_at_random_instants_it_loses_nothing_and_applies_nothing_twice(
    where: Where, people: list[Person], database: Database, tmp_path: Path
) -> None:
    chance = random.Random()  # another instant in each run is the point
    for number in range(ROUNDS):
        async with where.run(tmp_path, **ENOUGH) as living:
            where.telegram.forget_calls()
            await all_write(people, f"message {number}")
            if answers := chance.randrange(PEOPLE):
                await where.telegram.called("sendMessage", answers, within=30)
            else:
                await anyio.sleep(chance.uniform(0, 0.1))  # no event marks a random instant
            living.process.kill()
            await living.ends()
    async with where.run(tmp_path, **ENOUGH):
        books = await settled(database, PEOPLE * ROUNDS)

    stored = await database.rows(STORED, Stored)
    for person in people:
        own = [each.text for each in stored if (each.user_id, each.role) == (person.id, "user")]
        assert own == [f"message {number}" for number in range(ROUNDS)]
    said = Counter((each.user_id, each.text) for each in stored if each.role == "user")
    answers = Counter((each.user_id, each.text) for each in stored if each.role == "character")
    heard = Counter((person.id, message.text) for person in people for message in person.messages)
    assert answers <= heard
    assert answers.total() == PEOPLE * ROUNDS
    assert (books.answered, books.refused, books.failed) == (PEOPLE * ROUNDS, {}, {})
    assert (books.sent, books.not_sent) == (PEOPLE * ROUNDS, {})
    assert (heard - said - answers).total() <= books.repeated
