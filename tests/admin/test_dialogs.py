"""Dialogs and limits of a person: words hidden until somebody says why, and a minute that can be freed."""

import pytest

from tests.admin.conftest import Panel
from tests.store.people import ANNA, BORIS, register, start_dialog
from vitte.store import audit, dialogs, messages
from vitte.store.audit import Change
from vitte.store.dialogs import Dialog

SECRET = "what Anna wrote is nobody's affair"
NASTY = """'"><img src=x onerror=alert(1)><script>alert(1)</script>"""


async def a_dialog(panel: Panel, *said: str) -> Dialog:
    """A dialog of Anna's in which she said this."""
    await register(panel.database, ANNA, BORIS)
    dialog = await start_dialog(panel.database, ANNA, panel.clock())
    for text in said:
        await messages.add_exchange(panel.database, dialog, text, ["I hear you."], panel.clock())
    return dialog


async def looks(panel: Panel) -> list[Change]:
    """Who looked at whose words."""
    found = await audit.list_all(panel.database, limit=9)
    return [each for each in found if each.noun == "dialog"]


async def test_words_are_shown_only_to_who_says_why_and_go_nowhere_else(
    panel: Panel, caplog: pytest.LogCaptureFixture
) -> None:
    dialog = await a_dialog(panel, SECRET, NASTY)
    browser = await panel.inside("anna", "support")
    page = f"/people/101/dialogs/{dialog.id}"

    hidden = [(await browser.get(path)).text for path in (page, "/people/101/dialogs", "/people/101", "/audit")]  # fmt: skip
    without = await browser.post(f"{page}/reveal", {"reason": " "})
    shown = await browser.post(f"{page}/reveal", {"reason": "she asked us to"})

    assert not [text for text in hidden if SECRET[:9] in text]
    assert str(len(SECRET)) in hidden[0]
    assert without.status == 400
    assert SECRET in shown.plain
    assert NASTY in shown.plain
    assert "<img src=x" not in shown.text
    [act] = await looks(panel)
    assert (act.who, act.noun, act.action, act.subject, act.reason) == (
        "operator:anna",
        "dialog",
        "reveal",
        str(dialog.id),
        "she asked us to",
    )
    assert SECRET not in caplog.text
    assert SECRET not in str((act.old, act.new))


async def test_each_page_of_words_is_a_look_of_its_own(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitte.admin.rooms.dialogs.PAGE", 2)
    dialog = await a_dialog(panel, "first words", "second words")
    browser = await panel.inside("anna", "support")
    page = f"/people/101/dialogs/{dialog.id}"

    lines = await browser.get(page)
    newest = await browser.post(f"{page}/reveal", {"reason": "she asked us to", "before": ""})
    before = lines.text.partition("?before=")[2].partition('"')[0]
    older = await browser.post(f"{page}/reveal", {"reason": "she asked us to", "before": before})

    assert "second words" in newest.plain
    assert "first words" not in newest.plain
    assert f'name="before" value="{before}"' in newest.text
    assert "first words" in older.plain
    assert len(await looks(panel)) == 2


async def test_the_dialogs_of_a_person_go_on_where_a_page_stopped(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitte.admin.rooms.dialogs.PAGE", 2)
    monkeypatch.setattr("vitte.admin.rooms.dialogs.LATEST", 2)
    first = await a_dialog(panel)
    for _ in range(2):
        await start_dialog(panel.database, ANNA, panel.clock())
    browser = await panel.inside("anna", "read")

    person = await browser.get("/people/101")
    pages = [await browser.get(f"/people/101/dialogs{more}") for more in ("", f"?before={first.id + 1}")]  # fmt: skip

    link = f'href="/people/101/dialogs/{first.id}"'
    assert "All dialogs" in person.plain
    assert [link in page.text for page in (person, *pages)] == [False, False, True]
    assert f"/people/101/dialogs?before={first.id + 1}" in pages[0].text


async def test_nobody_finds_a_dialog_under_another_person(panel: Panel) -> None:
    dialog = await a_dialog(panel, SECRET)
    browser = await panel.inside("anna", "owner")

    for path in (
        f"/people/102/dialogs/{dialog.id}",
        "/people/101/dialogs/99999",
        "/people/9/dialogs",
    ):
        assert (await browser.get(path)).status == 404, path
    answered = await browser.post(f"/people/102/dialogs/{dialog.id}/reveal", {"reason": "for fun"})

    assert answered.status == 404
    assert not await looks(panel)


async def test_an_empty_dialog_says_so_and_who_looks_on_asks_for_no_words(panel: Panel) -> None:
    dialog = await a_dialog(panel)
    await dialogs.change(panel.database, ANNA.id, dialog.id, panel.clock(), title=NASTY)
    browser = await panel.inside("anna", "read")

    page = await browser.get(f"/people/101/dialogs/{dialog.id}")
    nobody = await browser.get("/people/102/dialogs")

    assert "Nothing was said here" in page.plain
    assert NASTY in page.plain
    assert "<img src=x" not in page.text
    assert "Show the words" not in page.plain
    assert "No dialog was begun." in nobody.plain


async def test_a_minute_that_is_used_up_is_seen_and_freed(panel: Panel) -> None:
    boris = panel.vitte.telegram.person("Boris", language_code="en")
    await boris.starts()
    await boris.hears_one()
    browser = await panel.inside("anna", "support")
    page = f"/people/{boris.id}"

    for number in range(11):
        await boris.writes(f"message {number}")
    await boris.hears(11)
    used = (await browser.get(page)).plain
    freed = await browser.post(f"{page}/free")
    after = (await browser.get(freed.where)).plain
    await boris.writes("and again")
    answer = await boris.hears_one()

    assert "any 60 seconds 10 10 0 in " in used
    assert "their day 10 200 190 now" in used
    assert freed.status == 303
    assert "They may speak again at once." in after
    assert "any 60 seconds 0 10 10 now" in after
    assert "Too many" not in answer.text
    [act] = await audit.list_of(panel.database, boris.id)  # pyright: ignore[reportArgumentType]
    assert (act.who, act.noun, act.action) == ("operator:anna", "limit", "free")


async def test_nobody_is_freed_who_is_not_there_and_a_silent_limiter_costs_no_page(
    panel: Panel,
) -> None:
    await register(panel.database, ANNA)
    browser = await panel.inside("anna", "owner")
    nobody = await browser.post("/people/9/free")
    await panel.vitte.running.terminate_child("vitte/stores/services/limiter")

    page = await browser.get("/people/101")

    assert nobody.status == 404
    assert page.status == 200
    assert "the limiter does not answer" in page.plain
