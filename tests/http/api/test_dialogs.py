"""Dialogs and messages over the API: pages, filters, changes, and requests sent twice."""

import anyio

from tests.http.api.conftest import People, Program
from tests.store.people import ANNA, BORIS
from vitte.store.users import UserId


async def test_a_new_dialog_closes_the_open_one(program: Program) -> None:
    first = await program.post("/dialogs/", {"user_id": ANNA.id, "title": "Вечер"})
    second = await program.post("/dialogs/", {"user_id": ANNA.id, "character_id": 2})

    assert (first.status, first.body["state"], first.body["title"]) == (201, "open", "Вечер")
    found = await program.get(first.headers["location"].removeprefix("/api/v1"))
    assert (found.status, found.body["state"]) == (200, "closed")
    assert second.body["character_id"] == 2


async def test_a_dialog_without_a_character_gets_the_one_chosen_last(program: Program) -> None:
    await program.patch(f"/users/{ANNA.id}/settings", {"character_id": 3})

    started = await program.post("/dialogs/", {"user_id": ANNA.id})

    assert started.body["character_id"] == 3


async def test_who_chose_a_character_that_was_retired_gets_the_first_that_is_offered(
    people: People,
) -> None:
    program = await people.program()
    await program.patch(f"/users/{ANNA.id}/settings", {"character_id": 3})
    talk = (await program.post("/dialogs/", {"user_id": ANNA.id})).body
    await people.retire(3)

    kept = await program.get(f"/dialogs/{talk['id']}")
    with_her = await program.post("/dialogs/", {"user_id": ANNA.id, "character_id": 3})
    started = await program.post("/dialogs/", {"user_id": ANNA.id})

    assert (kept.body["state"], kept.body["character_id"]) == ("open", 3)
    assert (with_her.status, with_her.fields) == (409, ["character_id"])
    assert (started.status, started.body["character_id"]) == (201, 1)


async def test_a_dialog_needs_a_person_that_is_known_and_a_character_that_is_offered(
    program: Program,
) -> None:
    nobody = await program.post("/dialogs/", {"user_id": 999})
    with_nobody = await program.post("/dialogs/", {"user_id": ANNA.id, "character_id": 999})

    assert (nobody.status, with_nobody.status) == (404, 409)
    assert with_nobody.fields == ["character_id"]


async def test_pages_meet_end_and_stay_while_rows_come(people: People) -> None:
    program = await people.program()
    made = [(await people.dialog(ANNA.id)).id for _ in range(5)]
    first = await program.get(f"/dialogs/?user_id={ANNA.id}&limit=2")
    await people.dialog(ANNA.id)
    await people.dialog(BORIS.id)

    seen = [one["id"] for one in first.body["items"]]
    link, cursor = first.headers["link"], first.body["next"]
    while cursor:
        page = await program.get(f"/dialogs/?user_id={ANNA.id}&limit=2&cursor={cursor}")
        seen += [one["id"] for one in page.body["items"]]
        cursor = page.body["next"]

    assert seen == made[::-1]
    assert link == (
        f'</api/v1/dialogs/?user_id={ANNA.id}&limit=2&cursor={first.body["next"]}>; rel="next"'
    )


async def test_filters_narrow_the_list(people: People) -> None:
    program = await people.program()
    old, new = await people.dialog(ANNA.id), await people.dialog(ANNA.id)
    other = await people.dialog(BORIS.id)

    async def ids(query: str) -> list[int]:
        return [one["id"] for one in (await program.get(f"/dialogs/{query}")).body["items"]]

    assert await ids("") == [other.id, new.id, old.id]
    assert await ids("?state=open") == [other.id, new.id]
    assert await ids(f"?state=closed&user_id={ANNA.id}") == [old.id]
    assert await ids(f"?character_id={old.character_id}&limit=1") == [other.id]
    assert await ids("?character_id=2") == []


async def test_a_bound_program_sees_one_persons_dialogs_alone(people: People) -> None:
    hers, his = await people.dialog(ANNA.id, "Привет"), await people.dialog(BORIS.id)
    program = await people.program(user=ANNA.id)

    listed = await program.get("/dialogs/")
    foreign = [
        await program.get(f"/dialogs/{his.id}"),
        await program.get(f"/dialogs/{his.id}/messages"),
        await program.patch(f"/dialogs/{his.id}", {"title": "mine"}),
        await program.get(f"/dialogs/?user_id={BORIS.id}"),
        await program.post("/dialogs/", {"user_id": BORIS.id}),
    ]
    missing = await program.get("/dialogs/999999")

    assert [one["id"] for one in listed.body["items"]] == [hers.id]
    assert [one.status for one in foreign] == [404] * 5
    assert foreign[0].raw == missing.raw


async def test_messages_come_latest_first_in_pages_of_either_side(people: People) -> None:
    program = await people.program()
    dialog = await people.dialog(ANNA.id, "раз", "два")
    path = f"/dialogs/{dialog.id}/messages"

    everything = await program.get(path)
    first = await program.get(f"{path}?limit=3")
    rest = await program.get(f"{path}?limit=3&cursor={first.body['next']}")
    hers = await program.get(f"{path}?role=user")

    texts = [one["text"] for one in everything.body["items"]]
    assert texts == ["два?", "два", "раз?", "раз"]
    assert [one["text"] for one in rest.body["items"]] == ["раз"]
    assert (rest.body["next"], "link" in rest.headers) == (None, False)
    assert [one["text"] for one in hers.body["items"]] == ["два", "раз"]


async def test_a_title_and_a_state_change_apart(people: People) -> None:
    program = await people.program()
    path = f"/dialogs/{(await people.dialog(ANNA.id)).id}"

    titled = await program.patch(path, {"title": "О важном"})
    archived = await program.patch(path, {"state": "archived"})
    closed = await program.patch(path, {"state": "closed"})
    opened = await program.patch(path, {"state": "open"})

    assert (titled.body["title"], titled.body["state"]) == ("О важном", "open")
    assert archived.body["archived_at"] is not None
    assert (closed.body["archived_at"], closed.body["closed_at"] is None) == (None, False)
    assert (opened.body["state"], opened.body["closed_at"]) == ("open", None)


async def test_a_second_dialog_cannot_be_opened_beside_an_open_one(people: People) -> None:
    program = await people.program()
    old = await people.dialog(ANNA.id)
    await people.dialog(ANNA.id)

    refused = await program.patch(f"/dialogs/{old.id}", {"state": "open"})

    assert (refused.status, refused.fields) == (409, ["state"])


async def test_a_lost_update_is_refused(people: People) -> None:
    program = await people.program()
    path = f"/dialogs/{(await people.dialog(ANNA.id)).id}"
    read = (await program.get(path)).headers["etag"]

    first = await program.patch(path, {"title": "one"}, If_Match=read)
    second = await program.patch(path, {"title": "two"}, If_Match=read)

    assert [one.status for one in (first, second)] == [200, 412]
    assert (await program.get(path)).body["title"] == "one"


async def test_the_same_request_with_a_key_is_done_once(program: Program) -> None:
    wish = {"user_id": ANNA.id, "title": "once"}

    first = await program.post("/dialogs/", wish, Idempotency_Key="order-1")
    again = await program.post("/dialogs/", wish, Idempotency_Key="order-1")
    another = await program.post("/dialogs/", {"user_id": BORIS.id}, Idempotency_Key="order-1")

    assert (first.status, again.status, first.raw) == (201, 201, again.raw)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert (another.status, another.fields) == (409, ["Idempotency-Key"])


async def test_a_key_is_its_programs_own(people: People) -> None:
    one, other = await people.program(), await people.program()

    first = await one.post("/dialogs/", {"user_id": ANNA.id}, Idempotency_Key="k")
    second = await other.post("/dialogs/", {"user_id": BORIS.id}, Idempotency_Key="k")

    assert (first.status, second.status) == (201, 201)


async def test_a_refused_request_leaves_its_key_free(program: Program) -> None:
    refused = await program.post("/dialogs/", {"user_id": 999}, Idempotency_Key="k")
    good = await program.post("/dialogs/", {"user_id": ANNA.id}, Idempotency_Key="k")

    assert (refused.status, good.status) == (404, 201)


async def test_of_many_at_once_with_one_key_all_get_the_one_dialog(program: Program) -> None:
    got: list[bytes] = []

    async def start() -> None:
        answered = await program.post("/dialogs/", {"user_id": ANNA.id}, Idempotency_Key="k")
        got.append(answered.raw)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(start)

    listed = (await program.get(f"/dialogs/?user_id={UserId(ANNA.id)}")).body["items"]
    assert (len(got), len(set(got)), len(listed)) == (6, 1, 1)
