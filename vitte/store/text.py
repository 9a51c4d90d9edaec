"""Text that PostgreSQL can hold.

People's names and words come from outside. JSON may carry what PostgreSQL's
text cannot: the character NUL, and halves of surrogate pairs, which have no
encoding at all. Refusing them would fell an update for good, so they become
U+FFFD, the sign for a character that was lost.
"""

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str, most: int) -> str:
    """Give the text without what PostgreSQL refuses, cut to so many characters at most."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)[:most]


def storable_or_none(text: str | None, most: int) -> str | None:
    """As ``storable``; nothing stays nothing."""
    return None if text is None else storable(text, most)
