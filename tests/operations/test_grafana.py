"""The dashboards against Grafana's own types: its package from npm, and TypeScript's compiler."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from vitte.resources import ROOT

HERE = Path(__file__).parent / "grafana"
DASHBOARDS = sorted((ROOT / "config" / "grafana" / "dashboards").glob("*.json"))

pytestmark = pytest.mark.skipif(
    not os.environ.get("VITTE_OPERATIONS"), reason="it fetches packages: make check-operations"
)


@pytest.fixture(scope="module")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the locked packages, in which boards.ts can be compiled."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed (Debian: npm)")
    folder = tmp_path_factory.mktemp("grafana")
    for name in ("package.json", "package-lock.json", "tsconfig.json", ".npmrc"):
        shutil.copy(HERE / name, folder)
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--silent"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"npm could not fetch Grafana's schema: {done.stderr.strip()[-200:]}")
    return folder


def compiled(folder: Path, boards: list[str]) -> subprocess.CompletedProcess[str]:
    text = (HERE / "check.ts").read_text(encoding="utf-8")
    literal = "[" + ",\n".join(boards) + "]"
    (folder / "boards.ts").write_text(text.replace("= DASHBOARDS;", f"= {literal};"))
    return subprocess.run(
        [folder / "node_modules" / ".bin" / "tsc", "--project", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_every_dashboard_is_what_grafana_reads(compiler: Path) -> None:
    done = compiled(compiler, [path.read_text(encoding="utf-8") for path in DASHBOARDS])

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", 7), ("nonsense", 1), ("fieldConfig", {"defaults": {"unit": 5}, "overrides": []})],
)
def test_what_grafana_does_not_know_is_found(compiler: Path, field: str, value: object) -> None:
    board = json.loads(DASHBOARDS[0].read_text(encoding="utf-8"))
    board["panels"][0][field] = value

    assert compiled(compiler, [json.dumps(board)]).returncode != 0
