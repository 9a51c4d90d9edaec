"""Measures the bot: ``make bench-bot``.

A crowd writes through the local Telegram to ``vitte run``, as production runs it,
on an embedded PostgreSQL (with every commit on the disk) and Valkey. In each round
all who are measured are started, asked the same and ended, one after the other:

- everybody comes: each person presses Start, a hundred at a time;
- a flood: as many unanswered at a time as Telegram would hand over, as fast as it goes;
- a stream: updates at random moments, so many a second, answered or not.

A reply counts when the local Telegram has it; a wait begins when the update was
handed over. CPU is that of the process measured, statements and commits are
counted by PostgreSQL itself (pg_stat_statements). What is compared is the ratio
within one run: seconds are those of the machine and of its mood.

Everything is on loopback and in a folder that is removed; each process that is
started here is ended here, by its id.
"""

import argparse
import json
import shlex
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Final

import anyio
import measuring
import psycopg
import replaced
from crowd import Crowd, Ran, Urgent
from measuring import Figures, Peer
from msgspec import Struct

from vitte.dev import stores
from vitte.dev.telegram import Bot, LocalTelegram
from vitte.store import migrations

EXPLAINED: Final = """\
examples:
  make bench-bot                                  three rounds, 1,000 and 10,000 people
  make bench-bot ARGS="--rounds 1 --people 1000"  a quick look
  make bench-bot ARGS="--json bot.json"           the figures of every round, for a program
  make bench-bot REPLACED=/path/to/it             beside the stack that vitte replaces
  make bench-bot ARGS='--beside "other=/path/to/other"'

A command given with --beside is measured in the same rounds. These words in it are
filled in: {token} and {telegram} (the Bot API to poll), {database} and {redis} (its own)."""

VITTE: Final = "vitte"
FLOOD: Final = "a flood"
SIZES: Final = (1_000, 10_000)
HUNDRED: Final = 100
HURRIED: Final = range(1, 50)
FIRST_PERSON: Final = 1_000_000
FLOOD_EACH: Final = 4
LARGEST_FLOOD: Final = 12_000
SETTLE_SECONDS: Final = 1.5

# A transaction that writes takes a number, so the numbers tell how many there were.
COUNT: Final = """
SELECT coalesce(sum(calls), 0), pg_snapshot_xmax(pg_current_snapshot())::text
FROM pg_stat_statements
JOIN pg_database ON pg_database.oid = pg_stat_statements.dbid
WHERE datname = %s AND query NOT IN ('BEGIN', 'COMMIT', 'ROLLBACK')
"""
COLUMNS: Final = {
    "a second": 0, "CPU ms": 2, "p50 ms": 1, "p95 ms": 1, "p99 ms": 1, "statements": 2,
    "commits": 2, "lost": 0,
}  # fmt: skip


class Counts(Struct, frozen=True, kw_only=True):
    """What was spent up to a moment: CPU seconds, statements, and those that ended in a commit."""

    cpu: float
    statements: int
    commits: int


class Measured(Struct, frozen=True, kw_only=True):
    """One who is measured: a peer, the bot it answers as, and the name of its database."""

    peer: Peer
    bot: Bot
    database: str


class Bench:
    """What all rounds share."""

    def __init__(self, given: argparse.Namespace, running: stores.Stores, folder: Path) -> None:
        self.given = given
        self.running = running
        self.folder = folder
        self.figures, self.memory, self.urgent = Figures(), Figures(), Figures()
        self.others: list[str] = []
        self.administration = _administration(running)
        self._next_person = FIRST_PERSON

    async def measure(self) -> None:
        """Everybody, round by round."""
        async with LocalTelegram.serve() as telegram:
            everybody = [_vitte(telegram, self.running)]
            if self.given.replaced:
                everybody.append(_replaced(telegram, self.running, self.given.replaced))
            for number, words in enumerate(self.given.beside, start=1):
                everybody.append(_beside(telegram, self.running, number, words))
            self.others = [measured.peer.name for measured in everybody[1:]]
            for number in range(1, self.given.rounds + 1):
                for people in self.given.people or SIZES:
                    for measured in everybody:
                        measuring.progress(f"round {number}: {measured.peer.name}, {people} people")
                        await self._measure_one(measured, people, telegram)
        measuring.progress("")

    def report(self) -> None:
        """Print the tables; keep the figures where asked to."""
        print(
            f"Medians of {self.given.rounds} rounds (least..most); CPU, statements, commits an update:\n"
        )
        print(self.figures.table(COLUMNS))
        print(*self._ratios(), sep="\n")
        print("\nHow long who pays or says stop waits until it is obeyed:\n")
        print(self.urgent.table({"ms": 0, "longest ms": 0}))
        print(
            "\nMemory in MiB (PSS) when a hundred people were seen, when all were, and at the end:\n"
        )
        print(self.memory.table({"100 seen": 1, "all seen": 1, "at the end": 1}))
        if self.given.json:
            rows = {
                "figures": self.figures.rows,
                "urgent": self.urgent.rows,
                "memory": self.memory.rows,
            }
            self.given.json.write_text(json.dumps(rows))

    def _ratios(self) -> Iterator[str]:
        """How many times faster vitte is in a flood, and how much less CPU it takes an update."""
        for people in self.given.people or SIZES:
            ours = row_of(FLOOD, VITTE, people)
            for name in self.others:
                theirs = row_of(FLOOD, name, people)
                faster = self._ratio(ours, theirs, "a second")
                less = self._ratio(theirs, ours, "CPU ms")
                yield (
                    f"\nIn a flood of {people:,} people vitte is {faster:.1f} times as fast as {name}, "
                    f"at 1/{less:.1f} of the CPU."
                )

    def _ratio(self, one: str, other: str, column: str) -> float:
        return self.figures.median(one, column) / self.figures.median(other, column)

    async def _measure_one(self, measured: Measured, people: int, telegram: LocalTelegram) -> None:
        crowd = Crowd(telegram, measured.bot)
        everyone = range(self._next_person, self._next_person + people)
        self._next_person += people
        async with measuring.started(measured.peer, self.folder) as (process, _began):
            await _polled(measured.bot)
            watched = _Watched(self, measured, process.pid, people)
            weights = await self._come(crowd, everyone, watched, process.pid)
            flood = min(FLOOD_EACH * people, LARGEST_FLOOD)
            window = self.given.window
            urgent = Urgent(telegram, measured.bot)
            async with anyio.create_task_group() as group:
                if measured.bot is telegram.bot:
                    group.start_soon(urgent.press_on, HURRIED)
                await watched.during(FLOOD, crowd.all_at_once(everyone, flood, window=window))
                group.cancel_scope.cancel()
            for what, waits in urgent.waits.items():
                if waits:
                    row = f"{what} in a flood, {people:,} people"
                    figures = {"ms": statistics.median(waits), "longest ms": max(waits)}
                    self.urgent.add(row, **{name: each * 1000 for name, each in figures.items()})
            rate = self.given.a_second
            stream = crowd.at_a_rate(everyone, rate * self.given.seconds, a_second=rate)
            await watched.during(f"{rate} a second", stream)
            weights["at the end"] = measuring.weigh(process.pid)["Pss"]
        self.memory.add(f"{measured.peer.name}, {people:,} people", **weights)
        crowd.leave()
        measured.bot.updates.drop()

    async def _come(
        self, crowd: Crowd, everyone: range, watched: "_Watched", pid: int
    ) -> dict[str, float]:
        """Everybody presses Start; gives the memory after a hundred and after all."""
        start, weights = {"/start": 1.0}, dict[str, float]()
        await crowd.all_at_once(everyone[:HUNDRED], HUNDRED, window=HUNDRED, mix=start)
        await anyio.sleep(SETTLE_SECONDS)
        weights["100 seen"] = measuring.weigh(pid)["Pss"]
        rest = everyone[HUNDRED:]
        coming = crowd.all_at_once(rest, len(rest), window=HUNDRED, mix=start)
        await watched.during("everybody comes", coming)
        weights["all seen"] = measuring.weigh(pid)["Pss"]
        return weights


def row_of(what: str, who: str, people: int) -> str:
    """What a row of the figures is called."""
    return f"{what}: {who}, {people:,} people"


async def _polled(bot: Bot) -> None:
    with anyio.fail_after(measuring.PATIENCE):
        while bot.updates.poll is None:  # noqa: ASYNC110  # it tells nobody
            await anyio.sleep(measuring.GLANCE_SECONDS)


class _Watched:
    """Takes the figures of what goes on in a process."""

    def __init__(self, bench: Bench, measured: Measured, pid: int, people: int) -> None:
        self._bench = bench
        self._measured = measured
        self._pid = pid
        self._people = people

    async def during(self, what: str, run: Awaitable[Ran]) -> None:
        """Note what a run gave, and what it cost an update."""
        before = self._counts()
        ran = await run
        await anyio.sleep(SETTLE_SECONDS)
        after = self._counts()
        done = max(ran.answered, 1)
        self._bench.figures.add(
            row_of(what, self._measured.peer.name, self._people),
            **{
                "a second": ran.rate,
                "CPU ms": (after.cpu - before.cpu) / done * 1000,
                "p50 ms": ran.percentile(0.5),
                "p95 ms": ran.percentile(0.95),
                "p99 ms": ran.percentile(0.99),
                "statements": (after.statements - before.statements) / done,
                "commits": (after.commits - before.commits) / done,
                "lost": ran.offered - ran.answered,
            },
        )

    def _counts(self) -> Counts:
        with psycopg.connect(self._bench.administration, autocommit=True) as connection:
            row = connection.execute(COUNT, [self._measured.database]).fetchone()
        assert row is not None  # noqa: S101  # sums always give a row
        return Counts(cpu=measuring.cpu(self._pid), statements=int(row[0]), commits=int(row[1]))


def _vitte(telegram: LocalTelegram, running: stores.Stores) -> Measured:
    port, metrics = measuring.free_port(), measuring.free_port()
    peer = Peer(
        name=VITTE,
        command=[sys.executable, "-m", "vitte", "run"],
        port=port,
        environment={
            "VITTE_TELEGRAM_TOKEN": telegram.token,
            "VITTE_TELEGRAM_API": telegram.url,
            "VITTE_DATABASE_URL": running.database_url,
            "VITTE_REDIS_URL": running.redis_url,
            "VITTE_HTTP_LISTEN": f"127.0.0.1:{port}",
            "VITTE_METRICS_LISTEN": f"127.0.0.1:{metrics}",
        },
    )
    return Measured(peer=peer, bot=telegram.bot, database="vitte")


def _replaced(telegram: LocalTelegram, running: stores.Stores, folder: Path) -> Measured:
    """The bot of the stack it replaces, with its tables."""
    guest = _guest(telegram, running, 0, replaced.NAME)
    told = replaced.environment(
        folder,
        database_url=guest.database_url,
        redis_url=guest.redis_url,
        token=guest.token,
        telegram=telegram.url,
    )
    replaced.create_tables(told, 0, 0, 0)
    peer = Peer(name=replaced.NAME, command=replaced.module("bot"), port=0, environment=told)
    return Measured(peer=peer, bot=guest.bot, database=guest.database)


def _beside(telegram: LocalTelegram, running: stores.Stores, number: int, words: str) -> Measured:
    """Read ``NAME=COMMAND``."""
    name, _, command = words.partition("=")
    guest = _guest(telegram, running, number, name)
    filled = command.format(
        token=guest.token,
        telegram=telegram.url,
        database=guest.database_url,
        redis=guest.redis_url,
    )
    peer = Peer(name=name, command=shlex.split(filled), port=0, environment={})
    return Measured(peer=peer, bot=guest.bot, database=guest.database)


class _Guest(Struct, frozen=True, kw_only=True):
    """What somebody who is measured beside gets: a bot, an empty database, a Redis of its own."""

    token: str
    bot: Bot
    database: str
    database_url: str
    redis_url: str


def _guest(telegram: LocalTelegram, running: stores.Stores, number: int, name: str) -> _Guest:
    token, database = f"{4242000001 + number}:BESIDE-NOT-A-SECRET", f"beside_{number}"
    with psycopg.connect(_administration(running), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database}".encode())
    return _Guest(
        token=token,
        bot=telegram.world.add_bot(token, name, f"beside_{number}_bot"),
        database=database,
        database_url=running.database_url.replace("/vitte?", f"/{database}?"),
        redis_url=f"{running.redis_url}?db={number}",
    )


def _administration(running: stores.Stores) -> str:
    return running.database_url.replace("/vitte?", "/postgres?")


def main() -> int:
    """Measure, print the tables, keep the figures where asked to."""
    given = _parser().parse_args()
    counting = {"shared_preload_libraries": "pg_stat_statements"}
    with tempfile.TemporaryDirectory(prefix="vitte-bench-") as folder:
        measuring.progress("Starting PostgreSQL and Valkey ...")
        with stores.running(Path(folder, "stores"), settings=counting) as running:
            migrations.apply(running.database_url)
            with psycopg.connect(_administration(running), autocommit=True) as connection:
                connection.execute("CREATE EXTENSION pg_stat_statements")
            bench = Bench(given, running, Path(folder))
            anyio.run(bench.measure, backend_options={"use_uvloop": True})
    bench.report()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench-bot",
        description=(__doc__ or "").partition("\n\n")[0],
        epilog=EXPLAINED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=3, help="how many (default 3)")
    parser.add_argument(
        "--people", type=int, action="append", help="a size of the crowd (default 1000 and 10000)"
    )
    parser.add_argument("--a-second", type=int, default=100, help="of the stream (default 100)")
    parser.add_argument("--seconds", type=int, default=15, help="of the stream (default 15)")
    parser.add_argument(
        "--window", type=int, default=400, help="unanswered at a time in a flood (default 400)"
    )
    parser.add_argument(
        "--beside", action="append", default=[], metavar="NAME=COMMAND", help="measure this as well"
    )
    replaced.add_argument(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures of every round")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
