"""People and their settings over the API."""

import msgspec

from tests.http.api.conftest import People, Program
from tests.store.people import ANNA, BORIS
from vitte.store import characters
from vitte.store.audit import SHELL
from vitte.store.characters import CharacterId


async def test_a_person_is_read_and_described_anew(program: Program) -> None:
    path = f"/users/{ANNA.id}"
    read = await program.get(path)

    changed = await program.patch(path, {"first_name": "Анна-Мария", "username": None})
    seen = await program.get(path)

    assert (read.body["first_name"], read.body["username"]) == ("Анна", "anna")
    assert (changed.body["first_name"], changed.body["username"]) == ("Анна-Мария", None)
    assert seen.body == changed.body


async def test_null_takes_away_and_absent_stays(program: Program) -> None:
    path = f"/users/{ANNA.id}/settings"
    full = {"language": "en", "timezone": "Europe/Berlin", "character_id": 2, "reminders": False}

    chosen = await program.patch(path, full)
    cleared = await program.patch(path, {"timezone": None})

    assert {name: chosen.body[name] for name in full} == full
    assert chosen.body["language_chosen"]
    assert cleared.body["timezone"] is None
    assert cleared.body["character_id"] == 2


async def test_settings_name_what_exists(program: Program) -> None:
    path = f"/users/{ANNA.id}/settings"

    nowhere = await program.patch(path, {"timezone": "Europe/Atlantis"})
    nobody = await program.patch(path, {"character_id": 999})
    no_language = await program.patch(path, {"language": None})

    assert (nowhere.status, nowhere.fields) == (422, ["timezone"])
    assert (nobody.status, nobody.fields) == (409, ["character_id"])
    assert (no_language.status, no_language.fields) == (422, ["language"])


async def test_a_lost_update_is_refused(program: Program) -> None:
    for path in (f"/users/{BORIS.id}", f"/users/{BORIS.id}/settings"):
        read = (await program.get(path)).headers["etag"]

        first = await program.patch(path, {}, If_Match=read)
        second = await program.patch(path, {}, If_Match=read)

        assert (first.status, second.status) == (200, 412)


async def test_strangers_are_not_found(program: Program) -> None:
    for path in ("/users/999", "/users/999/settings"):
        assert (await program.get(path)).status == 404
        assert (await program.patch(path, {})).status == 404


async def test_characters_are_listed_in_both_languages(program: Program) -> None:
    listed = await program.get("/characters/")

    assert [one["slug"] for one in listed.body["items"]] == ["mila", "artyom", "zoya"]
    assert set(listed.body["items"][0]["names"]) == {"ru", "en"}


async def test_a_new_character_is_listed_at_its_place_and_a_retired_one_is_not(
    people: People,
) -> None:
    program = await people.program("characters:read")
    zoya = await characters.get(people.database, CharacterId(3))
    assert zoya is not None
    nadya = msgspec.structs.replace(zoya.traits, names={"ru": "Надя", "en": "Nadya"}, position=2)
    await characters.add(people.database, "nadya", nadya, SHELL, zoya.created_at)
    await people.retire(1)

    listed = (await program.get("/characters/")).body["items"]

    assert [(one["slug"], one["names"]["en"]) for one in listed] == [
        ("artyom", "Artyom"),
        ("nadya", "Nadya"),
        ("zoya", "Zoya"),
    ]


async def test_statistics_come_a_day_a_row_in_pages(people: People) -> None:
    program = await people.program("statistics:read")
    await _count_days(people, "2026-11-01", "2026-11-02", "2026-11-03")

    first = await program.get("/stats/daily?limit=2")
    rest = await program.get(f"/stats/daily?limit=2&cursor={first.body['next']}")
    some = await program.get("/stats/daily?from=2026-11-02&to=2026-11-02")

    assert [one["day"] for one in first.body["items"]] == ["2026-11-03", "2026-11-02"]
    assert [one["day"] for one in rest.body["items"]] == ["2026-11-01"]
    assert [one["day"] for one in some.body["items"]] == ["2026-11-02"]
    assert some.body["items"][0]["by_plan"] == {"free": {"users": 1}}
    assert some.body["items"][0]["stayed_7"] == 0


async def _count_days(people: People, *days: str) -> None:
    from datetime import UTC, date, datetime, time  # noqa: PLC0415

    from tests.store.days import counted  # noqa: PLC0415
    from vitte.store import statistics  # noqa: PLC0415

    for day in map(date.fromisoformat, days):
        await statistics.set_day(people.database, counted(day), datetime.combine(day, time(), UTC))
