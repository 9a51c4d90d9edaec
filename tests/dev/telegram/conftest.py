from collections.abc import AsyncIterator

import pytest

from tests.dev.telegram.program import Program, program
from vitte.dev.telegram import LocalTelegram, Person


@pytest.fixture
async def bot(telegram: LocalTelegram) -> AsyncIterator[Program]:
    async with program(telegram) as running:
        yield running


@pytest.fixture
async def anna(telegram: LocalTelegram) -> Person:
    """Anna, who has written to the bot."""
    anna = telegram.person("Anna", language_code="ru", is_premium=True)
    await anna.starts()
    return anna
