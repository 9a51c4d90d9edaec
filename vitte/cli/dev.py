"""``vitte dev``: everything on one machine, nothing installed, a chat in the browser."""

import argparse
import logging
import os
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Final, TextIO, cast

from anyio import to_thread

from vitte import log
from vitte.cli import command, token
from vitte.cli.run import furnish, in_the_loop, secrets, serve
from vitte.config import Config, parse_listen
from vitte.errors import CannotListen

CHAT_PORT: Final = 8081

EXPLAINED = """\
Starts all that vitte needs under one data folder (a real PostgreSQL and a real Valkey
from wheels, a Telegram of its own on this machine), applies the migrations, starts the
bot, and says where to click. Ctrl-C stops everything; what was said is kept.

  vitte dev                         a chat page at http://127.0.0.1:8081
  vitte dev --fresh                 forget everything and start over
  vitte dev sql "SELECT * FROM users"     ask the running database (no words: a prompt)
  vitte dev redis KEYS "user:*"           ask the running Valkey

A token for the API is made the first time, printed at every start, and kept in the file
api-token of the data folder.

With VITTE_TELEGRAM_TOKEN set it serves the real Telegram instead of its own. Every key
of the configuration can be set as for vitte run, as VITTE_HTTP_LISTEN=127.0.0.1:9000."""

# What differs from production: a small pool, characters that take their time, and a token that
# may ask as often as it likes, for whoever tries the API here measures it sooner or later.
DEFAULTS: Final = {
    "VITTE_HTTP_REQUESTS_PER_MINUTE": "1000000000",
    "VITTE_DATABASE_POOL_MIN": "2",
    "VITTE_VOICE_PAUSE_SECONDS": "0.8",
}


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "dev", run, explained=EXPLAINED)
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER",
        default=Path(os.environ.get("VITTE_DATA", ".vitte")),
        help="where everything is kept (default: VITTE_DATA, else .vitte)",
    )  # fmt: skip
    parser.add_argument("--port", type=int, default=CHAT_PORT, help="of the chat page")
    parser.add_argument("--fresh", action="store_true", help="forget everything that was kept")
    parser.add_argument("--verbose", action="store_true", help="show the log here")
    parser.add_argument("ask", nargs="?", choices=("sql", "redis"), help="ask a running store")
    parser.add_argument("words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    command.takes_config(parser)


def run(given: argparse.Namespace) -> int:
    """Start everything, or ask what is running."""
    match given.ask:
        case "sql":
            return _ask_sql(given.data, given.words)
        case "redis":
            return in_the_loop(_ask_redis, given.data, given.words)
        case _:
            return _run(given)


def _run(given: argparse.Namespace) -> int:
    from vitte.dev import stores  # noqa: PLC0415  # only here: the wheels are an extra
    from vitte.store import migrations  # noqa: PLC0415

    began, data = time.monotonic(), given.data
    command.load(given.config, {**command.NOWHERE, **os.environ})  # its faults come first
    print(f"Starting PostgreSQL and Valkey in {data} ...", flush=True)
    if given.fresh:
        stores.forget(data)
        token.forget(data)
        (data / "telegram.json").unlink(missing_ok=True)
    with ExitStack() as stack:
        running = stack.enter_context(stores.running(data))
        migrations.apply(running.database_url)
        api_token = token.ready(running.database_url, data)
        stream = None if given.verbose else stack.enter_context((data / "vitte.log").open("a"))
        environment = {
            **DEFAULTS,
            "VITTE_DATABASE_URL": running.database_url,
            "VITTE_REDIS_URL": running.redis_url,
            **os.environ,
            "VITTE_DATA": str(data),
        }
        code = in_the_loop(_serve, given, environment, stream, api_token, began)
        print("Stopping ...", flush=True)
    print(f"Everything has stopped. What was said is kept in {data}.")
    return code


async def _serve(
    given: argparse.Namespace,
    environment: Mapping[str, str],
    stream: TextIO | None,
    api_token: str,
    began: float,
) -> int:
    """Serve with a Telegram of our own, unless the environment brings a token."""
    from vitte.dev.telegram import LocalTelegram  # noqa: PLC0415  # only here

    async with AsyncExitStack() as stack:
        chat = None
        if "VITTE_TELEGRAM_TOKEN" not in environment:
            try:
                telegram = await stack.enter_async_context(
                    LocalTelegram.serve(port=given.port, saved=given.data / "telegram.json")
                )
            except OSError as problem:
                raise CannotListen(f"127.0.0.1:{given.port}", problem, "--port") from None
            chat = telegram.url
            ours = {"VITTE_TELEGRAM_API": chat, "VITTE_TELEGRAM_TOKEN": telegram.token}
            environment = {**environment, **ours}
        config = command.load(given.config, environment).config
        log.start(config.log.level, secrets(config), stream)
        logging.getLogger("vitte").info("vitte dev begins")
        house = await to_thread.run_sync(furnish, config)
        return await serve(house, lambda: _say_where(config, chat, api_token, given.data, began))


def _say_where(config: Config, chat: str | None, api_token: str, data: Path, began: float) -> None:
    api, metrics = _address(config.http.listen), _address(config.metrics.listen)
    print(f"\nvitte is up ({time.monotonic() - began:.1f} s). Ctrl-C stops everything.\n")
    print(f"  Chat     {chat or 'in Telegram: write to your bot'}")
    print(f"  API      {api}/api/v1/docs")
    print(f"  Token    {api_token}")
    print(f"  Panel    {_address(config.admin.listen)} (make an account: vitte admin --help)")
    print(f"  Metrics  {metrics}/metrics")
    print(f"  Log      {data / 'vitte.log'}\n", flush=True)


def _address(listen: str) -> str:
    where = parse_listen(listen)
    return f"unix:{where.path}" if where.path else f"http://{where.host}:{where.port}"


def _ask_sql(data: Path, words: list[str]) -> int:
    """Hand the question to psql, which comes with the wheel."""
    from vitte.dev import postgres, stores  # noqa: PLC0415  # only here

    psql = postgres.program_path("psql")
    asked = [word for text in words for word in ("--command", text)]
    os.execv(psql, [str(psql), "--quiet", stores.find(data).database_url, *asked])  # noqa: S606  # our own program, no shell


async def _ask_redis(data: Path, words: list[str]) -> int:
    """Send one command and print what comes back, a line each."""
    from redis.asyncio import Redis  # noqa: PLC0415  # only here
    from redis.exceptions import RedisError  # noqa: PLC0415

    from vitte.dev import stores  # noqa: PLC0415

    url = stores.find(data).redis_url
    async with Redis.from_url(url, decode_responses=True) as redis:  # pyright: ignore[reportUnknownMemberType]  # untyped in redis-py
        redis.response_callbacks.clear()  # as it comes: PONG, and not True
        try:
            answer = cast("object", await redis.execute_command(*(words or ["PING"])))  # pyright: ignore[reportUnknownMemberType]  # untyped in redis-py
        except RedisError as problem:
            print(problem, file=sys.stderr)
            return 1
    lines = cast("list[object]", answer) if isinstance(answer, list) else [answer]
    print(*lines, sep="\n")
    return 0
