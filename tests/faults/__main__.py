"""The fault tests, so many times in a row: ``make test-faults ARGS="--times 10"``.

Each pass is a run of its own, with stores of its own. What else is given goes to
pytest: ``ARGS="--times 3 -k redis"``.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run them; 0 when every pass was green."""
    parser = argparse.ArgumentParser(prog="make test-faults", description=__doc__)
    parser.add_argument("--times", type=int, default=1, help="how many times in a row")
    given, more = parser.parse_known_args()
    failed: list[int] = []
    for number in range(1, given.times + 1):
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE), *more]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        last = done.stdout.strip().splitlines()[-1:] or [done.stderr.strip()]
        say(f"pass {number} of {given.times}: {seconds:.0f} s, {last[0]}")
        if done.returncode:
            failed.append(number)
            say("\n".join(re.findall(r"^(?:FAILED|ERROR) .*", done.stdout, re.MULTILINE)))
            say(done.stdout)
    say(f"{given.times - len(failed)} of {given.times} passes were green")
    return 1 if failed else 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
