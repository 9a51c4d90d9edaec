"""Redis away: dead, and worse, hanging. People do not notice."""

import pytest

from tests.faults.own import Own
from tests.faults.scene import Plan, Player, Seen


@pytest.fixture(scope="module")
def dead(player: Player, own: Own) -> Seen:
    return player(Plan(own=own, trouble=lambda _: own.redis.fallen()))


@pytest.fixture(scope="module")
def hanging(player: Player, own: Own) -> Seen:
    return player(Plan(own=own, trouble=lambda _: own.redis.frozen()))


def test_people_are_answered_while_redis_is_dead(dead: Seen) -> None:
    assert dead.unanswered == 0


def test_the_api_answers_while_redis_is_dead(dead: Seen) -> None:
    assert [(look.read, look.written) for look in dead.during] == [(200, 201)] * 2


def test_health_is_degraded_while_redis_is_dead(dead: Seen) -> None:
    assert dead.told() == {(200, "degraded")}


def test_all_is_well_when_redis_is_back(dead: Seen) -> None:
    dead.is_well()


def test_people_are_answered_while_redis_hangs(hanging: Seen) -> None:
    assert hanging.unanswered == 0


def test_the_api_answers_within_a_second_while_redis_hangs(hanging: Seen) -> None:
    assert [(look.read, look.written) for look in hanging.during] == [(200, 201)] * 2
    assert max(look.api_seconds for look in hanging.during) < 1


def test_health_is_degraded_while_redis_hangs(hanging: Seen) -> None:
    assert hanging.told() == {(200, "degraded")}


def test_all_is_well_when_redis_goes_on(hanging: Seen) -> None:
    hanging.is_well()
