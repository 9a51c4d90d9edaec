"""What may be seen: secrets struck out by heart and by look, and what an error may say."""

import json
from urllib.parse import quote

import pytest

from vitte import redaction
from vitte.errors import DatabaseAway
from vitte.redaction import STRUCK_OUT, WITHHELD, Redactor

PASSWORD = 'p/a"s s\\w%rd'


@pytest.mark.parametrize(
    "written",
    [PASSWORD, quote(PASSWORD, safe=""), json.dumps(PASSWORD)],
    ids=["plain", "url", "json"],
)
def test_a_known_secret_is_struck_out_however_it_is_written(written: str) -> None:
    redactor = Redactor([PASSWORD])

    assert redactor.strike_out(f"<{written}>") in {f"<{STRUCK_OUT}>", f'<"{STRUCK_OUT}">'}


def test_the_password_within_a_known_address_is_a_secret_of_its_own() -> None:
    redactor = Redactor([f"postgresql://vitte:{quote(PASSWORD, safe='')}@localhost/vitte"])

    assert PASSWORD not in redactor.strike_out(f"role vitte, password {PASSWORD}")


@pytest.mark.parametrize(
    "text",
    [
        "bot4242000001:AAAAAAAAAABBBBBBBBBBCCCCCCCCCC12345/getMe",
        "Authorization: Bearer vtt_" + "x" * 49,
        "redis://:hunter2@localhost",
        "host=localhost password=hunter2 user=vitte",
        "host=localhost password='hunter 2' user=vitte",
        "authorization: bearer abcdef.ghijkl",
    ],
)
def test_what_looks_like_a_secret_is_struck_out_unknown(text: str) -> None:
    said = Redactor().strike_out(text)

    assert STRUCK_OUT in said
    for secret in ("AAAAAAAAAA", "xxxx", "hunter", "ghijkl"):
        assert secret not in said


def test_common_words_and_times_are_left_alone() -> None:
    text = "2026-11-25T12:00:00 Listening on 127.0.0.1:8080, the password= of nobody; vitte run"

    assert Redactor(["vitte", ""]).strike_out(text) == text


def failed(error: Exception, cause: Exception | None = None) -> Exception:
    def fails() -> None:
        raise error from cause

    with pytest.raises(type(error)) as caught:
        fails()
    return caught.value


def test_an_error_tells_its_kind_and_stack_but_not_what_it_quotes() -> None:
    story = redaction.tell(failed(ValueError("secret words"), KeyError("dear diary")))

    assert "secret words" not in story
    assert "dear diary" not in story
    assert f"ValueError: {WITHHELD}" in story
    assert f"KeyError: {WITHHELD}" in story
    assert "the direct cause" in story
    assert "in fails" in story


def test_our_own_errors_and_those_of_types_and_names_say_what_they_say() -> None:
    for error in (DatabaseAway("no answer"), TypeError("a takes 1"), OSError(2, "No such file")):
        assert redaction.say(error) == str(error)


def test_every_error_of_a_group_is_told_once() -> None:
    group = ExceptionGroup("two", [ValueError("one of them"), TypeError("b takes 2")])

    story = redaction.tell(failed(group))

    assert "one of them" not in story
    assert story.count("TypeError: b takes 2") == 1


def test_a_very_long_story_is_cut_in_its_middle() -> None:
    error: Exception = TypeError("the first")
    for number in range(400):
        error = failed(TypeError(f"{number}"), error)

    story = redaction.tell(error)

    assert len(story) < redaction.LONGEST_STORY + 100
    assert "characters ..." in story
    assert story.rstrip().endswith("TypeError: 399")
