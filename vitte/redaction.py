"""Redaction: what may be seen of secrets and of people's words, decided at one place.

The log, the error reports and ``vitte doctor`` pass through here. Secrets are known
by heart (those of the configuration) and by their look (a token of Telegram or of our
own API, a password in an address). Of an error its kind and its stack are told, and
its message only where that cannot hold what a person wrote: our own sentences, and
the few of Python's that speak of types and names. Owns nothing.
"""

import json
import re
import traceback
from collections.abc import Iterable, Iterator
from typing import Final, cast
from urllib.parse import quote, unquote, urlsplit

STRUCK_OUT: Final = "[secret]"
WITHHELD: Final = "[withheld]"
LONGEST_STORY: Final = 16_384
"""Characters of an error's story: journald cuts a line at 48 KiB, and a cut line is no JSON."""

SHORTEST_SECRET: Final = 6
"""A shorter one is found by its look alone: to strike it out everywhere would eat common words."""

# Python's own that name types, attributes, modules, positions; a ValueError quotes what it was given.
_TELLING: Final = (
    AttributeError,
    ImportError,
    IndexError,
    MemoryError,
    NameError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ZeroDivisionError,
)
_LOOKS: Final = (
    (re.compile(r"(?<!\d)\d{5,}:[A-Za-z0-9_-]{30,}"), STRUCK_OUT),  # a token of Telegram
    (re.compile(r"vtt_[A-Za-z0-9_-]{20,}"), STRUCK_OUT),  # a token of our API
    (re.compile(r"(\w+://[^\s:/@\"]*:)[^\s@/\"]+@"), rf"\1{STRUCK_OUT}@"),  # in an address
    (re.compile(r"(?i)\b(password=)('[^']*'|[^\s'\"&]+)"), rf"\1{STRUCK_OUT}"),
    (re.compile(r"(?i)\b(bearer )[A-Za-z0-9._~+/=-]{8,}"), rf"\1{STRUCK_OUT}"),
)


class Redactor:
    """Strikes secrets out of text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def strike_out(self, text: str) -> str:
        """The same text without secrets."""
        if self._known is not None:
            text = self._known.sub(STRUCK_OUT, text)
        for look, instead in _LOOKS:
            text = look.sub(instead, text)
        return text


def _forms(secret: str) -> Iterator[str]:
    """A secret as it may be written: as it is, in an address, in JSON; and a password within it."""
    parts = [secret]
    if "://" in secret:
        parts += [unquote(part) for part in _passwords(secret)]
    for part in parts:
        if len(part) >= SHORTEST_SECRET:
            yield from {part, quote(part, safe=""), json.dumps(part)[1:-1]}


def _passwords(address: str) -> list[str]:
    try:
        found = urlsplit(address).password
    except ValueError:  # no address after all
        return []
    return [found] if found else []


def say(error: BaseException) -> str:
    """What an error says, if that cannot be a person's words; else that it is withheld."""
    text = str(error)
    if not text or _is_telling(error):
        return text
    return WITHHELD


def tell(error: BaseException) -> str:
    """An error with its causes, each with its stack, the way Python prints them."""
    story = "".join(_tell(error, set()))
    if len(story) <= LONGEST_STORY:
        return story
    half = LONGEST_STORY // 2
    return f"{story[:half]}\n  ... {len(story) - 2 * half} characters ...\n{story[-half:]}"


def _tell(error: BaseException, told: set[int]) -> Iterator[str]:
    told.add(id(error))
    if (cause := error.__cause__) is not None and id(cause) not in told:
        yield from _tell(cause, told)
        yield "\nThe above exception was the direct cause of the following exception:\n\n"
    elif (
        (context := error.__context__) is not None
        and not error.__suppress_context__
        and id(context) not in told
    ):
        yield from _tell(context, told)
        yield "\nDuring handling of the above exception, another exception occurred:\n\n"
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):\n"
        yield from traceback.format_tb(error.__traceback__)
    text = say(error)
    yield f"{type(error).__qualname__}: {text}\n" if text else f"{type(error).__qualname__}\n"
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        for number, each in enumerate(group.exceptions, 1):
            if id(each) not in told:
                yield f"---- {number} of the group ----\n"
                yield from _tell(each, told)


def _is_telling(error: BaseException) -> bool:
    """Whether its message is one of ours, or one of Python's that quotes no values."""
    kind = type(error)
    return (
        kind in _TELLING
        or kind.__module__.partition(".")[0] == "vitte"
        or isinstance(error, OSError | BaseExceptionGroup)
    )
