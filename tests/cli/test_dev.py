"""``vitte dev`` as a newcomer meets it: one command, a chat, Ctrl-C, and nothing left behind."""

import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from anyio import to_thread

from tests.processes import (
    Done,
    Living,
    all_gone,
    free_port,
    is_alive,
    taken_port,
    vitte_does,
    vitte_lives,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder for all: what was left in it by one must be good for the next."""
    return tmp_path_factory.mktemp("dev")


@asynccontextmanager
async def developing(folder: Path, *words: str, **more: str) -> AsyncGenerator[Living]:
    """Run it in a folder, on free ports, until it says that it is up."""
    variables = {
        "data": str(folder),
        "http_listen": f"127.0.0.1:{free_port()}",
        "metrics_listen": f"127.0.0.1:{free_port()}",
        "admin_listen": f"127.0.0.1:{free_port()}",
        "voice_pause_seconds": "0",
        **more,
    }
    words = ("dev", "--port", str(free_port()), *words)
    async with vitte_lives(*words, cwd=None, **variables) as living:
        yield living


async def up(living: Living) -> str:
    """Wait until it says where to click; gives the address of the chat."""
    found = await living.says(r"Chat +(http://127\.0\.0\.1:\d+)")
    await living.says(r"Log +\S+")
    return found[1]


async def asked(folder: Path, *words: str) -> Done:
    return await to_thread.run_sync(lambda: vitte_does("dev", *words, data=str(folder)))


def servers(folder: Path) -> list[int]:
    """The servers that a folder's files tell of, and that live."""
    files = (folder / "postgres" / "postmaster.pid", folder / "valkey" / "valkey.pid")
    told = [int(file.read_text().split("\n")[0]) for file in files if file.exists()]
    return [pid for pid in told if is_alive(pid)]


async def page(address: str) -> str:
    async with aiohttp.ClientSession() as http, http.get(address) as response:
        assert response.status == 200
        return await response.text()


async def test_it_starts_says_where_to_click_and_ctrl_c_leaves_nothing_behind(
    folder: Path,
) -> None:
    async with developing(folder) as living:
        chat = await up(living)
        family = living.family()
        assert len(family) == 2
        assert "<html" in (await page(chat)).lower()
        api = (await living.says(r"API +(http://[\d.:]+)"))[1]
        assert '"ok"' in await page(f"{api}/api/v1/health")

        second = await asked(folder)
        fresh = await asked(folder, "--fresh")
        count = await asked(folder, "sql", "SELECT count(*) FROM users")
        pong = await asked(folder, "redis", "PING")
        wrong = await asked(folder, "redis", "NONSENSE")

        assert await living.ends(signal.SIGINT) == 0

    await all_gone(family)
    assert "Everything has stopped" in living.said
    assert len([line for line in living.said.splitlines() if line.strip()]) <= 10
    for refused in (second, fresh):
        assert refused.code == 3
        assert f"is in use by process {living.process.pid}" in refused.err
    assert (count.code, count.out.split()[2]) == (0, "0")
    assert (pong.code, pong.out) == (0, "PONG\n")
    assert wrong.code == 1
    after = await asked(folder, "sql", "SELECT 1")
    assert after.code != 0
    assert "nothing runs in" in after.err


async def test_state_lives_on_even_after_a_kill_and_fresh_starts_over(folder: Path) -> None:
    insert = "INSERT INTO users VALUES (101, 'Anna', null, null, 'en', null, null, now(), now())"
    async with developing(folder) as living:
        await up(living)
        assert (await asked(folder, "sql", insert)).code == 0
        assert (await asked(folder, "redis", "SET", "kept", "yes")).code == 0
        family = living.family()
        await living.ends(signal.SIGKILL)
    await all_gone(family)

    async with developing(folder) as living:
        await up(living)
        kept = await asked(folder, "sql", "SELECT first_name FROM users")
        kept_too = await asked(folder, "redis", "GET", "kept")
        assert await living.ends(signal.SIGTERM) == 0
    assert "Anna" in kept.out
    assert kept_too.out == "yes\n"

    async with developing(folder, "--fresh") as living:
        await up(living)
        gone = await asked(folder, "sql", "SELECT count(*) FROM users")
        assert await living.ends(signal.SIGINT) == 0
    assert gone.out.split()[2] == "0"


@pytest.mark.parametrize("which", ["chat", "http_listen", "metrics_listen"])
async def test_a_port_that_is_taken_is_a_sentence_and_leaves_nothing_behind(
    folder: Path, which: str
) -> None:
    with taken_port() as port:
        words = ("--port", str(port)) if which == "chat" else ()
        more = {} if which == "chat" else {which: f"127.0.0.1:{port}"}
        async with developing(folder, *words, **more) as living:
            code = await living.ends(within=40)
            await living.says("listen")

    assert code != 0
    assert f"cannot listen on 127.0.0.1:{port}: another program listens there" in living.said
    assert "Traceback" not in living.said
    assert servers(folder) == []


async def test_ctrl_c_during_the_start_ends_it_and_leaves_nothing_behind(folder: Path) -> None:
    async with developing(folder) as living:
        await living.says("Starting PostgreSQL")

        code = await living.ends(signal.SIGINT)

    assert code in {0, 130}
    assert "Traceback" not in living.said
    assert servers(folder) == []


async def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = await asked(tmp_path / "file")

    assert done.code == 1
    assert "cannot be used" in done.err
    assert "Traceback" not in done.err


async def test_a_bad_key_is_named_before_anything_starts(tmp_path: Path) -> None:
    done = await to_thread.run_sync(
        lambda: vitte_does("dev", data=str(tmp_path / "data"), http_listen="nowhere")
    )

    assert done.code == 2
    assert "http.listen" in done.err
