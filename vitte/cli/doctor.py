"""``vitte doctor``: is this installation well, and what is to be done if not?"""

import argparse
import os
from collections import Counter
from collections.abc import Sequence

import anyio

from vitte import redaction
from vitte.cli import command
from vitte.cli.run import secrets
from vitte.doctor import Finding, examine
from vitte.errors import BadConfiguration

EXPLAINED = """\
Looks at everything that vitte lives by and says of each part how it is: ok, warn (it
works, and you should look) or fail, with what to do next. It changes nothing, needs
nothing to run, and takes a few seconds: what is away costs its own line alone.

  configuration, words, secrets      what was set up, and what could be guessed or read
  token, webhook, updates, commands  what Telegram has on record for this bot
  clock                              against Telegram's
  database, pool, migrations, sizes  PostgreSQL
  redis                              Redis or Valkey
  disk, ports, unit, process         this machine

  vitte doctor
  vitte doctor --json      for a program: {"ok": …, "findings": [{check, state, said, next}]}

Exit code 1 when anything fails, else 0."""


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "doctor", run, explained=EXPLAINED)
    command.takes_config(parser)
    command.takes_json(parser)


def run(given: argparse.Namespace) -> int:
    """Look at everything."""
    known: list[str] = []
    try:
        read = command.load(given.config, os.environ)
        known = secrets(read.config)
    except BadConfiguration as refused:
        read = refused
    findings = anyio.run(examine, read, redaction.Redactor(known))
    well = all(finding.state != "fail" for finding in findings)
    if given.json:
        command.print_json({"ok": well, "findings": findings})
    else:
        _show(findings)
    return 0 if well else 1


def _show(findings: Sequence[Finding]) -> None:
    widest = max(len(finding.check) for finding in findings)
    for finding in findings:
        print(f"{finding.state:<4}  {finding.check:<{widest}}  {finding.said}")
        if finding.next:
            print(f"{'':<{4 + 2 + widest}}  → {finding.next}")
    states = Counter(finding.state for finding in findings)
    print(f"\n{states['ok']} ok, {states['warn']} to look at, {states['fail']} failed")
