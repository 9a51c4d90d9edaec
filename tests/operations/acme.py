"""Stands for Let's Encrypt: gives certificates by RFC 8555 to whoever answers for a name on port 80.

It asks as the real one does (``http-01``: a file under the name, on this machine), and
signs with an authority of its own. What a client signs is not looked into: who comes
here is the rehearsal's own certbot.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import anyio
from aiohttp import web

KEPT_DAYS: Final = 90


class Order:
    """What a client wants: names, and who has answered for each."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.tokens = [secrets.token_urlsafe(24) for _ in names]
        self.proven = [False] * len(names)
        self.chain = ""

    @property
    def state(self) -> str:
        if self.chain:
            return "valid"
        return "ready" if all(self.proven) else "pending"


class Authority:
    """The authority: its key in a folder, its orders in memory."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address
        self.root = folder / "authority.pem"
        self.contacts: list[str] = []
        self.orders: list[Order] = []
        self.asked: list[str] = []
        self._thumb = ""

    async def begins(self) -> None:
        await self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                            "-nodes", "-days", "3", "-subj", "/CN=Made up authority",
                            "-keyout", "authority.key", "-out", "authority.pem")  # fmt: skip

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/directory", self._directory),
            web.route("*", "/nonce", self._nonce),
            web.post("/account", self._account),
            web.post("/order", self._order),
            web.post("/order/{order}", self._order_state),
            web.post("/order/{order}/finalize", self._finalize),
            web.post("/order/{order}/certificate", self._certificate),
            web.post("/order/{order}/name/{name}", self._name),
            web.post("/order/{order}/name/{name}/answer", self._answer),
        ]

    async def _directory(self, _: web.Request) -> web.Response:
        names = {"newNonce": "nonce", "newAccount": "account", "newOrder": "order"}
        more = dict.fromkeys(("revokeCert", "keyChange"), f"{self.address}/none")
        return web.json_response({k: f"{self.address}/{v}" for k, v in names.items()} | more)

    async def _nonce(self, _: web.Request) -> web.Response:
        return web.Response(headers=_fresh())

    async def _account(self, request: web.Request) -> web.Response:
        head, said = await _read(request)
        self._thumb = _thumbprint(head["jwk"])
        self.contacts += said.get("contact", [])
        where = {"Location": f"{self.address}/account/1"}
        return web.json_response({"status": "valid"}, status=201, headers=_fresh() | where)

    async def _order(self, request: web.Request) -> web.Response:
        _, said = await _read(request)
        self.orders.append(Order([each["value"] for each in said["identifiers"]]))
        return self._shown(len(self.orders) - 1, status=201)

    async def _order_state(self, request: web.Request) -> web.Response:
        return self._shown(int(request.match_info["order"]))

    def _shown(self, number: int, status: int = 200) -> web.Response:
        order, url = self.orders[number], f"{self.address}/order/{number}"
        shown = {
            "status": order.state,
            "identifiers": [{"type": "dns", "value": name} for name in order.names],
            "authorizations": [f"{url}/name/{place}" for place in range(len(order.names))],
            "finalize": f"{url}/finalize",
        }
        if order.chain:
            shown["certificate"] = f"{url}/certificate"
        return web.json_response(shown, status=status, headers=_fresh() | {"Location": url})

    async def _name(self, request: web.Request) -> web.Response:
        order, place, url = self._place(request)
        shown = {
            "status": "valid" if order.proven[place] else "pending",
            "identifier": {"type": "dns", "value": order.names[place]},
            "challenges": [_challenge(order, place, url)],
        }
        return web.json_response(shown, headers=_fresh())

    async def _answer(self, request: web.Request) -> web.Response:
        """The client says that its answer is there: look, as anybody would, on port 80."""
        order, place, url = self._place(request)
        name, token = order.names[place], order.tokens[place]
        where = f"http://127.0.0.1/.well-known/acme-challenge/{token}"
        async with (
            aiohttp.ClientSession(headers={"Host": name}) as http,
            http.get(where, allow_redirects=False) as answer,
        ):
            self.asked.append(name)
            order.proven[place] = (await answer.text()).strip() == f"{token}.{self._thumb}"
        up = {"Link": f'<{url}>;rel="up"'}
        return web.json_response(_challenge(order, place, url), headers=_fresh() | up)

    async def _finalize(self, request: web.Request) -> web.Response:
        number = int(request.match_info["order"])
        _, said = await _read(request)
        if self.orders[number].state == "ready":
            (self.folder / "wish.der").write_bytes(_plain(said["csr"]))
            await self._openssl("req", "-inform", "DER", "-in", "wish.der", "-out", "wish.pem")
            await self._openssl("x509", "-req", "-in", "wish.pem", "-CA", "authority.pem",
                                "-CAkey", "authority.key", "-copy_extensions", "copy",
                                "-days", str(KEPT_DAYS), "-out", "given.pem")  # fmt: skip
            given = (self.folder / "given.pem").read_text()
            self.orders[number].chain = given + self.root.read_text()
        return self._shown(number)

    async def _certificate(self, request: web.Request) -> web.Response:
        order = self.orders[int(request.match_info["order"])]
        kind = "application/pem-certificate-chain"
        return web.Response(text=order.chain, content_type=kind, headers=_fresh())

    def _place(self, request: web.Request) -> tuple[Order, int, str]:
        number, place = int(request.match_info["order"]), int(request.match_info["name"])
        return self.orders[number], place, f"{self.address}/order/{number}/name/{place}"

    async def _openssl(self, *words: str) -> None:
        await anyio.run_process(["openssl", *words], cwd=self.folder)


def _challenge(order: Order, place: int, url: str) -> dict[str, str]:
    return {
        "type": "http-01",
        "url": f"{url}/answer",
        "token": order.tokens[place],
        "status": "valid" if order.proven[place] else "pending",
    }


def _fresh() -> dict[str, str]:
    return {"Replay-Nonce": secrets.token_urlsafe(16), "Cache-Control": "no-store"}


async def _read(request: web.Request) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a client signed: about itself, and what it wants."""
    signed = json.loads(await request.text())
    wanted = _plain(signed["payload"])
    return json.loads(_plain(signed["protected"])), json.loads(wanted) if wanted else {}


def _plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _thumbprint(key: dict[str, str]) -> str:
    """The thumbprint of a key: RFC 7638."""
    names = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}[key["kty"]]
    text = json.dumps({name: key[name] for name in names}, separators=(",", ":"), sort_keys=True)
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@asynccontextmanager
async def serving(folder: Path, port: int) -> AsyncGenerator[Authority]:
    """Have an authority answer on loopback for the block."""
    authority = Authority(folder, f"http://127.0.0.1:{port}")
    await authority.begins()
    application = web.Application()
    application.add_routes(authority.routes())
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield authority
    finally:
        await runner.cleanup()
