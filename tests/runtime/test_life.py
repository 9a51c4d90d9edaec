"""Lives: how they start, how they are stopped, and how they end."""

from asyncio import all_tasks, get_running_loop

import anyio
import pytest

from tests.runtime.stage import (
    Fall,
    Hold,
    Leave,
    Message,
    Say,
    Stage,
    echo,
    on_the_virtual_clock,
    on_uvloop,
    one,
    until,
)
from vitte.runtime import (
    BRUTAL,
    INFINITY,
    ONE_FOR_ONE,
    TEMPORARY,
    TRANSIENT,
    ActorGone,
    Body,
    Child,
    CutOff,
    Fell,
    GaveUp,
    Life,
    Mailbox,
    Restart,
    ShutdownAsked,
    StartFailed,
    Supervisor,
    start,
    within,
)


async def test_the_next_child_starts_when_the_one_before_is_ready() -> None:
    stage, may = Stage(), anyio.Event()

    async def slow(life: Life[Message]) -> None:
        stage.log.append("slow begins")
        await may.wait()
        stage.log.append("slow is ready")
        life.ready()
        await life.receive()

    async with anyio.create_task_group() as group:

        async def open_the_gate() -> None:
            await until(lambda: stage.log == ["slow begins"])
            may.set()

        group.start_soon(open_the_gate)
        async with start(one(stage.body("slow", slow), stage.player("next"))):
            assert stage.log == ["slow begins", "slow is ready", "next up"]


async def test_the_first_receive_says_that_an_actor_is_ready() -> None:
    stage = Stage()

    async def run(life: Life[Message]) -> None:
        await life.receive()

    async with start(one(stage.body("a", run))):
        pass


@on_the_virtual_clock
async def test_a_start_has_a_time_limit() -> None:
    stage = Stage()

    async def never(_: Life[Message]) -> None:
        await anyio.sleep_forever()

    began = anyio.current_time()
    with pytest.raises(StartFailed, match=r"root/b did not start: .*not ready within 7"):
        async with start(one(stage.player("a"), stage.body("b", never, start_within=7.0))):
            pass

    assert anyio.current_time() - began == pytest.approx(7, abs=0.1)
    assert stage.log == ["a up", "a down"]


async def test_a_start_that_fails_stops_what_ran_and_says_why() -> None:
    stage = Stage()

    async def broken(_: Life[Message]) -> None:
        raise LookupError("no database")

    children = [stage.player("a"), stage.player("b"), stage.body("c", broken), stage.player("d")]
    with pytest.raises(
        StartFailed, match="root/c did not start: LookupError: no database"
    ) as caught:
        async with start(one(*children)):
            pass

    assert isinstance(caught.value.__cause__, LookupError)
    assert stage.log == ["a up", "b up", "b down", "a down"]


async def test_an_error_in_the_factory_is_a_start_that_fails() -> None:
    def broken() -> Body[Message]:
        raise LookupError("no key")

    with pytest.raises(StartFailed, match="LookupError: no key"):
        async with start(one(Child("a", broken))):
            pass


async def test_a_return_before_ready_fails_the_start() -> None:
    stage = Stage()

    async def run(_: Life[Message]) -> None:
        return

    with pytest.raises(StartFailed, match="returned before it was ready"):
        async with start(one(stage.body("a", run))):
            pass


async def test_a_stop_cancels_and_leaves_time_to_clean_up() -> None:
    stage = Stage()

    async def run(life: Life[Message]) -> None:
        try:
            await life.receive()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
                stage.log.append("clean")

    async with start(one(stage.body("a", run))):
        pass

    assert stage.log == ["clean"]


@on_uvloop
async def test_on_asyncio_a_clean_up_may_wait_without_a_shield() -> None:
    stage = Stage()

    async def run(life: Life[Message]) -> None:
        try:
            await life.receive()
        finally:
            for _ in range(3):
                await anyio.lowlevel.checkpoint()
            stage.log.append("clean")

    async with start(one(stage.body("a", run))):
        pass

    assert stage.log == ["clean"]


async def test_who_traps_its_exit_is_asked_after_the_message_in_hand() -> None:
    stage, gate = Stage(), anyio.Event()

    async def run(life: Life[Message]) -> None:
        life.trap_exit()
        life.ready()
        try:
            while True:
                await life.receive()
                stage.log.append("begun")
                await gate.wait()
                stage.log.append("done")
        except ShutdownAsked:
            stage.log.append("asked")

    async with anyio.create_task_group() as group, start(one(stage.body("a", run))) as running:
        await stage.ref("a").tell(Leave())
        await stage.ref("a").tell(Leave())
        await until(lambda: stage.log == ["begun"])
        group.start_soon(running.terminate_child, "root/a")
        await until(lambda: running.find("root/a").asked)
        gate.set()
        await until(lambda: not running.find("root/a").lives())

    assert stage.log == ["begun", "done", "asked"]
    assert stage.boxes["a"].taken == 1


async def test_who_traps_its_exit_may_wait_for_the_request() -> None:
    stage = Stage()

    async def run(life: Life[Message]) -> None:
        life.trap_exit()
        life.ready()
        await life.shutdown_asked()
        stage.log.append("asked")

    async with start(one(stage.body("a", run))):
        pass

    assert stage.log == ["asked"]


@on_the_virtual_clock
async def test_who_does_not_end_in_time_is_cut_off_and_named_with_where_it_stood() -> None:
    stage = Stage()

    async def deaf(life: Life[Message]) -> None:
        life.trap_exit()
        life.ready()
        await anyio.sleep_forever()

    began = anyio.current_time()
    async with start(one(stage.body("a", deaf, shutdown=9.0)), events=stage.events):
        pass

    assert anyio.current_time() - began == pytest.approx(9, abs=0.1)
    (cut,) = [event for event in stage.seen if isinstance(event, CutOff)]
    assert cut.path == "root/a"
    assert any(frame.function.endswith("deaf") for frame in cut.stack)


@on_uvloop
async def test_who_shields_itself_is_cut_off_all_the_same() -> None:
    stage = Stage()

    async def shielded(life: Life[Message]) -> None:
        life.ready()
        with anyio.CancelScope(shield=True):
            await anyio.sleep_forever()

    with anyio.fail_after(5):
        async with start(one(stage.body("a", shielded, shutdown=0.05))):
            pass


@on_uvloop
async def test_who_swallows_its_cancellation_is_cancelled_again() -> None:
    stage = Stage()

    async def stubborn(life: Life[Message]) -> None:
        life.ready()
        for _ in range(3):
            try:
                await anyio.sleep_forever()
            except BaseException:  # noqa: BLE001 - this is the fault that is played
                stage.log.append("no")

    with anyio.fail_after(5):
        async with start(one(stage.body("a", stubborn, shutdown=0.01))):
            pass

    assert stage.log == ["no"] * 3


@on_the_virtual_clock
async def test_infinity_waits_as_long_as_it_takes() -> None:
    stage = Stage()

    async def slow(life: Life[Message]) -> None:
        life.trap_exit()
        life.ready()
        await life.shutdown_asked()
        await anyio.sleep(86400)
        stage.log.append("done")

    async with start(one(stage.body("a", slow, shutdown=INFINITY))):
        pass

    assert stage.log == ["done"]


async def test_brutal_does_not_ask() -> None:
    stage = Stage()

    async def trapping(life: Life[Message]) -> None:
        life.trap_exit()
        life.ready()
        await life.shutdown_asked()
        stage.log.append("asked")

    async with start(one(stage.body("a", trapping, shutdown=BRUTAL))):
        pass

    assert stage.log == []


async def test_an_actor_may_be_an_object_or_a_function() -> None:
    stage = Stage()

    async def run(life: Life[Message]) -> None:
        stage.log.append(life.path)
        await life.receive()

    async with start(one(stage.player("a"), stage.body("b", run))):
        assert stage.log == ["a up", "root/b"]


async def test_a_group_of_errors_is_opened_for_the_reason() -> None:
    stage = Stage()

    async def run(life: Life[Message]) -> None:
        life.ready()
        await life.receive()
        async with anyio.create_task_group() as group:
            group.start_soon(fail)

    async def fail() -> None:
        raise LookupError("deep down")

    async with start(one(stage.body("a", run)), events=stage.events):
        await stage.ref("a").tell(Leave())
        await until(lambda: len(stage.fallen()) == 1)

        (fell,) = [event for event in stage.seen if isinstance(event, Fell)]
        assert fell.reason == "LookupError: deep down"
        assert fell.stack[-1].function.endswith("fail")


@pytest.mark.parametrize("last_word", [KeyboardInterrupt, SystemExit])
async def test_an_interrupt_in_an_actor_ends_the_root_in_order(
    last_word: type[BaseException],
) -> None:
    stage = Stage()

    async def run(life: Life[Message]) -> None:
        life.ready()
        await life.receive()
        raise last_word

    async def scene() -> None:
        async with start(one(stage.player("a"), stage.body("b", run))) as running:
            await stage.ref("b").tell(Leave())
            with anyio.fail_after(5):
                await running.wait()

    with pytest.raises(last_word):
        await scene()

    assert stage.log == ["a up", "a down"]


async def test_a_cancelled_block_stops_its_tree_in_order() -> None:
    stage = Stage()

    with anyio.CancelScope() as scope:
        async with start(one(stage.player("a"), stage.player("b")), events=stage.events):
            scope.cancel()
            await anyio.sleep_forever()

    assert stage.log == ["a up", "b up", "b down", "a down"]
    assert stage.fallen() == []


async def test_an_error_in_the_block_stops_its_tree_and_comes_out() -> None:
    stage = Stage()

    with pytest.raises(LookupError):
        async with start(one(stage.player("a"))):
            raise LookupError

    assert stage.log == ["a up", "a down"]


@on_uvloop
async def test_a_cancellation_that_was_only_awaited_is_a_fall() -> None:
    stage = Stage()

    async def run(life: Life[Message]) -> None:
        life.ready()
        await life.receive()
        future = get_running_loop().create_future()
        future.cancel()
        await future

    async with start(one(stage.body("a", run, restart=TRANSIENT)), events=stage.events) as running:
        await stage.ref("a").tell(Leave())
        await until(lambda: running.find("root/a").restarts == 1)

        assert stage.fallen() == ["root/a"]


@on_uvloop
@pytest.mark.parametrize("restart", [TRANSIENT, TEMPORARY])
async def test_a_cancellation_from_outside_is_no_fall(restart: Restart) -> None:
    stage = Stage()
    async with start(one(stage.player("a", restart=restart)), events=stage.events):
        (task,) = [task for task in all_tasks() if task.get_name() == "root/a"]
        task.cancel()
        await until(lambda: stage.boxes["a"].closed is not None)

        assert stage.fallen() == []
        assert stage.log.count("a up") == 1


@on_uvloop
async def test_a_loop_that_cancels_everything_restarts_nothing() -> None:
    stage = Stage()
    async with start(one(stage.player("a"), stage.player("b")), events=stage.events) as running:
        for task in all_tasks():
            if task.get_name().startswith("root"):
                task.cancel()
        with anyio.fail_after(5):
            await running.wait()

        assert sorted(stage.log) == ["a down", "a up", "b down", "b up"]
        assert stage.fallen() == []


async def test_a_fall_of_another_is_told_to_who_watches_it() -> None:
    stage, gate = Stage(), anyio.Event()
    watched = stage.player("b")

    async def watcher(life: Life[Message]) -> None:
        life.watch(stage.ref("b"), lambda name, reason: Say(word=f"{name} {reason}"))
        life.ready()
        while True:
            match await life.receive():
                case Say(word=word):
                    stage.log.append(word)
                case Leave():
                    return
                case _:
                    await gate.wait()

    async with start(one(stage.body("a", watcher, restart=TEMPORARY), watched)):
        await stage.ref("b").tell(Leave())
        await until(lambda: "b it ended" in stage.log)
        await stage.ref("b").tell(Fall(reason="sad"))
        await until(lambda: "b ValueError: sad" in stage.log)
        assert len(stage.boxes["b"].watchers or ()) == 1

        await stage.ref("a").tell(Leave())
        await until(lambda: stage.boxes["a"].closed is not None)
        assert stage.boxes["b"].watchers == []


async def test_who_watches_an_address_that_is_gone_is_told_at_once() -> None:
    told = list[str]()
    box = Mailbox[Message]("a")
    box.close("it was deleted")

    box.ref.watch(told.append)

    assert told == ["it was deleted"]


@pytest.mark.parametrize("whom", ["root/a", "root/a/b"])
@pytest.mark.parametrize("traps", [True, False])
async def test_a_child_may_ask_for_its_own_end_without_a_deadlock(
    whom: str, *, traps: bool
) -> None:
    stage = Stage()

    async def run(life: Life[Message]) -> None:
        if traps:
            life.trap_exit()
        await life.receive()
        stage.log.append("asks")
        async with anyio.create_task_group() as group:
            group.start_soon(life.tree.terminate_child, whom)

    inner = Supervisor(
        "a", ONE_FOR_ONE, within(3, minutes=1), [stage.body("b", run, shutdown=INFINITY)]
    )
    with anyio.fail_after(5):
        async with start(one(inner)) as running:
            await stage.ref("b").tell(Leave())
            await until(lambda: stage.log == ["asks"])
            await until(lambda: not running.find(whom).lives())


async def test_the_root_may_give_up_in_the_block_of_who_does_not_wait() -> None:
    stage = Stage()

    async def scene() -> None:
        async with start(one(stage.player("a"), intensity=within(0, minutes=1))):
            await stage.ref("a").tell(Fall(reason="x"))
            with pytest.raises(ActorGone):
                await echo(stage.ref("a"))
            await until(lambda: stage.boxes["a"].closed is not None)

    with pytest.raises(GaveUp, match="root gave up: root/a fell once too often: ValueError: x"):
        await scene()


async def test_a_life_knows_its_path_and_its_tree() -> None:
    stage = Stage()

    async def run(life: Life[Message]) -> None:
        stage.log.append(life.path)
        life.ready()
        stage.log.extend(place.path for place in life.tree.statistics())
        await life.receive()

    async with start(one(stage.body("a", run))):
        await until(lambda: len(stage.log) == 3)

    assert stage.log == ["root/a", "root", "root/a"]


async def test_a_busy_actor_is_stopped_too() -> None:
    stage = Stage()
    async with start(one(stage.player("a"))):
        await stage.ref("a").tell(Hold(gate=anyio.Event()))
        await until(lambda: stage.boxes["a"].depth() == 0)

    assert stage.log == ["a up", "a down"]
