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


async def acts(panel: Panel, browser: Browser, order: str, **changed: str) -> Answered:
    """Retire Mila or bring her back."""
    await browser.get(f"/characters/1?ask={order}")
    known = await mila(panel.database)
    given = {"act": order, "version": str(known.version), "reason": "it is time"} | changed
    return await browser.post("/characters/1/act", given)


NADYA = {
    "slug": "nadya",
    "names-ru": "Надя",
    "names-en": "Nadya",
    "about-ru": "Любит порядок.",
    "about-en": "Fond of order.",
    "greetings-ru": "С чего начнём?",
    "greetings-en": "Where shall we begin?",
    "temperament": "curious",
    "position": "4",
    "active": "yes",
    "reason": "people asked for her",
}


async def creates(browser: Browser, **changed: str) -> Answered:
    await browser.get("/characters/new")
    return await browser.post("/characters/new", NADYA | changed)


async def nobody_new(panel: Panel) -> bool:
    everybody = await characters.list_every(panel.database)
    return {each.slug for each in everybody} == {"mila", "artyom", "zoya"}


async def test_an_owner_makes_a_character_with_whom_people_talk_at_once(panel: Panel) -> None:
    boris = panel.vitte.telegram.person("Boris", language_code="en")
    await boris.writes("/start")
    assert (await boris.hears_one()).buttons == [["Mila", "Artyom", "Zoya"]]
    browser = await panel.inside("anna", "owner")

    made = await creates(browser)
    await boris.writes("/start")
    offered = await boris.hears_one()
    await boris.presses(offered, "Nadya")
    _chosen, greeting = await boris.hears(2)
    await boris.writes("with the kitchen")

    assert (made.status, made.where) == (303, "/characters/4?done=create")
    assert offered.buttons == [["Mila", "Artyom", "Zoya"], ["Nadya"]]
    assert greeting.text == "Where shall we begin?"
    assert (await boris.hears_one()).text
    nadya = await characters.get(panel.database, CharacterId(4))
    assert nadya is not None
    assert (nadya.slug, nadya.version, nadya.temperament, nadya.position) == ("nadya", 1, "curious", 4)  # fmt: skip
    [first] = await characters.list_versions(panel.database, nadya.id, limit=9)
    assert (first.version, first.who, first.reason) == (1, "operator:anna", "people asked for her")
    [act] = [each for each in await audit.list_all(panel.database, limit=9) if each.noun == "character"]  # fmt: skip
    assert (act.who, act.action, act.subject, act.reason, act.new) == ("operator:anna", "create", "nadya", "people asked for her", {"version": 1})  # fmt: skip
    page = (await browser.get(made.where)).plain
    assert "The character is kept, as version 1." in page
    assert "Надя / Nadya" in (await browser.get("/characters")).plain


async def test_the_form_proposes_the_next_place(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")

    page = await browser.get("/characters/new")

    assert re.search(r'name="position"[^>]*value="4"', page.text)
    assert "/characters/new" in (await browser.get("/characters")).text


async def test_a_character_may_wait_until_it_is_brought_in(panel: Panel) -> None:
    boris = panel.vitte.telegram.person("Boris", language_code="en")
    browser = await panel.inside("anna", "owner")

    await creates(browser, active="")
    await boris.writes("/start")
    before = await boris.hears_one()
    given = {"act": "restore", "version": "1", "reason": "she is ready"}
    brought = await browser.post("/characters/4/act", given)
    await boris.writes("/start")
    after = await boris.hears_one()

    assert "Nadya" not in before.labels
    assert (brought.status, brought.where) == (303, "/characters/4?done=restore")
    assert "Nadya" in after.labels


@pytest.mark.parametrize(
    ("changed", "status", "told"),
    [
        ({"slug": ""}, 400, "The short name has up to 32"),
        ({"slug": "Nadya"}, 400, "The short name has up to 32"),
        ({"slug": "1st"}, 400, "The short name has up to 32"),
        ({"slug": "надя"}, 400, "The short name has up to 32"),
        ({"slug": "n" * 33}, 400, "The short name has up to 32"),
        ({"slug": "mila"}, 409, "The short name mila is another character's."),
        ({"names-ru": ""}, 400, "Name (Russian): 1 to 40 characters"),
        ({"names-en": "x" * 41}, 400, "Name (English): 1 to 40 characters"),
        ({"names-en": "two\nlines"}, 400, "Name (English): 1 to 40 characters"),
        ({"names-en": "\u200b\u2060"}, 400, "Name (English): 1 to 40 characters"),
        ({"about-en": "  "}, 400, "Description (English): 1 to 500 characters"),
        ({"greetings-ru": "x" * 3501}, 400, "First words (Russian): 1 to 3,500 characters"),
        ({"greetings-en": "\u2063"}, 400, "First words (English): 1 to 3,500 characters"),
        ({"temperament": "grim"}, 400, "One of the temperaments has to be chosen."),
        ({"position": "-1"}, 400, "a whole number from 0 to 1,000"),
        ({"position": "1001"}, 400, "a whole number from 0 to 1,000"),
        ({"reason": " ? "}, 400, "The reason is missing"),
    ],
)
async def test_what_is_wrong_with_a_newcomer_is_said_and_what_was_typed_stays(
    panel: Panel, changed: dict[str, str], status: int, told: str
) -> None:
    browser = await panel.inside("anna", "owner")

    answered = await creates(browser, **changed)

    assert answered.status == status
    assert "Nothing was kept:" in answered.plain
    assert told in answered.plain
    assert answered.plain.count("Nothing was kept:") == 1
    kept = NADYA | changed
    for name in ("names-ru", "about-ru", "greetings-en", "reason"):
        if len(kept[name].strip()) > 1:
            assert kept[name] in answered.text, name
    assert await nobody_new(panel)
    assert not [each for each in await audit.list_all(panel.database, limit=9) if each.noun == "character"]  # fmt: skip


async def test_a_form_sent_twice_makes_one_character(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")

    answers = [(await creates(browser)).status, (await creates(browser)).status]

    assert answers == [303, 409]
    assert len(await characters.list_every(panel.database)) == 4


async def test_no_more_are_offered_than_telegram_shows(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(characters, "MOST_OFFERED", 3)
    browser = await panel.inside("anna", "owner")

    one_more = await creates(browser)
    aside = await creates(browser, active="")
    brought = await browser.post("/characters/4/act", {"act": "restore", "version": "1", "reason": "now"})  # fmt: skip

    assert (one_more.status, aside.status, brought.status) == (409, 303, 409)
    for page in (one_more, brought):
        assert "Telegram shows no more than 3 buttons" in page.plain


async def test_as_many_as_may_be_offered_fit_under_a_welcome(panel: Panel) -> None:
    known = await mila(panel.database)
    for number in range(3, characters.MOST_OFFERED):
        traits = msgspec.structs.replace(known.traits, names={"ru": f"Я{number}", "en": f"I{number}"})  # fmt: skip
        assert await characters.add(panel.database, f"i-{number}", traits, SHELL, panel.clock())
    boris = panel.vitte.telegram.person("Boris", language_code="en")

    await boris.writes("/start")

    assert len((await boris.hears_one()).labels) == characters.MOST_OFFERED


async def test_who_talks_with_a_retired_character_loses_nothing(panel: Panel) -> None:
    boris = panel.vitte.telegram.person("Boris", language_code="en")
    vera = panel.vitte.telegram.person("Vera", language_code="en")
    await boris.starts()
    welcome = await boris.hears_one()
    await boris.presses(welcome, "Mila")
    await boris.hears(2)
    browser = await panel.inside("anna", "owner")

    asked = await browser.get("/characters/1?ask=retire")
    retired = await acts(panel, browser, "retire")
    await boris.writes("are you still there")
    answer = await boris.hears_one()
    await boris.writes("/status")
    status = await boris.hears_one()
    await vera.starts()
    offered = await vera.hears_one()
    back = await acts(panel, browser, "restore")
    await boris.writes("/new")
    _begun, greeting = await boris.hears(2)

    assert "Retire Mila?" in asked.plain
    assert (retired.status, retired.where) == (303, "/characters/1?done=retire")
    assert answer.text
    assert "Mila" in status.text
    assert offered.labels == ["Artyom", "Zoya"]
    assert (back.status, back.where) == (303, "/characters/1?done=restore")
    assert greeting.text.startswith("Hello, I am Mila.")
    done = [(each.action, each.who, each.reason) for each in await audit.list_all(panel.database, limit=9) if each.noun == "character"]  # fmt: skip
    assert done == [
        ("restore", "operator:anna", "it is time"),
        ("retire", "operator:anna", "it is time"),
    ]
    assert (await mila(panel.database)).version == 3
    assert "The character is offered again." in (await browser.get(back.where)).plain


async def test_a_button_of_a_retired_character_is_from_an_earlier_time(panel: Panel) -> None:
    boris = panel.vitte.telegram.person("Boris", language_code="en")
    await boris.starts()
    welcome = await boris.hears_one()
    await acts(panel, await panel.inside("anna", "owner"), "retire")

    press = await boris.presses(welcome, "Mila")

    assert "from an earlier time" in (await press.answered())["text"]


async def test_the_last_one_that_is_offered_stays(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    for other in (2, 3):
        given = {"act": "retire", "version": "1", "reason": "it is time"}
        assert (await browser.post(f"/characters/{other}/act", given)).status == 303

    refused = await acts(panel, browser, "retire")

    assert refused.status == 409
    assert "This is the last character that is offered" in refused.plain
    assert [each.slug for each in await characters.list_active(panel.database)] == ["mila"]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"reason": " "}, 400),
        ({"act": "delete"}, 400),
        ({"act": "restore"}, 409),
        ({"version": "7"}, 409),
        ({"version": "x"}, 409),
    ],
)
async def test_an_order_that_cannot_stand_changes_nothing(
    panel: Panel, changed: dict[str, str], status: int
) -> None:
    browser = await panel.inside("anna", "owner")

    answered = await acts(panel, browser, "retire", **changed)

    assert answered.status == status
    assert (await mila(panel.database)).version == 1


async def test_a_change_of_words_leaves_whether_one_is_offered(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    await acts(panel, browser, "retire")

    await saves(panel, browser, **{"about-en": "Calm."})

    now = await mila(panel.database)
    assert (now.version, now.about["en"], now.active) == (3, "Calm.", False)


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
    await acts(panel, browser, "retire")
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
    shown = await browser.get("/characters/1?ask=retire")
    saved = await saves(panel, browser, **{"names-en": "Ludmila"})
    back = await browser.post("/characters/1/rollback", {"to": "1", "version": "1", "reason": "why"})  # fmt: skip
    retired, made = await acts(panel, browser, "retire"), await creates(browser)

    assert "Mila" in page.plain
    assert "Save as a new version" not in page.plain
    assert "Retire" not in shown.plain
    assert "/characters/new" not in (await browser.get("/characters")).text
    assert (await browser.get("/characters/new")).status == 403
    assert [each.status for each in (saved, back, retired, made)] == [403] * 4
    assert (await mila(panel.database)).version == 1
    assert await nobody_new(panel)


async def test_what_is_typed_for_a_newcomer_is_shown_and_nothing_else(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    words = dict.fromkeys((name for name in NADYA if "-" in name), NASTY)
    names = {f"names-{language}": NASTY[:40] for language in ("ru", "en")}

    pages = [
        await creates(browser, **dict.fromkeys(NADYA, NASTY)),
        await creates(browser, **(words | names), slug="mila"),
        made := await creates(browser, **(words | names), reason=NASTY),
    ]
    pages += [await browser.get(path) for path in ("/characters", "/characters/4", "/characters/4?ask=retire", "/audit")]  # fmt: skip

    assert made.status == 303
    for page in pages:
        assert "<img src=x" not in page.text
        assert "<script>" not in page.text


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
