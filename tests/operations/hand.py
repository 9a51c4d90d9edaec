"""Somebody who types what the README says, where it leaves the installer out.

What a command is said to print, it must print; numbers are those of the machine.
"""

import re
from collections.abc import Awaitable, Callable, Mapping

import anyio
from anyio import to_thread

from tests.operations import debian
from tests.operations.debian import SOURCE, Debian
from tests.test_readme import Proof, pattern, proofs_of

WORD = "rehearsed-and-long-enough-9"
STARTED = "Bot started successfully"
STORES = f"""
runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 \\
    -c "CREATE ROLE vitte LOGIN PASSWORD '{WORD}'" -c "CREATE DATABASE vitte OWNER vitte"
redis-cli config set requirepass {WORD}
"""


class Hand:
    """Somebody who installs by hand: their shell, its variables, and the process they started."""

    def __init__(self, machine: Debian, given: Mapping[str, str]) -> None:
        self.machine = machine
        self.given = given
        self.variables = machine.tree / "srv" / "by-hand.env"
        self.served = 0
        self.serving = False
        self.left: list[str] = []

    async def types(self, proof: Proof) -> None:
        """Type a command of the README, and compare what it prints."""
        command = proof.command
        shown = proof.shown.replace("your_bot", "vitte_bot")
        if command.startswith("make "):
            self.left.append(command)  # it wants the network; the installation has built the wheel
        elif command.startswith("export "):
            self.exports(command.removeprefix("export "))
        elif command.endswith("vitte run"):
            await self.stops()
            await self.runs()
            lacking(Proof(command, shown), await self._log())
        elif command.endswith("vitte doctor"):
            # Its proof has a password that everybody tries first.
            weak = f"VITTE_DATABASE_URL=postgresql://vitte:changeme@localhost/vitte {command}"
            done = await to_thread.run_sync(lambda: self._does(weak))
            assert done.code == 1
            lacking(Proof(command, shown), done.out)
        else:
            given = f"printf '{WORD}\\n' | {command}" if " admin create " in command else command
            if "webhook delete" in command:
                await self.stops()
            done = await to_thread.run_sync(lambda: self._does(given))
            assert done.code == 0, f"{command}\n{done.out}"
            lacking(Proof(command, shown), done.out)

    def exports(self, given: str) -> None:
        """Set a variable, as ``export`` does."""
        name, _, value = given.partition("=")
        value = value.replace("A-LONG-ONE", WORD)
        value = self.given.get(name.removeprefix("VITTE_"), value)
        with self.variables.open("a") as file:
            file.write(f"{name}='{value}'\n")

    def _does(self, command: str) -> debian.Done:
        return self.machine.does("sh", "-c", f"set -a; . /srv/by-hand.env; set +a; cd {SOURCE}; {command}"
                                 if self.variables.exists() else f"cd {SOURCE}; {command}")  # fmt: skip

    async def _log(self) -> str:
        return await self.machine.typed(
            "journalctl", "--no-pager", "--output=cat", "--unit=by-hand"
        )

    async def runs(self) -> None:
        """Have it run, as it would in a terminal of its own."""
        before = (await self._log()).count(STARTED)
        run = "set -a; . /srv/by-hand.env; exec /opt/vitte/bin/vitte run"
        await self.machine.typed("systemd-run", "--quiet", "--unit=by-hand", "-p", "RemainAfterExit=yes",
                                 "sh", "-c", run)  # fmt: skip

        async def started() -> bool:
            return (await self._log()).count(STARTED) > before

        await until(started, within=60)
        self.serving, self.served = True, self.served + 1

    async def stops(self) -> None:
        """End it by SIGTERM: in good order, with the exit code 0."""
        if not self.serving:
            return
        await self.machine.typed("systemctl", "kill", "--signal=TERM", "by-hand")

        async def ended() -> bool:
            return await to_thread.run_sync(self.machine.show, "SubState", "by-hand") == "exited"

        await until(ended, within=20)
        assert self.machine.show("ExecMainStatus", "by-hand") == "0"
        await self.machine.typed("systemctl", "stop", "by-hand")
        self.serving = False


def proofs(title: str) -> list[Proof]:
    """The commands of a section of the README, each with what it prints."""
    return proofs_of(f"\n## {title}\n")


def lacking(proof: Proof, said: str) -> None:
    """Fail where a line that is shown was not printed."""
    lines = [line for line in proof.shown.splitlines() if line.strip()]
    assert [line for line in lines if not re.search(pattern(line), said)] == [], (
        f"{proof.command}\n{said}"
    )


async def until(is_so: Callable[[], Awaitable[bool]], *, within: float) -> None:
    """Wait until something is so that tells nobody."""
    with anyio.fail_after(within):
        while not await is_so():  # noqa: ASYNC110  # it tells nobody
            await anyio.sleep(0.1)
