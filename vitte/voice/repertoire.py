"""The voice's own lines: which variants there are, and which were said lately.

A line is recognized in what was said by its signature, the longest piece of it
that no variable changes. So nothing has to be stored beside the dialog itself.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from vitte.i18n import LANGUAGES, Language, Words
from vitte.voice.choice import Dice
from vitte.voice.dialog import Temperament

_HOLE = "\x1f"


class Variant(Struct, frozen=True, kw_only=True):
    """One of the ways to say a message."""

    line: str
    """Its Fluent id, ``voice-hello.any1``."""
    group: str
    """``any`` or the temperament that it belongs to."""
    variables: frozenset[str]
    signature: str


class Manner(Struct, frozen=True, kw_only=True):
    """How something is to be said."""

    language: Language
    temperament: Temperament
    lately: Sequence[str]
    """What was said before and is not to be said again so soon; the latest last."""


class Repertoire:
    """All that the voice can say."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._variants: dict[Language, dict[str, list[Variant]]] = {
            language: _variants(words, language) for language in LANGUAGES
        }
        self._signatures = {
            language: [
                (variant.signature, message)
                for message, variants in self._variants[language].items()
                for variant in variants
            ]
            for language in LANGUAGES
        }
        self._used = lru_cache(maxsize=4096)(
            self._look_up
        )  # asked of the same words again and again

    def say(self, message: str, manner: Manner, dice: Dice, variables: Mapping[str, str]) -> str:
        """Say a message by a variant that was not used lately, else by the one used longest ago."""
        ages = {
            variant: _age(variant.signature, manner.lately)
            for variant in self._variants[manner.language][message]
            if variant.group in {"any", manner.temperament}
            and variant.variables <= variables.keys()
        }
        oldest = max(ages.values())
        chosen = dice.choose([variant for variant, age in ages.items() if age == oldest])
        wanted = {name: variables[name] for name in chosen.variables}
        return self._words.plain(manner.language, chosen.line, **wanted)

    def used(self, language: Language, said: str) -> Sequence[str]:
        """Name the messages of which a variant is in what was said."""
        return self._used(language, said)

    def _look_up(self, language: Language, said: str) -> Sequence[str]:
        found = [message for signature, message in self._signatures[language] if signature in said]
        return tuple(dict.fromkeys(found))

    def left(self, message: str, language: Language, lately: Sequence[str]) -> bool:
        """Whether a message has a variant for everyone that was not used lately."""
        return any(
            _age(variant.signature, lately) > len(lately)
            for variant in self._variants[language].get(message, [])
            if variant.group == "any"
        )


def _age(signature: str, lately: Sequence[str]) -> int:
    """How many replies ago a line was said; more than there are, if it was not."""
    for age, said in enumerate(reversed(lately), start=1):
        if signature in said:
            return age
    return len(lately) + 1


def _variants(words: Words, language: Language) -> dict[str, list[Variant]]:
    found: dict[str, list[Variant]] = {}
    for line in words.names("voice-"):
        message, _, variant = line.removeprefix("voice-").partition(".")
        wanted = words.variables(line)
        text = words.plain(language, line, **dict.fromkeys(wanted, _HOLE))
        found.setdefault(message, []).append(
            Variant(
                line=line,
                group=variant.rstrip("0123456789"),
                variables=wanted,
                signature=max(text.split(_HOLE), key=len).strip(),
            )
        )
    return found
