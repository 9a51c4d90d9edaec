"""What a process holds: shared by the measurements of the runtime and of its peers."""

import os
from pathlib import Path


def resident() -> int:
    """Give the resident memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
