"""The characters: who answers, in which words; changed version by version, and none is lost.

Running conversations read their character with each update, so a change counts from the
next one on. What the cache keeps of the characters is dropped after the commit, here and
in the other processes.
"""

from typing import Final, get_args

from aiohttp import web

from vitte.actors import cache
from vitte.admin import asking, page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.admin.rooms import versions
from vitte.errors import BadInput, Contradiction, NotThere
from vitte.i18n import LANGUAGES, Language
from vitte.store import characters
from vitte.store.characters import Character, CharacterId, Temperament, Traits

COLUMNS: Final = ("name", "temperament", "about", "offered", "version", "changed")
TEXTS: Final = ("names", "about", "greetings")
LONGEST: Final = {"names": 40, "about": 500, "greetings": 3_500}
"""So many characters each text has at most: a name stands on a button."""
TEMPERAMENTS: Final[tuple[Temperament, ...]] = get_args(Temperament)
MOST_POSITION: Final = 1_000


async def show_all(visit: Visit) -> web.StreamResponse:
    """All of them, those that are offered first."""
    found = await characters.list_every(visit.desk.services.database)
    title = say(visit, "admin-room-characters")
    rows = [_row(visit, each) for each in found]
    heads = [say(visit, f"admin-character-{name}") for name in COLUMNS]
    return page.show(
        visit,
        title,
        page.heading(title),
        tag("p", say(visit, "admin-character-lead"), class_="lead"),
        page.table(heads, rows) if rows else page.empty(say(visit, "admin-character-none")),
        room="characters",
    )


def _row(visit: Visit, character: Character) -> tuple[Child, ...]:
    name = " / ".join(character.names[language] for language in LANGUAGES)
    return (
        tag("a", name, href=f"/characters/{character.id}"),
        say(visit, f"admin-temperament-{character.temperament}"),
        character.about[visit.language],
        _offered(visit, character),
        str(character.version),
        page.moment(visit, character.updated_at),
    )


def _offered(visit: Visit, character: Traits) -> Html:
    kind = "good" if character.active else "quiet"
    return page.badge(say(visit, f"admin-character-{'yes' if character.active else 'no'}"), kind)


async def show(visit: Visit) -> web.StreamResponse:
    """One character: its words, its versions, and what differs between them."""
    return await _page(visit, await _character(visit))


async def _page(
    visit: Visit,
    character: Character,
    typed: Traits | None = None,
    *,
    fault: str = "",
    status: int = 200,
) -> web.Response:
    """The page; with what was typed where it could not be kept."""
    name, done = character.names[visit.language], visit.asked("done")
    beside = await versions.compared(visit, character) if typed is None else NOTHING
    return page.show(
        visit,
        name,
        tag("p", tag("a", say(visit, "admin-room-characters"), href="/characters"), class_="way"),
        page.heading(name, _offered(visit, character)),
        page.notice(fault, "bad") if fault else NOTHING,
        versions.differences(visit, typed, character, "admin-character-theirs")
        if typed is not None and status == 409  # noqa: PLR2004  # somebody else was quicker
        else NOTHING,
        page.notice(say(visit, f"admin-character-{done}.done"))
        if done in {"save", "rollback"} and not fault
        else NOTHING,
        beside or _shown(visit, character, typed or character),
        await versions.history(visit, character),
        room="characters",
        status=status,
    )


def _shown(visit: Visit, character: Character, typed: Traits) -> Html:
    return _form(visit, character, typed) if visit.may("owner") else _words(visit, character)


def _words(visit: Visit, character: Character) -> Html:
    """What it is, for who may not change it."""
    rows: list[tuple[str, Child]] = [
        (
            f"{say(visit, f'admin-character-{name}')} ({say(visit, f'admin-language-{language}')})",
            getattr(character, name)[language],
        )
        for name in TEXTS
        for language in LANGUAGES
    ]
    temperament = say(visit, f"admin-temperament-{character.temperament}")
    rows.append((say(visit, "admin-character-temperament"), temperament))
    return tag("section", page.facts(rows), class_="card")


def _form(visit: Visit, character: Character, typed: Traits) -> Html:
    options = [
        tag(
            "option",
            say(visit, f"admin-temperament-{each}"),
            value=each,
            selected=each == typed.temperament,
        )
        for each in TEMPERAMENTS
    ]
    label = tag("label", say(visit, "admin-character-temperament"), for_="temperament")
    select = tag("select", options, id="temperament", name="temperament")
    form = page.form(
        visit,
        f"/characters/{character.id}",
        tag("input", type="hidden", name="version", value=character.version),
        [
            tag("div", [_text(visit, typed, name, each) for each in LANGUAGES], class_="beside")
            for name in TEXTS
        ],
        tag(
            "div",
            tag("div", label, select, class_="field"),
            page.field(
                say(visit, "admin-character-position"),
                name="position",
                type="number",
                min=0,
                max=MOST_POSITION,
                required=True,
                value=typed.position,
            ),
            class_="beside",
        ),
        tag(
            "label",
            tag("input", type="checkbox", name="active", value="yes", checked=typed.active),
            say(visit, "admin-character-active"),
            class_="tick",
        ),
        asking.reason(visit, typed=visit.typed("reason"), hint=say(visit, "admin-version-reason")),
        tag("button", say(visit, "admin-character-save"), class_="button primary"),
        class_="draft",
    )
    return tag("section", form, class_="card")


def _text(visit: Visit, typed: Traits, name: str, language: Language) -> Html:
    known = f"{name}-{language}"
    words: str = getattr(typed, name)[language]
    more: dict[str, str | int] = {"lang": language, "maxlength": LONGEST[name]}
    if name == "names":
        field = tag("input", id=known, name=known, required=True, value=words, **more)
    else:
        rows = 3 if name == "about" else 5
        field = tag("textarea", f"\n{words}", id=known, name=known, required=True, rows=rows, **more)  # fmt: skip
    line = f"{say(visit, f'admin-character-{name}')} ({say(visit, f'admin-language-{language}')})"
    return tag("div", tag("label", line, for_=known), field, class_="field")


async def save(visit: Visit) -> web.StreamResponse:
    """Make the next version, or say what keeps it from being made, with what was typed."""
    known, typed, reason = await _character(visit), _typed(visit), asking.why(visit)
    if typed == known.traits:
        fault = say(visit, "admin-character-same")
        return await _page(visit, known, typed, fault=fault, status=400)
    seen = str(known.version) == visit.typed("version")
    if not seen or not await _change(visit, known, typed, reason):
        known = await _character(visit)
        fault = say(visit, "admin-character-meanwhile", version=known.version)
        return await _page(visit, known, typed, fault=fault, status=409)
    return page.see(f"/characters/{known.id}?done=save")


async def roll_back(visit: Visit) -> web.StreamResponse:
    """Make an older version the next one."""
    known, reason = await _character(visit), asking.why(visit)
    wanted = page.number(visit.typed("to"))
    if wanted is None or wanted > characters.NEWEST:
        raise BadInput(("to", "is no version"))
    older = await characters.get_version(visit.desk.services.database, known.id, wanted)
    if older is None:
        raise NotThere("version")
    if older.traits == known.traits:
        raise Contradiction("the version in force says the same")
    seen = str(known.version) == visit.typed("version")
    if not seen or not await _change(visit, known, older.traits, reason, of_version=older.version):
        raise Contradiction("the character was changed meanwhile")
    return page.see(f"/characters/{known.id}?done=rollback")


async def _change(
    visit: Visit, known: Character, traits: Traits, reason: str, of_version: int | None = None
) -> bool:
    """Make the next version and have it seen everywhere; False when somebody else was quicker."""
    services = visit.desk.services
    async with services.database.transaction() as transaction:
        changed = await characters.change(
            transaction, known, traits, visit.author(reason), visit.now, of_version=of_version
        )
    if changed is not None:
        await cache.forget_offered(services.cache)
    return changed is not None


def _typed(visit: Visit) -> Traits:
    """What the form says.

    Raises:
        BadInput: It leaves something out, or says too much.
    """
    words = {name: {each: visit.written(f"{name}-{each}") for each in LANGUAGES} for name in TEXTS}
    faults = [
        (f"{name}-{language}", f"has 1 to {LONGEST[name]} characters")
        for name, texts in words.items()
        for language, text in texts.items()
        if not 0 < len(text) <= LONGEST[name] or (name == "names" and "\n" in text)
    ]
    temperaments: dict[str, Temperament] = {each: each for each in TEMPERAMENTS}
    temperament = temperaments.get(visit.typed("temperament"))
    position = page.number(visit.typed("position"))
    if temperament is None:
        faults.append(("temperament", "is none of " + ", ".join(TEMPERAMENTS)))
    if position is None or position > MOST_POSITION:
        faults.append(("position", f"is a number up to {MOST_POSITION}"))
    if faults or temperament is None or position is None:
        raise BadInput(*faults)
    active = visit.typed("active") == "yes"
    return Traits(temperament=temperament, position=position, active=active, **words)


async def _character(visit: Visit) -> Character:
    number = CharacterId(int(visit.request.match_info["character"]))
    found = await characters.get(visit.desk.services.database, number)
    if found is None:
        raise NotThere("character")
    return found
