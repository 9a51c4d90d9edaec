"""The README's proofs, typed as it says: each prints what it shows."""

import calendar
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import Request, urlopen

import pytest

from vitte.resources import ROOT

BORIS = 1002
PATIENCE = 60
HERE = Path(sys.executable).parent


class Proof(NamedTuple):
    """A command of the README and what it is said to print."""

    command: str
    shown: str


def proofs_of(title: str) -> list[Proof]:
    """The commands that a section of the README gives, also those of several lines."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split(title)[1].split("\n## ")[0].replace("\\\n", "")
    blocks = re.findall(r"^```console\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    typed = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [Proof(*part.split("\n", 1)) for part in typed]


def proofs() -> list[Proof]:
    return proofs_of("\n## Prove it\n")


class Running(NamedTuple):
    """A running ``vitte dev``, and where each of its addresses went."""

    data: Path
    ports: Mapping[str, str]

    def here(self, text: str) -> str:
        """What the README writes, with the ports and places of this run."""
        for usual, ours in self.ports.items():
            text = text.replace(f":{usual}", f":{ours}")
        text = text.replace(".venv/bin/", f"{HERE}/").replace(".vitte", str(self.data))
        return text.replace("…//", "…/")

    def type(self, command: str) -> str:
        """Run a command of the README as if this were the reader's machine."""
        done = subprocess.run(
            ["/bin/sh", "-c", self.here(command)],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "VITTE_DATA": str(self.data)},
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """``vitte dev`` in which Boris has pressed Start and sent eleven messages at once."""
    ports = {usual: free_port() for usual in ("8080", "8081", "9108")}
    running = Running(tmp_path_factory.mktemp("readme"), ports)
    with program(running), heard(f"http://127.0.0.1:{ports['8081']}") as chat:
        chat.says("/start")
        for number in range(11):
            chat.says(f"message {number}")
        chat.hears("Too many messages")
        yield running


@contextmanager
def program(running: Running) -> Generator[None]:
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "VITTE_HTTP_LISTEN": f"127.0.0.1:{running.ports['8080']}",
        "VITTE_METRICS_LISTEN": f"127.0.0.1:{running.ports['9108']}",
        "VITTE_ADMIN_LISTEN": f"127.0.0.1:{free_port()}",
        "VITTE_VOICE_PAUSE_SECONDS": "0",
    }
    # The command that `make run` calls, so that it is found by the name that the README looks for.
    command = [str(HERE / "vitte"), "dev", "--data", str(running.data)]
    with subprocess.Popen(
        [*command, "--port", running.ports["8081"]],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            said = ""
            for line in process.stdout or ():
                said += line
                if line.strip().startswith("Log"):
                    break
            assert "vitte is up" in said
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)


class Chat:
    """Boris at the chat page, without a browser."""

    def __init__(self, address: str, events: Iterator[bytes]) -> None:
        self.address = address
        self.events = events

    def says(self, text: str) -> None:
        body = json.dumps({"person": BORIS, "does": "writes", "text": text}).encode()
        headers = {"Content-Type": "application/json", "Origin": self.address}
        with urlopen(Request(f"{self.address}/page/live/act", body, headers), timeout=PATIENCE):
            pass

    def hears(self, words: str) -> None:
        assert any(words.encode() in line for line in self.events)


@contextmanager
def heard(address: str) -> Generator[Chat]:
    with urlopen(f"{address}/page/live/events", timeout=PATIENCE) as events:
        yield Chat(address, events)


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


DATES = {*calendar.day_abbr, *calendar.month_abbr}


def pattern(line: str) -> str:
    """What a shown line stands for.

    Numbers, days and months are this run's own, … is anything, spaces and rules are as wide
    as they are.
    """
    parts: list[str] = []
    for part in re.findall(r"…|\s+|\d[\d.:T+-]*|[^\s\d…]+", line.strip()):
        if part == "…":
            parts.append(".*")
        elif part.isspace():
            parts.append(r"\s+")
        elif part in DATES:
            parts.append("[A-Z][a-z]{2}")
        elif not part.strip("-+"):
            parts.append("[-+]+")
        else:
            parts.append(r"\d[\d.:T+-]*" if part[0].isdigit() else re.escape(part))
    return "".join(parts)


@pytest.mark.parametrize("proof", proofs(), ids=lambda proof: proof.command[:60])
def test_a_proof_of_the_readme_prints_what_is_shown(running: Running, proof: Proof) -> None:
    tool = proof.command.split()[0]
    if not tool.startswith(".venv/") and shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")

    printed = running.type(proof.command)

    shown = running.here(proof.shown).splitlines()
    assert [line for line in shown if not re.search(pattern(line), printed)] == []
