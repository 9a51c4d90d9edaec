"""What was answered to requests that may be sent twice: an answer a key, kept for a day.

Claim the keys, do the work and keep the answers in one transaction: then either all
three are there or none, and who comes second with the same key waits for the first.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from msgspec import Struct

from vitte.store.pool import Transaction
from vitte.store.queries import take
from vitte.store.tokens import TokenId

CLAIM = take("idempotency", "claim_keys")
KEEP = take("idempotency", "keep_answers")
FREE = take("idempotency", "free_keys")
GET = take("idempotency", "get_answers")

KEPT_FOR: Final = timedelta(days=1)


class Key(NamedTuple):
    """A key is its program's own: the same text of two tokens are two keys."""

    token: TokenId
    text: str


class Answer(Struct, frozen=True, kw_only=True):
    """What is answered: where the new thing is, and the body as it was sent."""

    location: str
    body: bytes


class Kept(Struct, frozen=True, kw_only=True):
    """What stands under a key: the digest of the request, and what was answered."""

    token_id: TokenId
    key: str
    request: bytes
    location: str | None
    body: bytes | None

    def answer(self, request: bytes) -> Answer | None:
        """What was answered, if it was to this request."""
        if self.request != request or self.location is None or self.body is None:
            return None
        return Answer(location=self.location, body=self.body)


class _Claimed(Struct, frozen=True, kw_only=True):
    token_id: TokenId
    key: str


async def claim(
    transaction: Transaction, requests: Mapping[Key, bytes], now: datetime
) -> dict[Key, Kept]:
    """Take keys for requests; give what stands under those that somebody took within a day."""
    rows = await transaction.rows(
        CLAIM,
        _Claimed,
        **_columns(requests),
        requests=list(requests.values()),
        now=now,
        stale=now - KEPT_FOR,
    )
    taken = {Key(row.token_id, row.key) for row in rows}
    others = [key for key in requests if key not in taken]
    if not others:
        return {}
    kept = await transaction.rows(GET, Kept, **_columns(others))
    return {Key(row.token_id, row.key): row for row in kept}


async def keep(transaction: Transaction, answers: Mapping[Key, Answer]) -> None:
    """Write down what is answered."""
    await transaction.change(
        KEEP,
        **_columns(answers),
        locations=[answer.location for answer in answers.values()],
        bodies=[answer.body for answer in answers.values()],
    )


async def free(transaction: Transaction, keys: Sequence[Key]) -> None:
    """Give back keys whose requests were refused: they may be asked again."""
    await transaction.change(FREE, **_columns(keys))


def _columns(keys: Iterable[Key]) -> dict[str, list[int] | list[str]]:
    pairs = list(keys)
    return {"tokens": [key.token for key in pairs], "keys": [key.text for key in pairs]}
