"""Steps: each looks first, does only what is missing, says what it does, and in a dry run does nothing."""

import argparse
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from vitte.errors import StepFailed
from vitte.hosting import install, program, proxy
from vitte.hosting.machine import Machine
from vitte.resources import ROOT

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")


@pytest.fixture
def machine() -> Machine:
    return Machine(dry_run=False)


@as_root
def test_a_file_is_written_once_and_for_its_owner_alone(machine: Machine, tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "token"

    assert machine.write(path, "hidden", mode=0o400)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    before = path.stat().st_mtime_ns
    assert not machine.write(path, "hidden", mode=0o400)
    assert path.stat().st_mtime_ns == before
    assert machine.write(path, "other", mode=0o400)
    assert [each.name for each in path.parent.iterdir()] == ["token"]


@as_root
def test_what_is_written_is_not_said(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.write(tmp_path / "token", "hidden", mode=0o400)

    assert "hidden" not in capsys.readouterr().out


def test_a_dry_run_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine(dry_run=True)

    machine.write(tmp_path / "file", "text")
    machine.folder(tmp_path / "folder", mode=0o700)
    machine.link(tmp_path / "link", tmp_path)
    machine.remove(tmp_path)

    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out.count("  would  ") == 4


def test_a_link_is_turned_in_one_moment(machine: Machine, tmp_path: Path) -> None:
    assert machine.link(tmp_path / "bin", tmp_path / "old")
    assert not machine.link(tmp_path / "bin", tmp_path / "old")
    assert machine.link(tmp_path / "bin", tmp_path / "new")

    assert (tmp_path / "bin").readlink() == tmp_path / "new"


def test_a_program_that_fails_tells_what_it_said_and_not_what_it_was_given(
    machine: Machine,
) -> None:
    with pytest.raises(StepFailed, match="not installed"):
        machine.run("no-such-program-here")
    with pytest.raises(StepFailed, match="no good") as told:
        machine.run("sh", "-c", "cat >/dev/null; echo no good >&2; exit 1", stdin="hidden")
    assert "hidden" not in str(told.value)
    assert machine.says("false") is None


# -- The site


def test_the_site_speaks_the_words_of_its_nginx() -> None:
    tls = (Path("/tls/chain.pem"), Path("/tls/key.pem"))

    new, old = (
        proxy.site(proxy.Names("vitte.example.org"), of, tls) for of in ((1, 26, 0), (1, 22, 1))
    )

    assert "http2 on;" in new
    assert "http2 on;" not in old
    assert old.count("443 ssl http2;") == 2
    assert old.count("443 ssl default_server http2;") == 2
    for text in (new, old):
        assert "bot.example.com" not in text
        assert text.count("server_name vitte.example.org;") == 2
        assert "/etc/vitte/tls" not in text


def test_the_site_closes_what_is_not_meant_for_outside() -> None:
    text = (ROOT / "config" / "nginx" / "vitte.conf").read_text()

    assert "proxy_pass http://vitte;" in text
    assert "location = /metrics {\n        return 404;" in text
    assert "location ^~ /api/v1/health {\n        return 404;" in text


# -- The words


def words(*typed: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    install.add_arguments(parser)
    return parser.parse_args(typed)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["--domain", "no_domain"], "no domain"),
        (["--domain", "example.com;"], "no domain"),
        (["--domain", "https://example.com"], "no domain"),
        (["--webhook"], "--domain to call"),
        (["--domain", "example.com", "--webhook"], "certificate"),
        (["--domain", "example.com", "--certificate", "x.pem"], "--key"),
        (["--token-file", "/nowhere/token"], "No such file"),
    ],
)
@as_root
def test_words_that_contradict_each_other_are_refused_before_anything_is_done(
    typed: list[str], says: str
) -> None:
    with pytest.raises(StepFailed, match=says):
        install.run(words(*typed, "--anyway", "--dry-run"))


@as_root
def test_a_token_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hello\n")

    with pytest.raises(StepFailed, match="does not look like one") as told:
        install.run(words("--token-file", str(tmp_path / "token"), "--anyway", "--dry-run"))

    assert "hello" not in str(told.value)


def test_the_installer_needs_pythons_own_library_alone() -> None:
    asked = (
        "import sys, vitte.hosting.__main__; print(sorted(n for n in sys.modules if '.' not in n))"
    )

    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); {asked}",
        ],
        check=True,
        capture_output=True,
        text=True,
    )

    foreign = set(eval(done.stdout)) - sys.stdlib_module_names - {"vitte", "__main__"}
    assert foreign == set()


@as_root
def test_a_dry_run_of_the_installer_tells_every_step_and_needs_nothing() -> None:
    done = subprocess.run(
        [ROOT / "install.sh", "--dry-run", "--anyway", "--domain", "bot.example.com"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )

    for part in (
        "PostgreSQL: the role vitte_user",
        "Redis: a password",
        "sites-enabled/vitte",
        "vitte.service",
    ):
        assert part in done.stdout
    assert done.stdout.endswith("Nothing was changed: this was a dry run.\n")


# -- The program


def a_wheel(folder: Path, text: str) -> Path:
    wheel = folder / "vitte-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("vitte/__init__.py", text)
    return wheel


def test_a_release_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    packages = tmp_path / "0.1.0-20261125" / "lib" / "python3.11" / "site-packages" / "vitte"
    packages.mkdir(parents=True)
    (packages / "__init__.py").write_text("one")

    assert program.is_same(tmp_path / "0.1.0-20261125", a_wheel(tmp_path, "one"))
    assert not program.is_same(tmp_path / "0.1.0-20261125", a_wheel(tmp_path, "another"))
    assert not program.is_same(None, a_wheel(tmp_path, "one"))


def test_only_a_wheel_of_ours_is_installed(tmp_path: Path) -> None:
    (tmp_path / "other-1.0-py3-none-any.whl").touch()

    with pytest.raises(StepFailed, match="no wheel of vitte"):
        program.find_wheel(tmp_path / "other-1.0-py3-none-any.whl")
    assert program.find_wheel(a_wheel(tmp_path, "one")) is not None
