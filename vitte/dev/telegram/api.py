"""The HTTP edge: a bot's call comes in, is checked, carried out and answered.

Keeps a journal of the calls, so that a test can ask what the bot did, and lets
the armed faults happen to them. Answers only what was addressed to loopback: a
name of the outside that was made to point here gets nothing.
"""

from collections import deque
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, TypeAlias, cast
from urllib.parse import parse_qsl

import aiohttp
import anyio
import msgspec
from aiohttp import web

from vitte.dev.telegram import methods, refusals, schema
from vitte.dev.telegram.delivery import bounded, kinds
from vitte.dev.telegram.faults import Faults, Flood
from vitte.dev.telegram.people import PATIENCE, Silence
from vitte.dev.telegram.refusals import Refused, bad_request
from vitte.dev.telegram.schema import Method, Upload
from vitte.dev.telegram.world import Bot, World

Json: TypeAlias = dict[str, Any]

CALLS_KEPT = 10_000
MULTIPART, JSON = "multipart/form-data", "application/json"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

encode, decode = msgspec.json.encode, msgspec.json.decode


class Call(msgspec.Struct, kw_only=True):
    """One call that a bot made, and how it was answered."""

    bot: int
    method: str
    arguments: Json
    at: float
    status: int = 0
    answer: Any = None

    def fits(self, method: str | None, chat: int | None) -> bool:
        """Tell whether this is a call of a method, perhaps only to one chat."""
        if method is not None and self.method != method:
            return False
        return chat is None or str(self.arguments.get("chat_id")) == str(chat)


class Expected(msgspec.Struct):
    """Calls that somebody waits for."""

    method: str
    chat: int | None
    missing: int
    made: anyio.Event


class Journal:
    """The calls that were made, the oldest first."""

    def __init__(self) -> None:
        self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self.expected: list[Expected] = []
        self.listeners: list[Callable[[Call], None]] = []

    def find(self, method: str | None, chat: int | None) -> list[Call]:
        """Give the calls of a method, or all."""
        return [call for call in self.calls if call.fits(method, chat)]

    def answered(self, call: Call) -> None:
        """Tell whoever waits for a call, or listens to all, that it was answered."""
        for listener in self.listeners:
            listener(call)
        for each in self.expected:
            if call.fits(each.method, each.chat):
                each.missing -= 1
                if each.missing <= 0:
                    each.made.set()

    async def wait(
        self,
        method: str,
        count: int,
        *,
        chat: int | None = None,
        within: float = PATIENCE,
    ) -> list[Call]:
        """Wait until a method was called so often and answered.

        Raises:
            Silence: it was not, in time; says what was called instead.
        """
        made = [call for call in self.find(method, chat) if call.status]
        if len(made) >= count:
            return made
        expected = Expected(method, chat, count - len(made), anyio.Event())
        self.expected.append(expected)
        try:
            with anyio.move_on_after(within):
                await expected.made.wait()
                return [call for call in self.find(method, chat) if call.status]
        finally:
            self.expected.remove(expected)
        last = [call.method for call in self.calls][-8:]
        raise Silence(f"{count} call(s) of {method} did not come in {within} s; last: {last}")


class Api:
    """The Bot API, as a bot meets it."""

    def __init__(
        self,
        world: World,
        *,
        tokens: frozenset[str] | None,
        flood: Flood | None,
        webhook_changed: Callable[[Bot], None],
    ) -> None:
        self.world = world
        self.tokens = tokens
        self.flood = flood
        self.webhook_changed = webhook_changed
        self.faults = Faults()
        self.journal = Journal()

    def routes(self) -> list[web.RouteDef]:
        """Give the two paths of the Bot API."""
        return [
            web.route("*", "/bot{token:[^/]+}/{method}", self.answer),
            web.get("/file/bot{token:[^/]+}/files/{file}", self.answer_file),
        ]

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one call of a bot."""
        try:
            bot = self.bot_of(request.match_info["token"])
            method = method_of(request.match_info["method"])
            given = await arguments_of(request)
        except Refused as no:
            return refused(no)
        call = Call(bot=bot.id, method=method.name, arguments=given, at=self.world.clock())
        self.journal.calls.append(call)
        try:
            lost = await self.strike(request, call)
            body = await self.carry_out(bot, method, call)
        except Refused as no:
            call.status, call.answer = no.status, no.description
            return refused(no)
        finally:
            self.journal.answered(call)
        if lost:
            hang_up(request)
        return web.Response(body=body, content_type=JSON)

    async def strike(self, request: web.Request, call: Call) -> bool:
        """Let an armed fault happen to a call; true when its answer is to be lost."""
        fault = self.faults.strike(call.method, call.arguments)
        if fault is None:
            return False
        if fault.kind == "drop":
            hang_up(request)
            raise Refused(502, "Bad Gateway")
        if fault.kind == "hang":
            await self.faults.released.wait()
        elif fault.kind == "slow":
            await anyio.sleep(fault.seconds)
        elif fault.refused is not None:
            raise fault.refused
        return fault.kind == "lose"

    async def carry_out(self, bot: Bot, method: Method, call: Call) -> bytes:
        """Check and carry out a call and give the body of its answer."""
        arguments = call.arguments = method.arguments(call.arguments)
        if method.name == "getUpdates":
            found = await fetch_updates(bot, arguments)
            call.status = 200
            return b'{"ok":true,"result":[' + b",".join(found) + b"]}"
        if self.flood is not None and method.name.startswith(("send", "copy", "forward")):
            self.judge_flood(bot, method, arguments)
        result = methods.handler_of(method)(bot, arguments)
        call.status, call.answer = 200, result
        note_origin(bot, call)
        if method.name in {"setWebhook", "deleteWebhook"}:
            self.webhook_changed(bot)
        return b'{"ok":true,"result":' + encode(result) + b"}"

    def judge_flood(self, bot: Bot, method: Method, arguments: Json) -> None:
        """Refuse what is sent too fast."""
        if self.flood is not None and method.name != "sendChatAction":
            self.flood.judge(bot.chat(arguments["chat_id"]).id)

    def carry_out_from_webhook(self, bot: Bot, given: Json) -> None:
        """Carry out the call in a webhook's answer; Telegram does not tell how it went."""
        method = schema.method(str(given.pop("method")))
        if method is None:
            return
        call = Call(bot=bot.id, method=method.name, arguments=given, at=self.world.clock())
        self.journal.calls.append(call)
        try:
            call.arguments = method.arguments(given)
            call.answer = methods.handler_of(method)(bot, call.arguments)
            call.status = 200
            note_origin(bot, call)
        except Refused as no:
            call.status, call.answer = no.status, no.description
        self.journal.answered(call)

    def bot_of(self, token: str) -> Bot:
        """Find the bot of a token; any well-formed one will do, unless they were named."""
        bot = self.world.bots.get(token)
        if bot is not None:
            return bot
        number, _, secret = token.partition(":")
        if self.tokens is not None or not number.isdecimal() or not secret:
            raise Refused(*refusals.UNAUTHORIZED)
        return self.world.add_bot(token, f"Bot {number}", f"bot_{number}_bot")

    async def answer_file(self, request: web.Request) -> web.Response:
        """Give the content of a file."""
        found = self.world.files.get(request.match_info["file"])
        if found is None:
            return refused(Refused(*refusals.NOT_FOUND))
        return web.Response(body=found[1], content_type="application/octet-stream")


async def fetch_updates(bot: Bot, arguments: Json) -> list[bytes]:
    """Carry out getUpdates."""
    updates = bot.updates
    updates.allowed = kinds(arguments.get("allowed_updates"), updates.allowed)
    limit = bounded(arguments.get("limit"), 100, 1, 100)
    timeout = bounded(arguments.get("timeout"), 0, 0, 50)
    return await updates.fetch(arguments.get("offset", 0), limit, timeout)


def method_of(name: str) -> Method:
    """Find a method by its name."""
    method = schema.method(name)
    if method is None:
        raise Refused(*refusals.METHOD_NOT_FOUND)
    return method


def note_origin(bot: Bot, call: Call) -> None:
    """Keep a call beside the message that it made, for the page's raw view."""
    message = cast("Json", call.answer) if isinstance(call.answer, dict) else Json()
    chat = bot.chats.get(message.get("chat", {}).get("id", 0))
    if chat is not None and "message_id" in message:
        arguments = {name: shown(value) for name, value in call.arguments.items()}
        chat.origins[message["message_id"]] = {"method": call.method, **arguments}


def shown(value: Any) -> Any:
    """Show an argument in the raw view: of an upload only its name."""
    return f"({value.name}, {len(value.content)} bytes)" if isinstance(value, Upload) else value


# -- Reading a request


async def arguments_of(request: web.Request) -> Json:
    """Read a call's arguments from the query and from JSON, a form or a multipart body."""
    given: Json = dict(request.query) if request.query_string else {}
    if not request.body_exists:
        return given
    if request.content_type == MULTIPART:
        return given | await multipart_of(request)
    body = await request.read()
    try:
        if request.content_type == JSON:
            return given | (decode(body, type=Json) if body else {})
        return given | dict(parse_qsl(body.decode(), keep_blank_values=True))
    except msgspec.DecodeError:
        raise bad_request("can't parse JSON object") from None
    except UnicodeDecodeError:
        raise bad_request("strings must be encoded in UTF-8") from None


async def multipart_of(request: web.Request) -> Json:
    """Read a multipart body; ``attach://name`` becomes the file of that name."""
    given: Json = {}
    try:
        async for part in await request.multipart():
            if isinstance(part, aiohttp.BodyPartReader) and part.name is not None:
                given[part.name] = await content_of(part)
    except ValueError:
        raise bad_request("can't parse multipart body") from None
    for name, value in given.items():
        if isinstance(value, str) and value.startswith("attach://"):
            given[name] = given.get(value.removeprefix("attach://"), value)
    return given


async def content_of(part: aiohttp.BodyPartReader) -> str | Upload:
    """Read one part of a multipart body: a text, or a file."""
    content = bytes(await part.read(decode=True))
    if part.filename is None:
        return content.decode(errors="replace")
    kind = part.headers.get("Content-Type", "application/octet-stream")
    return Upload(part.filename, kind, content)


# -- Writing an answer


def refused(no: Refused) -> web.Response:
    """Write a refusal as Telegram writes it."""
    response = web.Response(body=encode(no.payload()), status=no.status, content_type=JSON)
    if "retry_after" in no.parameters:
        response.headers["Retry-After"] = str(no.parameters["retry_after"])
    return response


def hang_up(request: web.Request) -> None:
    """Close a connection in the middle."""
    if request.transport is not None:
        request.transport.abort()


@web.middleware
async def only_loopback(
    request: web.Request,
    handler: Callable[[web.Request], Any],
) -> web.StreamResponse:
    """Answer only what was addressed to loopback, which a rebound name is not."""
    if not is_loopback(request.host):
        return refused(Refused(*refusals.NOT_FOUND))
    response: web.StreamResponse = await handler(request)
    return response


def is_loopback(address: str) -> bool:
    """Tell whether a Host header names this machine itself."""
    name = address.rpartition(":")[0] if address[-1:].isdecimal() and ":" in address else address
    name = name.strip("[]")
    if name in LOOPBACK:
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
