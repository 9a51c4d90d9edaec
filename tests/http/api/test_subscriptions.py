"""Subscriptions over the API: read, changed by merge patch, each change in the audit."""

from datetime import timedelta

import anyio

from tests.http.api.conftest import People, Program
from tests.store.people import ANNA, BORIS, VERA
from vitte.house import utc_now
from vitte.store import audit

SOON = (utc_now() + timedelta(days=30)).replace(microsecond=0)
PREMIUM = {"plan": "premium", "expires_at": SOON}


async def test_anna_pays_boris_does_not_and_veras_ended(program: Program) -> None:
    people = (ANNA, BORIS, VERA)

    found = [(await program.get(f"/subscriptions/{one.id}")).body for one in people]

    assert [(one["plan"], one["is_active"]) for one in found] == [
        ("premium", True),
        ("free", False),
        ("premium", False),
    ]


async def test_a_change_is_seen_at_once_and_leaves_a_row_in_the_audit(people: People) -> None:
    billing = await people.program("subscriptions:read", "subscriptions:write", name="billing")
    path = f"/subscriptions/{BORIS.id}"
    await billing.get(path)  # so that the cache knows the old one

    changed = await billing.patch(path, PREMIUM, X_Request_Id="order-17")
    seen = await billing.get(path)

    assert (changed.status, changed.body["plan"], changed.body["is_active"]) == (
        200,
        "premium",
        True,
    )
    assert seen.body == changed.body
    (row,) = await audit.list_of(people.database, BORIS.id)
    assert (row.who, row.request_id, row.noun) == ("token:billing", "order-17", "subscription")
    assert (row.old["plan"], row.old["expires_at"], row.new["plan"]) == ("free", None, "premium")


async def test_what_is_absent_stays_and_what_changes_nothing_leaves_no_row(people: People) -> None:
    program = await people.program()
    before = (await program.get(f"/subscriptions/{ANNA.id}")).body

    nothing = await program.patch(f"/subscriptions/{ANNA.id}", {})
    longer = await program.patch(f"/subscriptions/{ANNA.id}", {"expires_at": SOON})

    assert (nothing.body["plan"], nothing.body["expires_at"]) == ("premium", before["expires_at"])
    assert (longer.body["plan"], longer.body["started_at"]) == ("premium", before["started_at"])
    assert [row.who for row in await audit.list_of(people.database, ANNA.id)] == [
        "token:program-1",
        "vitte",
    ]


async def test_back_to_free_takes_the_end_away(program: Program) -> None:
    free = await program.patch(f"/subscriptions/{ANNA.id}", {"plan": "free"})

    assert (free.status, free.body["plan"], free.body["expires_at"]) == (200, "free", None)


async def test_what_contradicts_itself_is_422_and_what_contradicts_the_row_409(
    program: Program,
) -> None:
    anna, boris = f"/subscriptions/{ANNA.id}", f"/subscriptions/{BORIS.id}"

    in_itself = await program.patch(anna, {"plan": "free", "expires_at": SOON})
    without_end = await program.patch(anna, {"plan": "premium", "expires_at": None})
    on_free = await program.patch(boris, {"expires_at": SOON})
    no_end = await program.patch(boris, {"plan": "premium"})
    before_it_began = await program.patch(anna, {"expires_at": "2001-01-01T00:00:00Z"})
    taken_away = await program.patch(anna, {"expires_at": None})

    assert [one.status for one in (in_itself, without_end)] == [422, 422]
    assert [one.status for one in (on_free, no_end, before_it_began, taken_away)] == [409] * 4
    assert in_itself.fields == on_free.fields == ["expires_at"]


async def test_the_second_of_two_that_read_the_same_is_refused(program: Program) -> None:
    path = f"/subscriptions/{BORIS.id}"
    read = (await program.get(path)).headers["etag"]

    first = await program.patch(path, PREMIUM, If_Match=read)
    second = await program.patch(path, {"plan": "free"}, If_Match=read)
    third = await program.patch(path, {"plan": "free"}, If_Match=first.headers["etag"])

    assert [one.status for one in (first, second, third)] == [200, 412, 200]


async def test_of_many_at_once_with_one_version_exactly_one_gets_through(people: People) -> None:
    program, path = await people.program(), f"/subscriptions/{BORIS.id}"
    read = (await program.get(path)).headers["etag"]
    statuses: list[int] = []

    async def change() -> None:
        statuses.append((await program.patch(path, PREMIUM, If_Match=read)).status)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for _ in range(12):
                group.start_soon(change)

    assert sorted(statuses) == [200] + [412] * 11
    assert len(await audit.list_of(people.database, BORIS.id)) == 1


async def test_if_match_with_a_star_or_a_strangers_etag(program: Program) -> None:
    path = f"/subscriptions/{BORIS.id}"

    star = await program.patch(path, {}, If_Match="*")
    foreign = await program.patch(path, {}, If_Match='"of-another-house"')
    weak = await program.patch(path, {}, If_Match='W/"1"')
    none = await program.patch(path, {}, If_Match="yesterday's")

    assert [one.status for one in (star, foreign, weak, none)] == [200, 412, 412, 422]
    assert none.fields == ["If-Match"]


async def test_nobody_has_no_subscription(program: Program) -> None:
    read = await program.get("/subscriptions/999")
    changed = await program.patch("/subscriptions/999", PREMIUM)

    assert (read.status, changed.status) == (404, 404)
    assert read.headers["content-type"].startswith("application/problem+json")
    assert read.body == {
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such subscription.",
        "type": "about:blank",
    }
