"""One-time codes: those that an app computes (TOTP, RFC 6238), and those that the bot sends.

A code of an app is HOTP (RFC 4226) over the number of the current half minute: six
digits, SHA-1, as every such app does it. The half minutes beside it count as well,
since clocks differ, and none counts twice. A code that the bot sends is random.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

DIGITS: Final = 6
STEP_SECONDS: Final = 30
BESIDE: Final = 1
SECRET_BYTES: Final = 20


def hotp(secret: bytes, counter: int, digits: int = DIGITS) -> str:
    """The code of a counter, by RFC 4226, 5.3."""
    mac = hmac.digest(secret, counter.to_bytes(8), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}d}"


def step_at(now: datetime) -> int:
    """The number of the half minute."""
    return int(now.timestamp()) // STEP_SECONDS


def step_of(secret: bytes, code: str, now: datetime) -> int | None:
    """Which half minute's code this is, among those that count now; None where it is none's."""
    found = None
    for step in range(step_at(now) - BESIDE, step_at(now) + BESIDE + 1):
        # Each is compared, so that the time of an answer does not tell which.
        if hmac.compare_digest(hotp(secret, step).encode(), code.encode()):
            found = step
    return found


def new_secret() -> bytes:
    """What somebody's codes will be computed from."""
    return secrets.token_bytes(SECRET_BYTES)


def as_text(secret: bytes) -> str:
    """A secret as it is typed into an app."""
    return base64.b32encode(secret).decode()


def as_link(secret: bytes, name: str) -> str:
    """A secret as an app reads it from a link or a QR code."""
    given = {"secret": as_text(secret), "issuer": "vitte", "algorithm": "SHA1", "digits": DIGITS}
    return f"otpauth://totp/vitte:{quote(name)}?{urlencode(given | {'period': STEP_SECONDS})}"


def random_code() -> str:
    """A code for the bot to send."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


def sealed(cookie: str, code: str) -> bytes:
    """What is kept of a code that was sent: without the cookie nobody can try codes against it."""
    return hashlib.sha256(f"{cookie} {code}".encode()).digest()


def typed(text: str) -> str:
    """A code as somebody typed it: spaces between the digits are for the eye."""
    return "".join(text.split())[: DIGITS * 2]
