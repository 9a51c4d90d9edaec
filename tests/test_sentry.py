"""Sentry: what is reported of an error, and what never is."""

import logging
import sys
from typing import Any

import pytest

from vitte import sentry
from vitte.errors import BadConfiguration
from vitte.redaction import Redactor


class Client:
    """A client that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def capture_event(self, event: dict[str, Any]) -> None:
        self.events.append(event)


def reported(**given: object) -> dict[str, Any]:
    client = Client()
    reporter = sentry.Reporter(client, Redactor(["hunter2hunter2"]))  # pyright: ignore[reportArgumentType]  # all of it that is used
    usual = {
        "name": "vitte.test",
        "levelno": logging.ERROR,
        "msg": "%s went wrong",
        "args": ("it",),
    }
    reporter.emit(logging.makeLogRecord(usual | given))
    [event] = client.events
    return event


def test_an_event_is_a_sentence_with_ids_and_nothing_else_of_the_record() -> None:
    event = reported(update_id=7, user_id=101, text="dear diary", password="hunter2hunter2")

    assert event["logentry"] == {"message": "%s went wrong", "formatted": "it went wrong"}
    assert event["extra"] == {"update_id": 7}
    assert "diary" not in str(event)
    assert "101" not in str(event)


def test_errors_are_told_cause_first_with_frames_and_without_what_they_quote() -> None:
    def fails() -> None:
        try:
            int("dear diary")
        except ValueError as cause:
            raise TypeError("hunter2hunter2 is no number") from cause

    with pytest.raises(TypeError) as caught:
        fails()
    event = reported(exc_info=(caught.type, caught.value, caught.tb))

    first, second = event["exception"]["values"]
    assert (first["type"], second["type"]) == ("ValueError", "TypeError")
    assert second["value"] == "[secret] is no number"
    assert second["stacktrace"]["frames"][-1]["lineno"]
    assert "diary" not in str({**first, "stacktrace": None})


def test_the_librarys_own_complaints_are_not_reported() -> None:
    client = Client()
    reporter = sentry.Reporter(client, Redactor())  # pyright: ignore[reportArgumentType]  # as above

    reporter.emit(logging.makeLogRecord({"name": "sentry_sdk.errors", "levelno": 40, "msg": "x"}))

    assert client.events == []


def test_a_dsn_that_is_none_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(BadConfiguration, match=r"sentry.dsn"):
        sentry.start("nonsense", 1.0, Redactor())


def test_without_the_library_the_fault_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)

    with pytest.raises(BadConfiguration, match=r"vitte\[sentry\]"):
        sentry.start("https://key@sentry.example/1", 1.0, Redactor())
