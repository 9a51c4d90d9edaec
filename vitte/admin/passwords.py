"""Passwords of operators: Argon2id with 19 MiB, two rounds, one lane, as OWASP advises.

A hash takes some 60 ms and 19 MiB, so it is made in a thread, at most two at a time,
and whoever would wait long for a turn is refused instead. Who is not known costs as
much as who is: the time of an answer does not tell.
"""

from functools import cache
from typing import Final

import anyio
from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from vitte.errors import BadPassword, TooBusy

SHORTEST: Final = 12
LONGEST: Final = 256
AT_ONCE: Final = 2
MOST_WAITING: Final = 16
WAIT_SECONDS: Final = 5.0

_hasher: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def make(password: str) -> str:
    """What is kept of a password; blocks for the time of a hash.

    Raises:
        BadPassword: It is shorter than 12 characters, or longer than 256.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadPassword(f"a password has {SHORTEST} to {LONGEST} characters")
    return _hasher.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Tell whether it is the password; None is nobody's. Blocks for the time of a hash."""
    try:
        _hasher.verify(kept or _nobodys(), password[: LONGEST + 1])
    except (Argon2Error, InvalidHashError):
        return False
    return kept is not None


class Judge:
    """Judges passwords beside the loop, at most two at a time."""

    def __init__(self) -> None:
        self._turns = CapacityLimiter(AT_ONCE)

    async def fits(self, kept: str | None, password: str) -> bool:
        """As ``fits``, without blocking.

        Raises:
            TooBusy: Too many wait already, or it took too long.
        """
        if self._turns.statistics().tasks_waiting >= MOST_WAITING:
            raise TooBusy
        try:
            with anyio.fail_after(WAIT_SECONDS):
                return await to_thread.run_sync(fits, kept, password, limiter=self._turns)
        except TimeoutError:
            raise TooBusy from None


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
