"""Many alike: by key, at run time, with a ceiling, ended when idle."""

import gc
import time

import anyio
import pytest

from tests.runtime.stage import (
    OFTEN,
    Fall,
    Hold,
    Leave,
    Message,
    Player,
    Say,
    Stage,
    echo,
    on_the_virtual_clock,
    on_uvloop,
    one,
    until,
)
from vitte.runtime import (
    PERMANENT,
    ActorGone,
    Body,
    Child,
    Dynamic,
    GaveUp,
    Life,
    NoMoreRoom,
    Ref,
    Registry,
    StartFailed,
    WrongKind,
    start,
    within,
)


class Chats:
    """A dynamic supervisor of players whose keys are numbers."""

    def __init__(self, **rules: object) -> None:
        self.stage = Stage()
        self.registry = Registry[int, Message]("chats")
        given: dict[str, object] = {"deliveries": 1, **rules}
        intensity = given.pop("intensity", OFTEN)
        self.spec = one(Dynamic("chats", self.registry, self.player, intensity, **given))  # pyright: ignore[reportArgumentType] - the rules of each test

    def player(self, key: int) -> Body[Message]:
        return Player(str(key), self.stage)


async def test_each_key_has_an_actor_of_its_own() -> None:
    chats = Chats()
    async with start(chats.spec):
        await chats.registry.tell(7, Say(word="hello"))
        await chats.registry.tell(8, Say(word="hi"))

        assert await echo(await chats.registry.ref(7)) == "here"
        assert await echo(await chats.registry.ref(8)) == "here"
        assert sorted(chats.stage.log) == ["7 up", "7: hello", "8 up", "8: hi"]
        assert len(chats.registry) == 2
        assert list(chats.registry) == [7, 8]
        assert await chats.registry.ref(7) is chats.registry.find(7)
        assert chats.registry.find(9) is None


async def test_two_who_come_at_once_start_one() -> None:
    chats, refs = Chats(), list[Ref[Message]]()

    async def find() -> None:
        refs.append(await chats.registry.ref(7))

    async with start(chats.spec):
        async with anyio.create_task_group() as group:
            group.start_soon(find)
            group.start_soon(find)

        assert refs[0] is refs[1]
        assert chats.stage.log == ["7 up"]


async def test_there_is_a_ceiling() -> None:
    chats = Chats(max_children=2)
    async with start(chats.spec):
        await chats.registry.ref(1)
        await chats.registry.ref(2)
        await chats.registry.ref(1)

        with pytest.raises(NoMoreRoom):
            await chats.registry.ref(3)

        await chats.registry.stop(1)
        await chats.registry.ref(3)


async def test_one_that_falls_is_restarted_alone_and_keeps_its_mailbox() -> None:
    chats = Chats()
    async with start(chats.spec):
        ref = await chats.registry.ref(1)
        await chats.registry.ref(2)
        await ref.tell(Fall())
        await ref.tell(Say(word="after"))
        await until(lambda: "1: after" in chats.stage.log)

        assert chats.stage.log == ["1 up", "2 up", "1 down", "1 up", "1: after"]
        assert await chats.registry.ref(1) is ref


async def test_falls_of_all_count_together() -> None:
    chats = Chats(intensity=within(1, minutes=1))
    chats.spec = one(*chats.spec.children, intensity=within(0, minutes=1))

    async def scene() -> None:
        async with start(chats.spec) as running:
            for key in (1, 2):
                await chats.registry.tell(key, Fall())
            with anyio.fail_after(5):
                await running.wait()

    with pytest.raises(GaveUp, match="chats/2 fell once too often"):
        await scene()


async def test_one_that_ends_by_itself_is_forgotten() -> None:
    chats = Chats()
    async with start(chats.spec):
        ref = await chats.registry.ref(1)
        await ref.tell(Leave())
        await until(lambda: len(chats.registry) == 0)

        with pytest.raises(ActorGone):
            await ref.tell(Leave())
        assert await echo(await chats.registry.ref(1)) == "here"


async def test_a_permanent_one_that_ends_is_started_again() -> None:
    chats = Chats(child_restart=PERMANENT)
    async with start(chats.spec):
        await chats.registry.tell(1, Leave())
        await until(lambda: chats.stage.log == ["1 up", "1 down", "1 up"])


async def test_a_start_that_fails_is_told_and_not_kept() -> None:
    def broken(_: int) -> Body[Message]:
        raise LookupError("no such chat")

    registry = Registry[int, Message]("chats")
    async with start(one(Dynamic("chats", registry, broken, OFTEN))):
        with pytest.raises(StartFailed, match="LookupError: no such chat"):
            await registry.ref(1)

        assert len(registry) == 0


@on_the_virtual_clock
async def test_a_start_that_takes_too_long_is_told_and_not_kept() -> None:
    registry = Registry[int, Message]("chats")

    async def never(_: Life[Message]) -> None:
        await anyio.sleep_forever()

    async with start(one(Dynamic("chats", registry, lambda _: never, OFTEN, start_within=3))):
        with pytest.raises(StartFailed, match="not ready in its time"):
            await registry.ref(1)

        assert len(registry) == 0


async def test_who_leaves_during_a_start_leaves_a_child_that_is_ready() -> None:
    registry, gate, scopes = Registry[int, Message]("chats"), anyio.Event(), list[int]()

    async def slow(life: Life[Message]) -> None:
        scopes.append(1)
        await gate.wait()
        while True:
            await life.receive()

    async with start(one(Dynamic("chats", registry, lambda _: slow, OFTEN))) as running:
        async with anyio.create_task_group() as group:
            group.start_soon(registry.ref, 1)
            await until(lambda: len(scopes) == 1)
            group.cancel_scope.cancel()
        assert registry.find(1) is None
        gate.set()
        await until(lambda: registry.find(1) is not None)
        await running.kill("root/chats/1")
        await until(lambda: len(scopes) == 2)


async def test_one_is_stopped_and_forgotten() -> None:
    chats = Chats()
    async with start(chats.spec) as running:
        ref = await chats.registry.ref(1)
        await chats.registry.stop(1)
        await chats.registry.stop(1)

        assert chats.stage.log == ["1 up", "1 down"]
        assert len(chats.registry) == 0
        with pytest.raises(ActorGone):
            await echo(ref)
        await chats.registry.ref(1)
        await running.terminate_child("root/chats/1")
        assert len(chats.registry) == 0


async def test_who_comes_while_one_leaves_waits_and_gets_a_new_one() -> None:
    registry, gate, log = Registry[int, Message]("chats"), anyio.Event(), list[str]()

    async def slow_to_leave(life: Life[Message]) -> None:
        log.append("up")
        life.trap_exit()
        life.ready()
        await life.shutdown_asked()
        await gate.wait()
        log.append("down")

    spec = one(Dynamic("chats", registry, lambda _: slow_to_leave, OFTEN))
    async with start(spec), anyio.create_task_group() as group:
        await registry.ref(1)
        group.start_soon(registry.stop, 1)
        await until(lambda: registry.find(1) is None)
        group.start_soon(registry.ref, 1)
        await anyio.wait_all_tasks_blocked()
        assert log == ["up"]

        gate.set()
        await until(lambda: log == ["up", "down", "up"])
        assert len(registry) == 1


@on_the_virtual_clock
async def test_who_hears_nothing_for_the_idle_time_is_ended() -> None:
    chats = Chats(idle=100.0)
    async with start(chats.spec):
        await chats.registry.tell(1, Hold(gate=anyio.Event()))
        await chats.registry.ref(2)
        for _ in range(10):
            await anyio.sleep(50)
            await echo(await chats.registry.ref(3))

        assert sorted(chats.registry) == [1, 3]
        assert "2 down" in chats.stage.log


@on_the_virtual_clock
async def test_all_are_asked_to_stop_at_once() -> None:
    registry = Registry[int, Message]("chats")

    async def slow(life: Life[Message]) -> None:
        life.trap_exit()
        life.ready()
        await life.shutdown_asked()
        await anyio.sleep(4)

    async with start(one(Dynamic("chats", registry, lambda _: slow, OFTEN))):
        for key in range(100):
            await registry.ref(key)
        began = anyio.current_time()

    assert anyio.current_time() - began == pytest.approx(4, abs=0.1)


async def test_a_registry_without_a_running_supervisor_says_so() -> None:
    chats = Chats()
    with pytest.raises(ActorGone):
        await chats.registry.ref(1)
    async with start(chats.spec):
        await chats.registry.ref(1)

    assert chats.registry.find(1) is None
    with pytest.raises(ActorGone):
        await chats.registry.tell(1, Leave())


async def test_named_children_are_not_for_a_dynamic_supervisor() -> None:
    chats = Chats()
    async with start(chats.spec) as running:
        await chats.registry.ref(1)

        with pytest.raises(WrongKind):
            await running.start_child("root/chats", Child("x", lambda: chats.player(0)))
        with pytest.raises(WrongKind):
            await running.restart_child("root/chats/1")
        with pytest.raises(WrongKind):
            await running.delete_child("root/chats/1")


@on_uvloop
async def test_a_hundred_thousand_are_started_found_listed_and_stopped_in_linear_time() -> None:
    async def quiet(life: Life[Message]) -> None:
        await life.receive()

    async def took(count: int) -> float:
        registry = Registry[int, Message]("many")
        async with start(one(Dynamic("many", registry, lambda _: quiet, OFTEN))) as running:
            began = time.process_time()
            for key in range(count):
                await registry.ref(key)
            assert all(registry.find(key) is not None for key in range(count))
            assert len(running.statistics()) == count + 2
            assert len(running.statistics(most=10)) == 12
            for key in range(count // 2):
                await registry.stop(key)
        return (time.process_time() - began) / count

    gc.collect()
    gc.freeze()  # what other tests have left is not ours to walk through
    few, many = await took(10_000), await took(100_000)
    gc.unfreeze()

    assert many < few * 4
