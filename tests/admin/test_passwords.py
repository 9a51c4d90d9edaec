"""Passwords: kept as Argon2id, judged beside the loop, two at a time."""

import threading

import anyio
import pytest

from tests.fragile import together
from vitte.admin import passwords
from vitte.errors import BadPassword, TooBusy

PASSWORD = "a long enough sentence"


@pytest.fixture(scope="module")
def kept() -> str:
    return passwords.make(PASSWORD)


def test_what_is_kept_is_argon2id_with_19_mib(kept: str) -> None:
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in kept
    assert passwords.make(PASSWORD) != kept


def test_a_password_fits_itself_alone(kept: str) -> None:
    assert passwords.fits(kept, PASSWORD)
    assert not passwords.fits(kept, PASSWORD + " ")
    assert not passwords.fits(None, PASSWORD)
    assert not passwords.fits(None, "nobody has this password")
    assert not passwords.fits("rubbish", PASSWORD)
    assert not passwords.fits(kept, "x" * 1_000_000)


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 257])
def test_too_short_and_too_long_are_refused(password: str) -> None:
    with pytest.raises(BadPassword):
        passwords.make(password)


async def test_at_most_two_are_judged_at_once(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, now, most = threading.Lock(), 0, 0
    real = passwords.fits

    def watched(kept: str | None, password: str) -> bool:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        try:
            return real(kept, password)
        finally:
            with lock:
                now -= 1

    monkeypatch.setattr(passwords, "fits", watched)
    judge = passwords.Judge()

    with anyio.fail_after(20):
        answers = await together(*[lambda: judge.fits(kept, PASSWORD)] * 6)

    assert answers == [True] * 6
    assert most == 2


async def test_whoever_would_wait_long_is_refused(
    kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()

    def waits(_kept: str | None, _password: str) -> bool:
        return goes_on.wait(10)

    monkeypatch.setattr(passwords, "fits", waits)
    judge = passwords.Judge()

    async with anyio.create_task_group() as group:
        for _ in range(passwords.AT_ONCE + passwords.MOST_WAITING):
            group.start_soon(judge.fits, kept, PASSWORD)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(TooBusy):
            await judge.fits(kept, PASSWORD)
        goes_on.set()
