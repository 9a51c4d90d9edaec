"""Passwords: whether one can be guessed."""

from typing import Final

SHORTEST: Final = 12
FEWEST_DIFFERENT: Final = 5

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
