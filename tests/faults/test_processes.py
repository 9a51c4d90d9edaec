"""Two processes on the same stores and the same token: one hangs, or both are well. Each word is said once."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.lives import Lives
from tests.processes import Living
from vitte.dev.telegram import LocalTelegram
from vitte.house import utc_now
from vitte.store import tokens
from vitte.store.pool import Database

STARTED = "Bot started successfully"


@pytest.fixture
def others(
    telegram: LocalTelegram, database: Database, database_url: str, redis_url: str, tmp_path: Path
) -> Lives:
    """The other process's lives."""
    return Lives(telegram, database, (database_url, redis_url), tmp_path)


@contextmanager
def stopped(living: Living) -> Generator[None]:
    """Let a process hang for the block."""
    living.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        living.process.send_signal(signal.SIGCONT)


async def test_what_a_process_that_hangs_leaves_another_says_once(
    lives: Lives, others: Lives
) -> None:
    crowd = lives.crowd(30)
    async with lives.one("--no-migrate", voice_pause_seconds="0.1") as first:
        await first.says(STARTED)
        await crowd.write(3)
        await crowd.hears(20)
        with stopped(first):
            async with others.one("--no-migrate") as second:
                await second.says(STARTED)
                await crowd.hears(within=60)
                await crowd.write()
                await crowd.hears()
                assert await others.asks("health") == 200
                await others.books.settled()
                first.process.send_signal(signal.SIGCONT)
                await crowd.write()
                await crowd.hears()
                books = await others.books.settled()
                twice = await crowd.accounted(others.database)

    assert (books.received, books.answered, books.sent) == (150, 150, 150)
    assert twice <= 64  # what was under way when it was stopped


async def test_two_processes_at_once_answer_once(lives: Lives, others: Lives) -> None:
    crowd = lives.crowd(30)
    token, _ = await tokens.create(lives.database, "program", ["all"], utc_now())
    async with lives.one("--no-migrate") as first, others.one("--no-migrate") as second:
        await first.says(STARTED)
        await second.says(STARTED)
        for _ in range(4):
            await crowd.write()
            await crowd.hears()
        for each in (lives, others):
            assert await each.asks("health") == 200
            assert await each.asks("characters/", token) == 200
        books = await lives.books.settled()

    assert await crowd.accounted(lives.database) == 0
    assert (books.received, books.answered, books.sent) == (120, 120, 120)
