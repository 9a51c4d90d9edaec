"""The poller: asks Telegram for updates and hands them to the inbox.

Owns the offset. Asking with it is what confirms: it moves only when every update
before it has been written down. Whatever goes wrong (the network, a second poller, a
webhook in the way, a token that Telegram does not know) is said in the log in
plain words and tried again with growing pauses. A fall asks again from what
Telegram holds unconfirmed.
"""

import logging
import random
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, Never

import aiohttp
import anyio
import msgspec
from msgspec import Struct

from vitte import metrics
from vitte.actors import inbox, reading
from vitte.config import Telegram
from vitte.errors import VitteError
from vitte.runtime import Life, Ref, RuntimeFault
from vitte.store.updates import Arrived

GRACE_SECONDS: Final = 10.0
# How far the pauses grow: while our own stores are away, which is over in seconds; while Telegram
# is; and while something waits for the operator, such as a token that Telegram does not know.
OURS_SECONDS: Final = 1.0
AWAY_SECONDS: Final = 5.0
LONGEST_PAUSE_SECONDS: Final = 60.0

# Written whole each time: what is left out keeps its previous value at Telegram.
ALLOWED_UPDATES: Final = (
    "message",
    "edited_message",
    "channel_post",
    "callback_query",
    "pre_checkout_query",
    "my_chat_member",
)

log = logging.getLogger(__name__)


class Parameters(Struct, frozen=True):
    """What an error of the Bot API carries beside its text."""

    retry_after: float | None = None


class Answer(Struct, frozen=True):
    """An answer to getUpdates."""

    ok: bool
    result: list[msgspec.Raw] = []
    error_code: int = 0
    description: str = ""
    parameters: Parameters | None = None


_decode: Final = msgspec.json.Decoder(Answer).decode


class Poller:
    """One life, from a start to the next fall."""

    def __init__(
        self, *, inbox: Ref[inbox.Message], settings: Telegram, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        self._inbox = inbox
        self._settings = settings
        self._grace_seconds = grace_seconds
        self._offset = 0
        self._failures = 0

    async def run(self, life: Life[Never]) -> None:
        """Ask, hand over, confirm, for ever."""
        # A question that Telegram leaves hanging is cut off and asked again.
        limit = aiohttp.ClientTimeout(total=self._settings.poll_seconds + self._grace_seconds)
        async with aiohttp.ClientSession(timeout=limit) as http:
            life.ready()
            while True:
                answer = await self._ask(http)
                if answer is None or not answer.ok:
                    await self._pause(answer, _longest(answer))
                    continue
                if answer.result and not await self._hand_over(answer.result):
                    await self._pause(None, OURS_SECONDS)
                    continue
                self._failures = 0

    async def _ask(self, http: aiohttp.ClientSession) -> Answer | None:
        token = self._settings.token.reveal()
        question = {
            "offset": self._offset,
            "timeout": self._settings.poll_seconds,
            "limit": 100,
            "allowed_updates": ALLOWED_UPDATES,
        }
        try:
            async with http.post(
                f"{self._settings.api.rstrip('/')}/bot{token}/getUpdates",
                data=msgspec.json.encode(question),
                headers={"Content-Type": "application/json"},
            ) as response:
                answer = _decode(await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.MsgspecError) as problem:
            metrics.telegram_calls.labels("getUpdates", "unreachable").inc()
            # Not the error itself: it would hold the address, and so the token.
            log.warning("Telegram cannot be reached (%s)", type(problem).__name__)
            return None
        metrics.telegram_calls.labels("getUpdates", "ok" if answer.ok else "refused").inc()
        if not answer.ok:
            log.error("%s", _advice(answer))
        return answer

    async def _hand_over(self, found: Sequence[msgspec.Raw]) -> bool:
        """Have the updates written down; True when they are, and the offset has moved."""
        arrived: list[Arrived] = []
        for body in found:
            try:
                arrived.append(reading.read(body))
            except msgspec.MsgspecError as problem:
                log.error("Telegram sent what is no update: %s", problem)  # noqa: TRY400  # says it all
        if not arrived:
            return False  # nothing to confirm: ask again, but not at once
        try:
            await inbox.take(self._inbox, arrived)
        except (RuntimeFault, VitteError) as problem:
            log.warning("Updates stay with Telegram: %s: %s", type(problem).__name__, problem)
            return False
        self._offset = max(update.id for update in arrived) + 1
        return True

    async def _pause(self, answer: Answer | None, most: float) -> None:
        """Wait as long as Telegram says, else longer each time, never in step with others."""
        self._failures += 1
        if answer is not None and answer.parameters and answer.parameters.retry_after:
            await anyio.sleep(answer.parameters.retry_after)
            return
        longest = min(most, 0.5 * 2 ** min(self._failures, 10))
        await anyio.sleep(random.uniform(longest / 2, longest))  # noqa: S311  # jitter, no secret


def _longest(answer: Answer | None) -> float:
    """How long a pause may grow: Telegram's own trouble passes, a refusal wants somebody."""
    if answer is None or answer.error_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return AWAY_SECONDS
    return LONGEST_PAUSE_SECONDS


def _advice(answer: Answer) -> str:
    """What happened and what to do, for the operator."""
    match answer.error_code:
        case 401 | 404:
            return "Telegram does not know this token: check telegram.token with @BotFather"
        case 409 if "webhook" in answer.description:
            return (
                "A webhook is set for this bot, so polling gets nothing: "
                "run `vitte webhook delete`, or set telegram.updates to webhook"
            )
        case 409:
            return "Another process polls with this token: stop it, or give this one its own bot"
        case _:
            return f"Telegram refused getUpdates: {answer.error_code} {answer.description}"
