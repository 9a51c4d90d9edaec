"""What holds programs back: the limit of each token, its revocation, slow bodies; and what metrics see."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
import msgspec
import pytest

from tests.fragile import together
from tests.http.api.conftest import People, Program
from tests.store.people import ANNA, NOW, register
from vitte import metrics
from vitte.errors import DatabaseAway, NobodyKnown, NotAllowed, TooManyRequests
from vitte.http import reading
from vitte.http.access import REMEMBERED_SECONDS, Access
from vitte.store import tokens
from vitte.store.pool import Database, PoolLimits


class Watch:
    """A monotonic clock that stands still unless it is turned."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def access(database: Database, watch: Watch) -> Access:
    return Access(database, clock=lambda: NOW, requests_per_minute=3, monotonic=watch)


async def token(database: Database, *scopes: str, name: str = "x", days: int = 1) -> str:
    ends = NOW + timedelta(days=days)
    text, _ = await tokens.create(database, name, scopes or ["all"], NOW, expires_at=ends)
    return f"Bearer {text}"


async def test_a_minutes_worth_may_come_at_once_and_then_one_by_one(
    access: Access, database: Database, watch: Watch
) -> None:
    one, other = await token(database), await token(database, name="y")
    for _ in range(3):
        await access.admit(one, "users:read")

    with pytest.raises(TooManyRequests) as refused:
        await access.admit(one, "users:read")
    await access.admit(other, "users:read")
    watch.seconds += refused.value.wait_seconds
    await access.admit(one, "users:read")

    assert 0 < refused.value.wait_seconds <= 21
    with pytest.raises(TooManyRequests):
        await access.admit(one, "users:read")


async def test_what_is_refused_does_not_count(
    access: Access, database: Database, watch: Watch
) -> None:
    text = await token(database)
    for _ in range(3):
        await access.admit(text, "users:read")
    for _ in range(50):
        with pytest.raises(TooManyRequests):
            await access.admit(text, "users:read")

    watch.seconds += 21

    await access.admit(text, "users:read")


async def test_a_revocation_bites_within_seconds(
    access: Access, database: Database, watch: Watch
) -> None:
    text = await token(database)
    await access.admit(text, "users:read")
    await tokens.revoke(database, "x", NOW)

    await access.admit(text, "users:read")
    watch.seconds += REMEMBERED_SECONDS

    with pytest.raises(NobodyKnown):
        await access.admit(text, "users:read")


async def test_a_token_is_not_remembered_past_its_end(database: Database, watch: Watch) -> None:
    now = [NOW]
    access = Access(database, clock=lambda: now[0], requests_per_minute=100, monotonic=watch)
    text, _ = await tokens.create(
        database, "x", ["all"], NOW, expires_at=NOW + timedelta(seconds=2)
    )
    await access.admit(f"Bearer {text}", "users:read")

    now[0] += timedelta(seconds=2)
    watch.seconds += 2

    with pytest.raises(NobodyKnown):
        await access.admit(f"Bearer {text}", "users:read")


async def test_the_use_of_a_token_is_noted(access: Access, database: Database) -> None:
    await access.admit(await token(database), "users:read")

    (found,) = await tokens.list_all(database)
    assert found.last_used_at == NOW


async def test_of_many_with_the_same_token_one_looks_it_up(
    database: Database, watch: Watch
) -> None:
    text = await token(database)
    asked: list[datetime] = []

    def clock() -> datetime:  # it is looked at once a look-up
        asked.append(NOW)
        return NOW

    access = Access(database, clock=clock, requests_per_minute=1_000, monotonic=watch)

    callers = await together(*(partial(access.admit, text, "users:read") for _ in range(50)))

    assert {caller.name for caller in callers} == {"x"}
    assert len(asked) == 1


async def test_a_look_up_that_fails_fails_for_who_asked_and_the_next_looks_anew(
    database_url: str, watch: Watch
) -> None:
    away = Database(database_url, PoolLimits(kept=1, most=1, wait_seconds=0.1))
    access = Access(away, clock=lambda: NOW, requests_per_minute=1_000, monotonic=watch)
    text = f"Bearer {tokens.invent()}"

    for _ in range(2):
        with pytest.raises(DatabaseAway):
            await access.admit(text, "users:read")


async def test_a_scope_is_needed_by_its_very_name(access: Access, database: Database) -> None:
    text = await token(database, "users:write", "dialogs:read")

    with pytest.raises(NotAllowed):
        await access.admit(text, "users:read")


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer ", "Basic dnR0", "vtt_x", "Bearer vtt_\u00e9", "Bearer vtt_x\x00"],
)
async def test_what_is_no_token_is_refused_without_asking(access: Access, given: str) -> None:
    with pytest.raises(NobodyKnown):
        await access.admit(given, "users:read")


async def test_a_bound_token_goes_with_its_person_and_needs_one(database: Database) -> None:
    await register(database, ANNA)

    text, made = await tokens.create(database, "anna", ["all"], NOW, user=ANNA.id)

    assert set(made.scopes) == set(tokens.PERSONAL)
    found = await tokens.use(database, text, NOW)
    assert found is not None
    assert found.user_id == ANNA.id


async def test_a_slow_body_is_given_up(
    people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BODY_SECONDS", 0.1)
    program = await people.program()
    head = (
        f"PATCH /api/v1/users/{ANNA.id} HTTP/1.1\r\nHost: vitte\r\n"
        f"Authorization: Bearer {program.token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )

    with anyio.fail_after(20):
        async with await anyio.connect_unix(tmp_path / "http.sock") as stream:
            await stream.send(head.encode())
            answer = await stream.receive()

    assert answer.startswith(b"HTTP/1.1 408")
    assert msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])["status"] == 408


@pytest.mark.timeout(300)
async def test_ten_thousand_people_make_no_more_series(people: People) -> None:
    program = await people.program()
    await _ask_for(program, range(1, 20))
    before = _series()

    async with anyio.create_task_group() as group:
        for first in range(20, 10_020, 1_000):
            another = await people.program()  # each token has a limit of its own
            group.start_soon(_ask_for, another, range(first, first + 1_000))

    assert _series() - before == set()


async def _ask_for(program: Program, numbers: range) -> None:
    """Ask for somebody unknown at an address that their number chooses."""
    paths = ("/users/{}", "/subscriptions/{}", "/dialogs/{}", "/dialogs/{}/messages", "/{}")
    for number in numbers:
        path = paths[number % len(paths)].format(number + 10_000)
        assert (await program.get(path)).status == 404


def _series() -> set[tuple[str, ...]]:
    """Every series that a request can touch: its name and its labels."""
    return {
        (sample.name, *sorted(sample.labels.values()))
        for family in metrics.REGISTRY.collect()
        if family.name.startswith(("vitte_http", "vitte_cache", "vitte_redis", "vitte_database"))
        for sample in family.samples
    }
