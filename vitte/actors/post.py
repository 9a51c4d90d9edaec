"""The post: one call to the Bot API, and what its answer means.

Owns the connections. What Telegram answers is read once, here, into what the
outbox must do next: nothing, wait, give up, send it plainly, or follow a chat
that has moved.
"""

import re
from functools import cache
from html import unescape
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import aiohttp
import anyio
import msgspec
from msgspec import Struct
from prometheus_client import Counter, Histogram
from yarl import URL

from vitte import metrics
from vitte.config import Telegram

CALL_SECONDS: Final = 15.0
_BETWEEN: Final = (502, 504)
"""What a gateway says that has lost the answer of the server behind it."""

_GONE: Final = ("bot was blocked", "user is deactivated", "chat not found", "bot was kicked")


class Sent(Struct, frozen=True, kw_only=True):
    """It was done."""


class Later(Struct, frozen=True, kw_only=True):
    """It may be done later. ``seconds`` when Telegram says how long to wait; it is obeyed.

    ``doubtful`` when nobody knows whether it was done: the answer was lost on the way.
    """

    reason: str
    seconds: float | None = None
    doubtful: bool = False


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

SENT: Final = Sent()


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
    """Calls the Bot API while its block lasts.

    Built for many small calls: an address is made once a method, a metric is looked up once,
    and aiohttp is spared what the Bot API has no use for (cookies, packing, a count of its own
    of connections: the outbox has its slots).
    """

    def __init__(self, settings: Telegram) -> None:
        self._address = f"{settings.api.rstrip('/')}/bot{settings.token.reveal()}/"
        self._addresses: dict[str, URL] = {}
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=CALL_SECONDS),
            headers={"Content-Type": "application/json"},
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
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
            async with self._http.post(self._url(method), data=payload.encode()) as response:
                answer = _decode(await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.MsgspecError) as problem:
            _calls(method, "unreachable").inc()
            # Who was never connected has said nothing; else it may have been heard.
            heard = not isinstance(problem, aiohttp.ClientConnectorError)
            return Later(reason=type(problem).__name__, doubtful=heard)
        _seconds(method).observe(anyio.current_time() - began)
        result = SENT if answer.ok else _read(answer)
        _calls(method, type(result).__name__.lower()).inc()
        return result

    def _url(self, method: str) -> URL:
        url = self._addresses.get(method)
        if url is None:
            url = self._addresses[method] = URL(self._address + method, encoded=True)
        return url


@cache
def _calls(method: str, outcome: str) -> Counter:
    """The counter of one kind of call: to look it up costs more than to count."""
    return metrics.telegram_calls.labels(method, outcome)


@cache
def _seconds(method: str) -> Histogram:
    return metrics.telegram_seconds.labels(method)


def _read(answer: Answer) -> Result:  # a table, a line an answer
    """What an answer means. Source: the Bot API, "Making requests" and ResponseParameters."""
    text = answer.description
    match answer:
        case Answer(parameters=Parameters(migrate_to_chat_id=int(chat))):
            return Moved(chat_id=chat)
        case Answer(error_code=429):
            return Later(reason="flood", seconds=answer.parameters.retry_after or 1.0)
        case Answer(error_code=code) if code >= 500:  # noqa: PLR2004  # Telegram's own trouble
            return Later(reason=f"{code}", doubtful=code in _BETWEEN)
        case Answer(error_code=400) if "message is not modified" in text:
            return SENT
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
