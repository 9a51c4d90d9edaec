"""Measures the REST API: ``make bench-api``. Needs wrk.

Starts ``vitte run`` twice, each on an embedded PostgreSQL and Valkey of its own with people,
dialogs and messages in them: once as it is, once with a cache that can keep nothing (no Redis,
a memory of one byte), so that every read is cold. Beside them bare aiohttp that answers a
constant. Each round asks each of them each question for some seconds with 32 connections,
one after the other, so that a mood of the machine falls on all alike. What counts are the
ratios of the medians, of the rate and of the server's own CPU time a request: the second
holds even when other work shares the cores.

Then a day of traffic, and what of it reaches the stores: see ``api_day.py``.

Everything is on loopback and in a folder that is removed; each process that is
started here is ended here, by its id.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

import anyio
import api_day
import psycopg
import replaced
from msgspec import Struct

from vitte.dev import stores
from vitte.store import migrations, tokens
from vitte.store.pool import Database, PoolLimits

EXPLAINED: Final = """\
examples:
  make bench-api                               five rounds of everything, and the day
  make bench-api ARGS="--rounds 1 --seconds 1" a quick look
  make bench-api ARGS="--json api.json"        the figures of every round, for a program
  make bench-api REPLACED=/path/to/it          beside the stack that vitte replaces
  make bench-api ARGS="--beside other=http://127.0.0.1:9000,1234"

What is given with --beside (its address, and the process whose CPU is counted) runs already,
answers the same addresses without a token, and holds users 1 to 1000 and dialogs 1 to 2000."""

HERE: Final = Path(__file__).parent
READS: Final = ("subscription", "user", "dialogs", "dialog", "messages")
WRITES: Final = ("new_dialog", "change_dialog")
ENDPOINTS: Final = (*READS, *WRITES)
SAID: Final = {
    "subscription": "a subscription",
    "user": "a user",
    "dialogs": "a person's dialogs",
    "dialog": "a dialog",
    "messages": "a page of 50 messages",
    "new_dialog": "a new dialog",
    "change_dialog": "a changed dialog",
}
USERS: Final = 1_000
DIALOGS_EACH: Final = 2
MESSAGES_EACH: Final = 50
CONNECTIONS: Final = 32
PATIENCE: Final = 60.0
WARM: Final = 2
BARE: Final = "bare aiohttp"
OURS: Final = "vitte"
COLD: Final = "vitte, nothing kept"

Row: TypeAlias = dict[str, float]
Figures: TypeAlias = dict[str, list[Row]]

FILL: Final = """
INSERT INTO users (id, first_name, created_at, updated_at)
SELECT n, 'Person', now(), now() FROM generate_series(1, {users}) AS n;
INSERT INTO settings (user_id, language, created_at, updated_at)
SELECT id, 'en', now(), now() FROM users;
INSERT INTO subscriptions (user_id, plan, started_at, expires_at, created_at, updated_at)
SELECT id, 'premium', now(), now() + interval '30 days', now(), now() FROM users;
INSERT INTO dialogs
    (user_id, character_id, title, state, closed_at, last_message_at, created_at, updated_at)
SELECT id, 1, 'Evening', 'closed', now(), now(), now(), now()
FROM users, generate_series(1, {dialogs});
INSERT INTO messages (dialog_id, user_id, role, text, created_at)
SELECT id, user_id, 'user', repeat('words ', 20), now()
FROM dialogs, generate_series(1, {messages});
ANALYZE;
"""


class Target(Struct, frozen=True, kw_only=True):
    """Somebody who is asked: where, with which token, and whose CPU is counted (0: nobody's)."""

    name: str
    url: str
    token: str = ""
    pid: int = 0


def main() -> None:
    """Measure, and print tables."""
    given = _read_words()
    if shutil.which("wrk") is None:
        sys.exit("wrk is needed: it is in the package wrk of Debian and others")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vitte-bench-")))
        if given.rounds:
            found = measure(_targets(stack, folder, given), given)
            show(found)
            if given.json:
                given.json.write_text(json.dumps(found, indent=1))
    if given.requests:
        api_day.main(given.requests, fill)


def _targets(stack: ExitStack, folder: Path, given: argparse.Namespace) -> list[Target]:
    """Everybody who is asked, running until the stack ends."""
    targets = [stack.enter_context(bare(folder))]
    for name in (OURS, COLD):
        place = folder / name.replace(", ", "-").replace(" ", "-")
        running = stack.enter_context(stores.running(place))
        token = fill(running.database_url)
        targets.append(stack.enter_context(vitte(name, running, place, token)))
    if given.replaced:
        targets.append(stack.enter_context(the_replaced(given.replaced, folder)))
    for one in given.beside:
        name, _, address = one.partition("=")
        url, _, pid = address.partition(",")
        targets.append(Target(name=name, url=url, pid=int(pid or 0)))
    return targets


def fill(url: str) -> str:
    """Migrate, write people, dialogs and messages; give a token."""
    migrations.apply(url)
    filling = FILL.format(users=USERS, dialogs=DIALOGS_EACH, messages=MESSAGES_EACH)
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in filling.strip().split(";\n"):
            connection.execute(statement.encode())

    async def create() -> str:
        database = Database(url, PoolLimits(kept=1, most=1))
        await database.open()
        text, _ = await tokens.create(database, "bench", [tokens.ALL], datetime.now(UTC))
        await database.close()
        return text

    return anyio.run(create)


@contextmanager
def bare(folder: Path) -> Generator[Target]:
    """Bare aiohttp, for the block."""
    port = free_port()
    words = [sys.executable, str(HERE / "api_bare.py"), str(port)]
    with process(words, folder / "bare.log") as pid:
        yield Target(name=BARE, url=wait_for(f"http://127.0.0.1:{port}", "/"), pid=pid)


@contextmanager
def vitte(name: str, running: stores.Stores, folder: Path, token: str) -> Generator[Target]:
    """The whole of vitte as in production, for the block."""
    port, metrics, nowhere = free_port(), free_port(), free_port()
    environment = {
        "VITTE_DATA": str(folder),
        "VITTE_DATABASE_URL": running.database_url,
        "VITTE_REDIS_URL": running.redis_url,
        "VITTE_TELEGRAM_TOKEN": "1:bench",
        "VITTE_TELEGRAM_API": f"http://127.0.0.1:{nowhere}",
        "VITTE_HTTP_LISTEN": f"127.0.0.1:{port}",
        "VITTE_HTTP_REQUESTS_PER_MINUTE": "1000000000",
        "VITTE_METRICS_LISTEN": f"127.0.0.1:{metrics}",
        "VITTE_LOG_LEVEL": "ERROR",
    }
    if name == COLD:
        environment["VITTE_REDIS_URL"] = f"redis://127.0.0.1:{nowhere}"
        environment["VITTE_CACHE_MEMORY_BYTES"] = "1"
    words = [sys.executable, "-m", "vitte", "run"]
    with process(words, folder / "vitte.log", environment) as pid:
        url = wait_for(f"http://127.0.0.1:{port}", "/api/v1/health")
        yield Target(name=name, url=url, token=token, pid=pid)


@contextmanager
def the_replaced(source: Path, folder: Path) -> Generator[Target]:
    """The API of the stack it replaces on stores of its own, for the block."""
    port = free_port()
    with stores.running(folder / "replaced") as running:
        told = replaced.environment(
            source, database_url=running.database_url, redis_url=running.redis_url
        )
        replaced.create_tables(told, USERS, DIALOGS_EACH, MESSAGES_EACH)
        with process(replaced.api(port), folder / "replaced.log", told) as pid:
            url = wait_for(f"http://127.0.0.1:{port}", "/health")
            yield Target(name=replaced.NAME, url=url, pid=pid)


@contextmanager
def process(
    words: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Generator[int]:
    """A program that runs for the block; gives its id."""
    with log.open("w") as output:
        running = subprocess.Popen(
            words, env=dict(os.environ) | dict(environment or {}), stdout=output, stderr=output
        )
    try:
        yield running.pid
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(PATIENCE)


def measure(targets: Sequence[Target], given: argparse.Namespace) -> Figures:
    """Ask everybody everything, round by round; each is asked for a while before it counts."""
    found: Figures = {}
    for _ in range(given.rounds):
        for endpoint in given.only or ENDPOINTS:
            for target in targets:
                load(target, endpoint, WARM if target.name == OURS and endpoint in READS else 1)
                row = load(target, endpoint, given.seconds)
                found.setdefault(f"{endpoint}: {target.name}", []).append(row)
                print(f"{endpoint}: {target.name} {row}", file=sys.stderr, flush=True)
    return found


def load(target: Target, endpoint: str, seconds: int) -> Row:
    """One run of wrk, and the server's own CPU time a request in microseconds."""
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(HERE / "api_load.lua")]
    words += [target.url, "--", endpoint, str(USERS), str(USERS * DIALOGS_EACH)]
    words += [str(time.time_ns() % 100_000), *([target.token] if target.token else [])]
    before = cpu_seconds(target.pid)
    said = subprocess.run(
        words, check=True, capture_output=True, text=True, timeout=seconds + PATIENCE
    )
    row: Row = json.loads(said.stdout.strip().splitlines()[-1])
    row["cpu_us"] = (cpu_seconds(target.pid) - before) / max(row.pop("requests"), 1) * 1e6
    return row


def cpu_seconds(pid: int) -> float:
    """What a process has used of the CPU so far; its children are not counted."""
    if not pid:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(found: Figures) -> None:
    """Print the medians as a table; ratios are those of the same rounds."""
    others = sorted({name.partition(": ")[2] for name in found} - {BARE, OURS, COLD})
    print(f"\n{CONNECTIONS} connections, medians of the rounds:\n")
    print("| | who | a second | of bare aiohttp, rate and CPU |", end="")
    print(" CPU µs a request | p50 ms | p99 ms |", end="")
    print("".join(f" times {name}, rate and p99 |" for name in others))
    print("| --- | --- |" + " ---: |" * (5 + len(others)))
    for key, rows in found.items():
        endpoint, _, name = key.partition(": ")
        mine = _medians(rows)
        bare = _medians(found[f"{endpoint}: {BARE}"])
        cells = [
            SAID[endpoint],
            name,
            f"{mine['per_second']:,.0f}",
            f"{_ratio(mine, bare, 'per_second'):.2f}, {_ratio(bare, mine, 'cpu_us'):.2f}",
            f"{mine['cpu_us']:,.0f}",
            f"{mine['p50_ms']:.2f}",
            f"{mine['p99_ms']:.2f}",
        ]
        for other in others:
            theirs = _medians(found[f"{endpoint}: {other}"])
            there = name in {OURS, COLD} and not theirs["errors"]
            faster = (
                f"{_ratio(mine, theirs, 'per_second'):.1f}, {_ratio(theirs, mine, 'p99_ms'):.1f}"
            )
            cells.append(faster if there else "–")
        print(f"| {' | '.join(cells)} |")
    wrong = {key: int(sum(row["errors"] for row in rows)) for key, rows in found.items()}
    print(f"\nErrors: {({key: count for key, count in wrong.items() if count}) or 'none'}")


def _medians(rows: Sequence[Row]) -> Row:
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}


def _ratio(one: Row, other: Row, key: str) -> float:
    return one[key] / other[key] if other[key] else 0.0


def wait_for(url: str, path: str) -> str:
    """Wait until somebody answers there with 200; give the address."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url + path, timeout=1) as response:  # noqa: S310  # nosec B310  # our own address
                if response.status == 200:  # noqa: PLR2004  # OK
                    return url
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nobody answers at {url}")


def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def _read_words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXPLAINED, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="0 leaves the rounds out")
    parser.add_argument("--seconds", type=int, default=3, help="of each question in each round")
    parser.add_argument("--only", action="append", choices=ENDPOINTS)
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=URL[,PID]")
    replaced.add_argument(parser)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument(
        "--requests", type=int, default=100_000, help="of the day; 0 leaves the day out"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
