"""What every call to the Bot API passes on its way out.

A 429 is obeyed to the second, by the chat it concerns alone: each chat's answers
are sent by that chat's own task. Server and network errors are tried again a few
times with growing pauses. A message that may have arrived is not sent twice on
purpose, but a reply lost on the way back cannot be told from one that never came.
"""

import random
from typing import Final

import anyio
from aiogram import Bot
from aiogram.client.session.middlewares.base import (
    BaseRequestMiddleware,
    NextRequestMiddlewareType,
)
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

from vitte import metrics

TRIES: Final = 4
LONGEST_RETRY_SECONDS: Final = 30


class Sending(BaseRequestMiddleware):
    """Counts, times and retries calls."""

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Make the call, waiting and trying again where that can help."""
        name = type(method).__api_method__
        for attempt in range(1, TRIES + 1):
            began = anyio.current_time()
            try:
                response = await make_request(bot, method)
            except TelegramAPIError as problem:
                metrics.telegram_calls.labels(name, _outcome(problem)).inc()
                pause = _pause(problem, attempt)
                if pause is None or attempt == TRIES:
                    raise
                await anyio.sleep(pause)
            else:
                metrics.telegram_calls.labels(name, "ok").inc()
                metrics.telegram_seconds.labels(name).observe(anyio.current_time() - began)
                return response
        raise AssertionError


def _pause(problem: TelegramAPIError, attempt: int) -> float | None:
    """How many seconds to wait before the next try, or None where none can help."""
    match problem:
        case TelegramRetryAfter(retry_after=seconds) if seconds <= LONGEST_RETRY_SECONDS:
            return float(seconds)
        case TelegramServerError() | TelegramNetworkError():
            return random.uniform(0.5, 1.0) * 2 ** (attempt - 1) / 2  # noqa: S311  # jitter, no secret
        case _:
            return None


def _outcome(problem: TelegramAPIError) -> str:
    match problem:
        case TelegramRetryAfter():
            return "flood"
        case TelegramServerError():
            return "server error"
        case TelegramNetworkError():
            return "unreachable"
        case _:
            return "refused"
