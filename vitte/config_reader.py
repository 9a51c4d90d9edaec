"""Reads the configuration: the environment before a file, every fault at once.

Three places, each before the next: the environment (``VITTE_<SECTION>_<KEY>``);
for a secret a file, named by ``VITTE_<SECTION>_<KEY>_FILE``, or handed over by
systemd as the credential ``<section>_<key>`` or ``vitte_<section>_<key>``, or lying
as ``secrets/<section>_<key>`` beside the TOML file, where root's own commands find
what systemd hands to the service; a TOML file. A reading gathers all
that is wrong, each fault with its key and its line, before it refuses.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, get_args

import msgspec

from vitte import config
from vitte.config import Config, Secret
from vitte.errors import BadConfiguration, Fault

SECRETS = "secrets"
"""The folder beside the TOML file in which a secret may lie as a file."""


# Names keys that cannot work, each with the reason.
Check: TypeAlias = Callable[[Config], Iterable[tuple[str, str]]]


class Loaded(NamedTuple):
    """A configuration without faults, where it came from, and what looked odd."""

    config: Config
    source: str
    warnings: tuple[str, ...]


class Place(NamedTuple):
    """Where a key got its value: a file's name or a variable's, and the line if there is one."""

    source: str = "not set"
    line: int | None = None


class Given(NamedTuple):
    """A value as it was found; text from outside TOML may still become a number."""

    value: object
    is_text: bool


def find_file(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The file to read when none is named: ``VITTE_CONFIG``, else the system's, else none."""
    if named := environment.get("VITTE_CONFIG"):
        return Path(named)
    usual = Path("/etc/vitte/vitte.toml")
    return usual if usual.exists() else None


def load(path: Path | None, environment: Mapping[str, str], also: Check = config.unfit) -> Loaded:
    """Read the file (if any), then what the environment says over it.

    ``also`` names keys whose values have the right type and cannot work.

    Raises:
        BadConfiguration: Something is wrong; it carries every fault found.
    """
    reading = _Reading(path, environment, also)
    result = reading.run()
    if reading.faults or result is None:
        raise BadConfiguration(reading.faults)
    return Loaded(result, str(path or "the environment"), tuple(_strangers(environment)))


class _Reading:
    """One reading: what was found, where, and what is wrong with it."""

    def __init__(self, path: Path | None, environment: Mapping[str, str], also: Check) -> None:
        self.path = path
        self.environment = environment
        self.also = also
        self.faults: list[Fault] = []
        self.places: dict[str, Place] = {}

    def run(self) -> Config | None:
        table = self._file()
        if self.faults:
            return None  # of a file that cannot be read nothing more can be said
        self._refuse_unknown(table)
        values: dict[str, Any] = {}
        for key in config.every_key():
            found = self._find(table, key)
            if found is not None and self._fits(key, found):
                value = _split(found.value, key.type)
            elif "." in key.section:  # a section's own default differs from that of its kind
                value = key.default
            else:
                continue
            inner = values
            for name in filter(None, key.section.split(".")):
                inner = inner.setdefault(name, {})
            inner[key.name] = value
        result = msgspec.convert(values, Config, strict=False, dec_hook=_secret)
        known = {fault.key for fault in self.faults}
        for name, problem in self.also(result):
            if name not in known:  # what was given there was not taken over
                self._fault(name, problem)
        return result

    def _file(self) -> dict[str, Any]:
        if self.path is None:
            return {}
        try:
            text = self.path.read_text(encoding="utf-8")
            table = tomllib.loads(text)
        except (OSError, ValueError) as problem:
            self.places[str(self.path)] = Place("the file", _line_of(problem))
            self._fault(str(self.path), str(problem))
            return {}
        for name, line in _lines(text):
            self.places[name] = Place(self.path.name, line)
        return table

    def _refuse_unknown(self, table: dict[str, Any]) -> None:
        known = [key.path for key in config.every_key()]
        for name in _names(table):
            if name not in known:
                self._fault(name, f"is no key of vitte{_near(name, known)}")

    def _find(self, table: dict[str, Any], key: config.Key) -> Given | None:
        if key.variable in self.environment:
            self.places[key.path] = Place(key.variable)
            return Given(self.environment[key.variable], is_text=True)
        if key.type is Secret and (file := self._secret_file(key)) is not None:
            self.places[key.path] = Place(str(file))
            return self._read_secret(key, file)
        inner: Any = table
        for name in filter(None, key.section.split(".")):
            inner = inner.get(name) if isinstance(inner, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # TOML gives anything
        if isinstance(inner, dict) and key.name in inner:
            return Given(inner[key.name], is_text=False)  # pyright: ignore[reportUnknownArgumentType]  # as above
        return None

    def _secret_file(self, key: config.Key) -> Path | None:
        if named := self.environment.get(f"{key.variable}_FILE"):
            return Path(named)
        name = f"{key.section}_{key.name}"
        if folder := self.environment.get("CREDENTIALS_DIRECTORY"):
            handed = (Path(folder, name), Path(folder, f"vitte_{name}"))
            return next((file for file in handed if file.exists()), None)
        if self.path is None:
            return None
        lying = self.path.parent / SECRETS / name
        # Who may not look into the folder is told about the key that is missing instead.
        return lying if os.access(lying.parent, os.X_OK) and lying.exists() else None

    def _read_secret(self, key: config.Key, file: Path) -> Given | None:
        try:
            return Given(file.read_text(encoding="utf-8").strip(), is_text=True)
        except (OSError, ValueError) as problem:
            self._fault(key.path, f"cannot be read: {problem}")
            return None

    def _fits(self, key: config.Key, given: Given) -> bool:
        value = _split(given.value, key.type) if given.is_text else given.value
        try:
            msgspec.convert(value, key.type, strict=not given.is_text, dec_hook=_secret)
        except msgspec.ValidationError as problem:
            self._fault(key.path, _in_plain_words(str(problem), key.type))
            return False
        return True

    def _fault(self, name: str, problem: str) -> None:
        place = self.places.get(name, Place())
        self.faults.append(Fault(key=name, problem=problem, source=place.source, line=place.line))


def _split(value: object, kind: Any) -> object:
    """A list in the environment is written with commas: ``7,3,1``."""
    if kind == tuple[int, ...] and isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _secret(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise msgspec.ValidationError(f"Expected `str`, got `{type(value).__name__}`")


def _in_plain_words(problem: str, kind: Any) -> str:
    """What an operator reads instead of the decoder's sentence alone."""
    if kind != tuple[int, ...] and (choices := get_args(kind)):
        return "must be one of " + ", ".join(str(choice) for choice in choices)
    words = {int: "a whole number", float: "a number", str: "a text", Secret: "a text"}
    return f"must be {words.get(kind, 'a list of whole numbers')}: {problem}"


def _names(table: dict[str, Any], above: str = "") -> Iterator[str]:
    """Every key of a TOML table by its path; what is no section of ours is one key."""
    sections = {part for key in config.every_key() for part in _sections(key.section)}
    for key, value in table.items():
        path = f"{above}{key}"
        if path in sections and isinstance(value, dict):
            inner: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]  # TOML's keys are texts
            yield from _names(inner, f"{path}.")
        else:
            yield path


def _sections(path: str) -> Iterator[str]:
    """A section and those above it: ``cron.user_stats`` and ``cron``."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def _lines(text: str) -> Iterator[tuple[str, int]]:
    """Each key of a TOML text with the number of its line."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r"\s*\[([^\[\]]+)\]", line):
            section = found[1].strip() + "."
            yield found[1].strip(), number
        elif found := re.match(r"\s*([A-Za-z0-9_.-]+)\s*=", line):
            yield section + found[1], number


def _line_of(problem: Exception) -> int | None:
    found = re.search(r"at line (\d+)", str(problem))
    return int(found[1]) if found else None


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _strangers(environment: Mapping[str, str]) -> Iterator[str]:
    """Variables that begin like ours and mean nothing: most are misspelt."""
    known = {key.variable for key in config.every_key()} | {"VITTE_CONFIG"}
    for name in environment:
        if name.startswith("VITTE_") and name.removesuffix("_FILE") not in known:
            yield f"{name} means nothing to vitte{_near(name, known)}"
