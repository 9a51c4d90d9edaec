"""The house keeps its rules: what is written of it is true, and what it promises holds."""

import ast
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import prometheus_client
import pytest

from vitte import cli, config, metrics
from vitte.resources import ROOT

PACKAGE = ROOT / "vitte"
MODULES = sorted(PACKAGE.rglob("*.py"))
READMES = ("README.md", "README.ru.md")
MOST_LINES = 300

# Files that are longer, each with the reason why it is not cut.
LONG = {
    "config.py": "every key there is, and what can be wrong with it, is looked for here, and found",
    "dev/telegram/api.py": "checking, carrying out and answering a call is one way, read downwards",
    "dev/telegram/page/__init__.py": "all that the page may ask, in one place to be judged",
    "dev/telegram/server.py": "every order that a test may give stands in one class, as one reads it",
    "errors.py": "every error raised on purpose is looked for here, and found",
    "house.py": "what each actor is handed, a method each, as each is a line of the tree",
    "runtime/mailbox.py": "all that the two lanes, the waiting and the returned do to one another",
    "runtime/place.py": "a place and its lives: to cut it would show its insides to two files",
    "runtime/supervisor.py": "the children of a supervisor: each order needs the same bookkeeping",
}


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def tracked() -> list[Path]:
    """The files that git knows; a copy without git has none of these to judge."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=30
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def code_blocks(text: str) -> list[str]:
    return re.findall(r"^ *```\w*\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """What a reader is told to type: the lines after a prompt, with those that go on below."""
    typed: list[str] = []
    for block in code_blocks(text):
        typed += re.findall(r"^ *\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE)
    return typed


# -- What is written is true


def test_the_picture_in_the_architecture_is_the_tree_that_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["tree"]) == 0

    drawn = capsys.readouterr().out
    assert drawn in code_blocks((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))


def test_every_metric_is_explained_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(vitte_\w+?)(?:\{[\w, ]*\})?` \|", text, re.MULTILINE))

    known = {
        described.name + ("_total" if described.type == "counter" else "")
        for metric in vars(metrics).values()
        if isinstance(metric, prometheus_client.metrics.MetricWrapperBase)
        for described in metric.describe()
    }

    assert explained == known


def test_every_cell_of_the_degraded_modes_names_a_test_that_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.split("## When something is away\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| **")]
    faults = sorted((ROOT / "tests" / "faults").glob("test_*.py"))
    known = {
        f"{path.stem}::{name}"
        for path in faults
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
    }

    named = [[set(re.findall(r"`(test_\w+::\w+)`", cell)) for cell in row[1:]] for row in rows]

    assert len(rows) >= 12
    assert all(len(row) == 4 and all(row) for row in named)
    assert set[str]().union(*(cell for row in named for cell in row)) <= known


def test_both_readmes_tell_the_reader_to_type_the_same() -> None:
    english, russian = (commands((ROOT / name).read_text(encoding="utf-8")) for name in READMES)

    assert len(english) > 20
    assert english == russian


@pytest.mark.parametrize("name", READMES)
def test_a_readme_names_only_commands_targets_and_variables_that_exist(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    ours = set(re.findall(r"^    ([a-z][a-z-]+)\b", capsys.readouterr().out, re.MULTILINE))
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    variables = {key.variable for key in config.every_key()} | {"VITTE_CONFIG"}
    text = (ROOT / name).read_text(encoding="utf-8")
    typed = "\n".join(commands(text))

    assert set(re.findall(r"\bbin/vitte ([a-z][a-z-]*)", typed)) <= ours
    assert set(re.findall(r"\bmake ([a-z-]+)", typed)) <= set(targets)
    named = re.findall(r"\bVITTE_[A-Z_]+[A-Z]\b", text)
    assert {name.removesuffix("_FILE") for name in named} <= variables


@pytest.mark.parametrize("name", [*READMES, "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_file_that_a_page_points_to_is_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    pointed = re.findall(r"(?:\]\(|src=\"|srcset=\")([^)#\":]+)[)#\"]", text)

    assert [there for there in pointed if not (ROOT / there).exists()] == []


def test_the_example_of_an_environment_names_only_keys_that_exist() -> None:
    text = (ROOT / "config" / "env.example").read_text(encoding="utf-8")

    named = set(re.findall(r"^#?(VITTE_\w+)=", text, re.MULTILINE))

    assert named <= {key.variable for key in config.every_key()}
    assert {"VITTE_TELEGRAM_TOKEN", "VITTE_DATABASE_URL", "VITTE_REDIS_URL"} <= named


# -- The code keeps to its style


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_every_module_says_what_it_is(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))

    assert said
    assert said.splitlines()[0].endswith((".", ":", "?"))


def test_a_long_file_is_argued_and_no_other() -> None:
    lengths = {relative(p): len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES}

    long = {name for name, lines in lengths.items() if lines > MOST_LINES}

    assert long - LONG.keys() == set(), "cut it, or argue in this test why not"
    assert LONG.keys() - lengths.keys() == set(), "no such file any more"


def test_no_module_has_a_name_that_says_nothing() -> None:
    nothing = {"utils", "util", "helpers", "common", "manager", "base", "types", "misc"}

    assert [relative(p) for p in MODULES if {p.stem, *p.parent.parts[-1:]} & nothing] == []


def exceptions() -> list[tuple[str, ast.ClassDef]]:
    """Every class that can be raised, found by the names of its bases."""
    classes = [
        (relative(path), node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    known = {"Exception", "AssertionError", "ValueError", "LookupError", "OSError"}
    while True:
        found = [
            (path, node)
            for path, node in classes
            if known & {base.id for base in node.bases if isinstance(base, ast.Name)}
        ]
        names = {node.name for _, node in found}
        if names <= known:
            return found
        known |= names


def test_every_error_says_when_it_is_raised() -> None:
    errors = exceptions()

    assert {"vitte/errors.py", "vitte/runtime/errors.py"} <= {f"vitte/{path}" for path, _ in errors}
    assert [
        f"{path}: {node.name}"
        for path, node in errors
        if not (ast.get_docstring(node) or "").startswith("Raised when ")
    ] == []


SQL = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|TRUNCATE|LOCK|SET|GRANT)\s"
)
# A sign of life; and the wheel's PostgreSQL is given its database before it is a server.
SQL_IN_PYTHON = {
    ("store/pool.py", "SELECT 1"),
    ("hosting/stores.py", "SELECT 1"),
    ("store/server.py", "SELECT 1"),
    ("dev/postgres.py", "CREATE DATABASE vitte;"),
}


def test_sql_stands_in_its_own_files() -> None:
    found: set[tuple[str, str]] = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
                if SQL.match(text):
                    found.add((relative(path), text))

    assert found <= SQL_IN_PYTHON


@pytest.mark.parametrize(
    "path", sorted((ROOT / "sql" / "queries").glob("*.sql")), ids=lambda path: path.stem
)
def test_a_query_is_given_the_time_and_names_its_columns(path: Path) -> None:
    code = re.sub(r"--.*", "", path.read_text(encoding="utf-8")).lower()

    clocks = r"\b(now\(\)|(current|local)_?(timestamp|time|date)|\w+_timestamp\(\)|timeofday\(\))"
    assert re.findall(clocks, code) == []
    assert re.findall(r"(select|returning)\s+(\w+\.)?\*", code) == []


def test_no_file_names_this_machine_or_a_package_index() -> None:
    # Put together here, so that this file does not name them either.
    index = "|".join(name + r"\." + end for name, end in (("pypi", "org"), ("pythonhosted", "org")))
    homes = r"(?<![\w.$}~*/-])/(work|root|home|Users)/\w"
    forbidden = re.compile(f"{index}|--(extra-)?index-url|{homes}".encode())

    found = [
        f"{path.relative_to(ROOT)}: {line.decode(errors='replace').strip()}"
        for path in tracked()
        if path.suffix not in {".png", ".jpg"}
        for line in path.read_bytes().splitlines()
        if forbidden.search(line)
    ]

    assert [line for line in found if "--no-emit-index-url" not in line] == []


# -- A wheel carries all that it needs


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing of the checkout: the built wheel, and what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], ROOT)
    [wheel] = folder.glob("*.whl")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    run([*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-compile", str(wheel)], folder)
    [packages] = (folder / "venv" / "lib").glob("python*/site-packages")
    # What vitte depends on is borrowed from here. The .pth by which an editable install points
    # to the checkout is not read from a folder that comes by a .pth itself.
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "borrowed.pth").write_text("\n".join(borrowed))
    return python


def run(command: list[str], folder: Path, **environment: str) -> str:
    """Run it without anything of ours in the environment; gives what it printed."""
    plain = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environment}
    done = subprocess.run(
        command, cwd=folder, env=plain, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_installed_wheel_stands_on_its_own(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vitte = str(installed.with_name("vitte"))
    ask = "import vitte.resources as r; print(r.ROOT); print((r.ROOT / 'config').is_dir())"

    version = run([vitte, "--version"], tmp_path)
    tree = run([vitte, "tree"], tmp_path)
    root, has_config = run([str(installed), "-c", ask], tmp_path).split()

    cli.main(["tree"])  # drawing it reads the words of both languages
    assert version.startswith("vitte ")
    assert tree == capsys.readouterr().out
    assert Path(root).is_relative_to(installed.parents[1])
    assert has_config == "True"


def test_an_installed_wheel_makes_the_schema(
    installed: Path, tmp_path: Path, empty_database_url: str
) -> None:
    written = {path.stem for path in (ROOT / "sql" / "migrations").glob("*.sql")}
    steps = {name for name in written if not name.endswith(".rollback")}

    applied = run(
        [str(installed), "-m", "vitte", "migrate"],
        tmp_path,
        VITTE_TELEGRAM_TOKEN="123456:made-up",
        VITTE_DATABASE_URL=empty_database_url,
        VITTE_REDIS_URL="redis://localhost",
    )

    assert {line.strip() for line in applied.splitlines()[1:]} == steps
