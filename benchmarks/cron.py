"""Measures the jobs: ``make bench-cron``.

First the work: a database with many people and messages, ``vitte run`` on it, and a
stream of people who write to the bot. Each job is asked for and measured: how long
it takes, its longest transaction, and how long an answer takes meanwhile, beside a
quiet time just before. Then the clock: the four jobs of the old stack, due each
minute on a database with nothing to do, here by ``vitte run``, there by Celery's
beat and worker, where an interpreter that has it is given: from the minute to the
beginning of each, how many are done a second when many wait, and memory. If that
interpreter has psycopg as well, the work is done once more on a copy of the same
database, by the four as tasks of Celery's are usually written: a statement or two
over all rows, in one transaction.

Everything is on loopback and in a folder that is removed; each process that is
started here is ended here, by its id. Seconds are those of the machine and of its
mood: what counts is the ratio within one run.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import anyio
import measuring
import psycopg
from anyio.abc import Process
from crowd import Crowd
from measuring import Peer

from vitte.dev import stores
from vitte.dev.telegram import LocalTelegram
from vitte.store import migrations, runs
from vitte.store.audit import Author
from vitte.store.pool import Database, PoolLimits

EXPLAINED: Final = """\
examples:
  make bench-cron                                 1,000,000 messages of 100,000 people
  make bench-cron ARGS="--people 10000"           a quick look: ten messages each
  make bench-cron REPLACED=/path/to/it                          beside Celery, of that stack
  make bench-cron ARGS="--minutes 3 --celery /path/to/python"   beside Celery (celery[redis], psycopg)"""

JOBS: Final = (
    "user-stats",
    "remind-expiring",
    "archive-dialogs",
    "expire-subscriptions",
    "clean-messages",
    "trim-records",
    "make-partitions",
)
BENCH: Final = Author(who="bench")
FOUR: Final = ("clean-messages", "archive-dialogs", "user-stats", "remind-expiring")
MESSAGES_EACH: Final = 10
CROWD: Final = range(1_000_000, 1_000_400)
CHUNK_SECONDS: Final = 2
QUIET_CHUNKS: Final = 5
PATIENCE: Final = 1_800.0

FILL: Final = (
    """INSERT INTO users (id, first_name, language_code, created_at, updated_at)
    SELECT 10000000 + n, 'Anna', 'ru', %(now)s - n %% 400 * interval '1 day', %(now)s FROM generate_series(1, %(people)s) AS n""",
    """INSERT INTO settings (user_id, language, created_at, updated_at)
    SELECT id, CASE WHEN id %% 3 = 0 THEN 'en' ELSE 'ru' END, created_at, updated_at FROM users""",
    """INSERT INTO subscriptions (user_id, plan, started_at, expires_at, created_at, updated_at)
    SELECT id, CASE WHEN id %% 5 = 0 THEN 'premium' ELSE 'free' END, %(now)s - interval '40 days',
        CASE WHEN id %% 5 = 0 THEN %(now)s + (id / 5 %% 70 - 10) * interval '1 day' END, created_at, updated_at
    FROM users""",
    """INSERT INTO dialogs (user_id, character_id, state, closed_at, last_message_at, created_at, updated_at)
    SELECT 10000000 + (n + 1) / 2, 1, CASE n %% 2 WHEN 1 THEN 'closed' ELSE 'open' END, CASE n %% 2 WHEN 1 THEN %(now)s END,
        %(now)s - n %% 120 * interval '1 day', %(now)s - interval '400 days', %(now)s
    FROM generate_series(1, 2 * %(people)s) AS n""",
    """INSERT INTO messages (dialog_id, user_id, role, text, created_at)
    SELECT dialog, 10000000 + (dialog + 1) / 2, CASE n %% 2 WHEN 0 THEN 'user' ELSE 'character' END, repeat('What was said. ', 6),
        %(now)s - interval '400 days' + n * (interval '400 days' / %(messages)s)
    FROM generate_series(0, %(messages)s - 1) AS n, LATERAL (SELECT 1 + n::bigint * 7919 %% (2 * %(people)s) AS dialog) AS whose""",
    """INSERT INTO updates (id, chat_id, kind, state, received_at, done_at)
    SELECT n, n, 'message', 'answered', %(now)s - interval '60 days' + n * (interval '60 days' / %(people)s),
        %(now)s - interval '60 days' + n * (interval '60 days' / %(people)s)
    FROM generate_series(1, %(people)s) AS n""",
    """INSERT INTO outbox (chat_id, lane, method, state, created_at, done_at)
    SELECT id, 1, 'sendMessage', 'sent', received_at, done_at FROM updates""",
)

# What stands beside: beat and worker with a task for each of the four, which notes when it began.
CELERY: Final = """
import os, time
from celery import Celery
from celery.schedules import crontab
from redis import Redis

BROKER, NAMES = os.environ["BROKER"], os.environ["NAMES"].split()
app = Celery("jobs", broker=BROKER)
app.conf.update(broker_connection_retry_on_startup=True, timezone="UTC", beat_schedule={
    name: {"task": name, "schedule": crontab()} for name in NAMES})
redis = Redis.from_url(os.environ["REDIS"])

def declare(name):
    @app.task(name=name, ignore_result=True)
    def run(many=False):
        redis.rpush("many" if many else "began", time.time())
    return run

TASKS = [declare(name) for name in NAMES]

@app.task(name="body", ignore_result=True)
def body(name, statements):
    import psycopg
    began = time.monotonic()
    rows = 0
    with psycopg.connect(os.environ["DATABASE"]) as connection:
        for statement in statements:
            rows += connection.execute(statement).rowcount
    redis.rpush("bodies", f"{name} {time.monotonic() - began} {rows}")
"""
# The four as one writes them who has not met a large table yet.
BODIES: Final = {
    "user-stats": [
        """INSERT INTO daily_stats (day, users_total, users_new, users_active, users_unreachable, subscriptions_active,
            dialogs_started, messages_said, messages_answered, created_at, updated_at)
        SELECT current_date - 1, (SELECT count(*) FROM users),
            (SELECT count(*) FROM users WHERE created_at >= current_date - 1 AND created_at < current_date),
            (SELECT count(DISTINCT user_id) FROM messages WHERE created_at >= current_date - 1 AND created_at < current_date),
            (SELECT count(*) FROM users WHERE unreachable_since < current_date),
            (SELECT count(*) FROM subscriptions WHERE plan = 'premium' AND expires_at > current_date),
            (SELECT count(*) FROM dialogs WHERE created_at >= current_date - 1 AND created_at < current_date),
            (SELECT count(*) FROM messages WHERE role = 'user' AND created_at >= current_date - 1 AND created_at < current_date),
            (SELECT count(*) FROM messages WHERE role <> 'user' AND created_at >= current_date - 1 AND created_at < current_date),
            now(), now()
        ON CONFLICT (day) DO UPDATE SET updated_at = now()""",
        "SELECT count(DISTINCT user_id) FROM messages WHERE created_at >= current_date - 7 AND created_at < current_date",
        "SELECT count(DISTINCT user_id) FROM messages WHERE created_at >= current_date - 30 AND created_at < current_date",
    ],
    "remind-expiring": [
        """INSERT INTO outbox (chat_id, lane, method, state, created_at, done_at)
        SELECT user_id, 1, 'sendMessage', 'sent', now(), now() FROM subscriptions
        WHERE plan = 'premium' AND (expires_at::date - current_date) IN (7, 3, 1, -1)"""
    ],
    "archive-dialogs": [
        """UPDATE dialogs SET state = 'archived', archived_at = now(), updated_at = now()
        WHERE state <> 'archived' AND last_message_at < now() - interval '30 days'"""
    ],
    "clean-messages": [
        """DELETE FROM messages USING subscriptions AS plan
        WHERE plan.user_id = messages.user_id AND messages.created_at < CASE
            WHEN plan.plan = 'premium' AND plan.expires_at > now() THEN now() - interval '365 days'
            ELSE now() - interval '90 days'
        END"""
    ],
}
BODY: Final = (
    "import json, sys\nfrom jobs_app import body\nbody.delay(sys.argv[1], json.loads(sys.argv[2]))"
)
MANY: Final = """
import sys, time
from jobs_app import TASKS, redis
number, began = int(sys.argv[1]), time.perf_counter()
for place in range(number):
    TASKS[place % len(TASKS)].delay(many=True)
while redis.llen("many") < number:
    time.sleep(0.002)
print(number / (time.perf_counter() - began))
"""


class Bench:
    """What both parts share."""

    def __init__(self, given: argparse.Namespace, running: stores.Stores, folder: Path) -> None:
        self.given = given
        self.running = running
        self.folder = folder
        self.work: list[list[str]] = []
        self.clock: list[list[str]] = []
        self.quiet: list[float] = []
        self.busy: list[float] = []

    async def measure(self) -> None:
        """Both parts."""
        async with LocalTelegram.serve() as telegram:
            if self.given.bodies:
                await self._measure_bodies(telegram)
                self._report_work()
                self.work, self.quiet, self.busy = [], [], []
            await self._measure_work(telegram)
            self._report_work()
            if self.given.minutes:
                await self._measure_clock(telegram)
                self._report_clock()

    # The work.

    async def _measure_work(self, telegram: LocalTelegram) -> None:
        crowd = Crowd(telegram, telegram.bot)
        async with self._vitte(telegram, self.running.database_url) as (_, database):
            await crowd.all_at_once(CROWD, len(CROWD), window=50, mix={"/start": 1.0})
            await self._stream(crowd)  # what is used for the first time is slow
            for name in JOBS:
                measuring.progress(f"{name} ...")
                quiet = [wait for _ in range(QUIET_CHUNKS) for wait in await self._stream(crowd)]
                seconds, rows, busy = await self._job(database, crowd, name)
                self._note_work(name, rows, seconds, quiet, busy)
        crowd.leave()
        telegram.bot.updates.drop()

    async def _job(
        self, database: Database, crowd: Crowd, name: str
    ) -> tuple[float, int, list[float]]:
        now = datetime.now(UTC)
        at = now.replace(hour=12, minute=10, second=0, microsecond=0)  # in people's day
        await runs.ask_for(database, name, at, author=BENCH, now=now)
        waits: list[float] = []
        with anyio.fail_after(PATIENCE):
            while True:
                waits += await self._stream(crowd)
                [run] = await runs.list_latest(database, name, limit=1)
                if run.state == "ok" and run.started_at and run.ended_at:
                    took = (run.ended_at - run.started_at).total_seconds()
                    return took, run.rows_touched, waits
                if run.state == "failed":
                    raise SystemExit(f"{name} failed: {run.error}")

    async def _stream(self, crowd: Crowd) -> list[float]:
        rate = self.given.a_second
        ran = await crowd.at_a_rate(CROWD, rate * CHUNK_SECONDS, a_second=rate)
        if ran.answered < ran.offered:
            raise SystemExit(f"{ran.offered - ran.answered} answers were lost")
        return list(ran.waits)

    def _note_work(
        self, name: str, rows: int, seconds: float, quiet: Sequence[float], busy: Sequence[float]
    ) -> None:
        self.quiet += quiet
        self.busy += busy
        longest = max(
            line["longest_batch_ms"]
            for line in self._logged()
            if line["message"] == f"Job {name} done"
        )
        self.work.append([
            name, f"{rows:,}", f"{seconds:.1f}", str(longest),
            f"{_p99(quiet):.0f}", f"{_p99(busy):.0f}",
        ])  # fmt: skip

    def _logged(self) -> list[dict[str, Any]]:
        text = (self.folder / "process.log").read_text(errors="replace")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    async def _measure_bodies(self, telegram: LocalTelegram) -> None:
        """The four as Celery's tasks, on a copy of the database, beside the same people and bot."""
        url = self.running.database_url.replace("/vitte?", "/bodies?")
        with psycopg.connect(_administration(self.running), autocommit=True) as connection:
            connection.execute("CREATE DATABASE bodies TEMPLATE vitte")
        crowd = Crowd(telegram, telegram.bot)
        apart = f"{self.running.redis_url}?db=3"  # what it remembers is true of that database alone
        async with (
            self._vitte(telegram, url, VITTE_REDIS_URL=apart),
            self._celery(DATABASE=url),
        ):
            await crowd.all_at_once(CROWD, len(CROWD), window=50, mix={"/start": 1.0})
            await self._stream(crowd)
            for number, (name, statements) in enumerate(BODIES.items()):
                measuring.progress(f"{name}, as a task of Celery's ...")
                quiet = [wait for _ in range(QUIET_CHUNKS) for wait in await self._stream(crowd)]
                self._ask_celery(BODY, name, json.dumps(statements), DATABASE=url)
                waits = await self._stream(crowd)
                with anyio.fail_after(PATIENCE):
                    while not (done := self._bodies_done()[number:]):
                        waits += await self._stream(crowd)
                _, seconds, rows = done[0].split()
                self.quiet += quiet
                self.busy += waits
                took = float(seconds)
                self.work.append([
                    f"{name}, Celery", f"{int(rows):,}", f"{took:.1f}", f"{took * 1000:.0f}",
                    f"{_p99(quiet):.0f}", f"{_p99(waits):.0f}",
                ])  # fmt: skip
        crowd.leave()
        telegram.bot.updates.drop()

    def _bodies_done(self) -> list[str]:
        said = self._ask_celery(
            "from jobs_app import redis; print(*(x.decode() for x in redis.lrange('bodies', 0, -1)), sep='\\n')"
        )
        return said.splitlines() if said.strip() else []

    # The clock.

    async def _measure_clock(self, telegram: LocalTelegram) -> None:
        url = self.running.database_url.replace("/vitte?", "/clock?")
        with psycopg.connect(_administration(self.running), autocommit=True) as connection:
            connection.execute("CREATE DATABASE clock")
        migrations.apply(url)
        schedules = {
            f"VITTE_CRON_{name.upper().replace('-', '_')}_SCHEDULE": "* * * * *" for name in FOUR
        }
        async with (
            self._vitte(telegram, url, **schedules) as (process, database),
            self._celery() as celery,
        ):
            measuring.progress(f"{self.given.minutes} minutes by the clock ...")
            await anyio.sleep(60 * self.given.minutes + 61 - time.time() % 60)
            began = await runs.list_latest(database, limit=10_000)
            delays = [
                (run.started_at - run.scheduled_for).total_seconds()
                for run in began
                if run.started_at is not None
            ]
            weight = measuring.weigh(process.pid)["Pss"]
            self._note_clock("vitte", delays, await self._many(database), [weight], 1)
            if celery:
                self._note_celery(celery)

    async def _many(self, database: Database) -> float:
        """Runs a second when many wait, of four jobs at once."""
        number, now = self.given.many, datetime.now(UTC)
        long_ago = now - timedelta(days=2)
        for place in range(number):
            at = long_ago + timedelta(minutes=place // len(FOUR))
            await runs.ask_for(database, FOUR[place % len(FOUR)], at, author=BENCH, now=now)
        began = time.perf_counter()
        with anyio.fail_after(PATIENCE):
            while True:
                latest = await runs.list_latest(database, limit=10_000)
                waiting = sum(run.asked_by == "bench" and run.state != "ok" for run in latest)
                if not waiting:
                    return number / (time.perf_counter() - began)
                await anyio.sleep(0.02)

    @asynccontextmanager
    async def _celery(self, **more: str) -> AsyncGenerator[list[Process]]:
        if self.given.celery is None:
            yield []
            return
        (self.folder / "jobs_app.py").write_text(CELERY)
        command = [self.given.celery, "-m", "celery", "-A", "jobs_app"]
        parts = (["worker", "-c", "4", "-l", "WARNING"], ["beat", "-l", "WARNING"])
        processes: list[Process] = []
        try:
            for part in parts:
                process = await anyio.open_process(
                    [*command, *part], cwd=self.folder, env=self._celery_environment() | more,
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, start_new_session=True,
                )  # fmt: skip
                processes.append(process)
            yield processes
        finally:
            for process in processes:
                await measuring.end(process)

    def _celery_environment(self) -> dict[str, str]:
        socket = self.running.redis_url.removeprefix("unix://")
        return {
            "PATH": "/usr/bin:/bin",
            "BROKER": f"redis+socket://{socket}?virtual_host=5",
            "REDIS": f"{self.running.redis_url}?db=6",
            "NAMES": " ".join(FOUR),
            "C_FORCE_ROOT": "1",
        }

    def _ask_celery(self, program: str, *words: str, **more: str) -> str:
        done = subprocess.run(
            [self.given.celery, "-c", program, *words], cwd=self.folder, check=True,
            env=self._celery_environment() | more, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        return done.stdout

    def _note_celery(self, processes: Sequence[Process]) -> None:
        began = json.loads(
            self._ask_celery(
                "from jobs_app import redis; print([float(x) for x in redis.lrange('began', 0, -1)])"
            )
        )
        weights = [measuring.weigh(process.pid)["Pss"] for process in processes]
        count = sum(len(measuring.family(process.pid)) for process in processes)
        many = float(self._ask_celery(MANY, str(self.given.many)))
        self._note_clock(
            "Celery, beat and worker", [each % 60 for each in began], many, weights, count
        )

    def _note_clock(
        self, name: str, delays: Sequence[float], many: float, weights: Sequence[float], count: int
    ) -> None:
        ordered = sorted(delays)
        self.clock.append([
            name, str(len(delays)), f"{ordered[len(ordered) // 2] * 1000:.0f}",
            f"{ordered[-1] * 1000:.0f}", f"{many:.0f}", str(count), f"{sum(weights):.0f}",
        ])  # fmt: skip

    # What both need.

    @asynccontextmanager
    async def _vitte(
        self, telegram: LocalTelegram, url: str, **more: str
    ) -> AsyncGenerator[tuple[Process, Database]]:
        port, metrics = measuring.free_port(), measuring.free_port()
        peer = Peer(
            name="vitte",
            command=[sys.executable, "-m", "vitte", "run"],
            port=port,
            environment={
                "VITTE_TELEGRAM_TOKEN": telegram.token,
                "VITTE_TELEGRAM_API": telegram.url,
                "VITTE_DATABASE_URL": url,
                "VITTE_REDIS_URL": self.running.redis_url,
                "VITTE_HTTP_LISTEN": f"127.0.0.1:{port}",
                "VITTE_METRICS_LISTEN": f"127.0.0.1:{metrics}",
                "VITTE_LIMITER_MESSAGES_PER_MINUTE": "1000000",
                "VITTE_LIMITER_PREMIUM_PER_MINUTE": "1000000",
                "VITTE_LIMITER_FREE_PER_DAY": "1000000",
                **more,
            },
        )
        database = Database(url, PoolLimits(kept=1, most=2))
        async with measuring.started(peer, self.folder) as (process, _):
            with anyio.fail_after(measuring.PATIENCE):
                while telegram.bot.updates.poll is None:  # noqa: ASYNC110  # it tells nobody
                    await anyio.sleep(measuring.GLANCE_SECONDS)
            await database.open()
            try:
                yield process, database
            finally:
                await database.close()

    def _report_work(self) -> None:
        measuring.progress("")
        print("Each job beside people who write, with p99 of an answer before and meanwhile:\n")
        _print(
            ["", "rows", "s", "longest batch ms", "p99 before ms", "p99 meanwhile ms"], self.work
        )
        before, meanwhile = _p99(self.quiet), _p99(self.busy)
        print(
            f"\nAll jobs together: p99 {before:.0f} ms before, {meanwhile:.0f} ms meanwhile:"
            f" {meanwhile / before:.2f} times.\n",
            flush=True,
        )

    def _report_clock(self) -> None:
        measuring.progress("")
        print("Four jobs each minute, with nothing to do, and many that wait:\n")
        _print(
            ["", "runs", "slot to start ms", "at the most", "a second", "processes", "PSS MiB"],
            self.clock,
        )
        if self.given.celery is None:
            print(
                "\nCelery is not beside it: --celery names an interpreter that has celery[redis]."
            )


def _p99(waits: Sequence[float]) -> float:
    ordered = sorted(waits)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000


def _print(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("| " + " | ".join(cells) + " |")


def _administration(running: stores.Stores) -> str:
    return running.database_url.replace("/vitte?", "/postgres?")


def _fill(url: str, people: int) -> None:
    now = datetime.now(UTC)
    given = {"now": now, "people": people, "messages": people * MESSAGES_EACH}
    with psycopg.connect(url, autocommit=True) as connection:
        first = (now - timedelta(days=430)).date()
        connection.execute("SELECT make_message_partitions(%s, 16)", [first])
        for statement in FILL:
            measuring.progress(f"Filling: {statement.split()[2]} ...")
            connection.execute(statement.encode(), given)
        connection.execute("VACUUM ANALYZE")


def main() -> int:
    """Measure, print the tables."""
    given = _parser().parse_args()
    if given.celery is not None and not _has_celery(given.celery):
        sys.exit(f"{given.celery} has no celery[redis]: pip install 'celery[redis]' there")
    given.bodies = given.celery is not None and _has_celery(given.celery, "psycopg")
    with tempfile.TemporaryDirectory(prefix="vitte-bench-") as folder:
        measuring.progress("Starting PostgreSQL and Valkey ...")
        with stores.running(Path(folder, "stores")) as running:
            migrations.apply(running.database_url)
            _fill(running.database_url, given.people)
            bench = Bench(given, running, Path(folder))
            anyio.run(bench.measure, backend_options={"use_uvloop": True})
    return 0


def _has_celery(python: str, *more: str) -> bool:
    """Whether an interpreter can stand beside us."""
    needed = f"import {', '.join(('celery', 'redis', *more))}"
    try:
        done = subprocess.run([python, "-c", needed], check=False, capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench-cron",
        description=(__doc__ or "").partition("\n\n")[0],
        epilog=EXPLAINED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--people", type=int, default=100_000, help="with ten messages each")
    parser.add_argument("--a-second", type=int, default=40, help="who write meanwhile (default 40)")
    parser.add_argument(
        "--minutes", type=int, default=2, help="by the clock (default 2; 0: the work alone)"
    )
    parser.add_argument("--many", type=int, default=400, help="runs that wait (default 400)")
    parser.add_argument("--celery", metavar="PYTHON", help="an interpreter that has celery[redis]")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
