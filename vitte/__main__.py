"""``python -m vitte``, and the command ``vitte``."""

import sys

from vitte.cli import main

if __name__ == "__main__":
    sys.exit(main())
