"""Described trees and events, run on this runtime and on OTP's own supervisor.

A case is plain data. Here it is run on trio, where it is known when all is quiet;
``otp_reference.erl`` runs the same case on Erlang. Both give a trace: starts, ends
with their reasons, answers to calls, and what became of the root.
"""

import shutil
import subprocess
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import trio
import trio.testing
from msgspec import Struct

from vitte.runtime import (
    BRUTAL,
    INFINITY,
    AlreadyPresent,
    AlreadyStarted,
    AutoShutdown,
    Child,
    GaveUp,
    Life,
    Mailbox,
    NoSuchPlace,
    Restart,
    Running,
    RuntimeFault,
    Spec,
    StartFailed,
    StillRestarting,
    StillRunning,
    Strategy,
    Supervisor,
    start,
    within,
)

REFUSALS: dict[type[RuntimeFault], str] = {
    StillRunning: "running",
    StillRestarting: "restarting",
    NoSuchPlace: "not found",
    AlreadyStarted: "already started",
    AlreadyPresent: "already present",
}
REFERENCE = Path(__file__).with_name("otp_reference.erl")


class Worker(Struct, frozen=True):
    """A worker; ``outcomes`` are those of its starts, one after the other, then all are ok."""

    id: str
    restart: str = "permanent"
    significant: bool = False
    shutdown: str = "5000"
    outcomes: tuple[str, ...] = ()

    def term(self) -> str:
        outcomes = ",".join(self.outcomes)
        return (
            f"{{worker,{self.id},{self.restart},{_atom(self.significant)},"
            f"{'brutal_kill' if self.shutdown == 'brutal' else self.shutdown},[{outcomes}]}}"
        )


class Sup(Struct, frozen=True):
    """A supervisor; its period is so long that it never slides."""

    id: str
    strategy: str
    intensity: int
    children: tuple["Worker | Sup", ...]
    auto: str = "never"
    restart: str = "permanent"
    significant: bool = False

    def term(self) -> str:
        children = ",".join(child.term() for child in self.children)
        return (
            f"{{sup,{self.id},{self.strategy},{self.intensity},{self.auto},{self.restart},"
            f"{_atom(self.significant)},[{children}]}}"
        )


class End(Struct, frozen=True):
    """A worker ends: normal, fall or kill."""

    id: str
    how: str

    def term(self) -> str:
        return f"{{'end',{self.id},{self.how}}}"


class Call(Struct, frozen=True):
    """A supervisor is asked for something: terminate, restart, delete, start or which."""

    what: str
    sup: str
    argument: "str | Worker" = "none"

    def term(self) -> str:
        argument = self.argument if isinstance(self.argument, str) else self.argument.term()
        return f"{{{self.what},{self.sup},{argument}}}"


Event: TypeAlias = End | Call


def _atom(value: bool) -> str:  # noqa: FBT001 - it only spells one
    return "true" if value else "false"


class Reference:
    """Erlang, waiting for cases."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def trace(self, root: Sup, events: Sequence[Event]) -> list[str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        happening = ",".join(event.term() for event in events)
        self._process.stdin.write(f"{{{root.term()},[{happening}]}}.\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip().split("; ")


@contextmanager
def reference(folder: Path) -> Generator[Reference]:
    """Compile the reference and let it wait for cases, on one scheduler."""
    erlc, erl = shutil.which("erlc"), shutil.which("erl")
    assert erlc is not None
    assert erl is not None
    subprocess.run([erlc, "-o", str(folder), str(REFERENCE)], check=True, timeout=60)
    command = [erl, "+S", "1:1", "-noshell", "-pa", str(folder), "-s", "otp_reference", "main"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Reference(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)


def ours(root: Sup, events: Sequence[Event]) -> list[str]:
    """Run a case on this runtime."""
    case = _Case(root)
    trio.run(case.run, events, clock=trio.testing.MockClock(autojump_threshold=0.01))
    return case.lines


class _Case:
    def __init__(self, root: Sup) -> None:
        self.lines: list[str] = []
        self._root = root
        self._boxes: dict[str, Mailbox[str]] = {}
        self._paths: dict[str, str] = {}
        self._starts: Counter[str] = Counter()

    async def run(self, events: Sequence[Event]) -> None:
        spec = self._supervisor(self._root, "")
        try:
            async with start(spec) as running:
                await trio.testing.wait_all_tasks_blocked()
                for event in events:
                    await self._happen(event, running)
                    await trio.testing.wait_all_tasks_blocked()
                alive = running.root.task is not None
                self.lines.append("root runs" if alive else "root ended")
        except StartFailed:
            self.lines.append("root did not start")
        except GaveUp:
            pass

    def _supervisor(self, sup: Sup, above: str) -> Supervisor:
        path = self._paths[sup.id] = f"{above}{sup.id}"
        children = [self._spec(child, f"{path}/") for child in sup.children]
        return Supervisor(
            sup.id,
            Strategy(sup.strategy),
            within(sup.intensity, minutes=60),
            children,
            auto_shutdown=AutoShutdown(sup.auto),
            restart=Restart(sup.restart),
            significant=sup.significant,
        )

    def _spec(self, child: "Worker | Sup", above: str) -> Spec:
        if isinstance(child, Sup):
            return self._supervisor(child, above)
        self._paths[child.id] = f"{above}{child.id}"
        box = self._boxes[child.id] = Mailbox[str](child.id, deliveries=1)
        limits = {"brutal": BRUTAL, "infinity": INFINITY}

        async def body(life: Life[str]) -> None:
            await self._live(child, life)

        return Child(
            child.id,
            lambda: body,
            mailbox=box,
            restart=Restart(child.restart),
            significant=child.significant,
            shutdown=limits.get(child.shutdown, 5.0),
        )

    async def _live(self, worker: Worker, life: Life[str]) -> None:
        number = self._starts[worker.id]
        self._starts[worker.id] += 1
        outcome = worker.outcomes[number] if number < len(worker.outcomes) else "ok"
        if outcome == "fail":
            self.lines.append(f"start {worker.id} failed")
            raise ValueError
        if outcome == "ignore":
            self.lines.append(f"start {worker.id} ignored")
            life.ignore()
            return
        self.lines.append(f"start {worker.id}")
        life.ready()
        try:
            how = await life.receive()
        except trio.Cancelled:
            place = life.tree.find(life.path)
            cut = place.killed or worker.shutdown == "brutal"
            self.lines.append(f"end {worker.id} {'killed' if cut else 'stopped'}")
            raise
        self.lines.append(f"end {worker.id} {'normal' if how == 'normal' else 'fell'}")
        if how == "fall":
            raise ValueError

    async def _happen(self, event: Event, running: Running) -> None:
        if isinstance(event, Call):
            self.lines.append(f"{event.what}: {await self._call(event, running)}")
            return
        try:
            place = running.find(self._paths[event.id])
        except NoSuchPlace:
            return
        if place.task is None:
            return
        if event.how == "kill":
            await running.kill(place.path)
        else:
            await self._boxes[event.id].ref.tell(event.how)

    async def _call(self, call: Call, running: Running) -> str:
        sup = self._paths[call.sup]
        try:
            if running.find(sup).task is None:
                return "gone"
        except NoSuchPlace:
            return "gone"
        try:
            return await self._answer(call, sup, running)
        except RuntimeFault as refusal:
            return REFUSALS.get(type(refusal), "failed")

    async def _answer(self, call: Call, sup: str, running: Running) -> str:
        path = f"{sup}/{call.argument}"
        match call.what:
            case "terminate":
                await running.terminate_child(path)
            case "restart":
                await running.restart_child(path)
            case "delete":
                await running.delete_child(path)
            case "start":
                assert isinstance(call.argument, Worker)
                await running.start_child(sup, self._spec(call.argument, f"{sup}/"))
            case _:
                states = {"running": "running", "restarting": "restarting"}
                found = running.list_children(sup)
                return ",".join(
                    sorted(
                        f"{p.path.split('/')[-1]}={states.get(p.state, 'resting')}" for p in found
                    )
                )
        return "ok"
