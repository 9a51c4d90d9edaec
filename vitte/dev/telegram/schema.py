"""The Bot API as data: what each method takes, what it gives.

``schema.json`` holds names, types and constants only, no descriptions. It is
derived from aiogram's scrape of Telegram's documentation (MIT licence) and is
remade from the full file with::

    python -m vitte.dev.telegram.schema PATH_TO_bot-api.json

A field is written as ``!Integer|String``: ``!`` stands for required, ``|``
parts alternatives, ``=private`` at the end is a constant. Every check is
compiled once, at the first use of its type, so that a call costs one dictionary
look-up a parameter.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

import msgspec

from vitte.dev.telegram import refusals
from vitte.dev.telegram.refusals import bad_request

Json: TypeAlias = dict[str, Any]
Check: TypeAlias = Callable[[Any], Any]

HERE = Path(__file__).parent / "schema.json"
LICENCE = "derived from aiogram's schema, MIT, Copyright Alex Root Junior; descriptions dropped"


class WrongType(Exception):
    """Raised when a value is not of the type that the schema names."""


class Field(NamedTuple):
    """One parameter of a method or one field of a type."""

    types: tuple[str, ...]
    required: bool
    constant: str | None


class Upload(NamedTuple):
    """A file that came with a call."""

    name: str
    kind: str
    content: bytes


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


# -- Checks: each takes what came and gives what it means, or raises WrongType


def check_integer(value: Any) -> int:
    """Take a whole number, also one written in digits, as Telegram does."""
    if type(value) is int:
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            raise WrongType("Integer") from None
    raise WrongType("Integer")


def check_float(value: Any) -> float:
    """Take a number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise WrongType("Float") from None
    raise WrongType("Float")


def check_string(value: Any) -> str:
    """Take text; a bare number is text too, as in a form."""
    if type(value) is str:
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise WrongType("String")


BOOLEANS = {
    "true": True,
    "yes": True,
    "1": True,
    "false": False,
    "no": False,
    "0": False,
    "": False,
}


def check_boolean(value: Any) -> bool:
    """Take yes or no, also as a form writes it."""
    if isinstance(value, bool):
        return value
    known = BOOLEANS.get(str(value).lower())
    if known is None:
        raise WrongType("Boolean")
    return known


def check_true(value: Any) -> bool:
    """Take the one value that the field may have."""
    if check_boolean(value):
        return True
    raise WrongType("True")


def check_upload(value: Any) -> Any:
    """Take a file that came with the call, or the name of one."""
    if isinstance(value, (Upload, str)) and value:
        return value
    raise WrongType("InputFile")


PLAIN: dict[str, Check] = {
    "Integer": check_integer,
    "Float": check_float,
    "String": check_string,
    "Boolean": check_boolean,
    "True": check_true,
    "InputFile": check_upload,
}


@cache
def check_of(name: str) -> Check:
    """Give the check of one named type."""
    if name in PLAIN:
        return PLAIN[name]
    if name.startswith("Array of "):
        return array_check(name)
    if name == "RichText":
        return any_check(name, ("String", "Array of RichText", *subtypes_of(name)))
    if name in document()["subtypes"]:
        return any_check(name, subtypes_of(name))
    return object_check(name)


def check_of_any(names: tuple[str, ...]) -> Check:
    """Give the check of a field; several arrays side by side mean mixed items."""
    if len(names) == 1:
        return check_of(names[0])
    return any_check(" or ".join(names), names)


def array_check(name: str) -> Check:
    """Check a list, item by item."""
    inner = name.removeprefix("Array of ")

    def check(value: Any) -> Any:
        if not isinstance(value, list):
            raise WrongType(f"expected an Array of {inner}")
        each = check_of(inner)
        return [each(item) for item in cast("list[Any]", value)]

    return check


def any_check(name: str, names: tuple[str, ...]) -> Check:
    """Check that one of several types fits; of an object, the likest type complains."""

    def check(value: Any) -> Any:
        complaint: WrongType | None = None
        for each in likest_first(names, value):
            try:
                return check_of(each)(value)
            except WrongType as error:
                complaint = complaint or error
        raise complaint or WrongType(name)

    return check


def likest_first(names: tuple[str, ...], value: Any) -> Iterable[str]:
    """Order types by how much of an object each of them knows."""
    if not isinstance(value, dict) or not value:
        return names
    given = cast("Json", value)
    return sorted(names, key=lambda name: -likeness(name, given))


def likeness(name: str, value: Json) -> int:
    """Count the fields of an object that a type knows; a constant that fits counts most."""
    if name in PLAIN or name.startswith("Array of ") or subtypes_of(name):
        return 0
    fields = fields_of(name)
    shared = sum(1 for field in value if field in fields)
    fitting = sum(
        1 for field in value if field in fields and fields[field].constant == value[field]
    )
    return shared + 100 * fitting


# Where a bare string may stand for an object with one field.
SHORTHANDS = {"InputPollOption": "text", "KeyboardButton": "text"}


def object_check(name: str) -> Check:
    """Check an object, field by field; what the schema does not know is left out."""
    fields = fields_of(name)
    required = tuple(field for field, line in fields.items() if line.required)
    constants = {field: line.constant for field, line in fields.items() if line.constant}

    shorthand = SHORTHANDS.get(name)

    def check(value: Any) -> Json:
        if shorthand is not None and isinstance(value, str):
            return {shorthand: value}
        if not isinstance(value, dict):
            raise WrongType(f"{name} must be an Object")
        given = cast("Json", value)
        for field, constant in constants.items():
            if given.get(field) != constant:
                raise WrongType(f"constant {field} of {name}")
        for field in required:
            if given.get(field) is None:
                raise WrongType(f'Can\'t find field "{field}"')
        return {
            field: check_field(name, field, content)
            for field, content in given.items()
            if field in fields and content is not None
        }

    return check


@cache
def field_check(kind: str, field: str) -> Check:
    """Give the check of one field of a type."""
    return check_of_any(fields_of(kind)[field].types)


def check_field(kind: str, field: str, value: Any) -> Any:
    """Check one field of an object and name it where it does not fit."""
    try:
        return field_check(kind, field)(value)
    except WrongType as error:
        expected = str(error)
        if expected in PLAIN:
            raise WrongType(f'Field "{field}" must be of type {expected}') from None
        raise


# -- Methods

# How the server names a parameter's type in "can't parse ...".
SPOKEN = {
    "reply_markup": "inline keyboard button",
    "commands": "BotCommand",
    "scope": "BotCommandScope",
    "entities": "MessageEntity",
    "caption_entities": "MessageEntity",
}
UNREADABLE = {
    "reply_markup": "can't parse reply keyboard markup JSON object",
    "commands": "can't parse commands JSON object",
    "scope": "can't parse BotCommandScope JSON object",
}


class Method:
    """One method of the Bot API: its exact name, its parameters, what it returns."""

    def __init__(self, name: str, fields: Mapping[str, Field], returns: tuple[str, ...]) -> None:
        self.name = name
        self.fields = fields
        self.returns = returns
        self.required = tuple(field for field, line in fields.items() if line.required)
        self.checks = {field: self._check(line) for field, line in fields.items()}

    @staticmethod
    def _check(field: Field) -> tuple[Check, bool]:
        """Pair the check with whether a string may be the JSON of something."""
        return check_of_any(field.types), not any(name in PLAIN for name in field.types)

    def arguments(self, given: Mapping[str, Any]) -> Json:
        """Check what came with a call; unknown parameters are left out, as Telegram does."""
        known: Json = {}
        for name, value in given.items():
            check = self.checks.get(name)
            if check is not None and value is not None:
                known[name] = self._argument(name, value, check)
        for name in self.required:
            if known.get(name) in (None, ""):
                raise bad_request(refusals.MISSING.get(name, f'parameter "{name}" is required'))
        return known

    def _argument(self, name: str, value: Any, check: tuple[Check, bool]) -> Any:
        of, nested = check
        if nested and isinstance(value, str):
            try:
                value = msgspec.json.decode(value)
            except msgspec.DecodeError:
                words = UNREADABLE.get(name, f"can't parse {name} JSON object")
                raise bad_request(words) from None
        try:
            return of(value)
        except WrongType as error:
            raise bad_request(self._complaint(name, str(error))) from None

    def _complaint(self, name: str, found: str) -> str:
        if found in PLAIN or " or " in found:
            return f"invalid {name} specified"
        if name == "reply_markup" and found.endswith("must be an Object"):
            return "object expected as reply markup"
        if found.startswith("expected an Array"):
            return found
        return f"can't parse {SPOKEN.get(name, name)}: {found}"


@cache
def methods() -> Mapping[str, str]:
    """Map each method's name in small letters to its exact one."""
    return {name.lower(): name for name in document()["methods"]}


@cache
def method(name: str) -> Method | None:
    """Find a method by name, in any case of letters, as Telegram does."""
    exact = methods().get(name.lower())
    if exact is None:
        return None
    entry = document()["methods"][exact]
    fields = {field: read_field(line) for field, line in entry["fields"].items()}
    return Method(exact, fields, tuple(entry["returns"]))


# -- Plausible answers, for methods that are checked but not carried out

SAMPLES: dict[str, Any] = {
    "Integer": 1,
    "Float": 1.0,
    "String": "sample",
    "Boolean": True,
    "True": True,
    "InputFile": "sample",
}


def sample(kind: str, depth: int = 0) -> Any:
    """Make the smallest value that has the shape of a type."""
    if kind in SAMPLES:
        return SAMPLES[kind]
    if kind.startswith("Array of "):
        return []
    options = subtypes_of(kind)
    if options:
        return sample(options[-1] if depth else options[0], depth + 1)
    return {
        name: field.constant or sample(field.types[0], depth + 1)
        for name, field in fields_of(kind).items()
        if field.required
    }


# -- Making the compact copy


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


def main(arguments: list[str]) -> None:
    """Remake ``schema.json`` from the full file that is named."""
    full = msgspec.json.decode(Path(arguments[0]).read_bytes())
    HERE.write_bytes(msgspec.json.format(msgspec.json.encode(compact(full)), indent=1) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
