"""The wording of a broadcast: whether its texts can be sent at all, and how they will read.

Owns nothing. The command and the panel look at a draft through the same eyes, so that
what one lets pass the other does too; and what a text is tried with goes the way that
the broadcast goes.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from vitte import markup
from vitte.actors import broadcaster
from vitte.errors import BadWords
from vitte.markup import Entity
from vitte.store.broadcasts import Broadcast, Recipient
from vitte.store.outbox import Words
from vitte.store.users import Language, User

SAMPLE: Final = "Anna"
LONGEST: Final = 4096 - 256
"""So much is left for a name that is longer than the sample's."""


class Reading(Struct, frozen=True, kw_only=True):
    """A text as a person named like the sample reads it: as it is sent, and as it is read."""

    html: str
    text: str
    entities: list[Entity]


def checked(texts: Mapping[Language, str]) -> dict[Language, Reading]:
    """How each text reads. Fluent reads files the first time: call it in a thread.

    Raises:
        BadWords: with all that is wrong with them.
    """
    words = broadcaster.read(texts)
    if surplus := set(words.names()) - {broadcaster.LINE}:
        raise BadWords([f"one text is wanted, and nothing named {sorted(surplus)}"])
    if unknown := words.variables(broadcaster.LINE) - {"name"}:
        raise BadWords([f"only {{ $name }} is known, not {sorted(unknown)}"])
    faults: list[str] = []
    shown: dict[Language, Reading] = {}
    for language in texts:
        html, errors = words.render(language, broadcaster.LINE, name=SAMPLE)
        faults += [f"{language}: {error}" for error in errors]
        try:
            text, entities = markup.READERS["html"](html)
        except markup.Unreadable as problem:
            faults.append(f"{language}: Telegram would refuse it: can't parse entities: {problem}")
            continue
        if not text.strip():
            faults.append(f"{language}: Telegram would refuse it: message text is empty")
        if markup.length(text.strip()) > LONGEST:
            faults.append(f"{language}: is longer than one message ({LONGEST} characters)")
        shown[language] = Reading(html=html, text=text, entities=entities)
    if faults:
        raise BadWords(faults)
    return shown


def trial(broadcast: Broadcast, user: User) -> list[Words]:
    """Both texts, for one person to look at; call it in a thread, as ``checked``."""
    words = broadcaster.read(broadcast.texts)
    return [
        broadcaster.words_for(
            Recipient(id=user.id, first_name=user.first_name, language=language), words
        )
        for language in broadcast.texts
    ]
