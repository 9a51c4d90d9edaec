"""What a language's ear is made of: patterns with names, and a way to turn words round."""

import re
from collections.abc import Callable, Mapping

from msgspec import Struct


class Ear(Struct, frozen=True, kw_only=True):
    """How one language is heard. Text comes in small letters, without ё and curly quotes."""

    harm: re.Pattern[str]
    """Words of somebody who may harm themselves; before all else."""
    hello: re.Pattern[str]
    """A greeting at the beginning; what follows it is heard by itself."""
    name: re.Pattern[str]
    """A name that the person tells; the group ``name`` in the text as it was written."""
    not_names: frozenset[str]
    """What stands where a name could stand and is none."""
    kinds: Mapping[str, re.Pattern[str]]
    """What the person does by saying it; the first that fits counts."""
    feelings: Mapping[str, re.Pattern[str]]
    subjects: Mapping[str, re.Pattern[str]]
    answers: Mapping[str, re.Pattern[str]]
    """What is so short or so open that a feeling or a subject counts before it."""
    turn: Callable[[str], str | None]
    """Say a sentence about oneself as one about the other, or None if that might go wrong."""


def compiled(patterns: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    """Compile patterns that are written in verbose form, keeping their order."""
    return {name: compile_one(pattern) for name, pattern in patterns.items()}


def compile_one(pattern: str) -> re.Pattern[str]:
    """Compile one; lines are for reading only, a space in a pattern is a space."""
    return re.compile("".join(line.strip() for line in pattern.splitlines()))


def listed(words: str) -> frozenset[str]:
    """Give words that are written one after the other."""
    return frozenset(words.split())


def paired(pairs: str) -> dict[str, str]:
    """Give pairs that are written as ``one-other``."""
    return {one: other for one, _, other in (pair.partition("-") for pair in pairs.split())}
