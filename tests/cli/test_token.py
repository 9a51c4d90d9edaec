"""``vitte token``: made, shown once, listed, revoked; and the one that ``vitte dev`` prints."""

import stat
from pathlib import Path

import msgspec
import pytest

from vitte import cli
from vitte.cli import token as command
from vitte.store import tokens


@pytest.fixture(autouse=True)
def _configured(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITTE_DATABASE_URL", database_url)
    monkeypatch.setenv("VITTE_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("VITTE_TELEGRAM_TOKEN", "1:a")


def test_a_token_is_shown_once_and_listed_by_its_beginning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["token", "create", "billing", "--scope", "subscriptions:read"]) == 0
    text = capsys.readouterr().out.splitlines()[0]
    assert cli.main(["token", "list"]) == 0
    listed = capsys.readouterr().out

    assert tokens.is_well_formed(text)
    assert text[:12] in listed
    assert text[:13] not in listed
    assert "billing" in listed
    assert "never used" in listed


def test_all_gives_every_scope_and_days_an_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["token", "create", "x", "--scope", "all", "--days", "30", "--json"]) == 0

    made = msgspec.json.decode(capsys.readouterr().out)
    assert set(made["scopes"]) == set(tokens.SCOPES)
    assert made["expires_at"] is not None
    assert tokens.is_well_formed(made["token"])


def test_a_revoked_token_frees_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    create = ["token", "create", "x", "--scope", "all"]

    codes = [cli.main(words) for words in (create, create, ["token", "revoke", "x"], create)]
    again = cli.main(["token", "revoke", "y"])

    assert codes == [0, 1, 0, 0]
    assert again == 1
    said = capsys.readouterr().err
    assert "a token named 'x' is in force" in said
    assert "no token named 'y'" in said


def test_a_token_is_bound_to_somebody_who_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["token", "create", "x", "--scope", "all", "--user", "999"]) == 1

    assert "there is no user 999" in capsys.readouterr().err


def test_a_bound_token_has_no_scope_over_all_people(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["token", "create", "x", "--scope", "statistics:read", "--user", "101"]

    assert cli.main(words) == 1
    assert "a token bound to one person can have" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["create"],
        ["create", "x"],
        ["create", "x", "--scope", "everything"],
        ["create", "with space", "--scope", "all"],
        ["create", "x", "--scope", "all", "--user", "-1"],
        ["create", "x", "--scope", "all", "--days", "36501"],
        ["revoke"],
    ],
    ids=" ".join,
)
def test_wrong_words_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["token", *words])


def test_dev_makes_its_token_once_and_keeps_it_to_itself(database_url: str, tmp_path: Path) -> None:
    first = command.ready(database_url, tmp_path)
    second = command.ready(database_url, tmp_path)
    command.forget(tmp_path)
    third = command.ready(database_url, tmp_path)

    assert tokens.is_well_formed(first)
    assert first == second != third
    assert stat.S_IMODE((tmp_path / "api-token").stat().st_mode) == 0o600
