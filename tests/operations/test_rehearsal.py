"""Runs the rehearsal where a machine can be booted: ``make check-operations``."""

import os
import subprocess
import sys

import pytest

from tests.operations import debian
from vitte.resources import ROOT

WORD = "VITTE_OPERATIONS"
INSIDE = 'ip link set lo up && exec "$0" -m pytest -p no:cacheprovider -q -s -x tests/operations/rehearsal.py'


@pytest.mark.timeout(2400)
def test_a_bare_machine_is_installed_hurt_upgraded_and_restored() -> None:
    if not os.environ.get(WORD):
        pytest.skip("it takes minutes: make check-operations")
    if (reason := debian.missing()) is not None:
        pytest.skip(f"no machine can be booted here: {reason}")
    # What it needs from outside is fetched before its network is cut off.
    debian.made(debian.CACHE)
    debian.downloaded(debian.CACHE)

    # In a network of its own: the machine's ports are nobody else's.
    done = subprocess.run(
        ["unshare", "--net", "--", "sh", "-c", INSIDE, sys.executable], cwd=ROOT, check=False
    )

    assert done.returncode == 0
