"""The poller: asks Telegram for updates and hands them to the bot.

Owns the offset. Asking with it is what confirms: it moves only when every update
before it has been done. Whatever goes wrong (the network, a second poller, a
webhook in the way, a token that Telegram does not know) is said in the log in
plain words and tried again with growing pauses. A stop has the updates in hand
answered and confirms them; a fall asks again from what Telegram holds
unconfirmed.
"""

import logging
import math
import random
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Never

import aiohttp
import anyio
import msgspec
from msgspec import Struct

from vitte import metrics
from vitte.actors import bot
from vitte.config import Telegram
from vitte.runtime import Life, Ref, RuntimeFault

GRACE_SECONDS: Final = 10.0
# How long a stop lets the updates in hand be answered, and then tries to confirm them:
# together less than the place in the tree allows.
FINISH_SECONDS: Final = 15.0
FAREWELL_SECONDS: Final = 3.0
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
    result: list[dict[str, Any]] = []
    error_code: int = 0
    description: str = ""
    parameters: Parameters | None = None


_decode: Final = msgspec.json.Decoder(Answer).decode


class Poller:
    """One life, from a start to the next fall."""

    def __init__(
        self, *, bot: Ref[bot.Message], settings: Telegram, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        self._bot = bot
        self._settings = settings
        self._grace_seconds = grace_seconds
        self._offset = 0
        self._confirmed = 0
        self._failures = 0
        self._stopping = False
        self._stretch = anyio.CancelScope()
        self._patience = 0.0

    async def run(self, life: Life[Never]) -> None:
        """Ask, hand over, confirm, until asked to stop."""
        life.trap_exit()
        async with aiohttp.ClientSession() as http, anyio.create_task_group() as group:
            life.ready()
            group.start_soon(self._heed_a_stop, life)
            while not self._stopping:
                await self._poll(http)
            if self._offset > self._confirmed:
                await self._ask(http, wait_seconds=0, most=1, grace_seconds=FAREWELL_SECONDS)

    async def _heed_a_stop(self, life: Life[Never]) -> None:
        await life.shutdown_asked()
        self._stopping = True
        self._stretch.deadline = anyio.current_time() + self._patience

    @contextmanager
    def _until_a_stop(self, patience: float = 0.0) -> Generator[None]:
        """Let a stop end the block, after so many seconds."""
        deadline = anyio.current_time() + patience if self._stopping else math.inf
        with anyio.CancelScope(deadline=deadline) as self._stretch:
            self._patience = patience
            yield

    async def _poll(self, http: aiohttp.ClientSession) -> None:
        answer = None
        with self._until_a_stop():
            answer = await self._ask(
                http,
                wait_seconds=self._settings.poll_seconds,
                most=100,
                grace_seconds=self._grace_seconds,
            )
        if answer is not None and answer.ok and await self._hand_over(answer.result):
            self._failures = 0
        elif not self._stopping:
            await self._pause(answer)

    async def _ask(
        self, http: aiohttp.ClientSession, *, wait_seconds: int, most: int, grace_seconds: float
    ) -> Answer | None:
        """Ask for updates, which confirms those before the offset; None where no answer comes."""
        token, offset = self._settings.token.reveal(), self._offset
        question = {
            "offset": offset,
            "timeout": wait_seconds,
            "limit": most,
            "allowed_updates": ALLOWED_UPDATES,
        }
        try:
            async with http.post(
                f"{self._settings.api.rstrip('/')}/bot{token}/getUpdates",
                data=msgspec.json.encode(question),
                headers={"Content-Type": "application/json"},
                # A question that Telegram leaves hanging is cut off and asked again.
                timeout=aiohttp.ClientTimeout(total=wait_seconds + grace_seconds),
            ) as response:
                answer = _decode(await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.MsgspecError) as problem:
            metrics.telegram_calls.labels("getUpdates", "unreachable").inc()
            # Not the error itself: it would hold the address, and so the token.
            log.warning("Telegram cannot be reached (%s)", type(problem).__name__)
            return None
        metrics.telegram_calls.labels("getUpdates", "ok" if answer.ok else "refused").inc()
        if answer.ok:
            self._confirmed = offset
        else:
            log.error("%s", _advice(answer))
        return answer

    async def _hand_over(self, found: Sequence[dict[str, Any]]) -> bool:
        """Have the updates answered and move the offset to the first that was not.

        True when all were.
        """
        updates = [bot.sort_out(fields) for fields in found]
        undone = {update.id for update in updates}

        async def hand_over(update: bot.Update) -> None:
            try:
                await bot.handle(self._bot, update)
            except RuntimeFault as problem:
                log.warning("An update goes back: %r", problem, extra={"update_id": update.id})
            else:
                undone.discard(update.id)

        with self._until_a_stop(FINISH_SECONDS):
            async with anyio.create_task_group() as group:
                for update in updates:
                    group.start_soon(hand_over, update)
        if updates:
            self._offset = min(undone, default=max(update.id for update in updates) + 1)
        return not undone

    async def _pause(self, answer: Answer | None) -> None:
        """Wait as long as Telegram says, else longer each time, never in step with others."""
        self._failures += 1
        longest = min(LONGEST_PAUSE_SECONDS, 0.5 * 2 ** min(self._failures, 10))
        seconds = random.uniform(longest / 2, longest)  # noqa: S311  # jitter, no secret
        if answer is not None and answer.parameters and answer.parameters.retry_after:
            seconds = answer.parameters.retry_after
        with self._until_a_stop():
            await anyio.sleep(seconds)


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
