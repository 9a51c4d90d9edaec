"""The chat page: a messenger in the browser, to talk to the bot by hand.

Serves one page with its style and scripts, tells it of everything that happens
through server-sent events, and acts for the person that was picked. The page
may do what a person may do and nothing else: no control of the bot, no secrets.
Everything it loads comes from here, which its content security policy demands.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import msgspec
from aiohttp import web

from vitte.dev.telegram.page.acts import ACTS, Act
from vitte.dev.telegram.people import Person
from vitte.dev.telegram.refusals import Refused
from vitte.dev.telegram.world import Bot, Chat, Notice, World

Json: TypeAlias = dict[str, Any]

HERE = Path(__file__).parent
ASSETS = {
    "index.html": "text/html",
    "style.css": "text/css",
    "chat.js": "text/javascript",
    "bubble.js": "text/javascript",
    "words.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
GUARDED = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PICTURES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}
PULSE_SECONDS = 5.0
NOTICES_WAITING = 1_000
PEOPLE_SHOWN = 200

# Whom one can be at once: each language that vitte speaks, one that it does not, and none.
CAST: list[Json] = [
    {"id": 1001, "first_name": "Анна", "language_code": "ru", "username": "anna"},
    {"id": 1002, "first_name": "Boris", "language_code": "en", "username": "boris"},
    {"id": 1003, "first_name": "Jonas", "last_name": "Weber", "language_code": "de"},
    {"id": 1004, "first_name": "Vera"},
]


class Newcomer(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Somebody new at the page."""

    first_name: str
    language_code: str = ""
    is_premium: bool = False


class Page:
    """Serves the page and listens to it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.assets = {name: (HERE / name).read_bytes() for name in ASSETS}
        self.listeners: list[Listener] = []
        for person in CAST:
            premium = {"is_premium": True} if person["first_name"] == "Анна" else {}
            world.add_person({"is_bot": False} | person | premium)

    def routes(self) -> list[web.RouteDef]:
        """Give the page's paths."""
        return [
            web.get("/", self.asset),
            web.get("/page/{name}", self.asset),
            web.get("/page/live/state", self.state),
            web.get("/page/live/chat", self.chat),
            web.get("/page/live/origin", self.origin),
            web.get("/page/live/file", self.file),
            web.get("/page/live/events", self.events),
            web.post("/page/live/act", own(self.act)),
            web.post("/page/live/people", own(self.add_person)),
        ]

    def close(self) -> None:
        """Let every open page go."""
        for listener in self.listeners:
            listener.close()

    # -- What the page reads

    async def asset(self, request: web.Request) -> web.Response:
        """Give the page itself, its style or one of its scripts."""
        name = request.match_info.get("name", "index.html")
        content = self.assets.get(name)
        if content is None:
            raise web.HTTPNotFound(headers=GUARDED)
        return web.Response(
            body=content,
            content_type=ASSETS[name],
            charset="utf-8",
            headers=GUARDED,
        )

    async def state(self, request: web.Request) -> web.Response:
        """Give the bots and the people, with the last word of each chat."""
        bot = self.bot(request.query.get("bot"))
        return answer(
            {
                "bot": bot.id,
                "bots": [each.user for each in self.world.bots.values()],
                "online": online(self.world),
                "people": [
                    {"user": person, **preview(bot, person)}
                    for person in islice(self.world.people.values(), PEOPLE_SHOWN)
                ],
            },
        )

    async def chat(self, request: web.Request) -> web.Response:
        """Give what one person sees in the chat with one bot."""
        bot, user = self.bot(request.query.get("bot")), self.person(request.query.get("person"))
        chat = bot.chats.get(user["id"])
        return answer(view(bot, user, chat))

    async def origin(self, request: web.Request) -> web.Response:
        """Give the update or the call that brought a message."""
        bot, user = self.bot(request.query.get("bot")), self.person(request.query.get("person"))
        chat = bot.chats.get(user["id"])
        number = int(request.query.get("message", "0"))
        if chat is None or number not in chat.messages:
            raise web.HTTPNotFound(headers=GUARDED)
        return answer({"origin": chat.origins.get(number), "message": chat.messages[number]})

    async def file(self, request: web.Request) -> web.Response:
        """Give a picture; anything that is none is not given to a browser."""
        found = self.world.files.get(request.query.get("id", ""))
        kind = next(
            (PICTURES[mark] for mark in PICTURES if found and found[1].startswith(mark)), ""
        )
        if found is None or not kind:
            raise web.HTTPNotFound(headers=GUARDED)
        return web.Response(body=found[1], content_type=kind, headers=GUARDED)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Tell the page of everything that happens, as it happens."""
        response = web.StreamResponse(headers={**GUARDED, "Content-Type": "text/event-stream"})
        with self.listening() as listener, suppress(ConnectionResetError):
            await response.prepare(request)
            async for body in listener.bodies(lambda: online(self.world)):
                await response.write(b"data: " + body + b"\n\n")
        return response

    @contextmanager
    def listening(self) -> "Generator[Listener]":
        """Listen to the whole world while the block lasts."""
        listener = Listener()
        self.listeners.append(listener)
        self.world.watchers.append(listener.notice)
        try:
            yield listener
        finally:
            self.world.watchers.remove(listener.notice)
            self.listeners.remove(listener)
            listener.close()
            listener.receive.close()

    # -- What the page does

    async def act(self, request: web.Request) -> web.Response:
        """Do something as a person."""
        act = msgspec.json.decode(await request.read(), type=Act)
        person = Person(self.bot(act.bot), self.person(act.person), listens=False)
        return answer(await ACTS[act.does](person, act) or {})

    async def add_person(self, request: web.Request) -> web.Response:
        """Add somebody to the list."""
        newcomer = msgspec.json.decode(await request.read(), type=Newcomer)
        user: Json = {
            "id": max([2000, *self.world.people]) + 1,
            "is_bot": False,
            "first_name": newcomer.first_name.strip()[:64] or "Nobody",
        }
        if newcomer.language_code:
            user["language_code"] = newcomer.language_code
        if newcomer.is_premium:
            user["is_premium"] = True
        self.world.changed()
        return answer(self.world.add_person(user))

    def bot(self, number: str | int | None) -> Bot:
        """Find a bot; without a number the first."""
        bots = list(self.world.bots.values())
        return next((bot for bot in bots if str(bot.id) == str(number)), bots[0])

    def person(self, number: str | int | None) -> Json:
        """Find a person."""
        found = self.world.people.get(int(number or 0))
        if found is None:
            raise web.HTTPNotFound(headers=GUARDED)
        return found


class Listener:
    """One open page."""

    def __init__(self) -> None:
        self.send, self.receive = anyio.create_memory_object_stream[bytes](NOTICES_WAITING)

    def notice(self, notice: Notice) -> None:
        """Pass a notice on; a page that reads too slowly is let go and loads anew."""
        try:
            self.send.send_nowait(msgspec.json.encode(notice))
        except anyio.WouldBlock:
            self.close()
        except anyio.ClosedResourceError:
            return

    def close(self) -> None:
        """End the page's stream of events."""
        self.send.close()

    async def bodies(self, online: Callable[[], Json]) -> AsyncGenerator[bytes]:
        """Give what to tell the page and, when all is quiet, which bots are there."""
        body: bytes | None = None
        while True:
            yield body or msgspec.json.encode({"kind": "pulse", "online": online()})
            body = None
            with anyio.move_on_after(PULSE_SECONDS):
                try:
                    body = await self.receive.receive()
                except anyio.EndOfStream:
                    return


Handler: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]


def own(handler: Handler) -> Handler:
    """Let only this page call: another site's form or script is refused."""

    async def guarded(request: web.Request) -> web.Response:
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        foreign = origin is not None and origin != f"{request.scheme}://{request.host}"
        if foreign or site != "same-origin" or request.content_type != "application/json":
            raise web.HTTPForbidden(text="only the page itself may do this", headers=GUARDED)
        try:
            return await handler(request)
        except Refused as no:
            return answer({"problem": no.description}, status=409)
        except (msgspec.MsgspecError, LookupError) as error:
            return answer({"problem": str(error)}, status=400)

    return guarded


def answer(content: Any, *, status: int = 200) -> web.Response:
    """Write an answer to the page."""
    body = msgspec.json.encode(content)
    return web.Response(body=body, status=status, content_type="application/json", headers=GUARDED)


def online(world: World) -> Json:
    """Tell of each bot whether its program is there."""
    return {str(bot.id): bot.updates.watched() for bot in world.bots.values()}


def preview(bot: Bot, user: Json) -> Json:
    """Give the last message of a chat."""
    chat = bot.chats.get(user["id"])
    last = next(reversed(chat.messages.values()), None) if chat is not None else None
    return {"last": last, "blocked": chat is not None and chat.blocked}


def view(bot: Bot, user: Json, chat: Chat | None) -> Json:
    """Give all that is on the screen of one chat."""
    if chat is None:
        return {"messages": [], "commands": [], "blocked": False, "keyboard": None}
    now = bot.world.clock()
    action = chat.action if chat.action and chat.action[1] > now else None
    draft = chat.draft if chat.draft and chat.draft[2] > now else None
    return {
        "messages": list(chat.messages.values()),
        "commands": bot.commands_for(chat, user.get("language_code", "")),
        "blocked": chat.blocked,
        "keyboard": chat.keyboard,
        "action": action and {"action": action[0], "seconds": action[1] - now},
        "draft": draft and {**draft[1], "draft_id": draft[0], "seconds": draft[2] - now},
    }
