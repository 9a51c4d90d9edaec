"""Who may ask the API: tokens, kept as digests, and what each of them allows.

A token is ``vtt_``, 32 random bytes and a checksum, written in base64url. The checksum
tells a mistyped one from one that is not in force without asking PostgreSQL. It is
shown once, when it is made: kept is its SHA-256, which is enough, for 256 random bits
cannot be guessed as a password can.
"""

import base64
import hashlib
import re
import secrets
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NewType

from msgspec import Struct

from vitte.errors import BadScope, NoSuchToken, NoSuchUser, TokenNameTaken
from vitte.store import users
from vitte.store.pool import Session
from vitte.store.queries import take
from vitte.store.users import UserId

ADD = take("tokens", "add_token")
USE = take("tokens", "use_token")
LIST = take("tokens", "list_tokens")
REVOKE = take("tokens", "revoke_token")

TokenId = NewType("TokenId", int)

ALL: Final = "all"
"""Asked for instead of a list: every scope that the token can have."""
PERSONAL: Final = (
    "characters:read",
    "dialogs:read",
    "dialogs:write",
    "messages:read",
    "subscriptions:read",
    "subscriptions:write",
    "users:read",
    "users:write",
)
"""What a token can allow that is bound to one person."""
SCOPES: Final = (*PERSONAL, "statistics:read")

_FORM: Final = re.compile(r"vtt_[A-Za-z0-9_-]{43}[A-Za-z0-9_-]{6}")
_PREFIX: Final = 12
_NOTED_EVERY: Final = timedelta(minutes=1)


class Token(Struct, frozen=True, kw_only=True):
    """A token as it is kept. Bound to a person (``user_id``) it shows nobody else's rows."""

    id: TokenId
    name: str
    prefix: str
    scopes: list[str]
    user_id: UserId | None
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


async def create(  # noqa: PLR0913  # each is a thing of its own that a token has
    session: Session,
    name: str,
    scopes: Sequence[str],
    now: datetime,
    *,
    user: UserId | None = None,
    expires_at: datetime | None = None,
) -> tuple[str, Token]:
    """Make a token; give its text, which is nowhere to be had again, and its row.

    Raises:
        BadScope: A scope is unknown, or none of a token that is bound to a person.
        NoSuchUser: The person never wrote to the bot.
        TokenNameTaken: One of that name is in force.
    """
    granted = _granted(scopes, bound=user is not None)
    if user is not None and await users.get(session, user) is None:
        raise NoSuchUser(user)
    text = invent()
    token = await session.row_or_none(
        ADD,
        Token,
        name=name,
        digest=digest(text),
        prefix=text[:_PREFIX],
        scopes=granted,
        user_id=user,
        expires_at=expires_at,
        now=now,
    )
    if token is None:
        raise TokenNameTaken(name)
    return text, token


async def use(session: Session, text: str, now: datetime) -> Token | None:
    """Give the token of that text if it is in force, and note, to the minute, that it was used."""
    return await session.row_or_none(
        USE, Token, digest=digest(text), now=now, stale=now - _NOTED_EVERY
    )


async def list_all(session: Session) -> list[Token]:
    """Give every token, also those no longer in force, the newest first."""
    return await session.rows(LIST, Token)


async def revoke(session: Session, name: str, now: datetime) -> Token:
    """Take a token out of force, for good.

    Raises:
        NoSuchToken: None of that name is in force.
    """
    token = await session.row_or_none(REVOKE, Token, name=name, now=now)
    if token is None:
        raise NoSuchToken(name)
    return token


def is_well_formed(text: str) -> bool:
    """Tell whether a text can be a token: its form, and that its checksum is right."""
    return _FORM.fullmatch(text) is not None and text[47:] == _checksum(text[:47])


def digest(text: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(text.encode()).digest()


def invent() -> str:
    """Give a new token's text; it is nobody's until it is kept."""
    text = "vtt_" + secrets.token_urlsafe(32)
    return text + _checksum(text)


def _checksum(text: str) -> str:
    return base64.urlsafe_b64encode(zlib.crc32(text.encode()).to_bytes(4)).decode()[:6]


def _granted(scopes: Sequence[str], *, bound: bool) -> list[str]:
    offered = PERSONAL if bound else SCOPES
    if unknown := [scope for scope in scopes if scope not in (*offered, ALL)]:
        whose = "a token bound to one person" if bound else "a token"
        raise BadScope(f"{', '.join(unknown)}: {whose} can have {', '.join((*offered, ALL))}")
    return sorted(offered if ALL in scopes else set(scopes))
