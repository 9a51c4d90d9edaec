"""The characters in the panel: changed version by version, rolled back, and seen at once by all who ask."""

import re

import anyio
import msgspec
import pytest

from tests.actors.caching import caching
from tests.admin.conftest import Answered, Browser, Panel
from vitte.actors import cache
from vitte.store import audit, characters
from vitte.store.audit import SHELL
from vitte.store.characters import Character, CharacterId
from vitte.store.operators import Role
from vitte.store.pool import Database

NASTY = """'"><img src=x onerror=alert(1)><script>alert(1)</script>"""
MILA = CharacterId(1)


async def mila(database: Database) -> Character:
    found = await characters.get(database, MILA)
    assert found is not None
    return found


def form_of(character: Character, **changed: str) -> dict[str, str]:
    words = {
        f"{name}-{language}": getattr(character, name)[language]
        for name in ("names", "about", "greetings")
        for language in ("ru", "en")
    }
    plain = {"temperament": character.temperament, "position": str(character.position), "active": "yes"}  # fmt: skip
    return words | plain | {"version": str(character.version), "reason": "she is wiser now"} | changed  # fmt: skip


async def saves(panel: Panel, browser: Browser, **changed: str) -> Answered:
    await browser.get("/characters/1")
    known = await mila(panel.database)
    return await browser.post("/characters/1", form_of(known, **changed))


async def test_a_change_is_a_new_version_with_who_when_and_why(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    before = await mila(panel.database)

    saved = await saves(panel, browser, **{"names-en": "Ludmila", "temperament": "playful"})

    assert (saved.status, saved.where) == (303, "/characters/1?done=save")
    after = await mila(panel.database)
    assert (after.version, after.names["en"], after.temperament) == (2, "Ludmila", "playful")
    assert after.names["ru"] == before.names["ru"]
    new, old = await characters.list_versions(panel.database, MILA, limit=9)
    assert (new.version, new.who, new.reason, new.of_version) == (2, "operator:anna", "she is wiser now", None)  # fmt: skip
    assert (old.version, old.traits) == (1, before.traits)
    [act] = [each for each in await audit.list_all(panel.database, limit=9) if each.noun == "character"]  # fmt: skip
    assert (act.who, act.action, act.subject, act.reason) == ("operator:anna", "change", "mila", "she is wiser now")  # fmt: skip
    assert (act.old, act.new) == ({"version": 1}, {"version": 2})
    page = (await browser.get(saved.where)).plain
    assert "The new version is in force." in page
    assert "she is wiser now" in page


async def test_a_running_conversation_takes_it_with_the_next_message(panel: Panel) -> None:
    boris = panel.vitte.telegram.person("Boris", language_code="en")
    await boris.writes("/start")
    await boris.hears()
    await boris.writes("hello there")
    await boris.hears()
    browser = await panel.inside("anna", "owner")

    await saves(panel, browser, **{"names-en": "Ludmila"})
    await boris.writes("/start")

    heard = await boris.hears_one()
    assert "Ludmila" in heard.text
    assert "Mila" not in heard.text
    assert "Ludmila" in heard.buttons[0]


async def test_programs_and_the_cache_see_it_at_once(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    front = panel.vitte.house.services.cache
    assert (await cache.get_offered(front))[0].names["en"] == "Mila"

    await saves(panel, browser, **{"names-en": "Ludmila"})

    assert (await cache.get_offered(front))[0].names["en"] == "Ludmila"
    await saves(panel, browser, active="")
    assert "mila" not in {each.slug for each in await cache.get_offered(front)}
    assert "mila" not in {each.slug for each in await characters.list_active(panel.database)}


async def test_other_processes_forget_what_they_kept(database: Database, redis_url: str) -> None:
    async with caching(database, redis_url) as (one, _), caching(database, redis_url) as (two, _):
        for front in (one, two):
            assert (await cache.get_offered(front))[0].names["en"] == "Mila"
        known = await mila(database)
        traits = msgspec.structs.replace(known.traits, names={"ru": "Мила", "en": "Ludmila"})
        one.circle.others = True

        await characters.change(database, known, traits, SHELL, known.updated_at)
        await cache.forget_offered(one)

        assert (await cache.get_offered(one))[0].names["en"] == "Ludmila"
        with anyio.fail_after(5):
            while (  # noqa: ASYNC110  # a memory tells nobody what it forgets
                (await cache.get_offered(two))[0].names["en"] != "Ludmila"
            ):
                await anyio.sleep(0.01)


async def test_a_roll_back_is_a_version_as_well(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    first = await mila(panel.database)
    await saves(panel, browser, **{"about-en": "Loud and quick."})

    asked = await browser.get("/characters/1?version=1")
    given = {"to": "1", "version": "2", "reason": "people liked her calm"}
    back = await browser.post("/characters/1/rollback", given)
    again = await browser.post("/characters/1/rollback", given | {"version": "3"})
    late = await browser.post("/characters/1/rollback", given | {"to": "2"})

    assert "Bring back version 1?" in asked.plain
    assert re.search(r"<del>[^<]*Calm", asked.text)
    assert re.search(r"<ins>[^<]*Loud", asked.text)
    assert (back.status, back.where) == (303, "/characters/1?done=rollback")
    assert (again.status, late.status) == (409, 409)
    now = await mila(panel.database)
    assert (now.version, now.traits) == (3, first.traits)
    newest = (await characters.list_versions(panel.database, MILA, limit=9))[0]
    assert (newest.of_version, newest.reason) == (1, "people liked her calm")
    assert "The older version is in force again" in (await browser.get(back.where)).plain


async def test_a_lost_update_is_told_and_not_overwritten(panel: Panel) -> None:
    anna, boris = await panel.inside("anna", "owner"), await panel.inside("boris", "owner")
    seen = await mila(panel.database)
    await anna.get("/characters/1")
    await saves(panel, boris, **{"about-en": "Boris wrote this."})

    late = await anna.post("/characters/1", form_of(seen, **{"about-en": "Anna wrote that."}))

    assert late.status == 409
    assert "Somebody has made version 2 meanwhile." in late.plain
    assert "Anna wrote that." in late.plain
    assert "Boris" in late.plain
    assert (await mila(panel.database)).about["en"] == "Boris wrote this."
    on_purpose = await anna.post("/characters/1", form_of(seen, version="2", **{"about-en": "Anna wrote that."}))  # fmt: skip
    assert on_purpose.status == 303
    assert (await mila(panel.database)).version == 3


async def test_of_two_at_the_same_moment_one_wins(database: Database) -> None:
    known = await mila(database)
    names = [{"ru": "А", "en": "A"}, {"ru": "Б", "en": "B"}]
    made: list[Character | None] = []

    async def change(number: int) -> None:
        traits = msgspec.structs.replace(known.traits, names=names[number])
        made.append(await characters.change(database, known, traits, SHELL, known.updated_at))

    async with anyio.create_task_group() as group:
        group.start_soon(change, 0)
        group.start_soon(change, 1)

    assert sorted(each is None for each in made) == [False, True]
    assert len(await characters.list_versions(database, MILA, limit=9)) == 2


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 400),
        ({"names-en": ""}, 400),
        ({"names-en": "x" * 41}, 400),
        ({"names-en": "two\nlines"}, 400),
        ({"about-ru": "x" * 501}, 400),
        ({"greetings-ru": "  "}, 400),
        ({"temperament": "grim"}, 400),
        ({"position": "first"}, 400),
        ({"names-en": "Ludmila", "reason": " "}, 400),
        ({"names-en": "Ludmila", "version": "x"}, 409),
    ],
)
async def test_what_cannot_stand_makes_no_version(
    panel: Panel, changed: dict[str, str], status: int
) -> None:
    browser = await panel.inside("anna", "owner")

    answered = await saves(panel, browser, **changed)

    assert answered.status == status
    assert (await mila(panel.database)).version == 1


@pytest.mark.parametrize("role", ["read", "support"])
async def test_only_an_owner_changes_them(panel: Panel, role: Role) -> None:
    browser = await panel.inside("anna", role)

    page = await browser.get("/characters/1?version=1")
    saved = await saves(panel, browser, **{"names-en": "Ludmila"})
    back = await browser.post("/characters/1/rollback", {"to": "1", "version": "1", "reason": "why"})  # fmt: skip

    assert "Mila" in page.plain
    assert "Save as a new version" not in page.plain
    assert (saved.status, back.status) == (403, 403)
    assert (await mila(panel.database)).version == 1


async def test_words_are_shown_and_nothing_else(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    words = {f"{name}-{language}": NASTY for name in ("about", "greetings") for language in ("ru", "en")}  # fmt: skip

    saved = await saves(panel, browser, **words, reason=NASTY, **{"names-en": NASTY[:40]})

    assert saved.status == 303
    for path in ("/characters", "/characters/1", "/characters/1?version=1", "/audit"):
        page = await browser.get(path)
        assert page.status == 200
        assert "<img src=x" not in page.text, path
        assert "<script>" not in page.text, path


@pytest.mark.parametrize("path", ["/characters/404", "/characters/1?version=404", "/characters/1?version=" + "9" * 18, "/characters/1?before=" + "9" * 18])  # fmt: skip
async def test_what_is_not_there_breaks_nothing(panel: Panel, path: str) -> None:
    browser = await panel.inside("anna", "owner")

    assert (await browser.get(path)).status in {200, 404}
