"""The log: one JSON object a line on standard output, for people and for journald.

Whoever works on an update or a request says so once with ``about``; every
record written below carries those fields. All records pass one place, and there
``vitte.redaction`` strikes out secrets and withholds what an error quotes; the text
of people's messages must not come at all. Where journald listens, a line begins with
its priority, as ``<4>``: journald takes it off and ``journalctl -p warning`` works.
"""

import logging
import os
import re
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import msgspec

from vitte import redaction

_about: ContextVar[dict[str, Any]] = ContextVar("about")
_encode: Final = msgspec.json.Encoder(enc_hook=str).encode
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# What some readers take for the end of a line though JSON does not: a name may hold any of it.
_LINE_ENDS: Final = re.compile("[\x7f-\x9f\u2028\u2029]")
# What syslog calls the levels. Source: sd-daemon(3), "SD_ERR" and its kin.
_PRIORITIES: Final = ((logging.CRITICAL, "<2>"), (logging.ERROR, "<3>"), (logging.WARNING, "<4>"), (logging.INFO, "<6>"))  # fmt: skip


class about:  # noqa: N801  # used as a function is
    """Every record written inside carries these fields, as ``update_id`` and ``user_id``."""

    __slots__ = ("_fields", "_token")

    def __init__(self, **fields: object) -> None:
        self._fields = fields

    def __enter__(self) -> None:
        self._token = _about.set({**_about.get({}), **self._fields})

    def __exit__(self, *_: object) -> None:
        _about.reset(self._token)


def begin(**fields: object) -> None:
    """As ``about``, for the rest of a task: for one that is over when its work is done."""
    _about.set({**_about.get({}), **fields})


class JsonLines(logging.Formatter):
    """A record as one line of JSON, without secrets; for journald with its priority before it."""

    def __init__(self, secrets: Iterable[str] = (), *, for_journald: bool = False) -> None:
        super().__init__()
        self._redactor = redaction.Redactor(secrets)
        self._for_journald = for_journald

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the record holds."""
        fields = self._fields(record)
        try:
            line = _encode(fields).decode()
        except (TypeError, ValueError):  # a value that JSON has no way to say
            line = _encode({key: _sayable(value) for key, value in fields.items()}).decode()
        line = _LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
        line = self._redactor.strike_out(line)
        return _priority(record.levelno) + line if self._for_journald else line

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "levelname": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        fields |= _about.get({})
        fields |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            fields["exception"] = redaction.tell(record.exc_info[1])
        return fields


def _message(record: logging.LogRecord) -> str:
    """What was said. asyncio's complaints go on with the error's own words, so they end sooner."""
    message = record.getMessage()
    return message.partition("\n")[0] if record.name == "asyncio" else message


def _priority(level: int) -> str:
    return next((name for least, name in _PRIORITIES if level >= least), "<7>")


def _journald_reads(stream: TextIO) -> bool:
    """Whether a stream goes to journald. Source: systemd.exec(5), $JOURNAL_STREAM."""
    try:
        there = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or a stream of this process's memory
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"


def _sayable(value: object) -> str:
    """A value as text that UTF-8 can hold: half a surrogate pair cannot travel as it is."""
    return (
        (value if isinstance(value, str) else ascii(value))
        .encode("utf-8", "backslashreplace")
        .decode()
    )


def start(level: str, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Send every record of the process to ``stream`` (standard output) as JSON lines."""
    there = sys.stdout if stream is None else stream
    handler = logging.StreamHandler(there)
    handler.setFormatter(JsonLines(secrets, for_journald=_journald_reads(there)))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for chatty in ("aiogram.event", "aiohttp.access", "yoyo"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
