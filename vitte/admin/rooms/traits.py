"""The form in which a character is written: what was typed, what is wrong with it, and how it is laid out.

Whatever was typed comes back with the page that says what is wrong: nobody writes a
character twice because a reason was missing.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, get_args

from msgspec import Struct

from vitte.admin import asking, page
from vitte.admin.desk import Visit, say
from vitte.admin.html import Html, tag
from vitte.i18n import LANGUAGES, Language
from vitte.store.characters import LONGEST_SLUG, Temperament, Traits

TEXTS: Final = ("names", "about", "greetings")
FIELDS: Final[dict[str, tuple[str, Language]]] = {
    f"{name}-{language}": (name, language) for name in TEXTS for language in LANGUAGES
}
"""The fields of the texts: of what, and in which language."""
LONGEST: Final = {"names": 40, "about": 500, "greetings": 3_500}
"""So many characters each text has at most: a name stands on a button."""
TEMPERAMENTS: Final[tuple[Temperament, ...]] = get_args(Temperament)
MOST_POSITION: Final = 1_000
SLUG: Final = rf"[a-z][a-z0-9\-]{{0,{LONGEST_SLUG - 1}}}"


class Typed(Struct, frozen=True, kw_only=True):
    """The form as it was filled in; ``words`` has a text by the name of its field."""

    words: Mapping[str, str]
    temperament: str
    position: str
    active: bool
    slug: str = ""
    reason: str = ""


def of(traits: Traits) -> Typed:
    """The form as it shows some traits."""
    return Typed(
        words={field: getattr(traits, name)[each] for field, (name, each) in FIELDS.items()},
        temperament=traits.temperament,
        position=str(traits.position),
        active=traits.active,
    )


def read(visit: Visit, *, active: bool) -> Typed:
    """What the form says."""
    return Typed(
        words={field: visit.written(field) for field in FIELDS},
        temperament=visit.typed("temperament"),
        position=visit.typed("position"),
        active=active,
        slug=visit.typed("slug"),
        reason=visit.typed("reason"),
    )


def faults(visit: Visit, typed: Typed) -> list[str]:
    """What keeps it from being kept, each in a sentence."""
    found = [
        say(
            visit,
            f"admin-character-wrong-{'name' if name == 'names' else 'text'}",
            what=label(visit, name, each),
            most=LONGEST[name],
        )
        for field, (name, each) in FIELDS.items()
        if not _fits(name, typed.words[field])
    ]
    if typed.temperament not in TEMPERAMENTS:
        found.append(say(visit, "admin-character-wrong-temperament"))
    if (position := page.number(typed.position)) is None or position > MOST_POSITION:
        found.append(say(visit, "admin-character-wrong-position", most=MOST_POSITION))
    if len(typed.reason) < asking.SHORTEST_REASON:
        found.append(say(visit, "admin-character-wrong-reason"))
    return found


def is_slug(text: str) -> bool:
    """Tell whether a character may be known to programs by it."""
    return re.fullmatch(SLUG, text) is not None


def _fits(name: str, text: str) -> bool:
    """Tell whether a text may stand: Telegram takes none in which nothing can be seen."""
    seen = any(unicodedata.category(each)[0] in "LNPS" for each in text)
    return seen and len(text) <= LONGEST[name] and not (name == "names" and "\n" in text)


def made(typed: Typed) -> Traits:
    """The traits that were typed; there is no fault in them."""
    words = {name: {each: typed.words[f"{name}-{each}"] for each in LANGUAGES} for name in TEXTS}
    temperaments: dict[str, Temperament] = {each: each for each in TEMPERAMENTS}
    return Traits(
        temperament=temperaments[typed.temperament],
        position=int(typed.position),
        active=typed.active,
        **words,
    )


def told(visit: Visit, found: Sequence[str]) -> Html:
    """What is wrong, above the form."""
    return page.faults(say(visit, "admin-character-wrong"), found)


def fields(visit: Visit, typed: Typed) -> list[Html]:
    """The fields of the traits, each text in both languages beside each other."""
    texts = [
        tag("div", [_text(visit, typed, name, each) for each in LANGUAGES], class_="beside")
        for name in TEXTS
    ]
    return [*texts, tag("div", _temperament(visit, typed), _position(visit, typed), class_="beside")]  # fmt: skip


def label(visit: Visit, name: str, language: Language) -> str:
    """What a text is called, and in which language it is."""
    return say(visit, f"admin-character-in-{language}", what=say(visit, f"admin-character-{name}"))


def _text(visit: Visit, typed: Typed, name: str, language: Language) -> Html:
    known = f"{name}-{language}"
    words = typed.words[known]
    given = {"id": known, "name": known, "required": True, "lang": language, "maxlength": LONGEST[name]}  # fmt: skip
    if name == "names":
        field = tag("input", value=words, **given)
    else:
        rows = 3 if name == "about" else 5
        field = tag("textarea", f"\n{words}", rows=rows, **given)  # a browser drops the first line break  # fmt: skip
    return tag("div", tag("label", label(visit, name, language), for_=known), field, class_="field")


def _temperament(visit: Visit, typed: Typed) -> Html:
    options = [
        tag(
            "option",
            say(visit, f"admin-temperament-{each}"),
            value=each,
            selected=each == typed.temperament,
        )
        for each in TEMPERAMENTS
    ]
    named = tag("label", say(visit, "admin-character-temperament"), for_="temperament")
    select = tag("select", options, id="temperament", name="temperament")
    return tag("div", named, select, class_="field")


def _position(visit: Visit, typed: Typed) -> Html:
    return page.field(
        say(visit, "admin-character-position"),
        name="position",
        type="number",
        min=0,
        max=MOST_POSITION,
        required=True,
        value=typed.position,
    )
