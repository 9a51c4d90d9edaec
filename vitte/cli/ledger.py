"""``vitte ledger``: the books of updates and words, which must balance."""

import argparse
from collections import Counter

from msgspec import Struct

from vitte.cli import command, stores
from vitte.store import outbox, updates
from vitte.store.pool import Database

EXPLAINED = """\
Shows the books: what Telegram handed over and what became of it, and what was said.

  received = answered + refused (why) + failed (why) + pending

holds at every moment: an update is written down before it is acknowledged, and
finished once. A failed one is a dead letter: see vitte letters. Words marked as
repeated were in hand when a process died, or Telegram's answer to them was lost: they
may have been said twice."""


class Ledger(Struct, frozen=True, kw_only=True):
    """The books. Reasons are texts of few values."""

    received: int
    answered: int
    refused: dict[str, int]
    failed: dict[str, int]
    pending: int
    sent: int
    waiting: int
    not_sent: dict[str, int]
    repeated: int


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "ledger", run, explained=EXPLAINED)
    command.takes_config(parser)
    command.takes_json(parser)


def run(given: argparse.Namespace) -> int:
    """Show the books."""
    ledger = stores.ask(command.read_config(given).config, read)
    if given.json:
        command.print_json(ledger)
        return 0
    print(f"received  {ledger.received}")
    print(f"  answered  {ledger.answered}")
    _print_reasons("  refused ", ledger.refused)
    _print_reasons("  failed  ", ledger.failed)
    print(f"  pending   {ledger.pending}")
    print(f"words sent  {ledger.sent}, waiting {ledger.waiting}")
    _print_reasons("  not sent", ledger.not_sent)
    print(f"  perhaps repeated  {ledger.repeated}")
    return 0


async def read(database: Database) -> Ledger:
    """Read the books."""
    came, said = await updates.count(database), await outbox.count(database)
    by_state = Counter[str]()
    for line in came:
        by_state[line.state] += line.updates
    words = Counter[str]()
    for each in said:
        words[each.state] += each.words
    return Ledger(
        received=by_state.total(),
        answered=by_state["answered"],
        refused={line.reason: line.updates for line in came if line.state == "refused"},
        failed={line.reason: line.updates for line in came if line.state == "failed"},
        pending=by_state["pending"],
        sent=words["sent"],
        waiting=words["waiting"],
        not_sent={each.reason: each.words for each in said if each.state == "failed"},
        repeated=sum(each.repeated for each in said),
    )


def _print_reasons(name: str, reasons: dict[str, int]) -> None:
    print(f"{name}  {sum(reasons.values())}")
    for reason, count in reasons.items():
        print(f"    {count:>6}  {reason}")
