"""The chat page in a real browser, with a bot's program that is scripted here."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from anyio import from_thread, to_thread
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.dev.telegram.program import Program
from vitte.dev.telegram import LocalTelegram, Person

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,820",
)
PATIENCE = 10

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="chromium and chromedriver are not installed"
)

Result = TypeVar("Result")


class Screen:
    """What a person sees in the browser; every look waits until it is there."""

    def __init__(self, driver: webdriver.Chrome, address: str) -> None:
        self.driver = driver
        self.address = address

    def open(self, person: int | None = 1001) -> None:
        self.driver.get("about:blank")
        self.driver.get(self.address if person is None else f"{self.address}/#{person}")
        self.until(lambda: self.one("#connection").get_attribute("data-state") == "good")

    def until(self, true: Callable[[], Result]) -> Result:
        def tried(_: webdriver.Chrome) -> Result:
            return true()

        # What was found may be drawn anew at any moment: then one looks again.
        stale = (StaleElementReferenceException,)
        return WebDriverWait(self.driver, PATIENCE, 0.02, stale).until(tried)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def shown(self, selector: str) -> WebElement:
        return self.until(
            lambda: next((each for each in self.all(selector) if each.is_displayed()), None)
        )  # pyright: ignore[reportReturnType] - it waits until there is one

    def hidden(self, selector: str) -> None:
        self.until(lambda: not any(each.is_displayed() for each in self.all(selector)))

    def texts(self) -> list[str]:
        script = """return [...document.querySelectorAll(".message .text")].map((each) => {
            const copy = each.cloneNode(true);
            copy.querySelector(".foot-note")?.remove();
            return copy.textContent;
        })"""
        found: list[str] = self.driver.execute_script(script)  # pyright: ignore[reportUnknownMemberType]
        return found

    def says(self, *texts: str) -> None:
        try:
            self.until(lambda: self.texts() == list(texts))
        except Exception as error:
            raise AssertionError(f"{self.texts()} is not {texts}") from error

    def type(self, *keys: str) -> None:
        self.shown("#text").send_keys(*keys)

    def press(self, label: str) -> None:
        self.until(lambda: any(each.text == label for each in self.all(".inline")))
        next(each for each in self.all(".inline") if each.text == label).click()

    def script(self, script: str) -> Any:
        found: Any = self.driver.execute_script(script)  # pyright: ignore[reportUnknownMemberType]
        return found

    def emulate(self, what: str, **how: Any) -> None:
        self.driver.execute_cdp_cmd(f"Emulation.{what}", how)  # pyright: ignore[reportUnknownMemberType]

    def complaints(self) -> list[str]:
        log: list[dict[str, str]] = self.driver.get_log("browser")  # pyright: ignore[reportUnknownMemberType]
        return [entry["message"] for entry in log]


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
def screen(telegram: LocalTelegram, driver: webdriver.Chrome) -> Iterator[Screen]:
    yield Screen(driver, telegram.url)
    driver.get("about:blank")


@pytest.fixture
async def answering(bot: Program) -> AsyncIterator[Program]:
    """A bot that greets, echoes, shows buttons and answers them."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(answer_all, bot)
        yield bot
        tasks.cancel_scope.cancel()


async def answer_all(bot: Program) -> None:
    while True:
        for update in await bot.updates():
            if "message" in update:
                await answer_message(bot, update["message"])
            elif "callback_query" in update:
                await answer_press(bot, update["callback_query"])


async def answer_message(bot: Program, message: dict[str, Any]) -> None:
    chat, text = message["chat"]["id"], message.get("text", "")
    if text == "/start":
        rows = [[("Note", "note"), ("Alert", "alert")], [("Edit", "edit"), ("Delete", "delete")]]
        keyboard = [[{"text": label, "callback_data": data} for label, data in row] for row in rows]
        name = message["from"]["first_name"]
        await bot.call(
            "sendMessage",
            chat_id=chat,
            text=f"Hello, <b>{name}</b>",
            parse_mode="HTML",
            reply_markup={"inline_keyboard": keyboard},
        )
    elif text:
        await bot.call("sendMessage", chat_id=chat, text=f"You said: {text}")


async def answer_press(bot: Program, query: dict[str, Any]) -> None:
    chat, number = query["message"]["chat"]["id"], query["message"]["message_id"]
    data = query["data"]
    texts = {"note": "A small note", "alert": "A loud alert"}
    await bot.call(
        "answerCallbackQuery",
        callback_query_id=query["id"],
        text=texts.get(data, ""),
        show_alert=data == "alert",
    )
    if data == "edit":
        await bot.call("editMessageText", chat_id=chat, message_id=number, text="Changed")
    elif data == "delete":
        await bot.call("deleteMessage", chat_id=chat, message_id=number)


async def look(steps: Callable[[], None]) -> None:
    """Take steps in the browser, which blocks, while the server goes on."""
    with anyio.fail_after(60):
        await to_thread.run_sync(steps)


@pytest.mark.usefixtures("answering")
async def test_start_greets_and_the_conversation_goes_on(screen: Screen) -> None:
    def steps() -> None:
        screen.open()
        screen.until(lambda: "Press Start" in screen.shown("#empty").text)
        screen.shown("#start").click()
        screen.says("/start", "Hello, Анна")
        screen.until(lambda: screen.one(".theirs .text strong").text == "Анна")
        screen.hidden("#empty")
        screen.hidden("#start")

        screen.type("one", Keys.SHIFT, Keys.ENTER, Keys.NULL, "two", Keys.ENTER)
        screen.says("/start", "Hello, Анна", "one\ntwo", "You said: one\ntwo")
        assert screen.one("#text").get_attribute("value") == ""
        assert screen.complaints() == []

    await look(steps)


@pytest.mark.usefixtures("answering")
async def test_buttons_bring_notes_alerts_edits_and_deletions(screen: Screen) -> None:
    def steps() -> None:
        screen.open()
        screen.shown("#start").click()
        screen.press("Note")
        screen.until(lambda: "A small note" in screen.one("#toasts").text)
        screen.until(lambda: not screen.all(".inline.waiting"))

        screen.press("Alert")
        screen.until(lambda: screen.shown("#alert").text.startswith("A loud alert"))
        screen.shown("#alert button").click()
        screen.hidden("#alert")

        screen.press("Edit")
        screen.says("/start", "Changed")
        screen.until(lambda: "edited" in screen.shown(".edited").text)
        assert screen.all(".inline") == []

    await look(steps)


@pytest.mark.usefixtures("answering")
async def test_a_deleted_message_leaves_the_screen(screen: Screen) -> None:
    def steps() -> None:
        screen.open(1002)
        screen.shown("#start").click()
        screen.press("Delete")
        screen.says("/start")

    await look(steps)


async def test_formatting_is_shown_and_markup_is_only_text(
    telegram: LocalTelegram, bot: Program, screen: Screen
) -> None:
    anna = Person(telegram.bot, telegram.world.people[1001])
    await anna.writes("<img src=x onerror=alert(1)> & <b>no</b>")
    await bot.call(
        "sendMessage",
        chat_id=1001,
        text="👋 <b>bold <i>both</i></b> <code>&lt;code&gt;</code> <tg-spoiler>secret</tg-spoiler> "
        '<a href="https://example.com/">link</a><pre><code class="language-python">x</code></pre>'
        "<blockquote>quoted</blockquote>",
        parse_mode="HTML",
    )

    def steps() -> None:
        screen.open()
        screen.until(lambda: len(screen.all(".message")) == 2)
        assert screen.texts()[0] == "<img src=x onerror=alert(1)> & <b>no</b>"
        assert screen.all(".own img") == []
        screen.until(lambda: screen.one(".theirs strong").text == "bold both")
        screen.until(lambda: screen.one(".theirs strong em").text == "both")
        screen.until(lambda: screen.one(".theirs code").text == "<code>")
        link = screen.one(".theirs a")
        assert link.get_attribute("href") == "https://example.com/"
        assert link.get_attribute("rel") == "noopener noreferrer"
        assert screen.one(".theirs pre").get_attribute("data-language") == "python"
        screen.until(lambda: screen.one(".theirs blockquote").text == "quoted")
        spoiler = screen.one(".spoiler")
        spoiler.click()
        screen.until(lambda: spoiler.get_attribute("aria-pressed") == "true")
        assert screen.complaints() == []

    await look(steps)


async def test_typing_and_drafts_are_seen_and_end_with_the_message(
    telegram: LocalTelegram, bot: Program, screen: Screen
) -> None:
    await Person(telegram.bot, telegram.world.people[1001]).starts()
    await bot.call("sendChatAction", chat_id=1001, action="typing")
    await bot.call("sendMessageDraft", chat_id=1001, draft_id=1, text="I am wri")

    def steps() -> None:
        screen.open()
        screen.until(lambda: screen.one("#bot-state").text.startswith("is typing"))
        screen.until(lambda: "I am wri" in screen.one("#draft").text)
        from_thread.run(lambda: bot.call("sendMessage", chat_id=1001, text="I am writing"))
        screen.says("/start", "I am writing")
        assert not screen.one("#bot-state").text.startswith("is typing")

    await look(steps)


async def test_the_command_menu_speaks_the_persons_language(
    telegram: LocalTelegram, bot: Program, screen: Screen
) -> None:
    for language, words in (("", "Begin"), ("ru", "Начать")):
        menu = [{"command": name, "description": words} for name in ("start", "status", "help")]
        spoken = {"language_code": language} if language else {}
        await bot.call("setMyCommands", commands=menu, **spoken)
    for number in (1001, 1004):
        await Person(telegram.bot, telegram.world.people[number]).starts()

    def commands() -> list[str]:
        return [each.text for each in screen.all(".command") if each.is_displayed()]

    def steps() -> None:
        screen.open()
        screen.type("/st")
        screen.until(lambda: commands() == ["/start\nНачать", "/status\nНачать"])
        screen.type(Keys.ARROW_DOWN, Keys.ENTER)
        screen.says("/start", "/status")
        screen.hidden("#commands")

        screen.all("[data-person='1004']")[0].click()
        screen.says("/start")
        screen.shown("#show-commands").click()
        screen.until(lambda: len(commands()) == 3)
        assert commands()[0] == "/start\nBegin"
        screen.type(Keys.ESCAPE)
        screen.hidden("#commands")

    await look(steps)


async def test_a_message_can_be_edited_answered_and_looked_into(
    bot: Program, screen: Screen
) -> None:
    def steps() -> None:
        screen.open()
        screen.shown("#start").click()
        screen.says("/start")
        screen.type("frist", Keys.ENTER)
        screen.says("/start", "frist")
        screen.type(Keys.ARROW_UP)
        screen.shown("#concerning")
        screen.until(lambda: screen.one("#text").get_attribute("value") == "frist")
        screen.type(Keys.BACKSPACE * 5, "first", Keys.ENTER)
        screen.says("/start", "first")
        screen.hidden("#concerning")

        screen.script(
            "document.querySelector('.own.message:last-child .tool[title=Reply]').click()"
        )
        screen.shown("#concerning")
        screen.type("answer", Keys.ENTER)
        screen.until(lambda: screen.all(".quoted"))

        screen.script("document.querySelector(\".tool[title='Show as JSON']\").click()")
        origin = screen.shown("#origin-json").text
        assert '"update_id"' in origin
        assert '"text": "/start"' in origin
        screen.script("document.querySelector('#origin').close()")

    await look(steps)

    updates = await bot.updates()
    kinds = [list(update)[1] for update in updates]
    assert kinds == ["message", "message", "edited_message", "message"]
    assert updates[-1]["message"]["reply_to_message"]["text"] == "first"


async def test_photos_stickers_and_voices_go_and_come(bot: Program, screen: Screen) -> None:
    def steps() -> None:
        screen.open()
        screen.shown("#start").click()
        for does in ("photo", "sticker", "voice"):
            screen.shown("#attach").click()
            screen.shown(f"[data-does={does}]").click()
        screen.until(lambda: screen.all(".photo img"))
        screen.until(lambda: screen.all(".sticker"))
        screen.until(lambda: screen.all(".voice"))
        loaded = "return document.querySelector('.photo img').naturalWidth"
        screen.until(lambda: screen.script(loaded) == 640)
        assert screen.complaints() == []

    await look(steps)

    updates = await bot.updates()
    assert [next(reversed(update["message"])) for update in updates[1:]] == [
        "photo",
        "sticker",
        "voice",
    ]


async def test_the_bot_can_be_blocked_and_unblocked(bot: Program, screen: Screen) -> None:
    def steps() -> None:
        screen.open()
        screen.shown("#start").click()
        screen.says("/start")
        screen.shown("#block").click()
        screen.shown("#unblock")
        screen.hidden("#composer")
        said = from_thread.run(lambda: bot.refused("sendMessage", chat_id=1001, text="hi"))
        assert said == "Forbidden: bot was blocked by the user"
        screen.shown("#unblock").click()
        screen.shown("#composer")
        from_thread.run(lambda: bot.call("sendMessage", chat_id=1001, text="hi"))
        screen.says("/start", "hi")

    await look(steps)


async def test_messages_for_others_are_counted_until_read(
    telegram: LocalTelegram, bot: Program, screen: Screen
) -> None:
    for number in (1001, 1002):
        await Person(telegram.bot, telegram.world.people[number]).starts()

    def steps() -> None:
        screen.open()
        for text in ("one", "two"):
            from_thread.run(lambda text=text: bot.call("sendMessage", chat_id=1002, text=text))
        screen.until(lambda: [each.text for each in screen.all(".unread")] == ["2"])
        row = screen.one("[data-person='1002']")
        assert "two" in row.text
        row.click()
        screen.says("/start", "one", "two")
        screen.until(lambda: screen.all(".unread") == [])

    await look(steps)


async def test_a_keyboard_of_the_bot_writes_what_its_keys_say(
    telegram: LocalTelegram, bot: Program, screen: Screen
) -> None:
    await Person(telegram.bot, telegram.world.people[1001]).starts()
    keyboard = {"keyboard": [["Yes", "No"]]}
    await bot.call("sendMessage", chat_id=1001, text="?", reply_markup=keyboard)

    def steps() -> None:
        screen.open()
        screen.shown(".key").click()
        screen.says("/start", "?", "Yes")
        gone = {"remove_keyboard": True}
        from_thread.run(lambda: bot.call("sendMessage", chat_id=1001, text="ok", reply_markup=gone))
        screen.hidden("#keyboard")

    await look(steps)


async def test_the_page_says_whether_the_bots_program_is_there(
    bot: Program, screen: Screen
) -> None:
    def steps() -> None:
        screen.open()
        screen.until(lambda: screen.one("#bot-state").text.startswith("waiting for"))
        from_thread.run(lambda: bot.call("getUpdates"))
        screen.open()
        screen.until(lambda: screen.one("#bot-state").text == "bot")

    await look(steps)


async def test_light_dark_and_russian_are_remembered(screen: Screen) -> None:
    ground = "return getComputedStyle(document.querySelector('.side')).backgroundColor"

    def steps() -> None:
        screen.open()
        light = screen.script(ground)
        screen.one("#theme").click()
        screen.until(lambda: screen.script(ground) != light)
        dark = screen.script(ground)
        screen.one("#language").click()
        screen.until(lambda: screen.one("#start").text == "Старт")

        screen.open()
        assert screen.script(ground) == dark
        screen.until(lambda: screen.one("#start").text == "Старт")
        assert screen.script("return document.documentElement.lang") == "ru"

    await look(steps)


async def test_on_a_phone_the_chat_opens_over_the_people(screen: Screen) -> None:
    phone = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    wide = "return document.documentElement.scrollWidth"

    def steps() -> None:
        screen.emulate("setDeviceMetricsOverride", **phone)
        try:
            screen.open(None)
            screen.shown("[data-person='1003']").click()
            screen.shown("#start").click()
            screen.says("/start")
            assert screen.script(wide) == 390
            screen.shown("#back").click()
            screen.hidden("#chat")
            screen.shown("[data-person='1001']")
        finally:
            screen.emulate("clearDeviceMetricsOverride")

    await look(steps)


async def test_everything_has_a_name_and_can_be_reached_by_keyboard(
    telegram: LocalTelegram, bot: Program, screen: Screen
) -> None:
    await Person(telegram.bot, telegram.world.people[1002]).starts()
    nameless = """return [...document.querySelectorAll("button, a, input, textarea, select, [role]")]
        .filter((each) => !each.textContent.trim() && !each.getAttribute("aria-label")
            && !each.labels?.length && !["status", "log"].includes(each.getAttribute("role")))
        .map((each) => each.outerHTML)"""

    def steps() -> None:
        screen.open()
        assert screen.script(nameless) == []
        screen.script("document.querySelector(\"[data-person='1002']\").focus()")
        from_thread.run(lambda: bot.call("sendMessage", chat_id=1002, text="hello"))
        screen.until(lambda: screen.all(".unread"))
        focused = screen.driver.switch_to.active_element
        assert focused.get_attribute("data-person") == "1002"
        focused.send_keys(Keys.ENTER)
        screen.until(lambda: screen.one("[data-person='1002']").get_attribute("aria-current"))
        screen.says("/start", "hello")
        screen.until(lambda: screen.driver.switch_to.active_element.get_attribute("id") == "text")

    await look(steps)


async def test_the_page_finds_its_way_back_after_a_restart(
    driver: webdriver.Chrome, tmp_path: Path
) -> None:
    saved = tmp_path / "telegram.json"
    async with LocalTelegram.serve(saved=saved) as telegram:
        screen = Screen(driver, telegram.url)
        port = int(telegram.url.rpartition(":")[2])

        def begin() -> None:
            screen.open()
            screen.shown("#start").click()
            screen.says("/start")

        await look(begin)

    def lost() -> None:
        screen.until(lambda: screen.one("#connection").get_attribute("data-state") == "bad")

    await look(lost)
    async with LocalTelegram.serve(port=port, saved=saved) as telegram:
        anna = Person(telegram.bot, telegram.world.people[1001])
        await anna.writes("while you were away")

        await look(lambda: screen.says("/start", "while you were away"))
    driver.get("about:blank")
