"""Measures the edge: ``make bench-edge``. What does it cost to go through aiogram?

Plain texts of a few hundred people are answered by the whole of vitte's edge, with its
real cache, limiter, scenes and voice on embedded stores; nothing is written or sent.
The same texts go both ways in turn: through aiogram's types and routers, and round
them. What counts is the CPU of this process an update, and the ratio of the two.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from typing import Final

import anyio
import measuring
import msgspec
from crowd import WORDS

from vitte import config, telegram, tree
from vitte.dev import stores
from vitte.house import House
from vitte.runtime import start
from vitte.store import migrations
from vitte.store.updates import Pending, UpdateId
from vitte.telegram import plain

PEOPLE: Final = 200
AT_ONCE: Final = 64
NUMBERS: Final = count()
WAYS: Final[dict[str, Callable[[Pending], plain.Said | None]]] = {
    "through aiogram": lambda _update: None,
    "round aiogram": plain.read,
}


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="make bench-edge", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=2_000, help="in each round, each way")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="vitte-bench-") as folder,
        stores.running(Path(folder, "stores"), durable=False) as running,
    ):
        migrations.apply(running.database_url)
        house = House(settings(running, Path(folder)))
        found = anyio.run(measure, house, given, backend_options={"use_uvloop": True})
    print("CPU of the process an update, microseconds; medians (least..most):\n")
    for way, figures in found.items():
        middle, least, most = statistics.median(figures), min(figures), max(figures)
        print(f"| {way:<15} | {middle:6.0f} ({least:.0f}..{most:.0f}) |")
    through, round_ = (statistics.median(found[way]) for way in WAYS)
    print(f"\nRound aiogram costs {round_ / through:.2f} of the way through it.")
    return 0


def settings(running: stores.Stores, folder: Path) -> config.Config:
    """Everything real but Telegram, and nobody limited."""
    return config.Config(
        data=str(folder),
        telegram=config.Telegram(
            token=config.Secret("1:bench"), api=f"http://127.0.0.1:{measuring.free_port()}"
        ),
        database=config.Database(url=config.Secret(running.database_url)),
        redis=config.Redis(url=config.Secret(running.redis_url)),
        http=config.Http(listen=f"unix:{folder}/http.sock"),
        metrics=config.Metrics(listen=f"unix:{folder}/metrics.sock"),
        limiter=config.Limiter(messages_per_minute=10**6, free_per_day=10**6),
    )


async def measure(house: House, given: argparse.Namespace) -> dict[str, list[float]]:
    """Both ways in turn, round by round; the first one warms everything up."""
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    async with start(tree.plant(house)), telegram.opened(house.services) as edge:
        for number in range(given.rounds + 1):
            for way, read in WAYS.items():
                plain.read = read
                began = time.process_time()
                await answer_all(edge.answer, updates(given.updates))
                spent = (time.process_time() - began) / given.updates * 1e6
                print(f"round {number}: {way} {spent:.0f}", file=sys.stderr, flush=True)
                if number:
                    found[way].append(spent)
    await house.services.redis.aclose()
    return found


async def answer_all(
    answer: Callable[[Pending], Awaitable[object]], found: Sequence[Pending]
) -> None:
    """Answer them all, so many at once."""
    waiting = list(found)

    async def work() -> None:
        while waiting:
            await answer(waiting.pop())

    async with anyio.create_task_group() as group:
        for _ in range(AT_ONCE):
            group.start_soon(work)


def updates(many: int) -> list[Pending]:
    """Plain texts, as Telegram writes them; none is said twice."""
    now = datetime.now(UTC)
    return [
        Pending(
            id=UpdateId(number),
            chat_id=1_000 + number % PEOPLE,
            kind="message",
            body=text(number),
            received_at=now,
        )
        for number in islice(NUMBERS, many)
    ]


def text(number: int) -> str:
    """One update with a text."""
    person = 1_000 + number % PEOPLE
    user = {"id": person, "is_bot": False, "first_name": "Vera", "language_code": "en"}
    message = {
        "message_id": number + 1,
        "from": user,
        "chat": {"id": person, "type": "private", "first_name": "Vera"},
        "date": int(time.time()),
        "text": f"{WORDS[number % len(WORDS)]} {number}",
    }
    return msgspec.json.encode({"update_id": number, "message": message}).decode()


if __name__ == "__main__":
    raise SystemExit(main())
