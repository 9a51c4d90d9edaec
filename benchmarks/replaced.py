"""The stack that vitte replaces, measured beside it where its folder is given.

The folder holds the package ``seed_stack`` (an API, an admin stub, a bot, Celery's worker
and beat) and ``requirements.txt``, from which ``make bench-... REPLACED=FOLDER`` makes an
environment. Its settings come from the environment, as its containers would get them.

Run as a program, with a port for the API, it is all of its processes as one: they are
started, and ended, each by its id, when one of them ends or this one is asked to end.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Final

NAME: Final = "the stack it replaces"
ROOT: Final = Path(__file__).resolve().parent.parent
PYTHON: Final = ROOT / ".venv-replaced" / "bin" / "python"
PATIENCE: Final = 60.0
END_SECONDS: Final = 10.0


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Let a benchmark be told the folder."""
    said = f"measure {NAME} as well, whose folder this is"
    parser.add_argument("--replaced", type=_folder, metavar="FOLDER", help=said)


def _folder(words: str) -> Path:
    folder = Path(words).resolve()
    if not (folder / "seed_stack" / "bot.py").is_file():
        raise argparse.ArgumentTypeError(f"{folder} holds no package seed_stack")
    if not PYTHON.is_file():
        said = f"there is no {PYTHON}: make with REPLACED={words} makes it"
        raise argparse.ArgumentTypeError(said)
    return folder


def environment(
    folder: Path, *, database_url: str, redis_url: str, token: str = "", telegram: str = ""
) -> dict[str, str]:
    """What its processes are told; ``redis_url`` is a socket's, and Celery's broker lies beside."""
    broker = redis_url.partition("?")[0].replace("unix://", "redis+socket://", 1)
    return {
        "PYTHONPATH": str(folder),
        "DATABASE_URL": database_url.replace("postgresql://", "postgresql+asyncpg://", 1),
        "REDIS_URL": redis_url,
        "CELERY_BROKER_URL": f"{broker}?virtual_host=15",
        "C_FORCE_ROOT": "1",
        "BOT_TOKEN": token,
        "TELEGRAM_API_BASE": telegram,
    }


def create_tables(told: Mapping[str, str], users: int, dialogs: int, messages: int) -> None:
    """Make its tables anew, with so many users, dialogs of each and messages of each dialog."""
    words = [*module("create_tables"), str(users), str(dialogs), str(messages)]
    subprocess.run(words, check=True, env={**os.environ, **told}, timeout=PATIENCE)


def module(name: str) -> list[str]:
    """The command that runs one of its modules."""
    return [str(PYTHON), "-m", f"seed_stack.{name}"]


def api(port: int, app: str = "api") -> list[str]:
    """The command of its API, or of its admin stub."""
    words = [str(PYTHON), "-m", "uvicorn", f"seed_stack.{app}:app"]
    return [*words, "--host", "127.0.0.1", "--port", str(port)]


def whole(port: int) -> list[str]:
    """The command of all its processes, with the API on a port."""
    return [sys.executable, __file__, str(port)]


def _celery(*words: str) -> list[str]:
    return [str(PYTHON), "-m", "celery", "-A", "seed_stack.celery_app", *words, "-l", "INFO"]


def main(port: int) -> int:
    """Run all of its processes until asked to end, or until one of them ends by itself."""
    signal.signal(signal.SIGTERM, _stop)
    running: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory(prefix="vitte-bench-") as place:
        parts = (
            api(port),
            api(0, "admin_stub"),
            module("bot"),
            _celery("worker", "-c", "4"),
            _celery("beat", "-s", f"{place}/beat"),
        )
        try:
            for part in parts:
                running.append(subprocess.Popen(part))  # noqa: PERF401  # who was started is ended
            os.wait()
        finally:
            for process in running:
                process.terminate()
            for process in running:
                _end(process)
    return 1


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1])))
