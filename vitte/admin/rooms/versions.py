"""The versions of a character: what it was, what differs, and the way back, which is a version as well."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

from vitte.admin import asking, page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.admin.rooms import traits
from vitte.i18n import LANGUAGES
from vitte.store import characters
from vitte.store.characters import Character, Traits, Version

PAGE: Final = 20
COLUMNS: Final = ("number", "when", "who", "why", "back", "look")
MOST_WORDS: Final = 2_000
"""Beyond so many words two texts are shown whole: to compare them takes the square of it."""
_WORDS: Final = re.compile(r"\s+|[^\s]+")


async def history(visit: Visit, character: Character) -> Html:
    """A page of its versions."""
    before = page.number(visit.asked("before"))
    found = await characters.list_versions(
        visit.desk.services.database,
        character.id,
        limit=PAGE + 1,
        before=min(before or characters.NEWEST, characters.NEWEST),
    )
    where = f"/characters/{character.id}"
    more = page.more(visit, f"{where}?before={found[PAGE - 1].version}") if len(found) > PAGE else NOTHING  # fmt: skip
    heads = [say(visit, f"admin-version-{name}") for name in COLUMNS]
    rows = [_row(visit, where, each, character) for each in found[:PAGE]]
    shown = page.table(heads, rows) if rows else page.empty(say(visit, "admin-version-none"))
    return tag("section", tag("h2", say(visit, "admin-version-all")), shown, more, class_="parts")


def _row(visit: Visit, where: str, version: Version, character: Character) -> tuple[Child, ...]:
    name = say(visit, "admin-version-compare", version=version.version)
    return (
        str(version.version),
        page.moment(visit, version.created_at),
        version.who,
        version.reason,
        None if version.of_version is None else str(version.of_version),
        say(visit, "admin-version-current")
        if version.version == character.version
        else tag("a", name, href=f"{where}?version={version.version}"),
    )


async def compared(visit: Visit, character: Character) -> Html:
    """An older version beside the one in force, and the way back to it; nothing where none is asked for."""
    wanted = page.number(visit.asked("version"))
    if wanted is None or wanted > characters.NEWEST or wanted == character.version:
        return NOTHING
    older = await characters.get_version(visit.desk.services.database, character.id, wanted)
    if older is None:
        return NOTHING
    parts = [differences(visit, older, character, "admin-version-older", version=older.version)]
    if visit.may("owner") and older.traits != character.traits:
        parts.append(_way_back(visit, character, older))
    return tag("div", parts, class_="parts")


def _way_back(visit: Visit, character: Character, older: Version) -> Html:
    question = asking.Question(
        asked=say(visit, "admin-version-back.sure", version=older.version),
        means=say(visit, "admin-version-back.means"),
        button=say(visit, "admin-version-back.button"),
        back=f"/characters/{character.id}",
        reason_wanted=True,
    )
    given = {"to": str(older.version), "version": str(character.version)}
    return asking.ask(visit, question, f"/characters/{character.id}/rollback", given)


def differences(
    visit: Visit, one: Traits, other: Character, line: str, **variables: str | int
) -> Html:
    """What differs between some traits and those in force, beside each other."""
    rows = [
        (name, *_marked(_said(visit, one, key), _said(visit, other, key)))
        for name, key in _fields(visit)
        if _said(visit, one, key) != _said(visit, other, key)
    ]
    title = tag("h2", say(visit, line, **variables))
    if not rows:
        return tag("section", title, page.empty(say(visit, "admin-version-same")))
    heads = [
        say(visit, "admin-version-what"),
        say(visit, f"{line}.one", **variables),
        say(visit, "admin-version-now", version=other.version),
    ]
    return tag("section", title, page.table(heads, rows), class_="differences")


def _fields(visit: Visit) -> list[tuple[str, str]]:
    """The name of each trait, and the key by which it is found."""
    texts = [
        (traits.label(visit, name, language), f"{name} {language}")
        for name in traits.TEXTS
        for language in LANGUAGES
    ]
    plain = [(say(visit, f"admin-character-{name}"), name) for name in ("temperament", "position")]
    return [*texts, *plain, (say(visit, "admin-character-offered"), "active")]


def _said(visit: Visit, known: Traits, key: str) -> str:
    """A trait as it is read."""
    name, _, language = key.partition(" ")
    if language:
        return getattr(known, name)[language]
    if name == "temperament":
        return say(visit, f"admin-temperament-{known.temperament}")
    if name == "active":
        return say(visit, f"admin-character-{'yes' if known.active else 'no'}")
    return str(known.position)


def _marked(old: str, new: str) -> tuple[Html, Html]:
    """Two texts, each with what the other has not marked, word by word."""
    one, other = _WORDS.findall(old), _WORDS.findall(new)
    if len(one) + len(other) > MOST_WORDS:
        return tag("span", old, class_="said"), tag("span", new, class_="said")
    left: list[Child] = []
    right: list[Child] = []
    for what, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        same = what == "equal"
        left += _run(one[a:b], "del", same=same)
        right += _run(other[c:d], "ins", same=same)
    return tag("span", left, class_="said"), tag("span", right, class_="said")


def _run(words: Sequence[str], name: str, *, same: bool) -> list[Child]:
    text = "".join(words)
    return [text if same else tag(name, text)] if text else []
