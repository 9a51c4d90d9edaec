"""Coming in: a password, a code, a new id; and everybody else stays out."""

import anyio
import pytest

from tests.admin.conftest import PASSWORD, SECRET, Panel
from tests.fragile import together
from vitte.admin import codes
from vitte.admin.gate import COOKIE
from vitte.admin.rooms import login
from vitte.store import audit, operators, sessions

FOREIGN = (
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "javascript:1",
    "",
    "/a\nb",
    "/%0d%0a:x",
    "/?a#b",
)


async def test_a_password_and_a_code_let_in(panel: Panel) -> None:
    await panel.operator("anna")
    browser = panel.browser()

    answered = await browser.comes_in("anna")

    assert (answered.status, answered.where) == (303, "/")
    assert (await browser.get("/tree")).status == 200
    [act] = await audit.list_all(panel.database, limit=5)
    assert (act.who, act.noun, act.action, act.address) == ("operator:anna", "session", "enter", "127.0.0.1")  # fmt: skip


async def test_the_cookie_is_for_this_host_alone_and_hidden_from_scripts(panel: Panel) -> None:
    browser = panel.browser()

    cookie = (await browser.get("/login")).headers["set-cookie"]

    assert cookie.startswith(f"{COOKIE}=")
    assert COOKIE.startswith("__Host-")
    assert {"HttpOnly", "Secure", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


async def test_each_step_has_an_id_of_its_own(panel: Panel) -> None:
    await panel.operator("anna")
    browser = panel.browser()
    browser.cookie = "an-id-that-somebody-else-chose"

    seen = [browser.cookie]
    await browser.gives_password("anna")
    seen.append(browser.cookie)
    await browser.get("/login/code")
    await browser.post("/login/code", {"code": panel.code()})
    seen.append(browser.cookie)

    assert len(set(seen)) == 3
    for old in seen[:2]:
        browser.cookie = old
        assert (await browser.get("/tree")).status == 303


async def test_a_right_password_alone_opens_nothing(panel: Panel) -> None:
    await panel.operator("anna")
    browser = panel.browser()
    await browser.gives_password("anna")

    for path in ("/", "/tree", "/sessions", "/tree/place?path=vitte"):
        answered = await browser.get(path)
        assert (answered.status, answered.where) == (303, "/login/code"), path


@pytest.mark.parametrize(("name", "password"), [("anna", "x"), ("nobody", PASSWORD), ("", ""), ("' OR 1=1 --", PASSWORD)])  # fmt: skip
async def test_a_wrong_one_is_told_nothing_more(panel: Panel, name: str, password: str) -> None:
    await panel.operator("anna")

    answered = await panel.browser().gives_password(name, password)

    assert answered.status == 401
    assert "Name or password is wrong." in answered.plain


async def test_who_is_disabled_stays_out_and_is_put_out(panel: Panel) -> None:
    browser = await panel.inside("anna")

    await operators.change(panel.database, "anna", panel.clock(), disabled=True)

    assert (await browser.get("/tree")).where.startswith("/login")
    assert (await panel.browser().gives_password("anna")).status == 401


async def test_no_code_counts_twice(panel: Panel) -> None:
    await panel.operator("anna")
    code = codes.hotp(SECRET, codes.step_at(panel.clock()))
    answers = list[int]()
    for _ in range(2):
        browser = panel.browser()
        await browser.gives_password("anna")
        await browser.get("/login/code")
        answers.append((await browser.post("/login/code", {"code": code})).status)

    assert answers == [303, 401]


async def test_five_wrong_codes_end_the_login(panel: Panel) -> None:
    await panel.operator("anna")
    browser = panel.browser()
    await browser.gives_password("anna")
    await browser.get("/login/code")
    for _ in range(sessions.MOST_TRIES):
        panel.clock.passes(seconds=40)
        assert (await browser.post("/login/code", {"code": "000000"})).status == 401

    panel.clock.passes(seconds=40)
    answered = await browser.post("/login/code", {"code": panel.code()})

    assert answered.where == "/login"
    assert (await browser.get("/login/code")).where.startswith("/login")


async def test_a_code_by_the_bot(panel: Panel) -> None:
    person = panel.vitte.telegram.person("Anna", language_code="en")
    await person.writes("/start")
    await person.hears()
    await panel.operator("anna", totp_secret=None, telegram_id=person.id)
    browser = panel.browser()

    await browser.gives_password("anna")
    told = (await person.hears_one(within=10)).text
    code = next(word.strip(".") for word in told.split() if word.strip(".").isdigit())
    await browser.get("/login/code")
    wrong = await browser.post("/login/code", {"code": f"{(int(code) + 1) % 10**6:06d}"})
    right = await browser.post("/login/code", {"code": code})

    assert (wrong.status, right.status) == (401, 303)
    assert (await browser.get("/tree")).status == 200


async def test_where_one_wanted_to_go_is_kept_and_leads_nowhere_else(panel: Panel) -> None:
    browser = panel.browser()

    answered = await browser.get("/tree/place?path=vitte%2Fedges")

    assert answered.where == "/login?to=%2Ftree%2Fplace%3Fpath%3Dvitte%2Fedges"
    assert login.is_ours("/tree/place?path=vitte%2Fedges")
    for foreign in FOREIGN:
        assert not login.is_ours(foreign), foreign


async def test_each_failure_beyond_four_makes_the_next_wait_longer(panel: Panel) -> None:
    await panel.operator("anna")
    waits = list[int]()
    for _ in range(9):
        answered = await panel.browser().gives_password("anna", "wrong")
        while answered.status == 429:
            wait = int(answered.headers["retry-after"])
            waits.append(wait)
            panel.clock.passes(seconds=wait)
            answered = await panel.browser().gives_password("anna", "wrong")

    assert waits == [1, 2, 4, 8]


async def test_a_flood_is_delayed_and_no_more_than_a_few_are_judged(panel: Panel) -> None:
    await panel.operator("anna")
    browsers = [panel.browser() for _ in range(40)]

    answers = await together(*[lambda b=b: b.gives_password("anna", "wrong") for b in browsers])

    judged = [answered for answered in answers if answered.status == 401]
    assert len(judged) <= 5
    assert {answered.status for answered in answers} == {401, 429}


async def test_the_delay_survives_a_restart_and_knows_the_right_password_no_better(
    panel: Panel,
) -> None:
    await panel.operator("anna")
    for _ in range(5):
        await panel.browser().gives_password("anna", "wrong")
    await panel.vitte.running.kill("vitte/edges/admin")
    with anyio.fail_after(10):
        while panel.vitte.running.statistics("vitte/edges/admin")[0].state != "running":
            await anyio.lowlevel.checkpoint()

    answered = await panel.browser().gives_password("anna", PASSWORD)

    assert answered.status == 429


async def test_a_login_forgives_the_account_and_not_the_address(panel: Panel) -> None:
    await panel.operator("anna")
    await panel.operator("mallory")
    for _ in range(3):
        await panel.browser().gives_password("anna", "wrong")
    await panel.browser().comes_in("mallory")

    answers = [(await panel.browser().gives_password("anna", "wrong")).status for _ in range(3)]

    assert 429 in answers


async def test_an_idle_session_ends_after_half_an_hour_and_a_busy_one_after_twelve(
    panel: Panel,
) -> None:
    idle, busy = await panel.inside("anna"), await panel.inside("boris")

    for _ in range(29):
        panel.clock.passes(minutes=25)
        alive = (await busy.get("/tree")).status == 200
        if not alive:
            break

    assert (await idle.get("/tree")).where.startswith("/login")
    assert panel.clock.ahead.total_seconds() / 3600 == pytest.approx(12, abs=0.5)


async def test_going_out_ends_the_session_for_good(panel: Panel) -> None:
    browser = await panel.inside("anna")
    cookie = browser.cookie

    answered = await browser.post("/logout")

    assert answered.where == "/login"
    assert browser.cookie == ""
    browser.cookie = cookie
    assert (await browser.get("/tree")).where.startswith("/login")
