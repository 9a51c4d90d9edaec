"""The characters: who answers, in which words; changed version by version, retired and brought back, and none is lost.

Running conversations read their character with each update, so a change counts from the
next one on, and who talks with one that is retired goes on talking. What the cache keeps
of the characters is dropped after the commit, here and in the other processes.
"""

from typing import Final, Literal, TypeAlias, get_args

import msgspec
from aiohttp import web

from vitte.actors import cache
from vitte.admin import asking, page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.admin.rooms import traits, versions
from vitte.admin.rooms.traits import Typed
from vitte.errors import BadInput, Contradiction, NobodyOffered, NotThere, TooManyOffered
from vitte.i18n import LANGUAGES
from vitte.store import characters
from vitte.store.characters import Character, CharacterId, Traits

Order: TypeAlias = Literal["retire", "restore"]

COLUMNS: Final = ("name", "temperament", "about", "offered", "version", "changed")
ORDERS: Final[tuple[Order, ...]] = get_args(Order)
DONE: Final = frozenset({"save", "rollback", "create", *ORDERS})
LATE: Final = 409
"""As HTTP numbers it: what is wanted goes against what is in force."""


async def show_all(visit: Visit) -> web.StreamResponse:
    """All of them, those that are offered first."""
    found = await characters.list_every(visit.desk.services.database)
    title = say(visit, "admin-room-characters")
    rows = [_row(visit, each) for each in found]
    heads = [say(visit, f"admin-character-{name}") for name in COLUMNS]
    new = tag("a", say(visit, "admin-character-new"), href="/characters/new", class_="button primary")  # fmt: skip
    return page.show(
        visit,
        title,
        page.heading(title),
        tag("p", say(visit, "admin-character-lead"), class_="lead"),
        tag("p", new) if visit.may("owner") else NOTHING,
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
    typed: Typed | None = None,
    *,
    fault: Html = NOTHING,
    status: int = 200,
) -> web.Response:
    """The page; with what was typed where it could not be kept, beside what others made meanwhile."""
    name, done = character.names[visit.language], visit.asked("done")
    beside = await versions.compared(visit, character) if typed is None else NOTHING
    return page.show(
        visit,
        name,
        page.way(visit, "characters"),
        page.heading(name, tag("code", character.slug), _offered(visit, character)),
        fault,
        versions.differences(visit, traits.made(typed), character, "admin-character-theirs")
        if typed is not None and status == LATE
        else NOTHING,
        page.notice(say(visit, f"admin-character-{done}.done"))
        if done in DONE and not fault
        else NOTHING,
        NOTHING if beside else _sure(visit, character, visit.asked("ask")),
        beside or _shown(visit, character, typed or traits.of(character)),
        await versions.history(visit, character),
        room="characters",
        status=status,
    )


def order_of(character: Traits) -> Order:
    """What may be done with it: who is offered can be retired, and who is not can be brought back."""
    return "retire" if character.active else "restore"


def _sure(visit: Visit, character: Character, ask: str) -> Html:
    """Ask once more, saying what will happen."""
    if ask != order_of(character) or not visit.may("owner"):
        return NOTHING
    name, where = character.names[visit.language], f"/characters/{character.id}"
    question = asking.Question(
        asked=say(visit, f"admin-character-{ask}.sure", name=name),
        means=say(visit, f"admin-character-{ask}.means", name=name),
        button=say(visit, f"admin-character-{ask}"),
        back=where,
        reason_wanted=True,
    )
    given = {"act": ask, "version": str(character.version)}
    return asking.ask(visit, question, f"{where}/act", given)


def _shown(visit: Visit, character: Character, typed: Typed) -> Html:
    if not visit.may("owner"):
        return _words(visit, character)
    if visit.asked("ask") == (order := order_of(character)):
        return _form(visit, character, typed)
    link = tag(
        "a",
        say(visit, f"admin-character-{order}"),
        href=f"/characters/{character.id}?ask={order}",
        class_="button",
        data_focus=order,
    )
    return tag("div", tag("p", link), _form(visit, character, typed), class_="parts")


def _words(visit: Visit, character: Character) -> Html:
    """What it is, for who may not change it."""
    rows: list[tuple[str, Child]] = [
        (traits.label(visit, name, language), getattr(character, name)[language])
        for name in traits.TEXTS
        for language in LANGUAGES
    ]
    temperament = say(visit, f"admin-temperament-{character.temperament}")
    rows.append((say(visit, "admin-character-temperament"), temperament))
    return tag("section", page.facts(rows), class_="card")


def _form(visit: Visit, character: Character, typed: Typed) -> Html:
    form = page.form(
        visit,
        f"/characters/{character.id}",
        tag("input", type="hidden", name="version", value=character.version),
        traits.fields(visit, typed),
        asking.reason(
            visit, form="save", typed=typed.reason, hint=say(visit, "admin-version-reason")
        ),
        tag("button", say(visit, "admin-character-save"), class_="button primary"),
        class_="draft",
    )
    return tag("section", form, class_="card")


async def save(visit: Visit) -> web.StreamResponse:
    """Make the next version, or say what keeps it from being made, with what was typed."""
    known = await _character(visit)
    typed = traits.read(visit, active=known.active)
    if faults := traits.faults(visit, typed):
        return await _page(visit, known, typed, fault=traits.told(visit, faults), status=400)
    wanted = traits.made(typed)
    if wanted == known.traits:
        fault = page.notice(say(visit, "admin-character-same"), "bad")
        return await _page(visit, known, typed, fault=fault, status=400)
    seen = str(known.version) == visit.typed("version")
    if not seen or not await _change(visit, known, wanted, typed.reason):
        known = await _character(visit)
        said = say(visit, "admin-character-meanwhile", version=known.version)
        fault = page.notice(said, "bad")
        return await _page(visit, known, typed, fault=fault, status=LATE)
    return page.see(f"/characters/{known.id}?done=save")


async def act(visit: Visit) -> web.StreamResponse:
    """Retire a character, or bring it back, as its next version.

    Raises:
        BadInput: There is no such order, or no reason.
        Contradiction: It is so already, or was changed meanwhile.
    """
    known, reason, order = await _character(visit), asking.why(visit), visit.typed("act")
    if order not in ORDERS:
        raise BadInput(("act", "is none of " + ", ".join(ORDERS)))
    if order != order_of(known) or str(known.version) != visit.typed("version"):
        raise Contradiction("the character was changed meanwhile")
    wanted = msgspec.structs.replace(known.traits, active=order == "restore")
    return await _carry_out(visit, known, wanted, reason, done=order)


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
    if str(known.version) != visit.typed("version"):
        raise Contradiction("the character was changed meanwhile")
    return await _carry_out(visit, known, older.traits, reason, done="rollback", of_version=older.version)  # fmt: skip


async def _carry_out(  # noqa: PLR0913  # what, why, and how it is told
    visit: Visit,
    known: Character,
    wanted: Traits,
    reason: str,
    *,
    done: str,
    of_version: int | None = None,
) -> web.Response:
    """Make the next version of what was asked once more, or say why it cannot be."""
    try:
        changed = await _change(visit, known, wanted, reason, of_version)
    except NobodyOffered:
        fault = page.notice(say(visit, "admin-character-last"), "bad")
        return await _page(visit, known, fault=fault, status=LATE)
    except TooManyOffered:
        said = say(visit, "admin-character-many", most=characters.MOST_OFFERED)
        return await _page(visit, known, fault=page.notice(said, "bad"), status=LATE)
    if not changed:
        raise Contradiction("the character was changed meanwhile")
    return page.see(f"/characters/{known.id}?done={done}")


async def _change(
    visit: Visit, known: Character, wanted: Traits, reason: str, of_version: int | None = None
) -> bool:
    """Make the next version and have it seen everywhere; False when somebody else was quicker."""
    services = visit.desk.services
    async with services.database.transaction() as transaction:
        changed = await characters.change(
            transaction, known, wanted, visit.author(reason), visit.now, of_version=of_version
        )
    if changed is not None:
        await cache.forget_offered(services.cache)
    return changed is not None


async def _character(visit: Visit) -> Character:
    number = CharacterId(int(visit.request.match_info["character"]))
    found = await characters.get(visit.desk.services.database, number)
    if found is None:
        raise NotThere("character")
    return found
