"""The panel in a real browser: as each role, with the keyboard, with and without scripts, for everybody."""

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from anyio import to_thread
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.admin.conftest import PASSWORD, Panel
from tests.admin.furnished import FALLEN, furnish
from tests.admin.test_broadcasts import TEXTS
from tests.admin.test_characters import NADYA
from tests.dev.telegram.test_browser import CHROMIUM, DRIVER, FLAGS
from tests.store.people import ANNA, register, start_dialog
from vitte.resources import ROOT
from vitte.store import bans, messages, receipts
from vitte.store.audit import SHELL
from vitte.store.dialogs import Dialog
from vitte.store.operators import Role

PATIENCE = 10
AXE = ROOT / "tests" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = (
    "/configuration",
    "/overview",
    "/overview?span=month",
    "/runbook",
    "/people",
    "/people?words=a",
    "/people?words=nobody",
    "/people/101",
    "/people/102",
    "/people/104",
    "/people/{answered}",
    "/people/101/dialogs",
    "/people/101/dialogs/1",
    "/people/101/export",
    "/people/101/delete",
    "/receipts",
    "/receipts/1",
    "/receipts/2",
    "/receipts/3",
    "/letters",
    "/letters/1",
    "/characters",
    "/characters/new",
    "/characters/1",
    "/characters/1?version=2",
    "/characters/1?ask=retire",
    "/characters/3?ask=restore",
    "/broadcasts",
    "/broadcasts/draft",
    "/broadcast/news?ask=start",
    "/broadcast/done",
    "/broadcast/running?ask=pause",
    "/broadcast/paused?ask=resume",
    "/broadcast/cancelled",
    "/jobs",
    "/jobs/user-stats?ask=run",
    "/jobs/make-partitions",
    "/jobs/expire-subscriptions?ask=resume",
    "/audit",
    "/audit?who=operator:anna",
    "/tree",
    f"/tree/place?path={FALLEN}",
    "/tree/place?path=vitte/edges/poller&ask=restart",
    "/sessions",
    "/nothing",
)
HOLLOW = {
    "/people?words=nobody",
    "/people/102",
    "/people/104",
    "/receipts/1",
    "/jobs/expire-subscriptions?ask=resume",
    "/tree/place?path=vitte/edges/poller&ask=restart",
}
"""Where something is empty still: nobody is called so, nothing came of them, it has no history yet."""
EMPTY = ("/overview", "/people", "/receipts", "/letters", "/broadcasts", "/jobs", "/tree")
REVEALED = ("/people/101/dialogs/1", "/letters/1")
REFUSED = ("/characters/new", "/characters/1", "/broadcasts/draft")
"""Forms that are given back with what is wrong."""
NASTY = (
    """'"><img src=x onerror="document.title='broken'"><script>document.title='broken'</script>"""
)

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None, reason="chromium and chromedriver are not installed"
    ),
    pytest.mark.timeout(240),
]

Result = TypeVar("Result")


class Screen:
    """What an operator sees; every look waits until it is there. It blocks: call it in a thread."""

    def __init__(self, driver: webdriver.Chrome, panel: Panel) -> None:
        self.driver = driver
        self.panel = panel

    def until(self, true: Callable[[], Result]) -> Result:
        """A look that falls between two pages says so in many ways: it is taken again."""
        between = (WebDriverException,)
        return WebDriverWait(self.driver, PATIENCE, 0.02, between).until(lambda _: true())

    def open(self, path: str) -> None:
        self.driver.get(f"{self.panel.url}{path}")

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def presses(self, selector: str) -> None:
        """Press Enter on what may be put in place anew at this very moment."""

        def press() -> bool:
            self.one(selector).send_keys(Keys.ENTER)
            return True

        self.until(press)

    def text(self) -> str:
        return self.one("body").text

    def reads(self, *words: str) -> None:
        try:
            self.until(lambda: all(word in self.text() for word in words))
        except Exception as error:
            raise AssertionError(f"{words} are not in {self.text()}") from error

    def at(self, path: str) -> None:
        self.until(lambda: self.driver.current_url == f"{self.panel.url}{path}")

    def script(self, script: str, *given: Any) -> Any:
        found: Any = self.driver.execute_script(script, *given)  # pyright: ignore[reportUnknownMemberType]
        return found

    @contextmanager
    def without_scripts(self) -> Generator[None]:
        """A browser that runs no scripts, for the block."""
        self.emulate("setScriptExecutionDisabled", value=True)
        try:
            yield
        finally:
            self.emulate("setScriptExecutionDisabled", value=False)

    def emulate(self, what: str, **how: Any) -> None:
        self.driver.execute_cdp_cmd(f"Emulation.{what}", how)  # pyright: ignore[reportUnknownMemberType]

    def complaints(self) -> list[str]:
        log: list[dict[str, str]] = self.driver.get_log("browser")  # pyright: ignore[reportUnknownMemberType]
        return [entry["message"] for entry in log]

    def logs_in(self, name: str) -> None:
        self.open("/login")
        self.one("[name=name]").send_keys(name)
        self.one("[name=password]").send_keys(PASSWORD, Keys.ENTER)
        self.at("/login/code")
        self.one("[name=code]").send_keys(self.panel.code(), Keys.ENTER)
        self.reads(name)

    def sends(self, form: str) -> None:
        """Send a form as it is, whatever the browser thinks of what is typed."""
        self.script("window.old = true; const form = document.querySelector(arguments[0]); form.noValidate = true; form.requestSubmit()", form)  # fmt: skip
        self.until(lambda: not self.script("return window.old"))

    def keeps_out(self, expected: int = 200) -> list[str]:
        """What is wrong with the page when all is opened that can be: findings of axe, or too wide to be read."""
        self.script("for (const each of document.querySelectorAll('details')) each.open = true")
        wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        over: int = self.script(wide)
        status: int = self.script(
            "return performance.getEntriesByType('navigation')[0].responseStatus"
        )
        tables: list[str] = self.script(
            "return [...document.querySelectorAll('.card:has(> table)')]"
            ".filter((each) => each.scrollWidth > each.clientWidth).map((each) => `${each.scrollWidth - each.clientWidth} at ${each.innerText.slice(0, 60)}`)"
        )
        found = [f"a table is too wide: {table}" for table in tables]
        if status != expected:
            found.append(f"it was answered with {status}")
        return [*self.barriers(), *found, *([f"it is {over} too wide"] if over > 0 else [])]

    def barriers(self) -> list[str]:
        """What keeps people out of the page as it is: every finding of axe."""
        self.script(AXE.read_text(encoding="utf-8"))
        self.driver.set_script_timeout(60)
        found: list[dict[str, Any]] = self.driver.execute_async_script(  # pyright: ignore[reportUnknownMemberType]
            "const done = arguments[0]; axe.run().then((found) => done(found.violations))"
        )
        return [
            f"{each['impact']}: {each['id']}: {[node['html'] for node in each['nodes']][:3]}"
            for each in found
        ]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = Options()
    options.binary_location = str(CHROMIUM)
    profile: Path = tmp_path_factory.mktemp("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
async def screen(panel: Panel, driver: webdriver.Chrome) -> AsyncIterator[Screen]:
    fresh = Screen(driver, panel)
    fresh.complaints()  # those of the test before are not ours
    yield fresh
    await to_thread.run_sync(driver.delete_all_cookies)
    await to_thread.run_sync(driver.get, "about:blank")


async def test_a_browser_keeps_the_cookie_and_comes_in(panel: Panel, screen: Screen) -> None:
    await panel.operator("anna")

    def look() -> None:
        screen.logs_in("anna")
        screen.at("/tree")
        cookies: list[Any] = screen.driver.get_cookies()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        assert [(each["name"], each["httpOnly"], each["secure"]) for each in cookies] == [
            ("__Host-vitte", True, True)
        ]
        assert screen.script("return document.cookie") == ""
        assert screen.complaints() == []

    await to_thread.run_sync(look)


async def test_a_fall_is_seen_within_a_second_without_reloading(
    panel: Panel, screen: Screen
) -> None:
    await panel.operator("anna", "read")

    def arrive() -> None:
        screen.logs_in("anna")
        screen.script("window.same = true")
        screen.until(lambda: screen.one("#pulse").text == "live")

    def see() -> float:
        row = '[data-key="vitte/updates/bot"] .fall'
        screen.until(lambda: "it was killed" in screen.one(row).text)
        assert screen.script("return window.same")
        screen.until(lambda: "is back" in screen.script("return news.textContent"))
        return 0.0

    await to_thread.run_sync(arrive)
    seen = anyio.Event()
    began = anyio.current_time()

    async with anyio.create_task_group() as group:

        async def watch() -> None:
            row = '[data-key="vitte/updates/bot"] .fall'
            await to_thread.run_sync(
                lambda: screen.until(lambda: "it was killed" in screen.one(row).text)
            )
            seen.set()

        group.start_soon(watch)
        await panel.vitte.running.kill("vitte/updates/bot")
        await seen.wait()
    assert anyio.current_time() - began < 1
    await to_thread.run_sync(see)


async def test_an_owner_pauses_and_resumes_with_the_keyboard_alone(
    panel: Panel, screen: Screen
) -> None:
    await panel.operator("anna")

    def act() -> None:
        screen.logs_in("anna")
        screen.one('[data-focus="vitte/edges/poller"]').send_keys(Keys.ENTER)
        screen.reads("asks Telegram for updates")
        screen.one("[data-focus=pause]").send_keys(Keys.ENTER)
        screen.reads("Pause poller?")
        screen.one("[name=reason]").send_keys("a look at it", Keys.ENTER)
        screen.reads("It was paused.", "stopped")
        screen.one("[data-focus=resume]").send_keys(Keys.ENTER)
        screen.one(".sure .danger").send_keys(Keys.ENTER)
        screen.reads("It runs again.", "running")
        assert screen.complaints() == []

    await to_thread.run_sync(act)


async def test_an_owner_runs_a_job_and_sees_it_end(panel: Panel, screen: Screen) -> None:
    await panel.operator("anna")

    def act() -> None:
        screen.logs_in("anna")
        screen.driver.find_element(By.LINK_TEXT, "Jobs").click()
        screen.presses('[data-focus="make-partitions"]')
        screen.until(lambda: screen.one("#pulse").text == "live")
        screen.presses("[data-focus=run]")
        screen.reads("Run make-partitions now?")
        screen.one("[name=reason]").send_keys("a look at it", Keys.ENTER)
        screen.reads("It waits for a worker", "operator:anna")
        screen.until(lambda: screen.one("[data-key=runs] .badge").text == "went well")
        assert screen.complaints() == []

    await to_thread.run_sync(act)


async def test_an_owner_writes_a_broadcast_and_starts_it(panel: Panel, screen: Screen) -> None:
    await panel.operator("anna")

    def act() -> None:
        screen.logs_in("anna")
        screen.driver.find_element(By.LINK_TEXT, "Broadcasts").click()
        screen.driver.find_element(By.LINK_TEXT, "New broadcast").click()
        screen.one("[name=name]").send_keys("news")
        for language, text in TEXTS.items():
            screen.one(f"[name=text-{language}]").send_keys(text)
        screen.one(".draft > button").click()
        screen.reads("The draft is kept.", "Hello, Anna!", "It reaches 0 people now.")
        screen.presses("[data-focus=start]")
        screen.one(".sure .danger").click()
        screen.reads("It has started.")
        screen.until(lambda: screen.one("[data-key=facts] .badge").text == "done")
        assert screen.complaints() == []

    await to_thread.run_sync(act)


async def test_an_owner_changes_a_character_and_brings_it_back_without_scripts(
    panel: Panel, screen: Screen
) -> None:
    await panel.operator("anna")

    def act() -> None:
        with screen.without_scripts():
            screen.logs_in("anna")
            screen.driver.find_element(By.LINK_TEXT, "Characters").click()
            screen.driver.find_element(By.LINK_TEXT, "Мила / Mila").click()
            screen.one("[name=names-en]").clear()
            screen.one("[name=names-en]").send_keys("Ludmila")
            screen.one("[name=reason]").send_keys("a longer name", Keys.ENTER)
            screen.reads("The new version is in force.", "Ludmila", "a longer name")
            screen.driver.find_element(By.LINK_TEXT, "compare 1").click()
            assert (screen.one("del").text, screen.one("ins").text) == ("Mila", "Ludmila")
            screen.one(".sure [name=reason]").send_keys("too long", Keys.ENTER)
            screen.reads("The older version is in force again, as a new one.")

    await to_thread.run_sync(act)


async def test_a_character_is_made_retired_and_brought_back_with_the_keyboard_and_without_scripts(
    panel: Panel, screen: Screen
) -> None:
    await panel.operator("anna")

    def act() -> None:
        with screen.without_scripts():
            screen.logs_in("anna")
            screen.open("/characters")
            screen.driver.find_element(By.LINK_TEXT, "New character").send_keys(Keys.ENTER)
            for name, words in NADYA.items():
                if name not in {"active", "temperament", "position", "reason"}:
                    screen.one(f"[name={name}]").send_keys(words)
            screen.one("[name=temperament]").send_keys("pl")
            screen.one("[name=reason]").send_keys("people asked for her", Keys.ENTER)
            screen.reads("The character is kept, as version 1.", "offered", "people asked for her")
            assert screen.one("[name=temperament]").get_attribute("value") == "playful"  # pyright: ignore[reportUnknownMemberType]
            screen.one("[data-focus=retire]").send_keys(Keys.ENTER)
            screen.reads("Retire Nadya?")
            screen.one(".sure [name=reason]").send_keys("she is away", Keys.ENTER)
            screen.reads("Nobody begins anew", "not offered")
            screen.one("[data-focus=restore]").send_keys(Keys.ENTER)
            screen.one(".sure [name=reason]").send_keys("she is back", Keys.ENTER)
            screen.reads("The character is offered again.", "she is away", "she is back")

    await to_thread.run_sync(act)


async def test_the_keyboard_stays_where_it_was_when_a_row_changes(
    panel: Panel, screen: Screen
) -> None:
    await panel.operator("anna", "read")

    def stand() -> None:
        screen.logs_in("anna")
        screen.until(lambda: screen.one("#pulse").text == "live")
        screen.script("document.querySelector('[data-focus=\"vitte/updates/bot\"]').focus()")

    def stands() -> None:
        row = '[data-key="vitte/updates/bot"] .fall'
        screen.until(lambda: "it was killed" in screen.one(row).text)
        focus = "return document.activeElement.dataset.focus"
        assert screen.script(focus) == "vitte/updates/bot"

    await to_thread.run_sync(stand)
    await panel.vitte.running.kill("vitte/updates/bot")
    await to_thread.run_sync(stands)


async def test_everything_works_without_scripts(panel: Panel, screen: Screen) -> None:
    await panel.operator("anna")

    def act() -> None:
        with screen.without_scripts():
            screen.logs_in("anna")
            screen.open("/tree/place?path=vitte/edges/poller")
            screen.reads("as of now")
            screen.one("[data-focus=restart]").click()
            screen.one(".sure .danger").click()
            screen.reads("It was started anew.")
            screen.one("[action='/logout'] button").click()
            screen.reads("Password")

    await to_thread.run_sync(act)


@pytest.mark.parametrize("role", ["read", "support", "owner"])
async def test_each_role_clicks_through_its_rooms(panel: Panel, screen: Screen, role: Role) -> None:
    await panel.operator("anna", role)

    def click() -> None:
        screen.logs_in("anna")
        rooms = [each.text for each in screen.all(".side nav a")]
        for room in rooms:
            screen.driver.find_element(By.LINK_TEXT, room).click()
            screen.until(lambda room=room: screen.one("h1").text == room)
            assert screen.one(".side nav [aria-current]").text == room
        assert screen.complaints() == []

    await to_thread.run_sync(click)


async def in_trouble(panel: Panel) -> Dialog:
    """Anna has spoken and is banned, and what is kept of her was asked for."""
    await register(panel.database, ANNA)
    dialog = await start_dialog(panel.database, ANNA, panel.clock())
    await messages.add_exchange(panel.database, dialog, "hello", ["Hello."], panel.clock())
    await bans.impose(panel.database, ANNA.id, panel.clock(), ends_at=None, author=SHELL)
    await receipts.begin(panel.database, ANNA.id, "export", panel.clock(), author=SHELL)
    return dialog


async def test_a_person_is_helped_and_deleted_with_the_keyboard_and_without_scripts(
    panel: Panel, screen: Screen
) -> None:
    await panel.operator("anna")
    dialog = await in_trouble(panel)

    def opens(form: str) -> None:
        """Open what holds a form; without scripts too, for it is the browser that does it."""
        screen.one(f"details:has([action$='{form}']) summary").send_keys(Keys.ENTER)

    def act() -> None:
        with screen.without_scripts():
            screen.logs_in("anna")
            screen.open("/people/101")
            opens("/unban")
            screen.one("#unban-reason").send_keys("she asked nicely", Keys.ENTER)
            screen.reads("The ban was lifted.")
            opens("/ban")
            screen.one("#ban-reason").send_keys("she did it again", Keys.ENTER)
            screen.reads("The ban is in force.", "for good", "she did it again")
            screen.one("[action$='/free'] button").send_keys(Keys.ENTER)
            screen.reads("They may speak again at once.")
            screen.open(f"/people/101/dialogs/{dialog.id}")
            opens("/reveal")
            screen.one("#reveal-reason").send_keys("she asked us to", Keys.ENTER)
            screen.reads("Hello.", "the character")
            screen.open("/people/101")
            screen.one("[href='/people/101/delete']").send_keys(Keys.ENTER)
            screen.reads("Delete all data of 101, for good?")
            screen.one("[name=number]").send_keys("101")
            screen.one("[name=reason]").send_keys("asked for by letter", Keys.ENTER)
            screen.reads("deletion", "messages", "users")

    await to_thread.run_sync(act)


@pytest.mark.skipif(not AXE.exists(), reason="axe is not there: make axe")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_no_page_keeps_anybody_out(
    panel: Panel, screen: Screen, theme: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty, filled, opened and with what is wrong said on it, in the light and in the dark, wide and narrow."""
    found: dict[str, list[str]] = {}
    hollow: set[str] = set()
    await panel.operator("anna", language="ru" if theme == "dark" else "en")

    def enter() -> None:
        screen.emulate(
            "setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}]
        )
        screen.emulate(
            "setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        screen.open("/login")
        found["/login"] = screen.keeps_out()
        screen.logs_in("anna")
        for path in EMPTY:
            screen.open(path)
            found[f"{path}, empty"] = screen.keeps_out()

    def look() -> None:
        for path in PAGES:
            screen.open(path.format(answered=answered))
            found[path] = screen.keeps_out(404 if path == "/nothing" else 200)
            if screen.all(".empty"):
                hollow.add(path)
        for path in REVEALED:
            screen.open(path)
            screen.script(
                "document.querySelector('[action$=\"/reveal\"] [name=reason]').value = 'she asked'"
            )
            screen.sends("form[action$='/reveal']")
            found[f"{path}, revealed"] = screen.keeps_out()
        for path in REFUSED:
            screen.open(path)
            screen.sends("form.draft")
            assert screen.all("[role=alert]"), path
            found[f"{path}, refused"] = screen.keeps_out(400)

    await to_thread.run_sync(enter)
    answered = await furnish(panel, monkeypatch)
    await to_thread.run_sync(look)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
    assert hollow == HOLLOW


async def test_what_people_write_stays_text(panel: Panel, screen: Screen) -> None:
    """A name, an address, a reason of a fall: whatever comes from outside is only shown."""
    stranger = panel.browser()
    stranger.agent = NASTY
    await panel.operator("anna")
    await stranger.comes_in("anna")

    def look() -> None:
        screen.logs_in("anna")
        screen.open("/sessions")
        screen.reads(NASTY)
        screen.open(f"/tree/place?path={NASTY}")
        screen.reads("404" if "404" in screen.text() else "There is none")
        assert screen.driver.title != "broken"
        assert not [each for each in screen.complaints() if "404" not in each]

    await to_thread.run_sync(look)
