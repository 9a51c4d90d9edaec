"""Bans from the panel: with a reason and an end, audited, obeyed at once, lifted."""

from datetime import timedelta

import pytest

from tests.admin.conftest import Panel
from tests.store.people import ANNA, BORIS, register
from vitte.house import utc_now
from vitte.store import audit, bans

NASTY = """'"><img src=x onerror=alert(1)><script>alert(1)</script>"""


async def test_a_person_is_banned_and_the_bot_obeys_and_then_it_is_lifted(panel: Panel) -> None:
    boris = panel.vitte.telegram.person("Boris", language_code="en")
    await boris.starts()
    await boris.hears_one()
    browser = await panel.inside("anna", "support")
    page = f"/people/{boris.id}"

    done = await browser.post(f"{page}/ban", {"reason": "sold things", "until": ""})
    await boris.writes("hello")
    told = await boris.hears_one()
    await panel.vitte.settled()
    shown = await browser.get(done.where)
    lifted = await browser.post(f"{page}/unban", {"reason": "asked nicely"})
    await boris.writes("hello")
    answer = await boris.hears_one()

    assert (done.status, lifted.status) == (303, 303)
    assert told.text == "Your messages are not answered here any more."
    for words in ("The ban is in force.", "banned", "for good", "sold things", "refused after"):
        assert words in shown.plain, words
    assert "not answered" not in answer.text
    assert "The ban was lifted." in (await browser.get(lifted.where)).plain
    acts = await audit.list_of(panel.database, boris.id)  # pyright: ignore[reportArgumentType]
    assert [(each.who, each.noun, each.action, each.reason) for each in acts] == [
        ("operator:anna", "ban", "lift", "asked nicely"),
        ("operator:anna", "ban", "impose", "sold things"),
    ]
    assert acts[1].new == {"until": "for good"}


async def test_a_ban_may_end_with_a_day_and_be_changed(panel: Panel) -> None:
    await register(panel.database, BORIS)
    browser = await panel.inside("anna", "support")
    day = (utc_now() + timedelta(days=30)).date()

    await browser.post("/people/102/ban", {"reason": "for a while", "until": day.isoformat()})
    first = await bans.get(panel.database, BORIS.id)
    await browser.post("/people/102/ban", {"reason": "for good then", "until": ""})
    second = await bans.get(panel.database, BORIS.id)

    assert first is not None
    assert first.ends_at is not None
    assert first.ends_at.date() in {day, day - timedelta(days=1)}
    assert second is not None
    assert (second.ends_at, second.reason) == (None, "for good then")


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/people/102/ban", {"until": ""}, 400),
        ("/people/102/ban", {"reason": "why not", "until": "1999-01-01"}, 400),
        ("/people/102/ban", {"reason": "why not", "until": "tomorrow"}, 400),
        ("/people/9/ban", {"reason": "why not", "until": ""}, 404),
        ("/people/102/unban", {"reason": "why not"}, 404),
        ("/people/102/unban", {}, 400),
    ],
)
async def test_a_ban_that_cannot_stand_is_refused(
    panel: Panel, path: str, form: dict[str, str], status: int
) -> None:
    await register(panel.database, BORIS)
    browser = await panel.inside("anna", "support")

    assert (await browser.post(path, form)).status == status
    assert await bans.get(panel.database, BORIS.id) is None


async def test_a_reason_is_only_shown_and_who_looks_on_has_no_forms(panel: Panel) -> None:
    await register(panel.database, ANNA, BORIS)
    owner = await panel.inside("anna", "owner")
    await owner.post("/people/102/ban", {"reason": NASTY})
    looker = await panel.inside("boris", "read")

    shown = await looker.get("/people/102")
    clean = await looker.get("/people/101")

    assert NASTY in shown.plain
    assert "<img src=x" not in shown.text
    assert "Lift the ban" not in shown.plain
    assert "Ban" not in clean.plain
