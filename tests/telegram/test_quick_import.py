import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vitte.telegram import quick_import

ROOT = Path(__file__).resolve().parents[2]

# Each test has an interpreter of its own: in this one aiogram may be there already.


def python(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )


def probe(way: str) -> "subprocess.CompletedProcess[str]":
    return python("-m", "tests.telegram.aiogram_probe", way)


def test_all_of_aiogram_does_the_same_after_either_import() -> None:
    with ThreadPoolExecutor() as pool:
        quick, plain = pool.map(probe, ("quick", "plain"))

    assert quick.stderr == ""
    told, expected = json.loads(quick.stdout), json.loads(plain.stdout)
    assert {name for name in expected if told[name] != expected[name]} == set()
    assert told.keys() == expected.keys()
    assert len(expected) > 700
    assert expected["left over"] == []


COUNT = """
import sys
from vitte.telegram import quick_import
before = list(sys.meta_path)
aiogram = quick_import.now()
types = [getattr(aiogram.types, name) for name in aiogram.types.__all__]
models = [one for one in types if hasattr(one, "model_rebuild")]
built = [one for one in models if one.__pydantic_complete__]
hooked = [hook for hook in quick_import.HOOKS if hook in vars(aiogram.types.TelegramObject)]
assert sys.meta_path == before, sys.meta_path
assert aiogram.types.base.__loader__.__class__.__name__ == "SourceFileLoader"
print(len(models) > 300, len(built) < 20, hooked)
"""


def test_nearly_nothing_is_built_and_nothing_stays_behind() -> None:
    assert python("-c", COUNT).stdout.split("\n") == ["True True []", ""]


SURPRISE = """
from vitte.telegram import quick_import
quick_import.ROOTS["aiogram.types.base"] = "RenamedObject"
aiogram = quick_import.now()
message = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "a"}
print(aiogram.types.Update(update_id=1, message=message).message.text)
print(aiogram.types.Sticker.__pydantic_complete__, quick_import.now() is aiogram)
"""


def test_a_changed_aiogram_is_imported_the_slow_way_and_the_log_says_so() -> None:
    done = python("-c", SURPRISE)

    assert done.stdout.split("\n") == ["a", "True True", ""]
    assert done.stderr.count("importing it the slow way") == 1


THREADS = """
from concurrent.futures import ThreadPoolExecutor
from vitte.telegram import quick_import

def use(number):
    types = quick_import.now("aiogram.types")
    return types.BotCommand(command=str(number), description="-").model_dump()["command"], types

with ThreadPoolExecutor(8) as pool:
    numbers, modules = zip(*pool.map(use, range(8)))
print(*numbers, end=f", one aiogram: {len(set(modules)) == 1}\\n")
"""


def test_threads_that_come_at_once_get_the_same_aiogram() -> None:
    assert python("-c", THREADS).stdout == "0 1 2 3 4 5 6 7, one aiogram: True\n"


async def test_it_is_loaded_beside_the_loop_together_with_what_builds_on_it() -> None:
    filters = await quick_import.load("aiogram.filters")

    assert filters.__name__ == "aiogram.filters"
    assert "aiogram" in sys.modules
