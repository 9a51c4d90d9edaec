"""The examples of the runtime's README run as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from vitte import runtime

README = Path(runtime.__file__).with_name("README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=["a counter", "one a key"])
def test_an_example_runs_as_it_stands(example: str) -> None:
    command = [sys.executable, "-W", "error", "-c", example]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(runtime.__all__))
def test_every_name_that_is_offered_is_there_and_documented(name: str) -> None:
    offered = getattr(runtime, name)

    if isinstance(offered, type):
        assert offered.__doc__
