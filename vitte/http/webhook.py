"""Where Telegram hands updates over: proof first, then the inbox, then 200.

The answer comes after the update was written down: until then Telegram keeps it,
and sends it again should anything fall in between.
"""

import hmac
from typing import Final

import msgspec
from aiohttp import web

from vitte.actors import inbox, reading
from vitte.errors import VitteError
from vitte.http import problems
from vitte.runtime import RuntimeFault
from vitte.services import Services

BODY_BYTES: Final = 1_048_576


class Webhook:
    """Answers the webhook's address."""

    def __init__(self, services: Services) -> None:
        self._inbox = services.inbox
        self._secret = services.config.telegram.secret_token().encode()

    async def receive(self, request: web.Request) -> web.Response:
        """Take one update.

        401 without the right proof, 413 over 1 MiB, 400 for what is no update,
        503 while the bot cannot take it: Telegram sends it again.
        """
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(given.encode(errors="surrogateescape"), self._secret):
            return problems.answer(401, "The secret token is missing or wrong.")
        body = await _read(request)
        try:
            update = reading.read(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return problems.answer(400, "The body is no update of the Bot API.")
        try:
            await inbox.take(self._inbox, [update])
        except (RuntimeFault, VitteError):
            detail = "The update could not be written down; send it again."
            return problems.answer(503, detail, {"Retry-After": "1"})
        return web.Response()


async def _read(request: web.Request) -> bytes:
    """The body, up to the webhook's own limit, which is wider than the API's.

    Raises:
        web.HTTPRequestEntityTooLarge: It is longer.
    """
    body = bytearray()
    async for chunk in request.content.iter_chunked(65_536):
        body += chunk
        if len(body) > BODY_BYTES:
            raise web.HTTPRequestEntityTooLarge(max_size=BODY_BYTES, actual_size=len(body))
    return bytes(body)
