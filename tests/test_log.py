"""The log: one record a line, with fields, without secrets."""

import io
import logging
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitte import log


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.start("INFO", ["hunter2hunter2"], stream)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_record_is_one_line_of_json_with_its_fields(written: io.StringIO) -> None:
    with log.about(update_id=7, user_id=123456):
        logging.getLogger("vitte.bot").info("New user registered: %d", 123456)

    record = msgspec.json.decode(written.getvalue())
    time = record.pop("time")
    assert time.endswith("+00:00")
    assert record == {
        "levelname": "INFO",
        "logger": "vitte.bot",
        "message": "New user registered: 123456",
        "update_id": 7,
        "user_id": 123456,
    }


def test_what_a_record_is_about_ends_with_its_block(written: io.StringIO) -> None:
    with log.about(update_id=7):
        pass
    logging.getLogger("vitte").info("later")

    assert "update_id" not in written.getvalue()


def a_call_fails(token: str) -> None:
    raise RuntimeError(f"https://api.telegram.org/bot{token}/getMe")


def test_secrets_are_struck_out_also_from_tracebacks(written: io.StringIO) -> None:
    token = "123456789:" + "A" * 35
    try:
        a_call_fails(token)
    except RuntimeError:
        logging.getLogger("vitte").exception("redis://:pa55word@localhost and hunter2hunter2")

    line = written.getvalue()
    assert token not in line
    assert "pa55word" not in line
    assert "hunter2hunter2" not in line
    assert line.count("\n") == 1


@given(st.text(st.characters(codec=None)))
def test_a_record_stays_one_line_whatever_a_name_holds(name: str) -> None:
    record = logging.makeLogRecord({"msg": "New user registered", "first_name": name})

    line = log.JsonLines().format(record)

    assert len(line.splitlines()) == 1
    assert msgspec.json.decode(line)["message"] == "New user registered"


def test_a_value_that_json_cannot_say_does_not_break_the_log(written: io.StringIO) -> None:
    logging.getLogger("vitte").info("odd", extra={"value": {1: object()}, "mark": "\ud800"})

    assert msgspec.json.decode(written.getvalue())["message"] in {"odd", "'odd'"}
