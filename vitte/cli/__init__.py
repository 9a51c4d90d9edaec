"""The command line: one file a command, each with a ``--help`` that teaches.

Exit codes: 0 it went well; 1 it did not; 2 the words or the configuration are
wrong; 3 something it needs is away (try again); 130 Ctrl-C.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import vitte
from vitte.errors import BadConfiguration, VitteError

# Each is a file of this room; only the one that was asked for is imported.
COMMANDS: Final = {
    "dev": "try it: all of it on this machine",
    "run": "serve the bot (production)",
    "check-config": "name every fault of the configuration",
    "doctor": "look at everything, and say what to do next",
    "migrate": "bring the schema up to date",
    "install": "make this machine serve vitte (root)",
    "upgrade": "bring another version, or go back (root)",
    "uninstall": "take vitte off this machine (root)",
    "backup": "save the database, prove what was saved",
    "restore": "put a backup in the database's place, and back",
    "job": "show the jobs, run one by hand",
    "tree": "draw the tree of actors, or show the running one",
    "broadcast": "say something to many",
    "ledger": "what became of every update",
    "letters": "updates that failed: read, requeue, drop",
    "admin": "who may come into the admin panel",
    "token": "make, list and revoke tokens of the REST API",
    "webhook": "show or remove the webhook",
}

FAILED, UNFIT, AWAY, INTERRUPTED = 1, 2, 3, 130

EPILOG = """\
to begin:
  vitte dev             everything on this machine, a chat in your browser
  vitte check-config    what is wrong with the configuration, if anything is
  vitte doctor          what is wrong with anything else
  vitte run             production: your PostgreSQL, your Redis, your token

exit codes:
  0 it went well   1 it did not   2 wrong words or configuration
  3 something it needs is away    130 Ctrl-C

every command explains itself: vitte COMMAND --help"""


def main(words: Sequence[str] | None = None) -> int:
    """Do what the words say; gives the exit code."""
    words = sys.argv[1:] if words is None else words
    given = _parser(words[0] if words else "").parse_args(words)
    try:
        return given.command(given)
    except BadConfiguration as refused:
        print("The configuration cannot be used:", *refused.faults, sep="\n  ", file=sys.stderr)
        print("config/vitte.toml explains every key.", file=sys.stderr)
        return UNFIT
    except VitteError as problem:
        print(f"vitte: {problem}", file=sys.stderr)
        return FAILED if problem.permanent else AWAY
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Who read us has seen enough, as head does: nothing more can be said, not even at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _parser(wanted: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vitte",
        description=vitte.__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"vitte {vitte.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        if name == wanted:
            import_module(f"vitte.cli.{name.replace('-', '_')}").add_to(commands)
        else:
            commands.add_parser(name, help=summary)
    return parser
