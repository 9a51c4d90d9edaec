"""``vitte admin``: accounts made, listed, changed and disabled; every change in the audit."""

import io
import re
from collections.abc import Callable

import anyio
import msgspec
import pytest

from vitte import cli
from vitte.admin import codes, passwords
from vitte.store import audit, operators
from vitte.store.audit import Change
from vitte.store.operators import Operator
from vitte.store.pool import Database, PoolLimits

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _configured(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITTE_DATABASE_URL", database_url)
    monkeypatch.setenv("VITTE_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("VITTE_TELEGRAM_TOKEN", "1:a")


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Give a command a first line to read, as a pipe does."""

    def types(*words: str, password: str = PASSWORD) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        return cli.main(["admin", *words])

    return types


def kept(database_url: str, name: str) -> tuple[Operator | None, list[Change]]:
    async def look() -> tuple[Operator | None, list[Change]]:
        database = Database(database_url, PoolLimits(kept=1, most=1))
        await database.open()
        try:
            found = await operators.get(database, name)
            return found, await audit.list_all(database, limit=10)
        finally:
            await database.close()

    return anyio.run(look)


def test_an_account_is_made_and_its_secret_shown_this_once(
    types: Callable[..., int], database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert types("create", "Anna", "--role", "owner") == 0
    shown = capsys.readouterr().out
    assert types("list") == 0
    listed = capsys.readouterr().out

    anna, acts = kept(database_url, "anna")
    assert anna is not None
    assert anna.totp_secret is not None
    assert codes.as_text(anna.totp_secret) in shown
    assert "otpauth://totp/vitte:anna?secret=" in shown
    assert codes.as_text(anna.totp_secret) not in listed
    assert re.search(r"^anna +owner, codes by app, in force$", listed, re.MULTILINE)
    assert passwords.fits(anna.password, PASSWORD)
    assert PASSWORD not in shown + listed
    assert [(act.who, act.noun, act.action, act.subject) for act in acts] == [
        ("shell", "operator", "create", "anna")
    ]


def test_the_code_that_counts_now(
    types: Callable[..., int], database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    types("create", "anna", "--role", "owner")
    capsys.readouterr()

    assert types("code", "anna") == 0

    anna, _ = kept(database_url, "anna")
    assert anna is not None
    assert re.fullmatch(r"\d{6}\n", capsys.readouterr().out)


def test_codes_by_the_bot_need_no_secret(
    types: Callable[..., int], database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert types("create", "boris", "--role", "support", "--telegram", "102", "--language", "ru") == 0  # fmt: skip

    boris, _ = kept(database_url, "boris")
    assert boris is not None
    assert (boris.telegram_id, boris.totp_secret, boris.language) == (102, None, "ru")
    assert "codes to Telegram 102" in capsys.readouterr().out
    assert types("code", "boris") == 1


def test_a_new_password_and_new_codes(types: Callable[..., int], database_url: str) -> None:
    types("create", "anna", "--role", "owner")
    before, _ = kept(database_url, "anna")

    assert types("password", "anna", "--codes", password="another long sentence") == 0

    after, acts = kept(database_url, "anna")
    assert before is not None
    assert after is not None
    assert passwords.fits(after.password, "another long sentence")
    assert before.totp_secret != after.totp_secret
    assert acts[0].action == "password"


def test_disabled_and_enabled_and_another_role(
    types: Callable[..., int], database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    types("create", "anna", "--role", "owner")

    for words in (("disable", "anna"), ("enable", "anna"), ("role", "anna", "--role", "read")):
        assert types(*words) == 0

    said = capsys.readouterr().out
    assert "disabled 20" in said
    assert "read, codes by app, in force" in said
    _, acts = kept(database_url, "anna")
    assert [act.action for act in acts] == ["role", "enable", "disable", "create"]
    assert (acts[0].old["role"], acts[0].new["role"]) == ("owner", "read")


def test_what_cannot_be_is_refused(
    types: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    types("create", "anna", "--role", "owner")

    assert types("create", "anna", "--role", "owner") == 1
    assert types("password", "nobody") == 1
    assert types("create", "boris", "--role", "owner", password="short") == 1
    for words in (("create", "boris"), ("create", "a b", "--role", "owner"), ("create",), ("role", "anna")):  # fmt: skip
        with pytest.raises(SystemExit, match="2"):
            types(*words)

    said = capsys.readouterr().err
    assert "there is an operator named 'anna'" in said
    assert "there is no operator named 'nobody'" in said
    assert "12 to 256 characters" in said


def test_for_programs(types: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    types("create", "anna", "--role", "owner", "--json")
    made = msgspec.json.decode(capsys.readouterr().out)
    types("list", "--json")
    [listed] = msgspec.json.decode(capsys.readouterr().out)

    assert made["codes"].startswith("otpauth://")
    assert "password" not in listed
    assert (listed["name"], listed["role"]) == ("anna", "owner")
