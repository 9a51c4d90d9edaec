"""Makes the compact schema from the full one: the path of ``bot-api.json`` is the argument."""

import sys
from pathlib import Path

import msgspec

from vitte.dev.telegram.schema.document import HERE, compact


def main(arguments: list[str]) -> None:
    """Remake ``schema.json`` from the full file that is named."""
    full = msgspec.json.decode(Path(arguments[0]).read_bytes())
    HERE.write_bytes(msgspec.json.format(msgspec.json.encode(compact(full)), indent=1) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
