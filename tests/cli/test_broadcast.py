"""``vitte broadcast``: from the first draft to the last report."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import msgspec
import pytest

from tests.cli.test_commands import configured, does
from tests.store.people import ANNA, BORIS, VERA, register
from vitte.store import outbox
from vitte.store.pool import Database, PoolLimits

T = TypeVar("T")

__all__ = ("configured",)  # a fixture

CREATE = ("broadcast", "create", "news", "--en", "Hello, { $name }!", "--ru", "Привет, { $name }!")


def ask(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do something with the database in a loop for a moment: a command runs its own."""

    async def asked() -> T:
        database = Database(url, PoolLimits(kept=1, most=1))
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    return anyio.run(asked)


@pytest.fixture
def people(database_url: str) -> None:
    ask(database_url, lambda database: register(database, ANNA, BORIS, VERA))


def test_its_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = does(capsys, "broadcast", "--help")

    assert "vitte broadcast start news" in out
    assert "blocked:" in out


@pytest.mark.usefixtures("configured", "people")
def test_from_a_draft_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = does(capsys, *CREATE, "--all")
    assert "Hello, Anna!" in out
    assert "for 3 people now (everybody)" in out

    out, _ = does(capsys, "broadcast", "start", "news")
    assert out == "news has started, for 3 people.\n"
    assert does(capsys, "broadcast", "pause", "news")[0] == "news is paused.\n"
    assert does(capsys, "broadcast", "resume", "news")[0] == "news is running.\n"
    out, _ = does(capsys, "broadcast", "show", "news", "--json")
    shown = msgspec.json.decode(out)
    assert (shown["state"], shown["audience"], shown["sent"]) == ("running", 3, 0)
    assert does(capsys, "broadcast", "cancel", "news")[0] == "news is cancelled.\n"
    out, _ = does(capsys, "broadcast", "list")
    assert out.startswith("news: cancelled, to everybody\n  queued 0 of some 3: sent 0")


@pytest.mark.usefixtures("configured", "people")
def test_a_try_sends_both_texts_to_oneself_and_counts_for_nothing(
    capsys: pytest.CaptureFixture[str], database_url: str
) -> None:
    does(capsys, *CREATE, "--all")

    out, _ = does(capsys, "broadcast", "try", "news", "--to", "101")
    _, err = does(capsys, "broadcast", "try", "news", "--to", "999", expected=1)

    assert out.startswith("Both texts of news are on their way to 101")
    assert "there is no user 999" in err
    waiting = ask(database_url, lambda database: outbox.list_waiting(database, limit=9))
    texts = [msgspec.json.decode(each.payload)["text"] for each in waiting]
    assert texts == ["Привет, Анна!", "Hello, Анна!"]
    assert "queued 0: sent 0" in does(capsys, "broadcast", "show", "news")[0]


@pytest.mark.usefixtures("configured", "people")
def test_a_draft_may_be_written_anew_and_what_has_started_may_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    does(capsys, *CREATE, "--all")
    out, _ = does(capsys, *CREATE, "--plan", "premium", "--language", "ru")
    assert "for 1 people now (plan premium, language ru)" in out
    does(capsys, "broadcast", "start", "news")

    _, err = does(capsys, *CREATE, "--all", expected=1)

    assert "is running: it cannot be created anew" in err


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("broadcast", "create"), "create needs a name"),
        (("broadcast", "create", "news", "--all", "--en", "x"), "needs both texts"),
        (CREATE, "say to whom"),
        ((*CREATE, "--all", "--plan", "free"), "say to whom"),
        ((*CREATE, "--active-days", "0"), "above 0"),
        (("broadcast", "try", "news"), "try needs --to ID"),
        (("broadcast", "start", "no name!"), "a name is"),
    ],
)
def test_wrong_words_are_two(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    _, err = does(capsys, *words, expected=2)

    assert said in err


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    ("ru", "en", "said"),
    [
        ("Привет, { $name }", "Hello", "wants ['name'] in ru but [] in en"),
        ("{ $age }", "{ $age }", "only { $name } is known, not ['age']"),
        ("<b>Привет", "<b>Hello", "Telegram would refuse it"),
        ("{ start-welcome }", "{ start-welcome }", "quotes start-welcome"),
        ("{ $name", "{ $name", "cannot be read"),
        ("да " * 2_000, "yes " * 2_000, "longer than one message"),
        ("{ -brand }", "{ -brand }", "Unknown term"),
        (" ", " ", "broadcast"),
    ],
)
def test_texts_that_are_wrong_are_refused(
    capsys: pytest.CaptureFixture[str], ru: str, en: str, said: str
) -> None:
    _, err = does(
        capsys, "broadcast", "create", "news", "--all", "--ru", ru, "--en", en, expected=1
    )

    assert said in err


@pytest.mark.usefixtures("configured")
def test_one_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("show", "none"), ("start", "none"), ("try", "none", "--to", "1")):
        _, err = does(capsys, "broadcast", *words, expected=1)
        assert "there is no broadcast 'none'" in err
