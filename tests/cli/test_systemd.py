"""``vitte run`` under systemd, with a notify socket made by hand; and the unit itself."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Generator
from pathlib import Path

import anyio
import pytest

from tests.actors.test_herald import Keeper
from tests.cli.test_run import Where
from tests.processes import vitte_lives
from vitte.dev.telegram import LocalTelegram
from vitte.resources import ROOT

UNIT = ROOT / "systemd" / "vitte.service"
MOST_EXPOSED = 1.2


@pytest.fixture
def where(telegram: LocalTelegram, empty_database_url: str, redis_url: str) -> Where:
    return Where(telegram, empty_database_url, redis_url)


@pytest.fixture
def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Keeper]:
    keeper = Keeper(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(keeper.path))
    monkeypatch.setenv("WATCHDOG_USEC", "600000")
    yield keeper
    keeper.close()


async def test_it_says_when_it_is_up_that_it_lives_and_that_it_stops(
    where: Where, keeper: Keeper, tmp_path: Path
) -> None:
    async with vitte_lives("run", cwd=tmp_path, **where.variables) as living:
        assert "schema" in await keeper.hears("STATUS=")
        with anyio.fail_after(40):
            assert "STATUS=Serving: " in await keeper.hears("READY=1")
        for _ in range(3):
            assert await keeper.hears("WATCHDOG=1")

        assert await living.ends(signal.SIGTERM) == 0

    assert any("STOPPING=1" in news for news in keeper.heard())


async def test_a_process_that_stands_still_says_nothing_and_tells_where_it_stood(
    where: Where, keeper: Keeper, tmp_path: Path
) -> None:
    async with vitte_lives("run", cwd=tmp_path, **where.variables) as living:
        with anyio.fail_after(40):
            await keeper.hears("READY=1")
        await living.says("Bot started successfully")
        living.process.send_signal(signal.SIGSTOP)  # what a blocked loop looks like from outside
        keeper.heard()
        await anyio.sleep(1)  # longer than the watchdog's time

        assert keeper.heard() == []

        living.process.send_signal(signal.SIGABRT)  # the watchdog's word
        living.process.send_signal(signal.SIGCONT)
        assert await living.ends() == -signal.SIGABRT
        await living.says(
            r"hread 0x\w+ \(most recent call first\):\n(?: +File .*\n)* +File .* in in_the_loop"
        )


# -- The unit


def analyze(*words: str) -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not here")
    done = subprocess.run(
        [program, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], "SYSTEMD_COLORS": "0", "LC_ALL": "C"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "systemd").glob("vitte*.*")), ids=lambda p: p.name)
def test_a_unit_has_no_line_that_systemd_does_not_know(path: Path, tmp_path: Path) -> None:
    for unit in (ROOT / "systemd").glob("vitte*.*"):
        # It is not installed here: what it starts is a program that every machine has.
        text = re.sub(r"(?m)^(Exec\w+=)/opt/vitte/bin/vitte", r"\1/bin/true", unit.read_text())
        (tmp_path / unit.name).write_text(text)

    # It exits with nought also when it has found a misspelt key: what counts is what it says.
    assert analyze("verify", "--man=no", str(tmp_path / path.name)) == ""


def test_the_service_is_hardly_exposed() -> None:
    said = analyze("security", "--offline=true", "--no-pager", str(UNIT))

    found = re.search(r"exposure level for vitte.service: ([\d.]+)", said)
    assert found is not None, said
    assert float(found[1]) <= MOST_EXPOSED


def test_the_service_has_more_rounds_than_one_in_its_watchdog_time() -> None:
    text = UNIT.read_text()

    assert re.search(r"(?m)^Type=notify$", text)
    assert re.search(r"(?m)^WatchdogSec=30$", text)
    assert "ProcSubset=pid\n" not in text  # it would take the metrics of the process away
