"""Methods: the arguments of a call checked, an answer of the right shape made."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from vitte.dev.telegram import refusals
from vitte.dev.telegram.refusals import bad_request
from vitte.dev.telegram.schema.checks import PLAIN, Check, WrongType, check_of_any
from vitte.dev.telegram.schema.document import (
    Field,
    Json,
    document,
    fields_of,
    read_field,
    subtypes_of,
)

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
