"""Every error that vitte raises on purpose.

One root, so that an edge can tell "we said no" from "we are broken". What a
caller needs in order to decide travels as attributes; what a person of the chat
may read has a Fluent id (``words``); ``permanent`` tells whether trying the
same again can ever help. The runtime has errors of its own, since it can be
lifted out and used alone: see ``vitte.runtime``.
"""

from collections.abc import Sequence
from typing import ClassVar


class VitteError(Exception):
    """Raised when vitte refuses on purpose; the root of the errors below."""

    permanent: ClassVar[bool] = True
    words: ClassVar[str] = "error-ours"


class Fault:
    """One thing wrong with the configuration: where, what, and what to do."""

    __slots__ = ("key", "line", "problem", "source")

    def __init__(self, *, key: str, problem: str, source: str, line: int | None = None) -> None:
        self.key = key
        self.problem = problem
        self.source = source
        self.line = line

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}, line {self.line}"
        return f"{self.key}: {self.problem} ({place})"


class BadConfiguration(VitteError):
    """Raised when the configuration has faults; carries every one of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


class BadWords(VitteError):
    """Raised when the Fluent files cannot be read, or the languages do not agree."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


class UnknownQuery(VitteError):
    """Raised when a name is taken that stands in no file of named queries."""

    def __init__(self, noun: str, name: str) -> None:
        self.noun = noun
        self.name = name
        super().__init__(f"sql/queries/{noun}.sql has no query named {name}")


class DatabaseAway(VitteError):
    """Raised when PostgreSQL cannot be reached, or hung up in the middle of a question."""

    permanent = False


class DatabaseBusy(VitteError):
    """Raised when no connection, or no lock, came free within its time."""

    permanent = False


class DatabaseSlow(VitteError):
    """Raised when PostgreSQL cancelled a statement that took longer than it may."""

    permanent = False


class MigrationFailed(VitteError):
    """Raised when a migration does not go through; nothing of it remains."""

    def __init__(self, migration: str, reason: str) -> None:
        self.migration = migration
        self.reason = reason
        super().__init__(f"{migration} failed and was undone: {reason}")


class MigrationBlocked(VitteError):
    """Raised when another session holds what a migration needs for longer than it waits."""

    permanent = False
