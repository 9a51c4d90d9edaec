"""The compact schema as it lies beside this file: types, fields, subtypes.

A field is written as ``!Integer|String``: ``!`` stands for required, ``|``
parts alternatives, ``=private`` at the end is a constant.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

Json: TypeAlias = dict[str, Any]
HERE = Path(__file__).parent / "schema.json"
LICENCE = "derived from aiogram's schema, MIT, Copyright Alex Root Junior; descriptions dropped"


class Field(NamedTuple):
    """One parameter of a method or one field of a type."""

    types: tuple[str, ...]
    required: bool
    constant: str | None


@cache
def document() -> Json:
    """Read the compact schema that travels inside the package."""
    decoded: Json = msgspec.json.decode(HERE.read_bytes())
    return decoded


def read_field(line: str) -> Field:
    """Read one field's line, ``!Integer|String`` or ``!String=private``."""
    names, _, constant = line.removeprefix("!").partition("=")
    return Field(tuple(names.split("|")), line.startswith("!"), constant or None)


@cache
def fields_of(kind: str) -> Mapping[str, Field]:
    """Give the fields of a type; empty where it is one of its subtypes."""
    lines: dict[str, str] = document()["types"][kind]
    return {name: read_field(line) for name, line in lines.items()}


def subtypes_of(kind: str) -> tuple[str, ...]:
    """Give the types of which this one is any."""
    return tuple(document()["subtypes"].get(kind, ()))


def compact(full: Json) -> Json:
    """Keep of the full schema what the server needs."""
    return {
        "source": LICENCE,
        "version": full["version"],
        "release_date": full["release_date"],
        "methods": {
            name: {"returns": entry["returns"], "fields": write_fields(entry)}
            for name, entry in full["methods"].items()
        },
        "types": {name: write_fields(entry) for name, entry in full["types"].items()},
        "subtypes": {
            name: entry["subtypes"] for name, entry in full["types"].items() if "subtypes" in entry
        },
    }


def write_fields(entry: Json) -> dict[str, str]:
    """Write each field of a method or type as one line."""
    return {
        field["name"]: ("!" if field["required"] else "")
        + "|".join(field["types"])
        + (f"={field['const']}" if "const" in field else "")
        for field in entry.get("fields", [])
    }
