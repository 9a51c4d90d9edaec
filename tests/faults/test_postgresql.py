"""PostgreSQL away: restarted at once, hanging, full. Nothing is lost, and work goes on by itself."""

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.own import Own
from tests.faults.scene import Plan, Player, Seen
from tests.faults.small_disk import small_disk

HANG_SECONDS = 30.0


@pytest.fixture(scope="module")
def restarted(player: Player, own: Own) -> Seen:
    """As ``pg_ctl restart -m immediate`` does it, with two seconds between."""
    return player(Plan(own=own, trouble=lambda _: own.postgres.fallen(signal.SIGQUIT), seconds=2))


@pytest.fixture(scope="module")
def hanging(player: Player, own: Own) -> Seen:
    """The postmaster and all its backends are stopped."""
    return player(Plan(own=own, trouble=lambda _: own.postgres.frozen(), seconds=HANG_SECONDS))


@pytest.fixture(scope="module")
def full(player: Player, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Not a byte is left on PostgreSQL's disk for three seconds."""
    folder = tmp_path_factory.mktemp("full")
    with small_disk(folder) as disk, Own(disk).running() as own:
        return player(Plan(own=own, trouble=lambda _: filled(disk), seconds=3, times=10))


@asynccontextmanager
async def filled(disk: Path) -> AsyncGenerator[None]:
    ballast = disk / "ballast"
    free = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize)
    yield
    ballast.unlink()


def test_people_are_answered_after_a_restart(restarted: Seen) -> None:
    assert restarted.unanswered > 0
    assert restarted.back_seconds < 10


def test_the_api_says_503_while_postgresql_restarts(restarted: Seen) -> None:
    assert {look.written for look in restarted.during} == {503}
    assert max(look.api_seconds for look in restarted.during) < 3


def test_health_is_down_while_postgresql_restarts(restarted: Seen) -> None:
    assert restarted.told() == {(503, "down")}


def test_all_is_well_after_a_restart(restarted: Seen) -> None:
    restarted.is_well()


def test_people_are_answered_when_postgresql_no_longer_hangs(hanging: Seen) -> None:
    assert hanging.unanswered > 0
    assert hanging.back_seconds < 10


def test_the_api_says_503_while_postgresql_hangs(hanging: Seen) -> None:
    assert {look.written for look in hanging.during} == {503}
    assert max(look.api_seconds for look in hanging.during) < 10


def test_health_is_down_while_postgresql_hangs(hanging: Seen) -> None:
    assert hanging.told() == {(503, "down")}


def test_all_is_well_when_postgresql_no_longer_hangs(hanging: Seen) -> None:
    hanging.is_well()


def test_people_are_answered_when_there_is_room_again(full: Seen) -> None:
    assert full.unanswered > 0
    assert full.back_seconds < 10


def test_the_api_reads_while_the_disk_is_full(full: Seen) -> None:
    assert {look.read for look in full.during} == {200}
    assert {look.written for look in full.during} <= {201, 503}


def test_health_is_down_while_the_disk_is_full(full: Seen) -> None:
    assert (full.during[-1].health_status, full.during[-1].health) == (503, "down")


def test_all_is_well_when_there_is_room_again(full: Seen) -> None:
    full.is_well()
