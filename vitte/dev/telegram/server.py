"""The server: a Bot API on loopback, the people behind it, and its faults.

``LocalTelegram.serve()`` is the one way in. It owns the world, answers the bot's
calls, calls its webhook, and hands out people to act as. All of it lives in the
event loop that it is started in, with no thread of its own.
"""

import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_address
from typing import Any, TypeAlias, TypedDict, Unpack, cast
from urllib.parse import parse_qsl

import aiohttp
import anyio
import anyio.abc
import msgspec
from aiohttp import web

from vitte.dev.telegram import methods, refusals, schema
from vitte.dev.telegram.delivery import (
    WEBHOOK_ANSWER_SECONDS,
    Backoff,
    Caller,
    bounded,
    kinds,
)
from vitte.dev.telegram.faults import Fault, Faults, Flood, FloodLimits, refusal
from vitte.dev.telegram.people import PATIENCE, Channel, Group, Person, Silence
from vitte.dev.telegram.refusals import Refused, bad_request
from vitte.dev.telegram.schema import Method, Upload
from vitte.dev.telegram.world import Bot, Clock, World

Json: TypeAlias = dict[str, Any]

TOKEN = "4242000001:LOCAL-TELEGRAM-NOT-A-SECRET-00000001"  # noqa: S105 - opens nothing but this
LARGEST_BODY = 64 * 2**20
CALLS_KEPT = 10_000
FIRST_PERSON = 101
FIRST_GROUP = -5001
FIRST_CHANNEL = -1_002_000_000_001

OK, END = b'{"ok":true,"result":', b"}"


class Call(msgspec.Struct, kw_only=True):
    """One call that a bot made, and how it was answered."""

    bot: int
    method: str
    arguments: Json
    at: float
    status: int = 0
    answer: Any = None


class Options(TypedDict, total=False):
    """What can be chosen when a local Telegram is started."""

    clock: Clock
    """The time in seconds since 1970, for dates and expiry; waits are real."""
    tokens: Sequence[str]
    """The only tokens that are let in; the first is the main bot's. Without it any is."""
    name: str
    username: str
    flood: FloodLimits
    """Telegram's limits on sending; without it there are none."""
    backoff: Backoff
    """The pauses between attempts to reach a webhook."""


class LocalTelegram:
    """A Telegram of one's own, for developing and testing without a token."""

    def __init__(self, **options: Unpack[Options]) -> None:
        clock, tokens = options.get("clock", time.time), options.get("tokens")
        flood = options.get("flood")
        self.world = World(clock)
        self.tokens = None if tokens is None else tuple(tokens)
        self.token = self.tokens[0] if self.tokens else TOKEN
        name, username = options.get("name", "Vitte"), options.get("username", "vitte_bot")
        self.bot = self.world.add_bot(self.token, name, username)
        self.faults = Faults()
        self.url = ""
        self._flood = None if flood is None else Flood(flood, clock)
        self._backoff = options.get("backoff") or Backoff()
        self._calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self._called = anyio.Event()
        self._callers: dict[int, anyio.CancelScope] = {}
        self._tasks: anyio.abc.TaskGroup | None = None
        self._http: aiohttp.ClientSession | None = None
        self._next_person = FIRST_PERSON
        self._next_group = FIRST_GROUP
        self._next_channel = FIRST_CHANNEL

    # -- Starting and stopping

    @classmethod
    @asynccontextmanager
    async def serve(
        cls,
        host: str = "127.0.0.1",
        port: int = 0,
        **options: Unpack[Options],
    ) -> "AsyncGenerator[LocalTelegram]":
        """Serve until the block ends; port 0 takes any free one."""
        telegram = cls(**options)
        runner = web.AppRunner(
            telegram.application(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=0.5,
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            shown = f"[{host}]" if ":" in host else host
            telegram.url = f"http://{shown}:{runner.addresses[0][1]}"
            async with telegram.running():
                yield telegram
        finally:
            await runner.cleanup()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Own what runs beside the server: the calls to webhooks."""
        timeout = aiohttp.ClientTimeout(total=WEBHOOK_ANSWER_SECONDS)
        connector = aiohttp.TCPConnector(limit=0)
        failure: Exception | None = None
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as self._http,
            anyio.create_task_group() as self._tasks,
        ):
            for bot in self.world.bots.values():
                self._call_webhook(bot)
            try:
                yield
            except Exception as error:  # noqa: BLE001 - it goes on as it is, in no group
                failure = error
            self.faults.release()
            self._tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure

    def application(self) -> web.Application:
        """Give the routes."""
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_route("*", "/bot{token:[^/]+}/{method}", self.answer)
        application.router.add_get("/file/bot{token:[^/]+}/files/{file}", self.answer_file)
        return application

    # -- The Bot API

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one call of a bot."""
        if not from_loopback(request):
            return refused(Refused(*refusals.NOT_FOUND))
        try:
            bot = self.bot_of(request.match_info["token"])
            method = method_of(request.match_info["method"])
            given = await arguments_of(request)
        except Refused as no:
            return refused(no)
        return await self.recorded(request, bot, method, given)

    async def recorded(
        self,
        request: web.Request,
        bot: Bot,
        method: Method,
        given: Mapping[str, Any],
    ) -> web.Response:
        """Carry out a call and write down how it went."""
        call = Call(bot=bot.id, method=method.name, arguments=dict(given), at=self.world.clock())
        self._calls.append(call)
        try:
            lost = await self.strike(request, call)
            body = await self.carried_out(bot, method, call, given)
        except Refused as no:
            call.status, call.answer = no.status, no.description
            return refused(no)
        finally:
            self._called.set()
        if lost:
            hang_up(request)
        return web.Response(body=body, content_type="application/json")

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

    async def carried_out(
        self,
        bot: Bot,
        method: Method,
        call: Call,
        given: Mapping[str, Any],
    ) -> bytes:
        """Check and carry out a call and give the body of its answer."""
        arguments = call.arguments = method.arguments(given)
        if method.name == "getUpdates":
            call.status = 200
            return await get_updates(bot, arguments)
        if self._flood is not None and method.name.startswith(("send", "copy", "forward")):
            self.judge_flood(bot, method, arguments)
        result = methods.handler_of(method)(bot, arguments)
        call.status, call.answer = 200, result
        self.note(bot, call)
        if method.name in {"setWebhook", "deleteWebhook"}:
            self._call_webhook(bot)
        return OK + msgspec.json.encode(result) + END

    def judge_flood(self, bot: Bot, method: Method, arguments: Json) -> None:
        """Refuse what is sent too fast."""
        if self._flood is not None and method.name != "sendChatAction":
            self._flood.judge(bot.chat(arguments["chat_id"]).id)

    def note(self, bot: Bot, call: Call) -> None:
        """Keep the call beside the message that it made, for the page's raw view."""
        answer = cast("Json", call.answer) if isinstance(call.answer, dict) else {}
        if "message_id" in answer:
            message = answer
            chat = bot.chats.get(message.get("chat", {}).get("id", 0))
            if chat is not None:
                arguments = {name: shown(value) for name, value in call.arguments.items()}
                chat.origins[message["message_id"]] = {"method": call.method, **arguments}

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
        if found is None or not from_loopback(request):
            return refused(Refused(*refusals.NOT_FOUND))
        return web.Response(body=found[1], content_type="application/octet-stream")

    def _call_webhook(self, bot: Bot) -> None:
        """Start calling a bot's webhook, or stop, as it is set now."""
        scope = self._callers.pop(bot.id, None)
        if scope is not None:
            scope.cancel()
        if bot.updates.webhook is not None and self._tasks is not None:
            self._callers[bot.id] = scope = anyio.CancelScope()
            self._tasks.start_soon(self._calling, bot, scope)

    async def _calling(self, bot: Bot, scope: anyio.CancelScope) -> None:
        """Call one bot's webhook until another is set."""
        webhook = bot.updates.webhook
        if webhook is None or self._http is None:
            return

        def carry_out(call: Json) -> None:
            methods.carry_out(bot, call)
            self._called.set()

        caller = Caller(bot.updates, http=self._http, backoff=self._backoff, carry_out=carry_out)
        with scope:
            await caller.run(webhook)

    # -- People

    def person(
        self,
        first_name: str = "Anna",
        *,
        language_code: str | None = "en",
        is_premium: bool = False,
        id: int | None = None,  # noqa: A002 - Telegram's own word for it
        bot: Bot | None = None,
        **more: Any,
    ) -> Person:
        """Give a person to act as; the same id is the same person."""
        if id is None:
            id, self._next_person = self._next_person, self._next_person + 1  # noqa: A001
        user: Json = {"id": id, "is_bot": False, "first_name": first_name, **more}
        if language_code is not None:
            user["language_code"] = language_code
        if is_premium:
            user["is_premium"] = True
        return Person(bot or self.bot, user)

    def group(self, title: str, *members: Person, kind: str = "group", **more: Any) -> Group:
        """Give a group in which the bot is."""
        number, self._next_group = self._next_group, self._next_group - 1
        info = {"id": number, "type": kind, "title": title, **more}
        return Group(members[0].bot if members else self.bot, info, members)

    def channel(self, title: str, **more: Any) -> Channel:
        """Give a channel that the bot reads."""
        number, self._next_channel = self._next_channel, self._next_channel - 1
        return Channel(self.bot, {"id": number, "type": "channel", "title": title, **more})

    def deliver(self, update: Json, *, bot: Bot | None = None) -> int:
        """Queue an update exactly as given and give its id.

        Without ``update_id`` it gets the next; with one, it is taken as it is, so
        that the same update can come twice.
        """
        content = next(
            (cast("Json", update[kind]) for kind in update if kind != "update_id"), Json()
        )
        message: Json = content.get("message") or content
        chat: Json = message.get("chat") or content.get("from") or {}
        return (bot or self.bot).updates.put_raw(update, chat.get("id", 0))

    # -- Faults

    def fail_next(  # noqa: PLR0913 - each is a word of the sentence that a test says
        self,
        method: str | None = None,
        *,
        status: int = 400,
        retry_after: int | None = None,
        description: str | None = None,
        chat: int | None = None,
        times: int = 1,
    ) -> Fault:
        """Refuse the next calls of a method, or of any, perhaps only for one chat."""
        no = refusal(status, retry_after, description)
        fault = Fault(kind="refuse", method=method, chat=chat, times=times, refused=no)
        return self.faults.arm(fault)

    def drop_next(self, method: str | None = None, *, times: int = 1) -> Fault:
        """Hang up on the next calls without doing what they ask for."""
        return self.faults.arm(Fault(kind="drop", method=method, times=times))

    def lose_next_answer(self, method: str | None = None, *, times: int = 1) -> Fault:
        """Do what the next calls ask for and hang up instead of answering."""
        return self.faults.arm(Fault(kind="lose", method=method, times=times))

    def hang_next(self, method: str | None = None, *, times: int = 1) -> Fault:
        """Let the next calls hang until ``faults.release()``."""
        return self.faults.arm(Fault(kind="hang", method=method, times=times))

    @contextmanager
    def slow(self, seconds: float, method: str | None = None) -> Generator[Fault]:
        """Answer every call so much later while the block lasts."""
        with self.faults.lasting(Fault(kind="slow", method=method, seconds=seconds)) as fault:
            yield fault

    @contextmanager
    def failing(
        self, method: str | None = None, *, status: int = 500, **more: Any
    ) -> Generator[Fault]:
        """Refuse every call while the block lasts."""
        no = refusal(status, more.get("retry_after"), more.get("description"))
        fault = Fault(kind="refuse", method=method, chat=more.get("chat"), refused=no)
        with self.faults.lasting(fault):
            yield fault

    @contextmanager
    def outage(self, status: int | None = None) -> Generator[Fault]:
        """Be gone while the block lasts: hang up on everyone, or answer with a status."""
        kind = "drop" if status is None else "refuse"
        no = refusal(status or 502, None, None)
        for bot in self.world.bots.values():
            if bot.updates.poll is not None:
                bot.updates.poll.refuse(no)
        with self.faults.lasting(Fault(kind=kind, refused=no)) as fault:
            yield fault

    # -- What the bot did

    def calls(self, method: str | None = None, *, chat: int | None = None) -> list[Call]:
        """Give the calls that were made, the oldest first."""
        return [
            call
            for call in self._calls
            if (method is None or call.method == method)
            and (chat is None or str(call.arguments.get("chat_id")) == str(chat))
        ]

    def forget_calls(self) -> None:
        """Forget the calls that were made so far."""
        self._calls.clear()

    async def called(
        self,
        method: str,
        count: int = 1,
        *,
        chat: int | None = None,
        within: float = PATIENCE,
    ) -> list[Call]:
        """Wait until a method was called so often and answered.

        Raises:
            Silence: it was not, in time.
        """

        def found() -> list[Call] | None:
            made = [call for call in self.calls(method, chat=chat) if call.status]
            return made if len(made) >= count else None

        return await self._until(found, within, f"{count} call(s) of {method}")

    async def _until(
        self,
        found: Callable[[], list[Call] | None],
        within: float,
        what: str,
    ) -> list[Call]:
        with anyio.move_on_after(within):
            while True:
                self._called = anyio.Event()
                result = found()
                if result is not None:
                    return result
                await self._called.wait()
        made = [call.method for call in self._calls]
        raise Silence(f"{what} did not come within {within} s; last calls: {made[-8:]}")

    async def drained(self, within: float = PATIENCE, *, bot: Bot | None = None) -> None:
        """Wait until the bot has confirmed every update.

        Raises:
            Silence: it has not, in time.
        """
        updates = (bot or self.bot).updates
        emptied = anyio.Event()
        updates.emptied.append(emptied)
        try:
            with anyio.move_on_after(within):
                if updates.pending:
                    await emptied.wait()
                return
        finally:
            updates.emptied.remove(emptied)
        raise Silence(f"{len(updates.pending)} update(s) still wait after {within} s")


def method_of(name: str) -> Method:
    """Find a method by its name."""
    method = schema.method(name)
    if method is None:
        raise Refused(*refusals.METHOD_NOT_FOUND)
    return method


async def get_updates(bot: Bot, arguments: Json) -> bytes:
    """Answer getUpdates."""
    updates = bot.updates
    updates.allowed = kinds(arguments.get("allowed_updates"), updates.allowed)
    limit = bounded(arguments.get("limit"), 100, 1, 100)
    timeout = bounded(arguments.get("timeout"), 0, 0, 50)
    found = await updates.fetch(arguments.get("offset", 0), limit, timeout)
    return OK + b"[" + b",".join(found) + b"]" + END


async def arguments_of(request: web.Request) -> dict[str, Any]:
    """Read a call's arguments from the query and from JSON, a form or a multipart body."""
    given: dict[str, Any] = dict(request.query) if request.query_string else {}
    if not request.body_exists:
        return given
    kind = request.content_type
    if kind == "multipart/form-data":
        return given | await multipart_of(request)
    body = await request.read()
    if kind == "application/json":
        try:
            return given | (msgspec.json.decode(body, type=Json) if body else {})
        except msgspec.DecodeError:
            raise bad_request("can't parse JSON object") from None
    try:
        return given | dict(parse_qsl(body.decode(), keep_blank_values=True))
    except UnicodeDecodeError:
        raise bad_request("strings must be encoded in UTF-8") from None


async def multipart_of(request: web.Request) -> dict[str, Any]:
    """Read a multipart body; ``attach://name`` becomes the file of that name."""
    given: dict[str, Any] = {}
    async for part in await request.multipart():
        if not isinstance(part, aiohttp.BodyPartReader) or part.name is None:
            continue
        content = bytes(await part.read(decode=True))
        if part.filename is None:
            given[part.name] = content.decode(errors="replace")
        else:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            given[part.name] = Upload(part.filename, kind, content)
    for name, value in given.items():
        if isinstance(value, str) and value.startswith("attach://"):
            given[name] = given.get(value.removeprefix("attach://"), value)
    return given


def refused(no: Refused) -> web.Response:
    """Write a refusal as Telegram writes it."""
    headers = (
        {"Retry-After": str(no.parameters["retry_after"])}
        if "retry_after" in no.parameters
        else None
    )
    return web.Response(
        body=msgspec.json.encode(no.payload()),
        status=no.status,
        content_type="application/json",
        headers=headers,
    )


def hang_up(request: web.Request) -> None:
    """Close a connection in the middle."""
    if request.transport is not None:
        request.transport.abort()


def from_loopback(request: web.Request) -> bool:
    """Tell whether a request was addressed to loopback, which a rebound name is not."""
    host = request.host.rpartition(":")[0] if request.host[-1:].isdecimal() else request.host
    host = host.strip("[]") or request.host
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def shown(value: Any) -> Any:
    """Show an argument in the raw view: of an upload only its name."""
    return f"({value.name}, {len(value.content)} bytes)" if isinstance(value, Upload) else value
