"""The post: one call to the Bot API, and what its answer means.

Owns the connections. What Telegram answers is read once, here, into what the
outbox must do next: nothing, wait, give up, send it plainly, or follow a chat
that has moved.
"""

import re
from html import unescape
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import aiohttp
import anyio
import msgspec
from msgspec import Struct

from vitte import metrics
from vitte.config import Telegram

CALL_SECONDS: Final = 15.0
_GONE: Final = ("bot was blocked", "user is deactivated", "chat not found", "bot was kicked")


class Sent(Struct, frozen=True, kw_only=True):
    """It was done."""


class Later(Struct, frozen=True, kw_only=True):
    """It may be done later. ``seconds`` when Telegram says how long to wait; it is obeyed."""

    reason: str
    seconds: float | None = None


class Refused(Struct, frozen=True, kw_only=True):
    """It will never be done; ``gone`` when the person cannot be reached at all."""

    reason: str
    gone: bool = False


class Unparsed(Struct, frozen=True, kw_only=True):
    """Telegram could not read the markup."""


class Moved(Struct, frozen=True, kw_only=True):
    """The group has become a supergroup with another id."""

    chat_id: int


Result: TypeAlias = Sent | Later | Refused | Unparsed | Moved


class Parameters(Struct, frozen=True):
    """What an error carries beside its text."""

    retry_after: float | None = None
    migrate_to_chat_id: int | None = None


class Answer(Struct, frozen=True):
    """An answer of the Bot API; what it gives for a success is not needed."""

    ok: bool
    error_code: int = 0
    description: str = ""
    parameters: Parameters = Parameters()


_decode: Final = msgspec.json.Decoder(Answer).decode


class Post:
    """Calls the Bot API while its block lasts."""

    def __init__(self, settings: Telegram, *, connections: int) -> None:
        self._address = f"{settings.api.rstrip('/')}/bot{settings.token.reveal()}/"
        self._connections = connections
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections),
            timeout=aiohttp.ClientTimeout(total=CALL_SECONDS),
            headers={"Content-Type": "application/json"},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._http is not None:
            await self._http.close()

    async def deliver(self, method: str, payload: str) -> Result:
        """Make one call."""
        assert self._http is not None  # noqa: S101  # used inside its block
        began = anyio.current_time()
        try:
            async with self._http.post(self._address + method, data=payload) as response:
                answer = _decode(await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.MsgspecError) as problem:
            metrics.telegram_calls.labels(method, "unreachable").inc()
            return Later(reason=type(problem).__name__)
        metrics.telegram_seconds.labels(method).observe(anyio.current_time() - began)
        result = _read(answer)
        metrics.telegram_calls.labels(method, type(result).__name__.lower()).inc()
        return result


def _read(answer: Answer) -> Result:  # noqa: PLR0911  # a table, a line an answer
    """What an answer means. Source: the Bot API, "Making requests" and ResponseParameters."""
    text = answer.description
    match answer:
        case Answer(ok=True):
            return Sent()
        case Answer(parameters=Parameters(migrate_to_chat_id=int(chat))):
            return Moved(chat_id=chat)
        case Answer(error_code=429):
            return Later(reason="flood", seconds=answer.parameters.retry_after or 1.0)
        case Answer(error_code=code) if code >= 500:  # noqa: PLR2004  # Telegram's own trouble
            return Later(reason=f"{code}")
        case Answer(error_code=400) if "message is not modified" in text:
            return Sent()
        case Answer(error_code=400) if "can't parse entities" in text:
            return Unparsed()
        case _:
            gone = answer.error_code == 403 or any(word in text for word in _GONE)  # noqa: PLR2004
            return Refused(reason=f"{answer.error_code} {text}", gone=gone)


def plainly(payload: str) -> str:
    """The same words without markup, for when Telegram cannot read it."""
    fields: dict[str, Any] = msgspec.json.decode(payload)
    fields.pop("parse_mode", None)
    fields["text"] = unescape(re.sub(r"</?[a-z][^>]*>", "", str(fields.get("text", ""))))
    return msgspec.json.encode(fields).decode()


def elsewhere(payload: str, chat_id: int) -> str:
    """The same words to another chat."""
    fields: dict[str, Any] = msgspec.json.decode(payload)
    fields["chat_id"] = chat_id
    return msgspec.json.encode(fields).decode()
