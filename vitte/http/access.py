"""Who calls: the token of a request, what it allows, and how often.

Tokens are looked up in PostgreSQL and remembered for ``REMEMBERED_SECONDS``: so
much later, at the most, a revocation bites. So are those that are not in force,
lest somebody who keeps knocking keeps PostgreSQL busy. How often a token may ask
is judged from this process's memory; a restart forgives.
"""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

import anyio
from msgspec import Struct

from vitte.errors import NobodyKnown, NotAllowed, NotThere, TooManyRequests
from vitte.store import tokens
from vitte.store.pool import Database
from vitte.store.tokens import TokenId
from vitte.store.users import UserId

REMEMBERED_SECONDS: Final = 5.0
_MOST_REMEMBERED: Final = 10_000
_MINUTE: Final = 60.0


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks: the token's name, what it allows, and whose rows it shows (None: everybody's)."""

    token_id: TokenId
    name: str
    scopes: frozenset[str]
    user_id: UserId | None

    def must_be_let_see(self, user: int, noun: str) -> UserId:
        """Give the user's id if this caller may know that the user exists.

        Raises:
            NotThere: A stranger's row is the same as none.
        """
        if self.user_id is not None and self.user_id != user:
            raise NotThere(noun)
        return UserId(user)


class _Remembered(Struct, frozen=True):
    """What was found under a token's digest, and until when that is believed."""

    caller: Caller | None
    until: float


class Access:
    """Knows callers by their tokens."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime],
        requests_per_minute: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self._monotonic = monotonic
        self._remembered: dict[bytes, _Remembered] = {}
        self._asking: dict[bytes, anyio.Event] = {}
        self._cost = _MINUTE / requests_per_minute
        self._spent_until: dict[TokenId, float] = {}

    async def admit(self, authorization: str, scope: str) -> Caller:
        """Give the caller of a request that needs a scope.

        Raises:
            NobodyKnown: No token, a mistyped one, one that is not, or no longer, in force.
            NotAllowed: The token lacks the scope.
            TooManyRequests: It was used too often.
        """
        kind, _, text = authorization.partition(" ")
        if kind.lower() != "bearer" or not text.startswith("vtt_"):
            raise NobodyKnown
        now = self._monotonic()
        digest = tokens.digest(text)
        known = self._remembered.get(digest)
        if known is None or known.until <= now:
            known = await self._look_up_once(digest, text, now)
        caller = known.caller
        if caller is None:
            raise NobodyKnown
        self._spend(caller.token_id, now)
        if scope not in caller.scopes:
            raise NotAllowed(scope)
        return caller

    async def _look_up_once(self, digest: bytes, text: str, now: float) -> _Remembered:
        """Look up a token; who asks with the same one meanwhile waits for the same answer."""
        while (asking := self._asking.get(digest)) is not None:
            await asking.wait()
            known = self._remembered.get(digest)
            if known is not None and known.until > now:
                return known
        self._asking[digest] = found = anyio.Event()
        try:
            return await self._look_up(digest, text, now)
        finally:
            del self._asking[digest]
            found.set()

    async def _look_up(self, digest: bytes, text: str, now: float) -> _Remembered:
        if not tokens.is_well_formed(text):
            raise NobodyKnown
        moment = self._clock()
        token = await tokens.use(self._database, text, moment)
        seconds = REMEMBERED_SECONDS
        if token is not None and token.expires_at is not None:
            seconds = min(seconds, (token.expires_at - moment).total_seconds())
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()  # somebody tries many: whoever is known is found again at once
        found = _Remembered(None if token is None else _caller(token), now + seconds)
        self._remembered[digest] = found
        return found

    def _spend(self, token: TokenId, now: float) -> None:
        """Take one request off the token's account.

        Each costs its part of a minute; whoever has spent a minute ahead of the clock
        waits. So a minute's worth may come at once, and no more than that in the long run.
        """
        spent_until = max(self._spent_until.get(token, 0.0), now) + self._cost
        if spent_until > now + _MINUTE:
            raise TooManyRequests(max(1, round(spent_until - now - _MINUTE + 0.5)))
        self._spent_until[token] = spent_until


def _caller(token: tokens.Token) -> Caller:
    return Caller(
        token_id=token.id,
        name=token.name,
        scopes=frozenset(token.scopes),
        user_id=token.user_id,
    )
