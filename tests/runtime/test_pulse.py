"""The pulse: who does not live is named, and only a tree that lives lets it come home."""

from typing import Any

import anyio
import pytest

from tests.runtime.stage import Fall, Player, Stage, on_the_virtual_clock, one
from vitte.runtime import (
    ONE_FOR_ONE,
    Backoff,
    Child,
    Dynamic,
    Life,
    Registry,
    Supervisor,
    pulse,
    start,
    within,
)

OFTEN = within(100, minutes=1)


async def test_a_whole_tree_lets_it_come_home() -> None:
    stage = Stage()
    below = Supervisor("below", ONE_FOR_ONE, OFTEN, [stage.player("a"), stage.player("b")])

    async with start(one(below, stage.player("c"))) as running:
        assert await pulse(running, within=1) == ()


async def test_who_was_stopped_is_named() -> None:
    stage = Stage()
    below = Supervisor("below", ONE_FOR_ONE, OFTEN, [stage.player("a")])

    async with start(one(below, stage.player("b"))) as running:
        await running.terminate_child("root/below/a")
        assert await pulse(running, within=1) == ("root/below/a is stopped",)

        await running.terminate_child("root/below")
        assert await pulse(running, within=1) == ("root/below is stopped",)


async def test_who_was_put_to_rest_on_purpose_is_left_in_peace_until_it_is_woken() -> None:
    stage = Stage()

    async with start(one(stage.player("a"), stage.player("b"))) as running:
        running.resting.add("root/a")
        await running.terminate_child("root/a")
        assert await pulse(running, within=1) == ()

        await running.restart_child("root/a")
        assert await pulse(running, within=1) == ()
        await running.terminate_child("root/a")
        assert await pulse(running, within=1) == ("root/a is stopped",)


@on_the_virtual_clock
async def test_who_waits_for_another_start_is_named_until_it_is_back() -> None:
    stage = Stage()
    patient = Backoff(minimum=10, maximum=10, jitter=0)

    async with start(one(stage.player("a", backoff=patient))) as running:
        await stage.ref("a").tell(Fall())
        await anyio.sleep(1)
        assert await pulse(running, within=1) == ("root/a is restarting",)

        await anyio.sleep(10)
        assert await pulse(running, within=1) == ()


@on_the_virtual_clock
async def test_a_supervisor_that_is_busy_is_named_when_the_time_is_over() -> None:
    stage = Stage()
    opened = anyio.Event()

    async def slow(life: Life[Any]) -> None:
        await opened.wait()
        life.ready()
        await anyio.sleep_forever()

    below = Supervisor("below", ONE_FOR_ONE, OFTEN, [stage.player("a")])
    async with start(one(below)) as running, anyio.create_task_group() as group:
        child = Child("slow", lambda: slow, start_within=100)
        group.start_soon(running.start_child, "root/below", child)
        await anyio.sleep(1)
        began = anyio.current_time()

        assert await pulse(running, within=3) == ("root/below does not answer",)
        assert anyio.current_time() - began == pytest.approx(3, abs=0.1)

        opened.set()
        await anyio.sleep(1)
        assert await pulse(running, within=3) == ()


async def test_who_has_nothing_to_do_is_well() -> None:
    async def idle(life: Life[Any]) -> None:
        life.ignore()

    async with start(one(Child("idle", lambda: idle))) as running:
        assert await pulse(running, within=1) == ()


async def test_of_many_alike_only_their_keeper_is_asked() -> None:
    stage = Stage()
    registry: Registry[str, Any] = Registry("many")
    many = Dynamic("many", registry, lambda key: Player(key, stage), OFTEN)

    async with start(one(many)) as running:
        await registry.ref("anna")
        assert await pulse(running, within=1) == ()
