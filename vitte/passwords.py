"""Passwords: whether one can be guessed."""

from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

SHORTEST: Final = 12
FEWEST_DIFFERENT: Final = 5
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")

# What examples, images and tutorials ship with. Small letters and digits alone, as they are compared.
_NAMES: Final = """
admin administrator changeit changeme changemenow companion default example foobared letmein
master mypassword mysecretpassword password password1 passw0rd postgres postgresql qwerty redis
root secret supersecret superuser telegram test user valkey vitte vittebot vitteuser yourpassword
"""
_KNOWN: Final = frozenset(_NAMES.split())


def weakness(password: str, *known: str) -> str | None:
    """Why a password is weak, or None; ``known`` are words that it must not be, as the user's name."""
    plain = "".join(each for each in password.lower() if each.isalnum())
    if plain.rstrip("0123456789") in _KNOWN or plain in _KNOWN:
        return "is one that everybody tries first"
    if password.lower() in {word.lower() for word in known if word}:
        return "is the name of the user, the host or the database"
    if len(password) < SHORTEST:
        return f"is shorter than {SHORTEST} characters"
    if len(set(password)) < FEWEST_DIFFERENT:
        return "repeats a few characters"
    return None


def of_url(url: str) -> str | None:
    """What is wrong with the password in the URL of a store, or None.

    A unix socket needs none: the file system says who may open it. On loopback a store may
    know its clients in other ways (``peer``, a password file), so one without is let pass.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None  # what is no URL is refused elsewhere, in better words
    query = parse_qs(parts.query)
    password = unquote(parts.password or "") or next(iter(query.get("password", [])), "")
    if password:
        return weakness(password, unquote(parts.username or ""), host, parts.path.strip("/"))
    host = host or next(iter(query.get("host", [])), "")
    if parts.scheme == "unix" or not host or host.startswith("/") or host in LOOPBACK:
        return None
    return "is missing, and the store is on another machine"
