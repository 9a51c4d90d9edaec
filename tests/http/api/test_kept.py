"""What the API keeps ready: found without a question, dropped with what it shows, seen by no stranger."""

from functools import partial
from typing import Any

import pytest

from tests.fragile import counted, together
from tests.http.api.conftest import Answered, People, Program
from tests.store.people import ANNA, BORIS, NOW
from tests.whole import Whole
from vitte.actors import cache
from vitte.house import utc_now
from vitte.http import kept
from vitte.http.route import Answer
from vitte.store import characters, dialogs

PATHS = ("/dialogs/{id}", "/dialogs/{id}/messages", "/dialogs/?user_id=101", "/users/101/settings")


def test_whoever_writes_in_dialogs_drops_all_that_shows_them() -> None:
    assert {noun.name for noun in (kept.DIALOG, kept.DIALOGS, kept.MESSAGES)} == cache.TALK
    assert {noun.name for noun in (kept.DIALOG, kept.DIALOGS)} == cache.DIALOGS


@pytest.mark.parametrize("path", PATHS)
async def test_many_readers_cost_one_question_and_later_ones_none(
    people: People, path: str
) -> None:
    program = await people.program()
    path = path.format(id=(await people.dialog(ANNA.id, "Привет")).id)
    noun = "settings" if "settings" in path else "dialogs" if "?" in path else "dialog"
    noun = "messages" if "messages" in path else noun
    before = counted("cache_reads_total", noun=noun, outcome="miss")

    first = await together(*(partial(program.get, path) for _ in range(20)))
    again = await program.get(path)

    assert {one.raw for one in first} == {again.raw}
    assert {one.headers.get("etag") for one in first} == {again.headers.get("etag")}
    assert counted("cache_reads_total", noun=noun, outcome="miss") == before + 1


async def test_what_a_program_changes_the_next_reader_sees(people: People) -> None:
    program = await people.program()
    dialog = await people.dialog(ANNA.id)
    one, every = f"/dialogs/{dialog.id}", f"/dialogs/?user_id={ANNA.id}"

    async def seen() -> list[tuple[str, str]]:
        read = (await program.get(one)).body
        listed = (await program.get(every)).body["items"]
        assert read in listed
        return [(each["title"], each["state"]) for each in listed]

    before = await seen()
    await program.patch(one, {"title": "Вечер"})
    titled = await seen()
    await program.post("/dialogs/", {"user_id": ANNA.id, "title": "Утро"})
    started = await seen()
    await program.patch(one, {"title": "x"})
    await program.post("/dialogs/", {"user_id": ANNA.id}, Idempotency_Key="k")
    once = await seen()

    assert before == [("", "open")]
    assert titled == [("Вечер", "open")]
    assert started == [("Утро", "open"), ("Вечер", "closed")]
    assert once == [("", "open"), ("Утро", "closed"), ("x", "closed")]


LISTS = (
    "",
    "&limit=1",
    "&limit=2",
    "&state=open",
    "&state=closed",
    "&state=closed&limit=1",
    "&state=archived",
    "&character_id=1",
    "&character_id=2",
)


CHANGES: list[tuple[dict[str, Any], int]] = [
    *(({"title": "Вечер"}, which) for which in range(3)),
    *(({"state": state}, which) for state in ("closed", "archived") for which in range(3)),
    *(({"user_id": ANNA.id} | narrowed, 0) for narrowed in ({}, {"character_id": 2})),
]


@pytest.mark.parametrize(("change", "which"), CHANGES)
async def test_what_is_put_right_is_what_would_be_read_anew(
    people: People, change: dict[str, Any], which: int
) -> None:
    program = await people.program()
    made = [(await people.dialog(ANNA.id)).id for _ in range(3)]
    first = (await program.get(f"/dialogs/?user_id={ANNA.id}&limit=1")).body
    lists = [*LISTS, f"&limit=1&cursor={first['next']}", f"&cursor={first['next']}"]
    paths = [f"/dialogs/?user_id={ANNA.id}{narrowed}" for narrowed in lists]
    paths += [f"/dialogs/{dialog}" for dialog in made]

    async def read() -> list[tuple[int, bytes, str | None, str | None]]:
        found = [await program.get(path) for path in paths]
        return [
            (one.status, one.raw, one.headers.get("etag"), one.headers.get("link")) for one in found
        ]

    before = await read()
    if "user_id" in change:
        await program.post("/dialogs/", change)
    else:
        await program.patch(f"/dialogs/{made[which]}", change)
    put_right = await read()
    people.vitte.house.services.cache.shelf.clear()

    assert put_right == await read() != before


async def test_a_change_and_a_start_cost_their_readers_no_question(people: People) -> None:
    program = await people.program()
    path = f"/dialogs/{(await people.dialog(ANNA.id)).id}"
    paths = path, f"/dialogs/?user_id={ANNA.id}"
    for each in paths:
        await program.get(each)

    def missed() -> list[float]:
        return [
            counted("cache_reads_total", noun=noun, outcome="miss") for noun in sorted(cache.TALK)
        ]

    before = missed()

    await program.patch(path, {"title": "Вечер"})
    await program.post("/dialogs/", {"user_id": ANNA.id})
    one, every = [(await program.get(each)).body for each in paths]

    assert (one["title"], one["state"]) == ("Вечер", "closed")
    assert [each["title"] for each in every["items"]] == ["", "Вечер"]
    assert missed() == before


async def test_a_dialog_that_is_opened_again_is_seen_open(people: People) -> None:
    program = await people.program()
    path = f"/dialogs/{(await people.dialog(ANNA.id)).id}"
    await program.patch(path, {"state": "closed"})
    closed = await program.get(path)

    await program.patch(path, {"state": "open"})

    assert closed.body["state"] == "closed"
    assert (await program.get(path)).body["state"] == "open"


async def test_what_is_kept_for_one_is_not_shown_to_a_stranger(people: People) -> None:
    operator, boris = await people.program(), await people.program(user=BORIS.id)
    anna = await people.program(user=ANNA.id)
    paths = [path.format(id=(await people.dialog(ANNA.id, "Привет")).id) for path in PATHS]

    for path in paths:
        assert [(await one.get(path)).status for one in (operator, anna, boris)] == [200, 200, 404]


async def test_a_dialog_that_comes_to_be_is_found_though_it_was_missed(people: People) -> None:
    program = await people.program()
    soon = (await people.dialog(ANNA.id)).id + 1
    missed = [await program.get(f"/dialogs/{soon}"), await program.get(f"/dialogs/{soon}/messages")]

    await people.dialog(BORIS.id)
    found = [await program.get(f"/dialogs/{soon}"), await program.get(f"/dialogs/{soon}/messages")]

    assert [one.status for one in missed] == [404, 404]
    assert [one.status for one in found] == [200, 200]


async def test_settings_and_a_description_are_seen_changed(program: Program) -> None:
    async def seen() -> list[str]:
        answers: list[Answered] = [
            await program.get(f"/users/{ANNA.id}/settings"),
            await program.get(f"/users/{ANNA.id}"),
        ]
        return [answers[0].body["language"], answers[1].body["first_name"]]

    before = await seen()
    await program.patch(f"/users/{ANNA.id}/settings", {"language": "en"})
    await program.patch(f"/users/{ANNA.id}", {"first_name": "Anna"})

    assert (before, await seen()) == (["ru", "Анна"], ["en", "Anna"])


async def test_what_is_said_to_the_bot_is_seen(vitte: Whole) -> None:
    people = People(vitte)
    program = await people.program()
    person = vitte.telegram.person("Anna", language_code="en")
    await person.writes("/start")
    await vitte.settled()
    every = f"/dialogs/?user_id={person.id}"

    async def said() -> list[str]:
        dialog = (await program.get(every)).body["items"][0]["id"]
        listed = (await program.get(f"/dialogs/{dialog}/messages")).body["items"]
        return [one["text"] for one in listed if one["role"] == "user"]

    await person.writes("Hello")
    await vitte.settled()
    first = await said()
    await person.writes("How are you?")
    await vitte.settled()
    second = await said()
    await person.writes("/new")
    await vitte.settled()
    listed = (await program.get(every)).body["items"]

    assert first == ["Hello"]
    assert second == ["How are you?", "Hello"]
    assert await said() == []
    assert [one["state"] for one in listed] == ["open", "closed"]


def test_an_answer_is_made_once_for_each_row() -> None:
    made = 0

    def make(row: dialogs.Dialog) -> Answer:
        nonlocal made
        made += 1
        return kept.dialog(row)

    def row(title: str) -> dialogs.Dialog:
        return dialogs.Dialog(
            id=dialogs.DialogId(1), user_id=ANNA.id, character_id=characters.CharacterId(1),
            title=title, state="open", last_message_at=NOW, closed_at=None, archived_at=None,
            created_at=NOW, updated_at=NOW,
        )  # fmt: skip

    answers, old, new = kept.Made(make), row("old"), row("new")

    twice = answers.of(1, old), answers.of(1, old)
    changed = answers.of(1, new)

    assert (twice[0], made) == (twice[1], 2)
    assert (twice[0].body, changed.body) == (kept.dialog_body(old), kept.dialog_body(new))


async def test_who_was_late_reads_what_stands_though_the_cache_did_not_know(people: People) -> None:
    program = await people.program()
    dialog = await people.dialog(ANNA.id)
    path = f"/dialogs/{dialog.id}"
    read = (await program.get(path)).headers["etag"]
    unseen = dialogs.Change(dialog=dialog.id, user=None, title="by another process")
    await dialogs.change_many(people.database, [unseen], utc_now())

    late = await program.patch(path, {"title": "x"}, If_Match=read)

    assert late.status == 412
    assert (await program.get(path)).body["title"] == "by another process"
