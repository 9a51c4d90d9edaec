"""The audit log in the panel: who did what, told as it is read."""

from tests.admin.conftest import Panel
from vitte.store import audit
from vitte.store.audit import SHELL

NASTY = """'"><img src=x onerror=alert(1)><script>alert(1)</script>"""


async def test_what_was_otherwise_is_told_by_the_installations_clocks(panel: Panel) -> None:
    old = {"expires_at": None, "plan": "free", "title": "20261130", "same": 1}
    new = {"expires_at": "2026-12-20T15:00:00.123456+03:00", "plan": "premium", "title": NASTY, "same": 1}  # fmt: skip
    await audit.add(panel.database, SHELL, "subscription", "change", panel.clock(), subject=NASTY, old=old, new=new)  # fmt: skip
    browser = await panel.inside("anna", "support")

    page = await browser.get("/audit")

    assert "expires_at: – → 2026-12-20 12:00:00" in page.plain
    assert "plan: free → premium" in page.plain
    assert "title: 20261130 → " in page.plain
    assert "same" not in page.plain
    assert "<img src=x" not in page.text


async def test_the_log_is_narrowed_to_one(panel: Panel) -> None:
    await audit.add(panel.database, SHELL, "actor", "pause", panel.clock(), subject="vitte/crons")
    browser = await panel.inside("anna", "support")

    everybody = (await browser.get("/audit")).plain
    one = (await browser.get("/audit?who=operator:anna")).plain

    assert "actor: pause" in everybody
    assert "session: enter" in everybody
    assert "actor: pause" not in one
    assert "session: enter" in one
