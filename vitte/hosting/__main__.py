"""``python3 -m vitte.hosting``: the installer, before there is a ``vitte`` to call."""

import argparse
import sys

from vitte.errors import VitteError
from vitte.hosting import install


def main() -> int:
    """Install, as the words say; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="install.sh",
        description=install.EXPLAINED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    install.add_arguments(parser)
    try:
        return install.run(parser.parse_args())
    except VitteError as problem:
        sys.stderr.write(f"install: {problem}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
