"""A server: the door closes first, requests in hand end, an address that is taken is named."""

import socket
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Never

import aiohttp
import anyio
import pytest
from aiohttp import web

from tests.fragile import killed, living
from vitte import http
from vitte.actors.server import Server
from vitte.runtime import Child, Running, StartFailed


class Slow:
    """An application with one address that answers when it is allowed to."""

    def __init__(self) -> None:
        self.asked = anyio.Event()
        self.may_answer = anyio.Event()

    def build(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.get("/", self._quick), web.get("/slow", self._slow)])
        return app

    async def _quick(self, _request: web.Request) -> web.Response:
        return web.Response(text="quick")

    async def _slow(self, _request: web.Request) -> web.Response:
        self.asked.set()
        await self.may_answer.wait()
        return web.Response(text="slow")


def server(slow: Slow, listen: str) -> Child[Never]:
    return Child(
        "api",
        lambda: Server(
            build=slow.build, listen=listen, key="VITTE_HTTP_LISTEN", refuse=http.refuse
        ),
    )


@asynccontextmanager
async def serving(
    slow: Slow, folder: Path
) -> AsyncGenerator[tuple[aiohttp.ClientSession, Running]]:
    path = f"{folder}/http.sock"
    async with (
        living(server(slow, f"unix:{path}")) as running,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as http,
    ):
        yield http, running


async def test_its_unix_socket_is_open_to_its_group_and_to_nobody_else(tmp_path: Path) -> None:
    async with serving(Slow(), tmp_path):
        mode = (tmp_path / "http.sock").stat().st_mode

    assert stat.S_IMODE(mode) == 0o660


async def ask(http: aiohttp.ClientSession, path: str) -> str:
    async with http.get(f"http://vitte{path}") as response:
        return await response.text()


async def test_a_stop_lets_the_request_in_hand_be_answered_and_takes_no_other(
    tmp_path: Path,
) -> None:
    slow = Slow()
    async with serving(slow, tmp_path) as (http, running):
        answers: list[str] = []

        async def ask_slowly() -> None:
            answers.append(await ask(http, "/slow"))

        async with anyio.create_task_group() as group:
            group.start_soon(ask_slowly)
            await slow.asked.wait()
            group.start_soon(running.terminate_child, "test/api")
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(aiohttp.ClientError):
                await ask(http, "/")
            slow.may_answer.set()

    assert answers == ["slow"]


async def test_a_fall_cuts_off_and_the_next_life_serves_at_the_same_address(
    tmp_path: Path,
) -> None:
    slow = Slow()
    async with serving(slow, tmp_path) as (http, running):
        assert await ask(http, "/") == "quick"

        await killed(running, "test/api")

        assert await ask(http, "/") == "quick"
        assert running.statistics("test/api")[0].restarts == 1


async def test_a_socket_that_a_dead_process_left_is_taken_over(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(f"{tmp_path}/http.sock")

    async with serving(Slow(), tmp_path) as (http, _):
        assert await ask(http, "/") == "quick"


async def test_an_address_that_is_taken_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(StartFailed) as failed:
            async with living(server(Slow(), listen)):
                pass

    sentence = f"cannot listen on {listen}: another program listens there"
    assert sentence in str(failed.value)
    assert "VITTE_HTTP_LISTEN" in str(failed.value)


@pytest.mark.parametrize("listen", ["192.0.2.1:8080", "unix:/nowhere/at/all/http.sock"])
async def test_an_address_that_is_not_ours_is_named_as_well(listen: str) -> None:
    with pytest.raises(StartFailed, match=f"cannot listen on {listen}"):
        async with living(server(Slow(), listen)):
            pass


async def test_a_port_is_free_again_after_a_stop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"

    for _time in range(2):
        async with (
            living(server(Slow(), listen)) as running,
            aiohttp.ClientSession(f"http://{listen}") as http,
            http.get("/") as response,
        ):
            assert await response.text() == "quick"
            await killed(running, "test/api")
