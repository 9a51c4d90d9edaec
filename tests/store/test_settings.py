"""Settings: a guess never replaces a choice."""

from tests.store.people import ANNA, DAY, NOW, register
from vitte.store import characters, settings
from vitte.store.pool import Database


async def test_a_better_guess_replaces_a_guess(database: Database) -> None:
    await register(database, ANNA)

    guessed = await settings.detect_language(database, ANNA.id, "en", NOW + DAY)

    assert guessed is not None
    assert (guessed.language, guessed.language_chosen, guessed.updated_at) == (
        "en",
        False,
        NOW + DAY,
    )


async def test_no_guess_replaces_what_the_person_chose(database: Database) -> None:
    await register(database, ANNA)

    chosen = await settings.set_language(database, ANNA.id, "en", NOW)
    guessed = await settings.detect_language(database, ANNA.id, "ru", NOW)

    assert guessed is None
    assert chosen == await settings.get(database, ANNA.id)
    assert chosen is not None
    assert (chosen.language, chosen.language_chosen) == ("en", True)


async def test_the_character_chosen_last_is_remembered(database: Database) -> None:
    await register(database, ANNA)
    *_, last = await characters.list_active(database)

    chosen = await settings.set_character(database, ANNA.id, last.id, NOW)

    assert chosen is not None
    assert chosen.character_id == last.id
