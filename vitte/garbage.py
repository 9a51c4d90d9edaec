"""Garbage: when Python looks for cycles that nobody needs any more.

Reference counts free nearly everything at once. What is left are cycles, and to look for them
Python walks through what was made lately: by default after every 700 things, which is several times
in the course of one update, and again and again through all that lives long. Here it looks seldom,
so that a fifth of the work of an update is spared, and what a start makes is left out for good.
"""

import gc
from typing import Final

YOUNG: Final = 10_000
"""So many things more than were freed, a few megabytes, before the young are looked through."""
MIDDLE: Final = 20
OLD: Final = 20


def wait() -> None:
    """Look for none while the program is imported and its tree starts: all of that will live."""
    gc.disable()


def begin() -> None:
    """Leave out what there is, and look for cycles among what comes from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    gc.enable()
