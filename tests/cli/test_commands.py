"""The commands that show and do something once: their help, their output, their exit codes."""

from pathlib import Path

import msgspec
import pytest

import vitte
from tests.processes import vitte_does
from vitte import cli

COMMANDS = ("dev", "run", "check-config", "migrate", "job", "tree", "webhook")


def does(capsys: pytest.CaptureFixture[str], *words: str, expected: int = 0) -> tuple[str, str]:
    """Run a command in this process; gives what it printed, and what on standard error."""
    try:
        code = cli.main(words)
    except SystemExit as left:  # argparse's way out of --help and of wrong words
        code = left.code
    said = capsys.readouterr()
    assert code == expected, said
    return said.out, said.err


@pytest.fixture
def configured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str, redis_url: str
) -> None:
    """The environment of an operator whose stores run."""
    variables = {
        "CONFIG": str(tmp_path / "none.toml"),
        "TELEGRAM_TOKEN": "123456:ABC",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
    }
    (tmp_path / "none.toml").touch()
    for name, value in variables.items():
        monkeypatch.setenv(f"VITTE_{name}", value)


def test_python_m_vitte_says_its_version() -> None:
    done = vitte_does("--version")

    assert (done.code, done.out) == (0, f"vitte {vitte.__version__}\n")


def test_help_names_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = does(capsys, "--help")

    assert all(command in out for command in COMMANDS)
    assert "exit codes" in out
    assert "vitte dev" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: str) -> None:
    out, _ = does(capsys, command, "--help")

    assert out.startswith(f"usage: vitte {command}")
    assert len(out.splitlines()) > 10


@pytest.mark.parametrize("words", [(), ("nonsense",), ("tree", "--nonsense"), ("job", "walk")])
def test_wrong_words_are_two(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    _, err = does(capsys, *words, expected=2)

    assert "usage: vitte" in err


def test_without_a_configuration_every_fault_is_named() -> None:
    done = vitte_does("check-config")

    assert done.code == 2
    for key in ("telegram.token", "database.url", "redis.url"):
        assert key in done.err
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("configured")
def test_faults_are_named_with_key_and_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "vitte.toml"
    file.write_text('[http]\nlisten = "nowhere"\n\n[voice]\npace = 1\n')

    _, err = does(capsys, "check-config", "--config", str(file), expected=2)
    out, _ = does(capsys, "check-config", "--config", str(file), "--json", expected=2)

    assert "http.listen" in err
    assert "line 2" in err
    assert "voice.pace" in err
    told = msgspec.json.decode(out)
    assert told["ok"] is False
    assert {fault["key"] for fault in told["faults"]} >= {"http.listen", "voice.pace"}
    assert all({"key", "problem", "source", "line"} == set(fault) for fault in told["faults"])


@pytest.mark.usefixtures("configured")
def test_a_schedule_that_cannot_be_read_is_a_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITTE_CRON_USER_STATS_SCHEDULE", "61 * * * *")
    monkeypatch.setenv("VITTE_CRON_CLEAN_MESSAGES_TIMEZONE", "Venus/Maat")
    monkeypatch.setenv("VITTE_CRON_TIMEZONE", "Mars/Olympus")
    monkeypatch.setenv("VITTE_TELEGRAM_TOKEN", "no token")

    _, err = does(capsys, "check-config", expected=2)

    assert "cron.user_stats.schedule: '61 * * * *'" in err
    assert "(VITTE_CRON_USER_STATS_SCHEDULE)" in err
    assert "cron.clean_messages.timezone: 'Venus/Maat' is no time zone" in err
    assert "cron.timezone: 'Mars/Olympus' is no time zone" in err
    assert "telegram.token" in err  # every fault at once


@pytest.mark.usefixtures("configured")
def test_what_is_in_force_is_shown_without_secrets(
    capsys: pytest.CaptureFixture[str], database_url: str
) -> None:
    out, _ = does(capsys, "check-config")
    as_json, _ = does(capsys, "check-config", "--json")

    shown = msgspec.json.decode(as_json)
    assert shown["ok"] is True
    assert shown["config"]["telegram"]["token"] == "***"
    assert shown["config"]["limiter"]["messages_per_minute"] == 10
    for text in (out, as_json):
        assert "123456:ABC" not in text
        assert database_url not in text


@pytest.mark.usefixtures("configured")
def test_a_misspelt_variable_is_pointed_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITTE_HTTP_LISTN", "127.0.0.1:1")

    _, err = does(capsys, "check-config")

    assert "VITTE_HTTP_LISTN" in err
    assert "VITTE_HTTP_LISTEN" in err


def test_the_tree_is_drawn_without_any_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = does(capsys, "tree")
    as_json, _ = does(capsys, "tree", "--json")

    root = msgspec.json.decode(as_json)
    assert out.startswith("vitte")
    assert root["id"] == "vitte"
    parts = [child["id"] for child in root["children"]]
    assert parts == ["stores", "updates", "crons", "edges", "watch"]
    assert root["intensity"] == {"limit": 3, "seconds": 60}
    assert "poller" in out


@pytest.mark.usefixtures("configured")
def test_migrations_are_applied_shown_and_taken_back(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    empty_database_url: str,
) -> None:
    monkeypatch.setenv("VITTE_DATABASE_URL", empty_database_url)

    def told(*words: str) -> dict[str, list[str]]:
        return msgspec.json.decode(does(capsys, "migrate", *words, "--json")[0])

    pending = told("--dry-run")["pending"]
    assert pending[0] == "0001.users"
    assert told("--dry-run")["pending"] == pending
    assert told()["applied"] == pending
    assert told()["applied"] == []
    assert "up to date" in does(capsys, "migrate")[0]

    assert told("rollback", "--dry-run") == {"pending": pending[:-3:-1][:1]}
    assert told("rollback") == {"rolled_back": [pending[-1]]}
    assert told("rollback", "--to", "0003.settings", "--dry-run")["pending"] == pending[-2:2:-1]
    assert told("rollback", "--to", "0003.settings")["rolled_back"] == pending[-2:2:-1]
    status = msgspec.json.decode(does(capsys, "migrate", "status", "--json")[0])
    assert [step["id"] for step in status] == pending
    assert [step["applied_at"] is not None for step in status] == [True] * 3 + [False] * (
        len(pending) - 3
    )
    assert "pending" in does(capsys, "migrate", "status")[0]


@pytest.mark.usefixtures("configured")
def test_taking_back_what_is_not_applied_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for more in ((), ("--dry-run",)):
        words = ("migrate", "rollback", "--to", "0099.nothing", *more)
        _, err = does(capsys, *words, expected=1)

        assert "0099.nothing is not applied" in err


@pytest.mark.usefixtures("configured")
def test_a_database_that_is_away_is_three(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("VITTE_DATABASE_URL", f"postgresql://vitte@/vitte?host={tmp_path}")

    for words in (("migrate",), ("migrate", "status"), ("job", "run", "clean-messages")):
        _, err = does(capsys, *words, expected=3)

        assert err.startswith("vitte: ")
        assert "Traceback" not in err


@pytest.mark.usefixtures("configured")
def test_a_job_that_does_not_exist_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("job", "run", "nonsense"), ("job", "run")):
        _, err = does(capsys, *words, expected=1)

        assert "clean-messages" in err
