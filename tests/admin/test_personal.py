"""All data of a person from the panel: given as a file, deleted, each asked once more, with a receipt."""

import hashlib
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import anyio
import msgspec
import psycopg
import pytest

from tests.admin.conftest import Panel
from tests.store.people import ANNA, BORIS, register, start_dialog
from vitte.actors import cache
from vitte.errors import DatabaseAway
from vitte.store import audit, messages, personal, receipts, updates, users
from vitte.store.operators import Role
from vitte.store.receipts import Receipt
from vitte.store.users import Contact, UserId

NASTY = """'"><img src=x onerror=alert(1)><script>alert(1)</script>"""
WAITING = """
SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
MESSAGES = next(part for part in personal.PARTS if part.table == "messages")
REASON = {"reason": "asked for by letter"}


async def latest(panel: Panel) -> Receipt:
    [receipt, *_] = await receipts.list_all(panel.database, limit=1)
    return receipt


async def test_all_data_are_a_file_whose_checksum_is_in_the_receipt(
    panel: Panel, caplog: pytest.LogCaptureFixture
) -> None:
    await register(panel.database, ANNA, BORIS)
    dialog = await start_dialog(panel.database, ANNA, panel.clock())
    await messages.add_exchange(panel.database, dialog, NASTY, ["I hear you."], panel.clock())
    browser = await panel.inside("anna", "support")

    asked = await browser.get("/people/101/export")
    without = await browser.post("/people/101/export")
    given = await browser.post("/people/101/export", REASON)
    receipt = await latest(panel)
    shown = await browser.get(f"/receipts/{receipt.id}")

    assert "Export all data of 101?" in asked.plain
    assert (without.status, given.status) == (400, 200)
    assert given.headers["content-disposition"] == f'attachment; filename="vitte-101-{receipt.id}.json"'  # fmt: skip
    assert given.headers["cache-control"] == "no-store"
    file = msgspec.json.decode(given.text)
    assert (file["receipt"], file["user"]) == (receipt.id, 101)
    assert list(file["tables"]) == [part.table for part in personal.PARTS]
    assert [each["text"] for each in file["tables"]["messages"]] == [NASTY, "I hear you."]
    assert file["tables"]["users"][0]["first_name"] == "Анна"
    assert "Борис" not in given.text
    assert receipt.sha256 is not None
    assert receipt.sha256 == hashlib.sha256(given.text.encode()).digest()
    assert receipt.size == len(given.text.encode())
    assert receipt.counts["messages"] == 2
    for words in (receipt.sha256.hex(), "export", "operator:anna", "messages", "101"):
        assert words in shown.plain, words
    act = (await audit.list_of(panel.database, ANNA.id))[0]
    assert (act.noun, act.action, act.reason, act.subject) == (
        "person",
        "export",
        "asked for by letter",
        f"receipt {receipt.id}",
    )
    assert NASTY not in caplog.text
    assert "I hear you" not in caplog.text


async def test_half_a_file_is_not_taken_for_a_whole_one(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(panel.database, ANNA)
    browser = await panel.inside("anna", "support")

    async def broken(*_: Any) -> AsyncGenerator[list[str]]:
        yield ["{}"]
        raise DatabaseAway("gone")

    monkeypatch.setattr(personal, "give", broken)

    with pytest.raises(aiohttp.ClientError):
        await browser.post("/people/101/export", REASON)

    receipt = await latest(panel)
    shown = await browser.get(f"/receipts/{receipt.id}")
    assert receipt.ended_at is None
    assert "This one has no end" in shown.plain
    assert "not whole" in (await browser.get("/receipts")).plain


async def test_a_person_is_deleted_and_the_receipt_stays(panel: Panel) -> None:
    boris = panel.vitte.telegram.person("Boris", language_code="en")
    await boris.starts()
    await boris.hears_one()
    await boris.writes("what only Boris knows")
    await boris.hears_one()
    await panel.vitte.settled()
    browser = await panel.inside("anna", "owner")
    page = f"/people/{boris.id}"

    asked = await browser.get(f"{page}/delete")
    wrong = await browser.post(f"{page}/delete", {"number": "7", **REASON})
    without = await browser.post(f"{page}/delete", {"number": str(boris.id)})
    done = await browser.post(f"{page}/delete", {"number": str(boris.id), **REASON})
    shown = await browser.get(done.where)
    gone = await browser.get(page)
    listed = await browser.get(f"/receipts?user={boris.id}")

    assert f"Delete all data of {boris.id}, for good?" in asked.plain
    assert (wrong.status, without.status, done.status, gone.status) == (400, 400, 303, 404)
    receipt = await latest(panel)
    assert done.where == f"/receipts/{receipt.id}"
    assert receipt.counts["users"] == 1
    assert receipt.counts["messages"] == 2
    for words in ("deletion", "operator:anna", "messages", str(boris.id)):
        assert words in shown.plain, words
    assert "Boris" not in shown.plain
    assert f'href="{done.where}"' in listed.text
    assert await users.get(panel.database, UserId(boris.id)) is None


async def test_who_writes_again_after_a_deletion_is_met_as_new_and_at_once(panel: Panel) -> None:
    boris = panel.vitte.telegram.person("Boris", language_code="en")
    await boris.starts()
    await boris.hears_one()
    await boris.writes("hello")
    await boris.hears_one()
    browser = await panel.inside("anna", "owner")

    await browser.post(f"/people/{boris.id}/delete", {"number": str(boris.id), **REASON})
    await boris.starts()
    welcome = await boris.hears_one()
    await boris.writes("hello")
    answer = await boris.hears_one()
    await panel.vitte.settled()

    assert "welcome back" not in welcome.text.lower()
    assert answer.text
    assert await users.get(panel.database, UserId(boris.id)) is not None


async def test_who_writes_while_being_deleted_is_answered_as_somebody_new(
    panel: Panel, database_url: str
) -> None:
    boris = panel.vitte.telegram.person("Boris", language_code="en")
    await boris.starts()
    await boris.hears_one()
    user, services = UserId(boris.id), panel.vitte.house.services

    async with panel.database.transaction() as deletion:
        await deletion.change(personal.LOCK, user_id=user)
        await boris.writes("hello")
        await somebody_waits_for_a_lock(database_url)
        for part in personal.PARTS:
            if part.delete is not None:
                await deletion.change(part.delete, user_id=user, limit=9, now=panel.clock())
    await cache.forget(services.cache, user)
    answer = await boris.hears_one()
    await panel.vitte.settled()

    assert answer.text
    kept = [row async for rows in personal.give(panel.database, MESSAGES, user) for row in rows]
    assert len(kept) == 2
    assert not await updates.list_letters(panel.database, limit=1)


async def somebody_waits_for_a_lock(database_url: str) -> None:
    with anyio.fail_after(5):
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as looker:
            while not await (await looker.execute(WAITING)).fetchone():  # noqa: ASYNC110  # PostgreSQL tells nobody
                await anyio.sleep(0.02)


async def test_support_exports_and_only_an_owner_deletes(panel: Panel) -> None:
    await register(panel.database, ANNA)
    cast: tuple[tuple[str, Role], ...] = (("vera", "read"), ("boris", "support"), ("anna", "owner"))
    of = {role: await panel.inside(name, role) for name, role in cast}

    pages = {role: (await browser.get("/people/101")).text for role, browser in of.items()}

    links = {
        role: [f'href="/people/101/{order}"' in page for order in ("export", "delete")]
        for role, page in pages.items()
    }
    assert links == {"read": [False, False], "support": [True, False], "owner": [True, True]}
    for path in ("/people/9/export", "/people/9/delete", "/receipts/9"):
        assert (await of["owner"].get(path)).status == 404, path
    assert "Nothing was exported or deleted." in (await of["owner"].get("/receipts")).plain


async def test_receipts_go_on_where_a_page_stopped_and_name_nobody(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitte.admin.rooms.receipts.PAGE", 2)
    person = Contact(id=UserId(666), first_name=NASTY)
    await users.add_or_refresh(panel.database, person, language="en", now=panel.clock())
    browser = await panel.inside("anna", "owner")
    for _ in range(3):
        await browser.post("/people/666/export", {"reason": NASTY})
    before = (await latest(panel)).id - 1

    first = await browser.get("/receipts?user=666")
    second = await browser.get(f"/receipts?user=666&before={before}")

    assert f"/receipts?user=666&amp;before={before}" in first.text
    assert [page.text.count('href="/receipts/') for page in (first, second)] == [2, 1]
    for page in (first, second, await browser.get(f"/receipts/{before}")):
        assert "img src" not in page.plain
        assert "<img src=x" not in page.text
