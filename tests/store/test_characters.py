"""Characters: those that ship, and what the table refuses."""

from string import Template
from typing import LiteralString

import psycopg
import pytest

from vitte.store import characters
from vitte.store.pool import Database

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
