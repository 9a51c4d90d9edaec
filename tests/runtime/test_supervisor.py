"""Supervisors over time: windows, back-off, escalation, requests between attempts.

What they do in which order is compared with OTP in test_otp.py; here are the clock,
the reasons, and what OTP does not have.
"""

from itertools import pairwise
from typing import Any

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
    one,
    tree,
    until,
)
from vitte.runtime import (
    ANY_SIGNIFICANT,
    ONE_FOR_ALL,
    ONE_FOR_ONE,
    TRANSIENT,
    AlreadyStarted,
    Backoff,
    BadTree,
    Child,
    DeadLetter,
    Dynamic,
    Fell,
    GaveUp,
    GivenUp,
    Killed,
    Life,
    NoSuchPlace,
    Registry,
    Restarted,
    Started,
    StartFell,
    StillRestarting,
    Stopped,
    Supervisor,
    draw,
    start,
    within,
)


@on_the_virtual_clock
async def test_falls_that_are_far_apart_never_end_a_supervisor() -> None:
    stage = Stage()
    async with start(one(stage.player("a"), intensity=within(3, minutes=1))) as running:
        for _ in range(50):
            await stage.ref("a").tell(Leave())
            await anyio.sleep(21)

        assert running.find("root").lives()
        assert stage.log.count("a up") == 51


@on_the_virtual_clock
async def test_falls_over_the_border_of_a_minute_count_together() -> None:
    stage = Stage()
    async with start(one(stage.player("a"), intensity=within(3, minutes=1))) as running:
        await anyio.sleep(50)
        for _ in range(4):
            await stage.ref("a").tell(Leave())
            await anyio.sleep(5)

        with pytest.raises(GaveUp, match="root/a fell once too often"):
            await running.wait()


async def test_a_supervisor_that_gives_up_says_so_and_why() -> None:
    stage = Stage()
    spec = one(stage.player("a"), stage.player("b"), intensity=within(1, minutes=1))
    async with start(spec, events=stage.events) as running:
        stage.seen.clear()
        await stage.ref("a").tell(Fall(reason="one"))
        await until(lambda: stage.log.count("a up") == 2)
        await stage.ref("a").tell(Fall(reason="two"))

        with anyio.fail_after(5), pytest.raises(GaveUp) as caught:
            await running.wait()

    assert caught.value.path == "root"
    assert caught.value.reason == "root/a fell once too often: ValueError: two"
    kinds = [
        (type(event).__name__, event.path)
        for event in stage.seen
        if not isinstance(event, DeadLetter)
    ]
    assert kinds[:2] == [("Fell", "root/a"), ("Restarted", "root/a")]
    assert kinds[-3:] == [("Fell", "root/a"), ("GivenUp", "root"), ("Stopped", "root/b")]


async def test_a_supervisor_that_gives_up_is_one_fall_to_the_one_above() -> None:
    stage = Stage()
    below = Supervisor("below", ONE_FOR_ONE, within(0, minutes=1), [stage.player("a")])
    spec = one(below, stage.player("b"), intensity=within(1, minutes=1))
    async with start(spec, events=stage.events) as running:
        await stage.ref("a").tell(Fall(reason="x"))
        await until(lambda: stage.log.count("a up") == 2)

        (above,) = [e for e in stage.seen if isinstance(e, Fell) and e.path == "root/below"]
        assert above.reason.startswith("GaveUp: root/below gave up: root/below/a fell once too")
        assert await echo(stage.ref("a")) == "here"

        await stage.ref("a").tell(Fall(reason="y"))
        with anyio.fail_after(5), pytest.raises(GaveUp, match=r"^root gave up"):
            await running.wait()


async def test_a_transient_supervisor_that_gives_up_is_started_again() -> None:
    stage = Stage()
    below = Supervisor(
        "below", ONE_FOR_ONE, within(0, minutes=1), [stage.player("a")], restart=TRANSIENT
    )
    async with start(one(below)):
        await stage.ref("a").tell(Fall())
        await until(lambda: stage.log.count("a up") == 2)


async def test_a_transient_supervisor_that_shut_itself_down_rests() -> None:
    stage = Stage()
    leader = stage.player("a", restart=TRANSIENT, significant=True)
    below = Supervisor(
        "below",
        ONE_FOR_ONE,
        within(0, minutes=1),
        [leader],
        auto_shutdown=ANY_SIGNIFICANT,
        restart=TRANSIENT,
    )
    async with start(one(below)) as running:
        await stage.ref("a").tell(Leave())
        await until(lambda: not running.find("root/below").lives())
        await until(lambda: stage.boxes["a"].closed is not None)

        assert stage.log == ["a up", "a down"]


@on_the_virtual_clock
async def test_back_off_waits_longer_after_each_fall_and_begins_anew_when_it_was_calm() -> None:
    stage, ups = Stage(), list[float]()

    async def run(life: Life[Message]) -> None:
        ups.append(anyio.current_time())
        await life.receive()

    backoff = Backoff(minimum=1, maximum=4, factor=2, jitter=0, calm=60)
    async with start(one(stage.body("a", run, backoff=backoff))):
        for _ in range(5):
            await stage.ref("a").tell(Leave())
            await anyio.sleep(5)
        await anyio.sleep(60)
        before = anyio.current_time()
        await stage.ref("a").tell(Leave())
        await anyio.sleep(5)

        assert [round(b - a) for a, b in pairwise(ups[:6])] == [1, 6, 7, 5, 5]
        assert ups[-1] - before == pytest.approx(1, abs=0.01)


@on_the_virtual_clock
async def test_a_start_that_fails_is_tried_again_after_the_back_off_and_counts() -> None:
    stage, tries = Stage(), list[float]()

    async def run(life: Life[Message]) -> None:
        tries.append(anyio.current_time())
        if len(tries) > 1:
            raise LookupError("still no database")
        await life.receive()

    backoff = Backoff(minimum=1, maximum=100, factor=2, jitter=0)
    spec = one(stage.body("a", run, backoff=backoff), intensity=within(3, minutes=10))
    async with start(spec, events=stage.events) as running:
        await stage.ref("a").tell(Leave())
        with pytest.raises(GaveUp, match="LookupError: still no database"):
            await running.wait()

    assert [round(b - a) for a, b in pairwise(tries)] == [1, 2, 4]
    assert sum(isinstance(event, StartFell) for event in stage.seen) == 3


@on_the_virtual_clock
async def test_one_for_all_stops_the_others_before_it_waits() -> None:
    stage = Stage()
    backoff = Backoff(minimum=10, maximum=10, jitter=0)
    async with start(tree(ONE_FOR_ALL, stage.player("a", backoff=backoff), stage.player("b"))):
        stage.log.clear()
        await stage.ref("a").tell(Leave())
        await anyio.sleep(9)
        assert stage.log == ["a down", "b down"]

        await anyio.sleep(2)
        assert stage.log == ["a down", "b down", "a up", "b up"]


@on_the_virtual_clock
async def test_requests_are_answered_between_failing_restarts() -> None:
    stage, broken = Stage(), [False]

    async def run(life: Life[Message]) -> None:
        if broken[0]:
            raise LookupError
        await life.receive()
        broken[0] = True

    backoff = Backoff(minimum=1, maximum=1, jitter=0)
    async with start(one(stage.body("a", run, backoff=backoff))) as running:
        await stage.ref("a").tell(Leave())
        await anyio.sleep(100)

        assert [place.state for place in running.list_children("root")] == ["restarting"]
        with pytest.raises(StillRestarting):
            await running.restart_child("root/a")
        with pytest.raises(StillRestarting):
            await running.delete_child("root/a")
        await running.start_child("root", stage.player("b"))
        await running.terminate_child("root/a")
        stage.seen.clear()
        await anyio.sleep(100)

        assert [place.state for place in running.list_children("root")] == ["stopped", "running"]
        broken[0] = False
        await running.restart_child("root/a")
        assert running.count_children("root") == 2


async def test_requests_are_answered_between_restarts_that_fail_at_once() -> None:
    stage, broken = Stage(), [False]

    async def run(life: Life[Message]) -> None:
        if broken[0]:
            raise LookupError
        broken[0] = True
        await life.receive()

    spec = one(stage.body("a", run), intensity=within(1_000_000, seconds=1))
    async with start(spec) as running:
        await stage.ref("a").tell(Leave())
        await until(lambda: running.find("root/a").in_a_row > 10)

        with anyio.fail_after(5):
            await running.terminate_child("root/a")


@on_the_virtual_clock
async def test_a_stop_does_not_wait_for_a_start() -> None:
    stage, ups = Stage(), list[float]()

    async def slow_the_second_time(life: Life[Message]) -> None:
        ups.append(anyio.current_time())
        if len(ups) > 1:
            await anyio.sleep_forever()
        await life.receive()

    async with start(one(stage.body("a", slow_the_second_time, start_within=1000))):
        await stage.ref("a").tell(Leave())
        await until(lambda: len(ups) == 2)
        began = anyio.current_time()

    assert anyio.current_time() - began < 1


async def test_a_caller_is_told_when_the_supervisor_ends_first() -> None:
    stage = Stage()

    async def slow(life: Life[Message]) -> None:
        life.trap_exit()
        life.ready()
        await life.shutdown_asked()
        await stopping.wait()

    stopping = anyio.Event()
    async with anyio.create_task_group() as group:  # noqa: SIM117 - the tree ends before the group
        async with start(one(stage.body("a", slow), stage.player("b"))) as running:

            async def ask() -> None:
                with pytest.raises(NoSuchPlace, match=r"root ended"):
                    await running.terminate_child("root/b")

            group.start_soon(running.terminate_child, "root/a")
            await until(lambda: running.find("root/a").asked)
            group.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            running.root.ask_to_stop()
            stopping.set()


async def test_a_killed_worker_has_fallen() -> None:
    stage = Stage()
    async with start(one(stage.player("a", restart=TRANSIENT)), events=stage.events) as running:
        await running.kill("root/a")
        await until(lambda: stage.log.count("a up") == 2)

        (fell,) = [event for event in stage.seen if isinstance(event, Fell)]
        assert fell.reason == "Killed: it was killed"


async def test_a_killed_supervisor_has_fallen_with_all_below() -> None:
    stage = Stage()
    below = Supervisor(
        "below", ONE_FOR_ONE, within(0, minutes=1), [stage.player("a"), stage.player("b")]
    )
    async with start(one(below), events=stage.events) as running:
        await running.kill("root/below")
        await until(lambda: stage.log.count("b up") == 2)

        assert stage.fallen() == ["root/below"]
        assert stage.log == ["a up", "b up", "b down", "a down", "a up", "b up"]


async def test_a_killed_root_has_fallen() -> None:
    async with start(one(Stage().player("a"))) as running:
        await running.kill("root")

        with pytest.raises(GaveUp, match=Killed.__name__):
            await running.wait()


async def test_events_tell_the_story_in_order() -> None:
    stage = Stage()
    async with start(one(stage.player("a"), stage.player("b")), events=stage.events):
        await stage.ref("a").tell(Fall())
        await until(lambda: stage.log.count("a up") == 2)
        await echo(stage.ref("a"))

    assert [(type(event), event.path) for event in stage.seen] == [
        (Started, "root/a"),
        (Started, "root/b"),
        (Started, "root"),
        (DeadLetter, "root/a"),
        (Fell, "root/a"),
        (Restarted, "root/a"),
        (Stopped, "root/b"),
        (Stopped, "root/a"),
    ]
    assert GivenUp not in map(type, stage.seen)


async def test_a_listener_reads_events_and_a_slow_one_loses_the_oldest() -> None:
    stage = Stage()
    with stage.events.listen() as listener, stage.events.listen(capacity=1) as slow:
        async with start(one(stage.player("a")), events=stage.events):
            assert (await listener.next()).path == "root/a"
            assert (await listener.next()).path == "root"
        async for event in listener:
            assert isinstance(event, Stopped)
            break

        assert slow.lost == 2
        assert isinstance(await slow.next(), Stopped)


async def test_places_are_found_by_their_path() -> None:
    stage = Stage()
    async with start(one(stage.player("a"))) as running:
        assert running.find("root/a").path == "root/a"
        for wrong in ("other", "root/b", "root/a/b", ""):
            with pytest.raises(NoSuchPlace):
                running.find(wrong)
        with pytest.raises(NoSuchPlace):
            await running.terminate_child("root")
        with pytest.raises(NoSuchPlace):
            await running.start_child("root/a", stage.player("b"))
        with pytest.raises(AlreadyStarted):
            await running.start_child("root", stage.player("a"))


async def test_a_terminated_place_keeps_what_it_was_told() -> None:
    stage, gate = Stage(), anyio.Event()
    async with start(one(stage.player("a"))) as running:
        ref = stage.ref("a")
        await ref.tell(Hold(gate=gate))
        await until(lambda: stage.boxes["a"].depth() == 0)
        await ref.tell(Say(word="kept"))
        await running.terminate_child("root/a")
        gate.set()
        await running.restart_child("root/a")
        await until(lambda: "a: kept" in stage.log)


@on_the_virtual_clock
async def test_who_was_restarted_during_a_back_off_is_not_started_twice() -> None:
    stage = Stage()
    backoff = Backoff(minimum=10, maximum=10, jitter=0)
    spec = tree(ONE_FOR_ALL, stage.player("a", backoff=backoff), stage.player("b"))
    async with start(spec) as running:
        await stage.ref("a").tell(Leave())
        await anyio.sleep(5)
        stage.log.clear()
        await running.restart_child("root/b")
        await anyio.sleep(10)

        assert stage.log == ["b up", "a up"]


async def test_what_is_starting_again_is_stopped_in_its_turn() -> None:
    stage, starts = Stage(), list[int]()

    async def slow_the_second_time(life: Life[Message]) -> None:
        starts.append(1)
        try:
            if len(starts) > 1:
                await anyio.sleep_forever()
            await life.receive()
        finally:
            stage.log.append("a down")

    children = [stage.body("a", slow_the_second_time), stage.player("b")]
    async with start(one(*children)):
        await stage.ref("a").tell(Leave())
        await until(lambda: len(starts) == 2)
        stage.log.clear()

    assert stage.log == ["b down", "a down"]


def _player(**rules: Any) -> Child[Message]:
    return Stage().player("a", **rules)


def test_a_significant_child_cannot_be_permanent() -> None:
    with pytest.raises(BadTree, match="never ends for good"):
        _player(significant=True)


def test_a_significant_child_needs_a_supervisor_that_shuts_down() -> None:
    with pytest.raises(BadTree, match="never shuts down by itself"):
        one(_player(significant=True, restart=TRANSIENT))


def test_ids_are_unique_among_siblings() -> None:
    with pytest.raises(BadTree, match="two children named a"):
        one(_player(), _player())


def test_an_id_is_one_part_of_a_path() -> None:
    with pytest.raises(BadTree, match="part of a path"):
        Stage().player("a/b")


@pytest.mark.parametrize(("limit", "seconds"), [(-1, 1.0), (1, 0.0)])
def test_an_intensity_makes_sense(limit: int, seconds: float) -> None:
    with pytest.raises(BadTree):
        within(limit, seconds=seconds)


@pytest.mark.parametrize(
    "wrong", [{"minimum": 0.0}, {"minimum": 2.0, "maximum": 1.0}, {"factor": 0.5}, {"jitter": -1.0}]
)
def test_a_back_off_makes_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(BadTree):
        Backoff(**wrong)


def test_a_tree_is_drawn_with_its_rules_and_notes() -> None:
    stage = Stage()
    below = Supervisor(
        "below",
        ONE_FOR_ALL,
        within(10, seconds=90),
        [stage.player("b", restart=TRANSIENT, significant=True, note="ends it")],
        auto_shutdown=ANY_SIGNIFICANT,
    )
    many = Dynamic("many", Registry[int, Message]("many"), lambda _: _nobody, within(1, minutes=2))
    spec = one(stage.player("a", note="first"), below, many, intensity=within(3, minutes=1))

    assert draw(spec).splitlines() == [
        "root (one_for_one, 3 in 1 min)",
        "├─ a                                                 first",
        "├─ below (one_for_all, 10 in 90 s, any_significant)",
        "│  └─ b (transient, significant)                     ends it",
        "└─ many (one a key, 1 in 2 min)",
    ]


async def _nobody(life: Life[Message]) -> None:
    await life.receive()
