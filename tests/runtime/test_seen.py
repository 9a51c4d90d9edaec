"""What is seen of a running tree: statistics, the control socket, the watch over the loop."""

import socket
import stat
import threading
import time
from pathlib import Path

import anyio
import pytest

from tests.runtime.stage import (
    Fall,
    Hold,
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
    ONE_FOR_ALL,
    Blocked,
    Child,
    ControlSocket,
    LoopWatch,
    Mailbox,
    NobodyAnswers,
    StartFailed,
    Supervisor,
    connected,
    draw_live,
    start,
    within,
)


@on_the_virtual_clock
async def test_every_place_says_how_it_does() -> None:
    stage = Stage()
    below = Supervisor("below", ONE_FOR_ALL, within(3, minutes=1), [stage.player("a")])
    async with start(one(below)) as running:
        await anyio.sleep(100)
        await stage.ref("a").tell(Fall(reason="once"))
        await anyio.sleep(7)

        root, middle, worker = running.statistics()

    assert (root.path, root.kind, root.state, root.children) == ("root", "supervisor", "running", 1)
    assert (middle.path, middle.recent, middle.allowed, middle.period) == ("root/below", 1, 3, 60)
    assert middle.uptime == pytest.approx(107, abs=0.1)
    assert (worker.path, worker.kind, worker.restarts) == ("root/below/a", "worker", 1)
    assert worker.uptime == pytest.approx(7, abs=0.1)
    assert [(fall.reason, round(fall.ago)) for fall in worker.falls] == [("ValueError: once", 7)]
    assert worker.falls[0].stack[-1].function == "Player.run"


@on_the_virtual_clock
async def test_messages_handled_waiting_and_the_time_in_handling_are_counted() -> None:
    stage, gate = Stage(), anyio.Event()
    box = Mailbox[Message]("a", capacity=50)
    async with start(one(stage.player("a", box=box))) as running:
        await echo(box.ref)
        await anyio.sleep(10)
        await box.ref.tell(Hold(gate=gate))
        await anyio.sleep(3)
        await box.ref.tell(Say(word="waits"))
        await anyio.sleep(2)
        (busy,) = running.statistics("root/a")
        gate.set()
        await echo(box.ref)
        await anyio.sleep(10)
        (idle,) = running.statistics("root/a")

    assert busy.mailbox is not None
    assert (busy.mailbox.depth, busy.mailbox.capacity, busy.handled) == (1, 50, 1)
    assert busy.mailbox.oldest == pytest.approx(2, abs=0.1)
    assert busy.handling == pytest.approx(5, abs=0.1)
    assert (idle.handled, idle.mailbox and idle.mailbox.depth) == (4, 0)
    assert idle.handling == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize("falls", [7])
async def test_only_the_latest_falls_are_remembered(falls: int) -> None:
    stage = Stage()
    async with start(one(stage.player("a"))) as running:
        for number in range(falls):
            await stage.ref("a").tell(Fall(reason=str(number)))
            await until(lambda count=number + 2: stage.log.count("a up") == count)
        (worker,) = running.statistics("root/a")

    assert [fall.reason[-1] for fall in worker.falls] == ["2", "3", "4", "5", "6"]


@on_uvloop
async def test_the_control_socket_shows_the_tree_to_its_owner_only(tmp_path: Path) -> None:
    stage, path = Stage(), tmp_path / "control"
    spec = one(stage.player("a"), Child("control", lambda: ControlSocket(path)))
    async with start(spec) as running:
        await echo(stage.ref("a"))
        async with connected(path) as client:
            first = await client.snapshot()
            await echo(stage.ref("a"))
            second = await client.snapshot()

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [place.path for place in first.places] == ["root", "root/a", "root/control"]
        assert first.places[1].handled == 1
        assert second.places[1].handled == 2
        assert second.at > first.at
        assert len(running.statistics()) == 3
    assert not path.exists()


@on_uvloop
async def test_a_stranger_at_the_control_socket_is_hung_up_on(tmp_path: Path) -> None:
    path = tmp_path / "control"
    async with start(one(Child("control", lambda: ControlSocket(path)))):
        for words in (b"\n", b"GET / HTTP/1.1\r\n\r\n", b"x" * 1000):
            async with await anyio.connect_unix(path) as stream:
                await stream.send(words)
                with (
                    anyio.fail_after(5),
                    pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)),
                ):
                    await stream.receive()


@on_uvloop
async def test_a_dead_process_s_socket_is_replaced_and_a_living_one_s_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    async with start(one(Child("control", lambda: ControlSocket(path)))):
        with pytest.raises(StartFailed, match="another process answers"):
            async with start(one(Child("control", lambda: ControlSocket(path)))):
                pass

        async with connected(path) as client:
            assert len((await client.snapshot()).places) == 2


@on_uvloop
async def test_who_finds_nobody_at_the_socket_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("nothing", "file"):
        with pytest.raises(NobodyAnswers):
            async with connected(tmp_path / name):
                pass


@on_uvloop
async def test_a_running_tree_is_drawn(tmp_path: Path) -> None:
    stage, path = Stage(), tmp_path / "control"
    spec = one(stage.player("a"), Child("control", lambda: ControlSocket(path)))
    async with start(spec), connected(path) as client:
        await stage.ref("a").tell(Fall(reason="once"))
        await until(lambda: stage.log.count("a up") == 2)
        before = await client.snapshot()
        await echo(stage.ref("a"))
        lines = draw_live(await client.snapshot(), before).splitlines()

    assert lines[0].split()[:4] == ["place", "state", "up", "restarts"]
    assert lines[1].split()[:6] == ["root", "running", "0", "s", "1", "of"]
    assert lines[2].startswith("  a")
    assert lines[2].endswith("ValueError: once (0 s ago)")


@on_uvloop
async def test_who_blocks_the_loop_is_named_with_its_stack() -> None:
    stage, found, lags = Stage(), list[Blocked](), list[float]()
    noticed = threading.Event()

    def report(blocked: Blocked) -> None:
        if any(frame.function.endswith("culprit") for frame in blocked.stack):
            found.append(blocked)
            noticed.set()

    def culprit() -> None:
        noticed.wait(5)

    watch = LoopWatch(threshold=0.02, every=0.005, report=report, measured=lags.append)
    async with start(one(stage.player("a"), Child("loop", lambda: watch))):
        await until(lambda: len(lags) > 2)
        culprit()
        count = len(lags)
        await until(lambda: len(lags) > count)

    assert len(found) == 1
    assert found[0].seconds > 0.02
    assert max(lags) > 0.02


@on_uvloop
async def test_the_watching_thread_ends_with_its_life() -> None:
    before = threading.active_count()
    async with start(one(Child("loop", lambda: LoopWatch(every=0.001)))):
        assert threading.active_count() == before + 1
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        await anyio.lowlevel.checkpoint()

    assert threading.active_count() == before


@on_uvloop
async def test_a_blocked_loop_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    lags = list[float]()
    watch = LoopWatch(threshold=0.01, every=0.005, measured=lags.append)
    async with start(one(Child("loop", lambda: watch))):
        await until(lambda: len(lags) > 1)
        deadline = time.monotonic() + 5
        while not caplog.records and time.monotonic() < deadline:
            threading.Event().wait(0.001)

    assert "The event loop stands still" in caplog.text
