"""Memory: what a dialog so far tells, read anew from its lines each time."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from vitte.i18n import Language
from vitte.voice.dialog import Line
from vitte.voice.hearing import Heard, excerpt, hear

LATELY: Final = 8
"""How many of the character's lines count as said lately."""
RECALL_AFTER: Final = 4
"""How many lines of the person a thing lies back before it is brought up again."""

WORTH_WORDS: Final = 4
"""Fewer words than that are not worth being quoted."""

_ABOUT_ONESELF = re.compile(
    r"\b(?:i|i'm|i've|my|me|we|our|я|у меня|мне|меня|мой|моя|мое|мои|мы|нас|наш\w*)\b"
)


class Past(Struct, frozen=True, kw_only=True):
    """What is remembered when somebody has just said something."""

    heard: list[Heard]
    """What the person said before, as it was heard; the latest last."""
    lately: list[str]
    """What the character said lately; the latest last."""

    @property
    def name(self) -> str | None:
        """The name that the person told last."""
        return next((heard.name for heard in reversed(self.heard) if heard.name), None)

    def harm_ago(self) -> int | None:
        """How many lines of the person ago they spoke of harming themselves."""
        kinds = [heard.kind for heard in reversed(self.heard)]
        return kinds.index("harm") + 1 if "harm" in kinds else None

    def told(self, subject: str | None) -> list[str]:
        """Quote what the person told of a subject, else all that they told."""
        telling = [heard for heard in self.heard if tells(heard)]
        fitting = [heard for heard in telling if subject and heard.subject == subject]
        return [excerpt(heard.text) for heard in fitting or telling]

    def worth_recalling(self) -> list[str]:
        """Quote what the person told a while ago and was not reminded of yet."""
        old = self.heard[: max(len(self.heard) - RECALL_AFTER + 1, 0)]
        quotes = [excerpt(heard.text) for heard in old if tells(heard)]
        return [quote for quote in quotes if not any(quote in said for said in self.lately)]


def recollect(before: Sequence[Line], language: Language, character: str = "") -> Past:
    """Read the memory out of the lines before the last one."""
    return Past(
        heard=[heard(line.text, language, character) for line in before if line.role == "user"],
        lately=[line.text for line in before if line.role == "character"][-LATELY:],
    )


# What was said before is read again for each reply; most of it was heard a moment ago.
heard = lru_cache(maxsize=8192)(hear)


def tells(heard: Heard) -> bool:
    """Whether a line tells something of the person that can be asked about later."""
    about_oneself = _ABOUT_ONESELF.search(heard.text.lower().replace("ё", "е"))
    return (
        heard.kind in {"statement", "want", "because", "long"}
        and heard.words >= WORTH_WORDS
        and bool(about_oneself or heard.subject or heard.feeling)
    )
