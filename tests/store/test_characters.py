"""Characters: those that ship, and what the table refuses."""

from string import Template
from typing import LiteralString

import anyio
import msgspec
import psycopg
import pytest

from tests.store.people import ANNA, NOW, register
from vitte.errors import Contradiction, NobodyOffered, TooManyOffered
from vitte.store import audit, characters, dialogs, settings
from vitte.store.audit import Author
from vitte.store.characters import Character, CharacterId, Traits
from vitte.store.pool import Database

OWNER = Author(who="operator:anna", reason="somebody new")
NADYA = Traits(
    names={"ru": "Надя", "en": "Nadya"},
    about={"ru": "Любит порядок.", "en": "Fond of order."},
    greetings={"ru": "С чего начнём?", "en": "Where shall we begin?"},
    temperament="curious",
    position=4,
    active=True,
)

ADD: LiteralString = """
    INSERT INTO characters (slug, names, about, greetings, temperament, position, created_at, updated_at)
    VALUES ('x', %s, '{"ru": "a", "en": "a"}', '{"ru": "a", "en": "a"}', 'warm', 9, '2026-01-01', '2026-01-01')
"""


async def test_three_characters_ship_each_in_both_languages(database: Database) -> None:
    shipped = await characters.list_active(database)

    assert [one.slug for one in shipped] == ["mila", "artyom", "zoya"]
    assert [one.temperament for one in shipped] == ["warm", "curious", "playful"]
    for one in shipped:
        for words in (one.names, one.about, one.greetings):
            assert sorted(words) == ["en", "ru"]
            assert Template(words["ru"]).template != words["en"]


async def test_a_character_is_found_by_id(database: Database) -> None:
    first = (await characters.list_active(database))[0]

    assert await characters.get(database, first.id) == first
    assert await characters.get(database, characters.CharacterId(404)) is None


@pytest.mark.parametrize(
    "words",
    ["{}", '{"ru": "a"}', '{"ru": "a", "en": ""}', '{"ru": "a", "en": 1}', '["ru", "en"]', '"ru"',
     "null", '{"ru": "a", "en": null}', '{"ru": "a", "en": "a", "de": "a"}'],
)  # fmt: skip
def test_words_that_are_not_in_exactly_both_languages_are_refused(
    database_url: str, words: str
) -> None:
    with (
        psycopg.connect(database_url, autocommit=True) as connection,
        pytest.raises(psycopg.errors.CheckViolation),
    ):
        connection.execute(ADD, (words,))


async def test_a_new_character_begins_with_its_first_version(database: Database) -> None:
    added = await characters.add(database, "nadya", NADYA, OWNER, NOW)

    assert added is not None
    assert (added.slug, added.version, added.traits, added.created_at) == ("nadya", 1, NADYA, NOW)
    assert (await characters.list_active(database))[-1] == added
    [first] = await characters.list_versions(database, added.id, limit=9)
    assert (first.version, first.traits, first.who, first.reason, first.of_version) == (1, NADYA, OWNER.who, OWNER.reason, None)  # fmt: skip
    [act] = await audit.list_all(database, limit=9)
    assert (act.noun, act.action, act.subject, act.who, act.reason) == ("character", "create", "nadya", OWNER.who, OWNER.reason)  # fmt: skip
    assert (act.old, act.new) == ({}, {"version": 1})


async def test_a_name_for_programs_is_one_characters_alone(database: Database) -> None:
    assert await characters.add(database, "mila", NADYA, OWNER, NOW) is None
    assert len(await characters.list_every(database)) == 3
    assert await audit.list_all(database, limit=9) == []


async def test_who_is_retired_keeps_everything_and_comes_back(database: Database) -> None:
    await register(database, ANNA)
    mila = (await characters.list_active(database))[0]
    dialog = await dialogs.start(database, ANNA.id, mila.id, NOW)
    await settings.set_character(database, ANNA.id, mila.id, NOW)

    retired = await offer(database, mila, active=False)
    meanwhile = await characters.list_active(database)
    assert await dialogs.open_of(database, ANNA.id) == dialog
    chosen = await settings.get(database, ANNA.id)
    back = await offer(database, retired, active=True)

    assert "mila" not in {each.slug for each in meanwhile}
    assert chosen is not None
    assert chosen.character_id == mila.id
    assert (back.traits, back.version) == (mila.traits, 3)
    acts = [(each.action, each.old, each.new) for each in await audit.list_all(database, limit=9) if each.noun == "character"]  # fmt: skip
    assert acts == [
        ("restore", {"version": 2}, {"version": 3}),
        ("retire", {"version": 1}, {"version": 2}),
    ]


async def test_one_is_always_offered(database: Database) -> None:
    mila, *others = await characters.list_active(database)
    for each in others:
        await offer(database, each, active=False)

    with pytest.raises(NobodyOffered):
        await offer(database, mila, active=False)

    assert [each.slug for each in await characters.list_active(database)] == ["mila"]
    assert (await characters.list_versions(database, mila.id, limit=9))[0].version == 1


async def test_of_two_who_retire_the_last_two_one_is_told(database: Database) -> None:
    first, second, third = await characters.list_active(database)
    await offer(database, third, active=False)
    told: list[CharacterId] = []

    async def retire(character: Character) -> None:
        try:
            await offer(database, character, active=False)
        except NobodyOffered:
            told.append(character.id)

    async with anyio.create_task_group() as group:
        group.start_soon(retire, first)
        group.start_soon(retire, second)

    assert len(told) == 1
    assert [each.id for each in await characters.list_active(database)] == told


async def test_no_more_are_offered_than_a_message_has_buttons(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(characters, "MOST_OFFERED", 3)
    waiting = msgspec.structs.replace(NADYA, active=False)

    with pytest.raises(TooManyOffered):
        await characters.add(database, "nadya", NADYA, OWNER, NOW)
    added = await characters.add(database, "nadya", waiting, OWNER, NOW)
    assert added is not None
    with pytest.raises(Contradiction):
        await offer(database, added, active=True)

    assert len(await characters.list_active(database)) == 3


async def offer(database: Database, character: Character, *, active: bool) -> Character:
    traits = msgspec.structs.replace(character.traits, active=active)
    async with database.transaction() as transaction:
        changed = await characters.change(transaction, character, traits, OWNER, NOW)
    assert changed is not None
    return changed
