"""The sources before bandit, and before what looks for secrets: nothing to say but what is known and argued."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vitte.resources import ROOT

MADE_UP = Path(__file__).parent / "made_up.json"
"""What looks like a secret and is none, by file and kind, each by its fingerprint."""

NOT_READ = r"^locks/|package-lock\.json$|^tests/operations/made_up\.json$"
"""Nothing but hashes."""

pytestmark = pytest.mark.skipif(
    not os.environ.get("VITTE_OPERATIONS"), reason="it takes half a minute: make check-operations"
)

Found = dict[str, dict[str, list[str]]]


def program(name: str) -> str:
    """A program of this environment, or of the machine."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not here: make check-operations")
    return found


def run(*words: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False, timeout=110)


def bandit(*places: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    # What is below medium are ruff's rules as well (S), where each exception is argued.
    return run(
        program("bandit"), "--quiet", "--severity-level=medium", "--recursive", *places, cwd=cwd
    )


def test_bandit_finds_nothing() -> None:
    done = bandit("vitte", "config", "benchmarks", "docs")

    assert done.returncode == 0, done.stdout + done.stderr


def test_bandit_would_find_something(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(
        "import subprocess\nsubprocess.run('ls ' + input(), shell=True)\n"
    )

    assert bandit(".", cwd=tmp_path).returncode == 1


def secrets(files: list[str], cwd: Path = ROOT) -> Found:
    done = run(program("detect-secrets"), "scan", "--all-files", "--no-verify", "--exclude-files", NOT_READ, *files, cwd=cwd)  # fmt: skip
    assert done.returncode == 0, done.stderr
    results: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)["results"]
    found: Found = {}
    for file, all_of_it in sorted(results.items()):
        for each in all_of_it:
            found.setdefault(file, {}).setdefault(each["type"], []).append(each["hashed_secret"])
    return {file: {kind: sorted(marks) for kind, marks in sorted(kinds.items())} for file, kinds in found.items()}  # fmt: skip


def test_no_file_holds_a_secret() -> None:
    listed = run("git", "ls-files", "-z")
    if listed.returncode != 0:
        pytest.skip("this is no checkout")
    known: Found = json.loads(MADE_UP.read_text(encoding="utf-8"))

    found = secrets(
        [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    )

    new = {
        f"{file}: {kind}"
        for file, kinds in found.items()
        for kind, marks in kinds.items()
        if set(marks) - set(known.get(file, {}).get(kind, []))
    }
    assert not new, (
        f"if they are made up, add them to {MADE_UP.name}: {json.dumps(found, indent=1)}"
    )


def test_a_secret_would_be_found(tmp_path: Path) -> None:
    words = ("telegram_token = '110201543:", "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX'\n")
    (tmp_path / "settings.py").write_text("".join(words))

    assert "Telegram Bot Token" in secrets(["settings.py"], cwd=tmp_path)["settings.py"]
