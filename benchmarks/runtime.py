"""Measures vitte.runtime beside its peers, in one interleaved run.

Every round measures each peer once, in turn, each in a fresh process; the table gives
medians over the rounds, and how vitte.runtime stands to each peer. Compare ratios within
one run; absolute numbers of two runs, or of two machines, say little about each other.

  tell      messages a second from one sender through to the actor, which counts them
  bounded   the same through a mailbox of 1,024
  batch     the same, the actor taking all that waits in one go
  ask       questions with answers a second, from one caller
  ask 100   the same from 100 callers
  start     microseconds to start one of 10,000 and know that it is ready; stop: to end it
  idle      bytes of resident memory an idle actor
  restart   microseconds from telling an actor to fall to the first answer of its next life

Peers: ``bare`` (a deque and one future of the loop: the limit), asyncio.Queue, anyio's
memory object streams; Erlang's gen_server, when erl and erlc are installed, on one
scheduler; pykka and xoscar, when an interpreter has them. They are not among the
project's own tools; put them beside it, in a folder of your own:

  python3 -m venv FOLDER && FOLDER/bin/pip install pykka xoscar anyio
  make bench-runtime ARGS="--beside FOLDER/bin/python"
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
OURS = "vitte.runtime"
COLUMNS = {
    "tell": "tell",
    "tell_bounded": "bounded",
    "tell_batch": "batch",
    "ask_seq": "ask",
    "ask_100": "ask 100",
    "spawn_us": "start us",
    "stop_us": "stop us",
    "idle_bytes": "idle B",
    "restart_us": "restart us",
}
RATES = ("tell", "tell_bounded", "tell_batch", "ask_seq", "ask_100")
LIMIT_SECONDS = 300
Result = dict[str, float]


def main() -> None:
    """Measure, and print the table."""
    given = _arguments()
    own = [sys.executable, str(HERE / "runtime_own.py"), "--loop", given.loop]
    if given.own:
        print(json.dumps(_measure([*own, "--scale", str(given.scale)])))
        return
    with tempfile.TemporaryDirectory() as scratch:
        commands = {OURS: [*own, "--scale", str(given.scale)], **_peers(given, Path(scratch))}
        rounds = _rounds(commands, given.rounds)
    medians = {name: _medians(results) for name, results in rounds.items()}
    print(_table(medians))
    print(f"\n{OURS}, as a multiple of the peer (for times and memory: less is better)\n")
    print(_table(_ratios(medians)))
    if given.many:
        print(f"\n100,000 actors: {_measure([*own, '--only-many', '100000'])}")


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--rounds", type=int, default=5, help="how often each is measured (5)")
    arguments.add_argument(
        "--scale", type=float, default=1.0, help="more or less of everything (1)"
    )
    arguments.add_argument("--loop", choices=["uvloop", "asyncio"], default="uvloop")
    arguments.add_argument("--beside", help="an interpreter that has pykka and xoscar")
    arguments.add_argument("--many", action="store_true", help="start and stop 100,000 as well")
    arguments.add_argument("--own", action="store_true", help="one measurement of ours, as JSON")
    return arguments.parse_args()


def _peers(given: argparse.Namespace, scratch: Path) -> dict[str, list[str]]:
    options = ["--loop", given.loop, "--scale", str(given.scale)]
    peers = str(HERE / "runtime_peers.py")
    found = {
        name: [sys.executable, peers, name, *options]
        for name in ("bare", "asyncio.Queue", "anyio streams")
    }
    beside = given.beside or sys.executable
    for name in ("pykka", "xoscar"):
        if _has(beside, name):
            found[name] = [beside, str(HERE / "runtime_beside.py"), name, *options[2:]]
        else:
            print(f"{name} is left out: --help says how to put it beside", file=sys.stderr)
    erl, erlc = shutil.which("erl"), shutil.which("erlc")
    if erl and erlc:
        subprocess.run([erlc, "-o", str(scratch), str(HERE / "runtime_erlang.erl")], check=True)
        found["gen_server"] = [
            *[erl, "+S", "1:1", "-noshell", "-pa", str(scratch), "-s", "runtime_erlang", "main"]
        ]
    else:
        print("gen_server is left out: there is no Erlang here", file=sys.stderr)
    return found


def _has(interpreter: str, module: str) -> bool:
    wanted = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([interpreter, "-c", wanted], check=False).returncode == 0


def _rounds(commands: dict[str, list[str]], count: int) -> dict[str, list[Result]]:
    results: dict[str, list[Result]] = {name: [] for name in commands}
    for number in range(count):
        for name, command in commands.items():
            print(f"round {number + 1} of {count}: {name}", file=sys.stderr)
            try:
                results[name].append(_measure(command))
            except subprocess.CalledProcessError as error:
                print(f"{name} could not be measured: {error.stderr[-500:]}", file=sys.stderr)
    return results


def _measure(command: list[str]) -> Result:
    # A peer's interpreter beside ours finds what it measures with in this folder.
    environment = os.environ | {"PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parent}"}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_SECONDS,
        env=environment,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _medians(results: list[Result]) -> Result:
    return {
        column: statistics.median(result[column] for result in results)
        for column in COLUMNS
        if results and column in results[0]
    }


def _ratios(medians: dict[str, Result]) -> dict[str, Result]:
    ours = medians[OURS]
    return {
        name: {
            column: ours[_ours(column, theirs)] / value
            for column, value in theirs.items()
            if value > 0
        }
        for name, theirs in medians.items()
        if name != OURS
    }


def _ours(column: str, theirs: Result) -> str:
    """Compare with ours of the same name, and a peer that knows no bound with our bounded."""
    return "tell_bounded" if column == "tell" and "tell_bounded" not in theirs else column


def _table(rows: dict[str, Result]) -> str:
    lines = [f"{'':14}" + "".join(f"{heading:>12}" for heading in COLUMNS.values())]
    for name, row in rows.items():
        cells = (_cell(row[column]) if column in row else "" for column in COLUMNS)
        lines.append(f"{name:14}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)


def _cell(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004 - digits enough


if __name__ == "__main__":
    main()
