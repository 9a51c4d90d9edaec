"""Checks: each takes what came with a call and gives what it means, or raises.

Every check is compiled once, at the first use of its type, so that a call costs
one dictionary look-up a parameter.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple, TypeAlias, cast

from vitte.dev.telegram.schema.document import Json, document, fields_of, subtypes_of

Check: TypeAlias = Callable[[Any], Any]


class WrongType(Exception):
    """Raised when a value is not of the type that the schema names."""


class Upload(NamedTuple):
    """A file that came with a call."""

    name: str
    kind: str
    content: bytes


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


def checked(names: tuple[str, ...], value: Any) -> Any:
    """Give a value as one of several types.

    Raises:
        WrongType: it is none of them.
    """
    return check_of_any(names)(value)


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
