"""The words: every sentence a person reads, in Russian and in English.

Owns the Fluent files under ``locales/``. They are read once, at the start, and
checked whole: both languages hold the same lines with the same variables, each
line begins with its file's name, nothing is left unparsed. A fault there stops
the start with its file and line; afterwards a line that exists in one language
exists in the other, so nothing has to fall back while people wait.

A line is known by its id, ``start-welcome``, or by the id and an attribute,
``reminder-soon.button``. Lines for messages are HTML, and `Words.say` escapes
every string put into them: a name is safe wherever a line puts it. Lines that
Telegram shows as they are (buttons, the command menu, a notice over the chat)
and the lines of the voices have no markup and are read with `Words.plain`.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from html import escape
from pathlib import Path
from typing import Literal, TypeAlias

from fluent.runtime import FluentBundle
from fluent.runtime.resolver import Pattern
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor
from msgspec import Struct

from vitte import resources
from vitte.errors import BadWords

Language: TypeAlias = Literal["ru", "en"]
Variable: TypeAlias = str | int | float | date

LANGUAGES: tuple[Language, ...] = ("ru", "en")

APOLOGY = "error-ours"
"""What is said when the line that was asked for does not exist."""

_log = logging.getLogger(__name__)


def language_of(code: str | None) -> Language:
    """Give the language for a person of whom Telegram says ``language_code``.

    Decision: Russian for Russian, Belarusian, Ukrainian and Kazakh interfaces,
    since most of those people read it with ease; English for everybody else and
    for those of whom Telegram says nothing. It counts at the first contact only;
    afterwards the person's own choice stands. Only the tag's first part matters:
    ``pt-br``, ``zh-hans``, ``ru-RU``, ``RU``, ``uk_UA`` are all understood.
    """
    first = (code or "").strip().lower().replace("_", "-").partition("-")[0]
    return "ru" if first in {"ru", "be", "uk", "kk"} else "en"


class Line(Struct, frozen=True, kw_only=True):
    """One line in one language: its variables, and its text if it has none."""

    variables: frozenset[str]
    fixed: str | None
    render: Callable[[Mapping[str, Variable]], tuple[str, list[Exception]]]


class Words:
    """Every line of every language, ready to be said; see `load`."""

    def __init__(self, lines: Mapping[Language, Mapping[str, Line]]) -> None:
        self._lines = lines
        self._fixed = {
            language: {name: line.fixed for name, line in known.items() if line.fixed is not None}
            for language, known in lines.items()
        }
        self._missed: set[str] = set()

    def say(self, language: Language, line: str, /, **variables: Variable) -> str:
        """Give the line as HTML for a message; strings in it are escaped."""
        fixed = self._fixed[language].get(line)
        if fixed is not None:
            return fixed
        safe = {
            name: escape(value, quote=False) if isinstance(value, str) else value
            for name, value in variables.items()
        }
        return self._render(language, line, safe)

    def plain(self, language: Language, line: str, /, **variables: Variable) -> str:
        """Give the line as it is, for a button, a menu, a notice or a voice."""
        fixed = self._fixed[language].get(line)
        return fixed if fixed is not None else self._render(language, line, variables)

    def render(
        self, language: Language, line: str, /, **variables: Variable
    ) -> tuple[str, list[Exception]]:
        """Give a line that exists as it is, and what went wrong with it: for who checks lines."""
        return self._lines[language][line].render(variables)

    def names(self, beginning: str = "") -> tuple[str, ...]:
        """Name every line whose id begins like this, in the order of the files."""
        return tuple(name for name in self._lines[LANGUAGES[0]] if name.startswith(beginning))

    def variables(self, line: str) -> frozenset[str]:
        """Name the variables that a line wants; raises KeyError for a line that is not there."""
        return self._lines[LANGUAGES[0]][line].variables

    def _render(self, language: Language, line: str, variables: Mapping[str, Variable]) -> str:
        known = self._lines[language].get(line)
        if known is None or not known.variables <= variables.keys():
            return self._apologize(language, line)
        text, errors = known.render(variables)
        return text if not errors else self._apologize(language, line)

    def _apologize(self, language: Language, line: str) -> str:
        """Say sorry instead of showing an id or a hole, and log each such line once."""
        if line not in self._missed:
            self._missed.add(line)
            _log.error("No line %s, or not with these variables", line)
        return self._fixed[language][APOLOGY]


def load(folder: Path | None = None) -> Words:
    """Read and check the words of every language; raises BadWords with all faults."""
    home = resources.ROOT / "locales" if folder is None else folder
    readers: dict[Language, _Reader] = {language: _Reader(language) for language in LANGUAGES}
    for language, reader in readers.items():
        for file in sorted((home / language).glob("*.ftl")):
            reader.read(file.stem, file.read_text(encoding="utf-8"), f"{language}/{file.name}")
    lines, faults = _gather(readers)
    if not faults and (APOLOGY not in lines["en"] or lines["en"][APOLOGY].variables):
        faults.append(f"{APOLOGY}: must exist without variables, to be said for a missing line")
    if faults:
        raise BadWords(faults)
    return Words(lines)


def read(subject: str, texts: Mapping[Language, str]) -> Words:
    """Read and check lines of one subject that stand in no file; raises BadWords with all faults.

    They are no part of the words that `load` gives: whoever reads them says them.
    """
    readers: dict[Language, _Reader] = {language: _Reader(language) for language in LANGUAGES}
    for language, reader in readers.items():
        reader.read(subject, texts[language], language)
    lines, faults = _gather(readers)
    if faults:
        raise BadWords(faults)
    return Words(lines)


def _gather(
    readers: Mapping[Language, "_Reader"],
) -> tuple[dict[Language, dict[str, Line]], list[str]]:
    """Give every line of every language, and every fault."""
    lines: dict[Language, dict[str, Line]] = {
        language: dict(reader.lines()) for language, reader in readers.items()
    }
    faults = [fault for reader in readers.values() for fault in reader.faults]
    return lines, [*faults, *_differences(lines)]


class _Reader:
    """Reads one language's texts, and keeps what is wrong with them in `faults`."""

    def __init__(self, language: Language) -> None:
        self.faults: list[str] = []
        self._bundle = FluentBundle([language], use_isolating=False)
        self._messages: dict[str, ast.Message] = {}

    def read(self, subject: str, text: str, called: str) -> None:
        """Read a text of a subject: a file's, or another."""
        resource = FluentParser().parse(text)
        self._bundle.add_resource(resource)
        for entry in resource.body:
            row = text.count("\n", 0, entry.span.start if entry.span else 0) + 1
            if isinstance(entry, ast.Junk):
                reasons = "; ".join(note.message or "" for note in entry.annotations)
                self.faults.append(f"{called}:{row}: cannot be read: {reasons}")
            elif isinstance(entry, ast.Message):
                self._take(entry, subject, f"{called}:{row}: {entry.id.name}")

    def _take(self, message: ast.Message, subject: str, called: str) -> None:
        if message.id.name in self._messages:
            self.faults.append(f"{called} stands here for the second time")
        if not f"{message.id.name}-".startswith(f"{subject}-"):
            self.faults.append(f"{called} does not begin with {subject}")
        self._messages[message.id.name] = message

    def lines(self) -> Iterator[tuple[str, Line]]:
        """Give every line by its name, also those that are attributes."""
        for name, written in self._messages.items():
            ready = self._bundle.get_message(name)
            if written.value is not None and ready.value is not None:
                yield name, self._line(name, written.value, ready.value)
            for part in written.attributes:
                full = f"{name}.{part.id.name}"
                yield full, self._line(full, part.value, ready.attributes[part.id.name])

    def _line(self, name: str, written: ast.Pattern, ready: Pattern) -> Line:
        """Make a line; one without variables is said here, once and for all."""

        def render(variables: Mapping[str, Variable]) -> tuple[str, list[Exception]]:
            text, errors = self._bundle.format_pattern(ready, dict(variables))
            return str(text), errors

        search = _VariableSearch()
        search.visit(written)
        fixed, errors = (None, []) if search.variables or search.quoted else render({})
        called = f"{self._bundle.locales[0]}: {name}"
        self.faults += [f"{called}: {error}" for error in errors]
        self.faults += [f"{called}: quotes {line}; only terms are quoted" for line in search.quoted]
        return Line(variables=frozenset(search.variables), fixed=fixed, render=render)


class _VariableSearch(Visitor):
    """Finds the variables that a pattern wants, and the lines that it quotes."""

    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.quoted: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 - the visitor looks it up by this name
        """Note a variable."""
        self.variables.add(node.id.name)

    def visit_MessageReference(self, node: ast.MessageReference) -> None:  # noqa: N802 - as above
        """Note a quoted line."""
        self.quoted.add(node.id.name)


def _differences(lines: Mapping[Language, Mapping[str, Line]]) -> Iterator[str]:
    """Tell where two languages do not hold the same lines with the same variables."""
    one, other = LANGUAGES
    for name in sorted(lines[one].keys() ^ lines[other].keys()):
        yield f"{name}: stands only in {one if name in lines[one] else other}"
    for name in sorted(lines[one].keys() & lines[other].keys()):
        here, there = lines[one][name].variables, lines[other][name].variables
        if here != there:
            yield f"{name}: wants {sorted(here)} in {one} but {sorted(there)} in {other}"
