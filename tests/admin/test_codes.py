"""One-time codes against the test vectors of their RFCs."""

from datetime import UTC, datetime

import pytest

from vitte.admin import codes

SECRET = b"12345678901234567890"

# RFC 4226, appendix D.
HOTP = (
    "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
)  # fmt: skip

# RFC 6238, appendix B, the rows of SHA-1: the time in seconds, and eight digits.
TOTP = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}


@pytest.mark.parametrize(("counter", "code"), list(enumerate(HOTP)))
def test_a_counter_gives_the_code_of_rfc_4226(counter: int, code: str) -> None:
    assert codes.hotp(SECRET, counter) == code


@pytest.mark.parametrize(("seconds", "code"), list(TOTP.items()))
def test_a_time_gives_the_code_of_rfc_6238(seconds: int, code: str) -> None:
    step = codes.step_at(datetime.fromtimestamp(seconds, UTC))

    assert codes.hotp(SECRET, step, digits=8) == code


@pytest.mark.parametrize(("late", "counts"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])  # fmt: skip
def test_the_half_minutes_beside_the_current_one_count(late: int, *, counts: bool) -> None:
    code = codes.hotp(SECRET, codes.step_at(datetime.fromtimestamp(1111111109 + late, UTC)))

    found = codes.step_of(SECRET, code, datetime.fromtimestamp(1111111109, UTC))

    assert (found is not None) == counts


def test_what_is_no_code_is_none() -> None:
    now = datetime.fromtimestamp(59, UTC)

    for text in ("", "28708", "2870822", "287083", "２８７０８２", "x" * 400):
        assert codes.step_of(SECRET, codes.typed(text), now) is None
    assert codes.step_of(SECRET, codes.typed(" 287 082 "), now) == 1


def test_a_secret_can_be_typed_and_linked() -> None:
    assert codes.as_text(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert codes.as_link(SECRET, "anna").startswith("otpauth://totp/vitte:anna?secret=GEZDGNBV")
    assert len(codes.new_secret()) == 20
