"""The command line: one file a command, each with a ``--help`` that teaches.

Exit codes: 0 it went well; 1 it did not; 2 the words or the configuration are
wrong; 3 something it needs is away (try again); 130 Ctrl-C.
"""

import argparse
import sys
from collections.abc import Sequence

import vitte
from vitte.cli import check_config, dev, job, migrate, run, token, tree, webhook
from vitte.errors import BadConfiguration, VitteError

FAILED, UNFIT, AWAY, INTERRUPTED = 1, 2, 3, 130

EPILOG = """\
to begin:
  vitte dev             everything on this machine, a chat in your browser
  vitte check-config    what is wrong with the configuration, if anything is
  vitte run             production: your PostgreSQL, your Redis, your token

exit codes:
  0 it went well   1 it did not   2 wrong words or configuration
  3 something it needs is away    130 Ctrl-C

every command explains itself: vitte COMMAND --help"""


def main(words: Sequence[str] | None = None) -> int:
    """Do what the words say; gives the exit code."""
    given = _parser().parse_args(words)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vitte",
        description=vitte.__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"vitte {vitte.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (dev, run, check_config, migrate, job, token, tree, webhook):
        command.add_to(commands)
    return parser
