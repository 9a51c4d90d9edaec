"""The whole process, ended again and again while people write: nothing lost, nothing twice."""

import random
import signal
from collections.abc import Iterator

import anyio
import pytest

from tests.faults.books import Counted
from tests.faults.crowd import Crowd
from tests.faults.lives import Lives
from tests.processes import Living
from vitte.cli.ledger import Ledger
from vitte.dev.telegram import Person

PEOPLE = 200
EACH = 5
KILLS = 20
STOPS = 10
AT_ONCE = 64  # calls that may be under way when a kill comes: each may be made again, once a kill
NOTHING = Counted(received=0, done={}, pending=0)
# A little slower than it can, so that each instant falls amidst answers.
PACE = {"voice_pause_seconds": "0.02", "telegram_parallel_chats": "16"}


@pytest.fixture
def chance() -> random.Random:
    return random.Random()  # other instants in each run are the point


async def write(crowd: Crowd, turns: Iterator[Person], messages: int) -> None:
    """Let the next so many messages be written, each person's in their order."""
    for _, person in zip(range(messages), turns, strict=False):
        await crowd.one_writes(person)


async def instant(living: Living, crowd: Crowd, chance: random.Random) -> None:
    """Wait for a random instant: while it starts, or amidst its answers."""
    if chance.random() < 0.25:
        await anyio.sleep(chance.uniform(0, 1.5))  # no event marks a random instant
        return
    await crowd.hears(crowd.answers + chance.randint(1, 60))
    await anyio.sleep(chance.uniform(0, 0.02))
    assert living.process.returncode is None, living.said


async def last_life(lives: Lives, crowd: Crowd) -> Ledger:
    """Let one life answer all that is left; give what the books say then."""
    pending = (await lives.books.balanced()).pending
    assert await lives.asks("health") == 0
    async with lives.one("--no-migrate") as living:
        await living.says("Bot started successfully")
        assert await lives.asks("health") == 200
        await crowd.hears(within=60)
        books = await lives.books.settled()
        await lives.books.metrics_balance(lives.metrics, NOTHING, pending)
    return books


@pytest.mark.timeout(300)
async def test_killed_at_twenty_random_instants_it_loses_nothing_and_applies_nothing_twice(
    lives: Lives, chance: random.Random
) -> None:
    crowd = lives.crowd(PEOPLE)
    turns = iter([person for _ in range(EACH) for person in crowd.people])
    for _ in range(KILLS):
        async with lives.one("--no-migrate", **PACE) as living:
            await write(crowd, turns, PEOPLE * EACH // KILLS)
            await instant(living, crowd, chance)
            living.process.kill()
            await living.ends()
        await lives.books.balanced()
    books = await last_life(lives, crowd)
    twice = await crowd.accounted(lives.database)

    assert (books.received, books.answered) == (PEOPLE * EACH, PEOPLE * EACH)
    assert (books.sent, books.not_sent) == (PEOPLE * EACH, {})
    assert twice <= KILLS * AT_ONCE


@pytest.mark.timeout(300)
async def test_stopped_ten_times_it_ends_with_nought_and_says_nothing_twice(
    lives: Lives, chance: random.Random
) -> None:
    crowd = lives.crowd(PEOPLE)
    turns = iter([person for _ in range(EACH) for person in crowd.people])
    for _ in range(STOPS):
        async with lives.one("--no-migrate", **PACE) as living:
            await write(crowd, turns, PEOPLE * EACH // STOPS)
            await crowd.hears(crowd.answers + chance.randint(1, 90))
            assert await living.ends(signal.SIGTERM) == 0, living.said
            assert await lives.asks("health") == 0
        await lives.books.balanced()
    books = await last_life(lives, crowd)

    assert await crowd.accounted(lives.database) == 0
    assert (books.received, books.answered) == (PEOPLE * EACH, PEOPLE * EACH)
    assert (books.sent, books.not_sent) == (PEOPLE * EACH, {})
