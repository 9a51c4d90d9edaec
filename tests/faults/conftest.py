"""Stores of the fault tests' own, which are killed and frozen while others' tests run on theirs."""

from collections.abc import Generator
from pathlib import Path

import anyio
import pytest

from tests.faults.lives import Lives
from tests.faults.own import Own
from tests.faults.scene import Plan, Player, Seen, play
from vitte.dev.telegram import LocalTelegram
from vitte.store.pool import Database


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Generator[Own]:
    """A PostgreSQL and a Valkey that may be hurt."""
    with Own(tmp_path_factory.mktemp("own")).running() as own:
        yield own


@pytest.fixture(scope="session")
def player(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: tuple[str, dict[str, bool]]
) -> Player:
    """Plays a scene from its beginning to its end, on a loop of its own."""
    backend, options = anyio_backend

    def start(plan: Plan) -> Seen:
        folder = tmp_path_factory.mktemp("scene")
        return anyio.run(play, plan, folder, backend=backend, backend_options=options)

    return start


@pytest.fixture
def lives(
    telegram: LocalTelegram, database: Database, database_url: str, redis_url: str, tmp_path: Path
) -> Lives:
    """The whole process, to be started and ended as often as one likes."""
    return Lives(telegram, database, (database_url, redis_url), tmp_path)
