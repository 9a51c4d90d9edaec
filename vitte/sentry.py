"""Sentry: errors of the log, told to those who mend them. An extra, off without a DSN.

An event is made here, field by field, of a record that is an error or graver: the
sentence, the kinds of the errors behind it with their stacks, the ids of what it was
about. Nothing is gathered by the library: no variables, no crumbs, no request, no
name of the machine or of a person; and all of it passes ``vitte.redaction`` like the
log itself. Sending is a thread's work; what cannot be sent is dropped, and the log
has it anyway.
"""

import logging
import traceback
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, cast

import vitte
from vitte import redaction
from vitte.errors import BadConfiguration, Fault
from vitte.redaction import Redactor

if TYPE_CHECKING:
    from sentry_sdk.client import BaseClient

FAREWELL_SECONDS: Final = 2.0
"""How long a stop may wait for what has not been sent yet."""

MOST_FRAMES: Final = 50
MOST_ERRORS: Final = 8
_OF_OURS: Final = frozenset({"actor", "job", "kind", "update_id", "request_id", "scheduled_for"})
_SENT: Final = frozenset({"event_id", "timestamp", "platform", "level", "logger", "logentry", "exception", "extra", "release", "sdk"})  # fmt: skip


def start(dsn: str, share: float, redactor: Redactor) -> Callable[[], None]:
    """Report errors from now on, that share of them; gives what ends it, for the stop.

    Raises:
        BadConfiguration: The library is not installed, or the DSN is none.
    """
    try:
        import sentry_sdk  # noqa: PLC0415  # an extra
        from sentry_sdk.utils import BadDsn  # noqa: PLC0415
    except ImportError:
        problem = "needs a library that is not installed: pip install 'vitte[sentry]'"
        raise BadConfiguration([_fault(problem)]) from None
    try:
        client = sentry_sdk.Client(
            dsn,
            before_send=_only_ours,
            sample_rate=share,
            release=f"vitte@{vitte.__version__}",
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            enable_backpressure_handling=False,
            send_client_reports=False,
            spotlight=False,
            max_breadcrumbs=0,
            shutdown_timeout=FAREWELL_SECONDS,
        )
    except BadDsn:
        raise BadConfiguration([_fault("is no DSN of Sentry's, as https://KEY@HOST/1")]) from None
    reporter = Reporter(client, redactor)
    logging.getLogger().addHandler(reporter)

    def end() -> None:
        logging.getLogger().removeHandler(reporter)
        client.close(timeout=FAREWELL_SECONDS)

    return end


def _fault(problem: str) -> Fault:
    return Fault(key="sentry.dsn", problem=problem, source="VITTE_SENTRY_DSN")


class Reporter(logging.Handler):
    """Hands records that are errors to Sentry's client."""

    def __init__(self, client: "BaseClient", redactor: Redactor) -> None:
        super().__init__(logging.ERROR)
        self._client = client
        self._redactor = redactor

    def emit(self, record: logging.LogRecord) -> None:
        """Report one record; the library's own complaints are left to the log."""
        if not record.name.startswith("sentry_sdk"):
            self._client.capture_event(self.event(record))

    def event(self, record: logging.LogRecord) -> Any:
        """What is sent of a record."""
        said = record.getMessage().partition("\n")[0]
        event: dict[str, Any] = {
            "platform": "python",
            "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
            "logger": record.name,
            # The sentence before anything is put into it: Sentry gathers equal ones by it.
            "logentry": {
                "message": self._scrubbed(str(record.msg)),
                "formatted": self._scrubbed(said),
            },
            "extra": self._scrubbed(
                {key: value for key, value in vars(record).items() if key in _OF_OURS}
            ),
        }
        stack = getattr(record, "stack", None)
        if isinstance(stack, list):  # of a fall, as the runtime took it down
            event["extra"]["stack"] = self._scrubbed([str(frame) for frame in stack])  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # an attribute of anybody's
        if record.exc_info and record.exc_info[1] is not None:
            values = [self._scrubbed(_error(each)) for each in _chain(record.exc_info[1])]
            event["exception"] = {"values": values[::-1]}
        return event

    def _scrubbed(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._scrubbed(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType]  # of our own making
        if isinstance(value, list):
            return [self._scrubbed(each) for each in value]  # pyright: ignore[reportUnknownVariableType]  # as above
        return value if isinstance(value, int) else self._redactor.strike_out(str(value))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what caused it, the cause last; of a group the first."""
    found: BaseException | None = error
    for _ in range(MOST_ERRORS):
        if found is None:
            return
        yield found
        if isinstance(found, BaseExceptionGroup):
            found = cast("BaseExceptionGroup[BaseException]", found).exceptions[0]
        else:
            found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _error(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    return {
        "type": type(error).__name__,
        "module": type(error).__module__,
        "value": redaction.say(error),
        "stacktrace": {
            "frames": [
                {
                    "filename": frame.filename,
                    "function": frame.name,
                    "lineno": frame.lineno,
                    "context_line": frame.line,
                    "in_app": "/vitte/" in frame.filename,
                }
                for frame in frames
            ]
        },
    }


def _only_ours(event: Any, _hint: object) -> Any:
    """The event without anything that the library put in by itself."""
    return {key: value for key, value in event.items() if key in _SENT}
