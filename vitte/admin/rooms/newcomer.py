"""A new character: written in both languages, looked over, kept as its first version, and offered by the bot at once.

A character may also be kept without being offered, to be brought in when it is time.
"""

from collections.abc import Sequence

from aiohttp import web

from vitte.actors import cache
from vitte.admin import asking, page
from vitte.admin.desk import Visit, say
from vitte.admin.html import Html, tag
from vitte.admin.rooms import traits
from vitte.admin.rooms.traits import Typed
from vitte.errors import TooManyOffered
from vitte.store import characters
from vitte.store.characters import Character


async def ask(visit: Visit) -> web.StreamResponse:
    """The form; the newcomer stands behind those that there are."""
    known = await characters.list_every(visit.desk.services.database)
    last = max((each.position for each in known), default=0)
    words = dict.fromkeys(traits.FIELDS, "")
    position = str(min(last + 1, traits.MOST_POSITION))
    return _page(visit, Typed(words=words, temperament="", position=position, active=True), [])


async def give(visit: Visit) -> web.StreamResponse:
    """Keep the character; or give the form back, saying what is wrong."""
    typed = traits.read(visit, active=visit.typed("active") == "yes")
    faults = traits.faults(visit, typed)
    if not traits.is_slug(typed.slug):
        faults.insert(0, say(visit, "admin-character-wrong-slug", most=characters.LONGEST_SLUG))
    if faults:
        return _page(visit, typed, faults, status=400)
    try:
        added = await _add(visit, typed)
    except TooManyOffered:
        fault = say(visit, "admin-character-many", most=characters.MOST_OFFERED)
        return _page(visit, typed, [fault], status=409)
    if added is None:
        fault = say(visit, "admin-character-wrong-taken", slug=typed.slug)
        return _page(visit, typed, [fault], status=409)
    return page.see(f"/characters/{added.id}?done=create")


async def _add(visit: Visit, typed: Typed) -> Character | None:
    """Keep it, and have it seen everywhere; None when its name for programs is another's."""
    services = visit.desk.services
    async with services.database.transaction() as transaction:
        author = visit.author(typed.reason)
        added = await characters.add(transaction, typed.slug, traits.made(typed), author, visit.now)
    if added is not None:
        await cache.forget_offered(services.cache)
    return added


def _page(
    visit: Visit, typed: Typed, faults: Sequence[str], *, status: int = 200
) -> web.StreamResponse:
    title = say(visit, "admin-character-new")
    return page.show(
        visit,
        title,
        page.way(visit, "characters"),
        page.heading(title),
        tag("p", say(visit, "admin-character-new-lead"), class_="lead"),
        traits.told(visit, faults),
        tag("section", _form(visit, typed), class_="card"),
        room="characters",
        status=status,
    )


def _form(visit: Visit, typed: Typed) -> Html:
    return page.form(
        visit,
        "/characters/new",
        page.field(
            say(visit, "admin-character-slug"),
            name="slug",
            required=True,
            maxlength=characters.LONGEST_SLUG,
            pattern=traits.SLUG,
            autocapitalize="none",
            spellcheck="false",
            value=typed.slug,
            hint=say(visit, "admin-character-slug-hint"),
        ),
        traits.fields(visit, typed),
        tag(
            "label",
            tag("input", type="checkbox", name="active", value="yes", checked=typed.active),
            say(visit, "admin-character-active"),
            class_="tick",
        ),
        asking.reason(visit, typed=typed.reason, hint=say(visit, "admin-version-reason")),
        tag("button", say(visit, "admin-character-create"), class_="button primary"),
        class_="draft",
    )
