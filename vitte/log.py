"""The log: one JSON object a line on standard output, for people and for journald.

Whoever works on an update or a request says so once with ``about``; every
record written below carries those fields. Secrets are struck out here, at the
one place all records pass; the text of people's messages must not come at all.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import msgspec

_about: ContextVar[dict[str, Any]] = ContextVar("about")
_encode: Final = msgspec.json.Encoder(enc_hook=str).encode
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# What some readers take for the end of a line though JSON does not: a name may hold any of it.
_LINE_ENDS: Final = re.compile("[\x7f-\x9f\u2028\u2029]")
_BOT_TOKEN: Final = re.compile(r"(?<!\d)\d{5,}:[A-Za-z0-9_-]{30,}")
_PASSWORD_IN_URL: Final = re.compile(r"(\w+://[^\s:/@\"]*:)[^\s@/\"]+@")
STRUCK_OUT: Final = "[secret]"


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
    """A record as one line of JSON, without secrets."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(sorted((s for s in secrets if s), key=len, reverse=True))

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the record holds."""
        fields = self._fields(record)
        try:
            line = _encode(fields).decode()
        except (TypeError, ValueError):  # a value that JSON has no way to say
            line = _encode({key: _sayable(value) for key, value in fields.items()}).decode()
        return self._strike_out(_LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", line))

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "levelname": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= _about.get({})
        fields |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            fields["exception"] = "".join(traceback.format_exception(record.exc_info[1]))
        return fields

    def _strike_out(self, line: str) -> str:
        for secret in self._secrets:
            line = line.replace(secret, STRUCK_OUT)
        return _PASSWORD_IN_URL.sub(rf"\1{STRUCK_OUT}@", _BOT_TOKEN.sub(STRUCK_OUT, line))


def _sayable(value: object) -> str:
    """A value as text that UTF-8 can hold: half a surrogate pair cannot travel as it is."""
    return (
        (value if isinstance(value, str) else ascii(value))
        .encode("utf-8", "backslashreplace")
        .decode()
    )


def start(level: str, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Send every record of the process to ``stream`` (standard output) as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonLines(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for chatty in ("aiogram.event", "aiohttp.access", "yoyo"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
