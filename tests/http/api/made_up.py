"""Tries the API with requests made up from its own description: ``make test-api``.

Runs the whole of vitte on a port of its own, lets schemathesis read the description
and ask what it likes: every check it knows, whole scenarios, as Anna, as Boris (who must
not see each other's things) and as one who may see everything. Anything it finds fails,
and so does a route that it was not let into.
"""

import argparse
import json
import logging
import socket
import sys
import tempfile
from pathlib import Path
from typing import Final

import anyio

from tests.store.days import counted
from tests.store.people import ANNA, BORIS, register
from tests.whole import configured, whole
from vitte import config
from vitte.dev import stores
from vitte.dev.telegram import LocalTelegram
from vitte.house import utc_now
from vitte.store import dialogs, messages, migrations, statistics, tokens
from vitte.store.pool import Database

SETTINGS: Final = """\
[auth.wfc]
path = {path}
peers = ["anna", "boris"]

[warnings]
fail-on = ["missing_auth"]
"""


def main() -> int:
    """Try it; gives schemathesis's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="of each route (default 200)")
    parser.add_argument("--seed", type=int, help="to have the same examples again")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="vitte-api-") as name:
        folder = Path(name)
        with stores.running(folder / "stores", durable=False) as running:
            migrations.apply(running.database_url)
            return anyio.run(_try, running, folder, given, backend_options={"use_uvloop": True})


async def _try(running: stores.Stores, folder: Path, given: argparse.Namespace) -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    async with LocalTelegram.serve() as telegram:
        settings = configured(
            telegram,
            running.database_url,
            running.redis_url,
            folder,
            http=config.Http(listen=listen, requests_per_minute=1_000_000),
        )
        async with whole(settings, telegram) as vitte:
            callers = await _furnish(vitte.house.services.database)
            path = folder / "callers.json"
            await anyio.Path(path).write_text(json.dumps(callers))
            chosen = folder / "schemathesis.toml"
            await anyio.Path(chosen).write_text(SETTINGS.format(path=json.dumps(str(path))))
            words = ["--config-file", str(chosen), "run", f"http://{listen}/api/v1/openapi.json"]
            words += ["--max-examples", str(given.examples), "--workers", "1"]
            words += [] if given.seed is None else ["--seed", str(given.seed)]
            program = str(Path(sys.executable).with_name("schemathesis"))
            # In its own folder: it leaves files where it runs.
            done = await anyio.run_process(
                [program, *words], check=False, cwd=folder, stdout=None, stderr=None
            )
            return done.returncode


async def _furnish(database: Database) -> dict[str, object]:
    """People with something to be seen, and who calls."""
    now = utc_now()
    await register(database, ANNA, BORIS, now=now)
    for person in (ANNA, BORIS):
        for title in ("one", "two", "three"):
            wish = dialogs.Wish(user=person.id, title=title)
            [started] = await dialogs.start_many(database, [wish], now)
            assert started.dialog is not None
            await messages.add_exchange(database, started.dialog, "Hello", ["Hello to you"], now)
    await statistics.set_day(database, counted(now.date()), now)
    callers = [("anna", ANNA.id), ("boris", BORIS.id), ("operator", None)]
    entries: list[object] = []
    for name, user in callers:
        text, _ = await tokens.create(database, name, [tokens.ALL], now, user=user)
        header = {"name": "Authorization", "value": f"Bearer {text}"}
        entries.append({"name": name, "fixedHeaders": [header]})
    return {"auth": entries}


if __name__ == "__main__":
    sys.exit(main())
