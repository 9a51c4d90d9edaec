"""Hearing: what a person does by what they say, and what it is about.

Only the beginning and the end of a long text are listened to, so that even the
longest is heard in a few milliseconds; for harm, every word is.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from vitte.i18n import Language
from vitte.voice import english, russian
from vitte.voice.patterns import Ear

EARS: Final[dict[Language, Ear]] = {"ru": russian.EAR, "en": english.EAR}
LISTENED: Final = 350
"""How many characters are listened to at either end of a text."""
LONG: Final = 700
QUOTED: Final = 70
ENGLISH_SHARE: Final = 4
"""One word of so many must be a common one for Latin letters to be English."""
SHORT_WORDS: Final = 2
PHRASE_WORDS: Final = 8
"""In more words than that a thank or a farewell is only a part of something else."""

_SPACE = re.compile(r"\s+")
_LETTERS: Final[dict[Language, re.Pattern[str]]] = {
    "ru": re.compile("[а-я]"),
    "en": re.compile("[a-z]"),
}
_OPENING = re.compile(
    r"^(?:да|нет|ну|и|а|но|yes|no|well|and|but|so|because|потому что)\b,? ", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_LETTER = re.compile(r"[^\W\d_]")
_CYRILLIC = re.compile("[а-яА-ЯёЁіїєґўІЇЄҐЎ]")
_LATIN = re.compile("[a-zA-Z]")
_SENTENCE = re.compile(r"[^.!?…;\n]+")
_FACES = {
    "laugh": frozenset("😂🤣😆😹😄😁😅😀😃"),
    "heart": frozenset("❤💕💖💗💓💞💘💝😍🥰😘♥🧡💛💚💙💜🤗🫶"),
    "tears": frozenset("😢😭😞😔💔😿😥☹🙁😩😫🥺"),
}


class Heard(Struct, frozen=True, kw_only=True):
    """What is to be answered."""

    kind: str
    """What the person does: a kind of the ear's, an answer's, or ``statement``."""
    text: str
    """The words without what is invisible, in one line."""
    greets: bool = False
    """Whether a greeting came before the rest."""
    feeling: str | None = None
    subject: str | None = None
    name: str | None = None
    language: Language | None = None
    """The language of the words; None where it is none of ours."""

    @property
    def words(self) -> int:
        """How many words there are."""
        return len(_WORD.findall(self.text))


def clean(text: str) -> str:
    """Give a text in one line, without what is invisible or turns the direction of writing."""
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(c) in _INVISIBLE else c for c in text)
    return _SPACE.sub(" ", text).strip()


_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def hear(text: str, dialog_language: Language, character: str = "") -> Heard:
    """Listen to what was said in a dialog of this language."""
    whole = clean(text)
    spoken = whole if len(whole) <= 2 * LISTENED else f"{whole[:LISTENED]} {whole[-LISTENED:]}"
    language = language_of(spoken, dialog_language)
    if _speaks_of_harm(_low(whole)):
        return Heard(kind="harm", text=whole, language=language)
    if language is None:
        return Heard(kind=_without_words(spoken), text=whole)
    ear = EARS[language]
    rest, greets = _without_greeting(spoken, ear, character)
    if greets and not _WORD.search(rest):
        return Heard(kind="hello", text=whole, greets=True, language=language)
    name = _name(rest, ear)
    low = _low(rest)
    return Heard(
        kind="name" if name else _kind(low, ear, len(whole)),
        text=clean(rest) if len(whole) <= 2 * LISTENED else whole,
        greets=greets,
        feeling=_first(ear.feelings, low),
        subject=_first(ear.subjects, low),
        name=name,
        language=language,
    )


def _speaks_of_harm(low: str) -> bool:
    """Listen to the whole text, in either language whose letters are in it."""
    return any(_LETTERS[name].search(low) and ear.harm.search(low) for name, ear in EARS.items())


def language_of(text: str, expected: Language) -> Language | None:
    """Tell the language by its letters, and Latin ones by English words; None for others."""
    letters = len(_LETTER.findall(text))
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if not letters or max(cyrillic, latin) * 2 < letters:
        return None
    if cyrillic >= latin:
        return "ru"
    words = _WORD.findall(_low(text))
    known = sum(word in english.COMMON for word in words)
    if sum(word in english.OTHERS for word in words) > known:
        return None
    if expected == "en" or known * ENGLISH_SHARE >= len(words):
        return "en"
    low = _low(text)
    kind = _kind(low, english.EAR, len(text))
    understood = english.EAR.hello.match(low) or kind not in {
        "statement",
        "short",
        "question",
        "long",
    }
    return "en" if understood else None


def excerpt(text: str, most: int = QUOTED) -> str:
    """Choose a piece that can be quoted: a sentence, or its beginning up to whole words."""
    plain = _OPENING.sub("", clean(text).translate(_WITHOUT_QUOTES))
    sentences = [s.strip(" ,:-—") for s in _SENTENCE.findall(plain)]
    fitting = [s for s in sentences if _WORD.search(s) and len(s) <= most]
    chosen = max(fitting, key=len, default=plain)
    if len(chosen) <= most:
        return chosen
    head = chosen[: most - 1]
    return (head.rsplit(" ", 1)[0] if " " in head else head).rstrip(" ,:-—") + "…"


_WITHOUT_QUOTES = str.maketrans(dict.fromkeys('«»“”„"', ""))
_STRAIGHT = str.maketrans("ё’‘`", "е'''")


def _low(text: str) -> str:
    return text.lower().translate(_STRAIGHT)


def _without_words(text: str) -> str:
    """Say what it is where there are no words of ours: a face, a sign, a number, a foreign text."""
    if any(c.isalpha() for c in text):
        return "foreign"
    for kind, faces in _FACES.items():
        if not faces.isdisjoint(text):
            return kind
    if any(c.isdigit() for c in text):
        return "number"
    if re.fullmatch(r"[:;=xX]?[-^']?\)+", text):
        return "laugh"
    if re.fullmatch(r"[:;=]?[-']?\(+", text):
        return "tears"
    return "emoji" if any(unicodedata.category(c) == "So" for c in text) else "marks"


def _without_greeting(text: str, ear: Ear, character: str) -> tuple[str, bool]:
    found = ear.hello.match(_low(text))
    if not found:
        return text, False
    rest = text[found.end() :]
    if character and rest.lower().startswith(character.lower()):
        rest = rest[len(character) :].lstrip(" ,!.:()-")
    return rest, True


def _name(text: str, ear: Ear) -> str | None:
    found = ear.name.search(text)
    if not found or found["name"].lower() in ear.not_names:
        return None
    return found["name"][:1].upper() + found["name"][1:]


def _kind(low: str, ear: Ear, length: int) -> str:
    if length > LONG:
        return "long"
    words = len(_WORD.findall(low))
    for kind, pattern in ear.kinds.items():
        short = kind.removeprefix("short ")
        if (short == kind or words <= PHRASE_WORDS) and pattern.search(low):
            return short
    for kind, pattern in ear.answers.items():
        if pattern.search(low):
            return kind
    if low.rstrip(" )(").endswith("?"):
        return "question"
    return "short" if words <= SHORT_WORDS else "statement"


def _first(patterns: Mapping[str, re.Pattern[str]], low: str) -> str | None:
    return next((name for name, pattern in patterns.items() if pattern.search(low)), None)
