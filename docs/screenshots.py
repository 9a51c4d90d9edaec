"""Draws the pictures of the README: ``python docs/screenshots.py``.

Starts a vitte of its own in a temporary folder, opens its chat page in headless
chromium (chromium and chromium-driver must be installed), and holds the same
conversation in both languages, in the light and in the dark.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

HERE: Final = Path(__file__).parent
PATIENCE: Final = 30
WIDTH, HEIGHT = 1000, 1060


class Talk(NamedTuple):
    """A person of the page, what they choose and say, and the looks of their two pictures."""

    language: str
    person: int
    character: str
    words: Sequence[str]
    many: Sequence[str]
    themes: tuple[str, str]


TALKS: Final = (
    Talk(
        language="en",
        person=1002,
        character="Mila",
        words=("Hello! My name is Boris.", "I am tired of the rain today."),
        many=("One", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
        themes=("light", "dark"),
    ),
    Talk(
        language="ru",
        person=1001,
        character="Зоя",
        words=("Привет! Меня зовут Анна.", "Сегодня весь день идёт дождь, и я устала."),
        many=("Раз", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"),
        themes=("dark", "light"),
    ),
)


class Chat:
    """The chat page as one person sees it."""

    def __init__(self, browser: Chrome, address: str, talk: Talk) -> None:
        self.browser = browser
        self.wait = WebDriverWait(browser, PATIENCE, poll_frequency=0.05)
        browser.get(address)
        browser.execute_script("localStorage.setItem('language', arguments[0])", talk.language)  # pyright: ignore[reportUnknownMemberType]  # untyped in selenium
        browser.get(f"{address}/?{talk.language}#{talk.person}")

    def theirs(self) -> int:
        """How many messages the bot has written so far."""
        return len(self.browser.find_elements(By.CSS_SELECTOR, ".message.theirs:not(.draft)"))

    def says(self, text: str, answers: int = 1) -> None:
        """Write, and wait until so many answers have come."""
        before = self.theirs()
        self.types(text)
        self.wait.until(lambda _: self.theirs() >= before + answers)

    def types(self, text: str) -> None:
        """Write, and wait for nothing but one's own words."""
        field = self.browser.find_element(By.ID, "text")
        self.wait.until(lambda _: field.is_displayed())
        field.send_keys(text)
        self.browser.find_element(By.ID, "send-text").click()

    def starts(self) -> None:
        """Press the button that a new chat begins with."""
        button = self.browser.find_element(By.ID, "start")
        self.wait.until(lambda _: button.is_displayed())
        button.click()
        self.wait.until(lambda _: self.theirs() >= 1)

    def presses(self, label: str, answers: int) -> None:
        """Press an inline button by its label."""
        before = self.theirs()
        for button in self.browser.find_elements(By.CSS_SELECTOR, ".message button"):
            if button.text == label:
                button.click()
                break
        self.wait.until(lambda _: self.theirs() >= before + answers)

    def dressed(self, theme: str) -> None:
        """Look at it in the light or in the dark."""
        feature = {"name": "prefers-color-scheme", "value": theme}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})  # pyright: ignore[reportUnknownMemberType]  # untyped in selenium

    def keep(self, name: str) -> None:
        """Take the picture once every notice and animation is over."""
        self.wait.until(
            lambda browser: browser.execute_script(  # pyright: ignore[reportUnknownMemberType]  # untyped in selenium
                "return !document.getElementById('toasts').childElementCount"
                " && !document.getAnimations().length"
            )
        )
        self.browser.save_screenshot(str(HERE / f"{name}.png"))  # pyright: ignore[reportUnknownMemberType]  # untyped in selenium


def main() -> None:
    """Draw every picture."""
    with tempfile.TemporaryDirectory(prefix="vitte-pictures-") as folder:
        address = f"http://127.0.0.1:{free_port()}"
        with running(Path(folder), address), opened() as browser:
            for talk in TALKS:
                draw(Chat(browser, address, talk), talk)


def draw(chat: Chat, talk: Talk) -> None:
    """Hold the conversation and keep its two pictures."""
    first, second = talk.themes
    chat.dressed(first)
    chat.starts()
    chat.presses(talk.character, answers=2)
    for words in talk.words:
        chat.says(words)
    chat.says("/status")
    chat.keep(f"chat-{talk.language}-{first}")
    chat.dressed(second)
    expected = chat.theirs() + len(talk.many)
    for words in talk.many:
        chat.types(words)
    # Ten go through in a minute: two before, eight of these, and the ninth is told to wait.
    chat.wait.until(lambda _: chat.theirs() >= expected)
    chat.keep(f"limit-{talk.language}-{second}")


@contextmanager
def running(folder: Path, address: str, panel: str = "") -> Generator[None]:
    """Run ``vitte dev`` for the block, on ports that are free; its panel where it is wanted."""
    listen = {
        name: f"127.0.0.1:{free_port()}"
        for name in ("VITTE_HTTP_LISTEN", "VITTE_ADMIN_LISTEN", "VITTE_METRICS_LISTEN")
    }
    if panel:
        listen["VITTE_ADMIN_LISTEN"] = panel.removeprefix("http://")
    process = subprocess.Popen(
        [sys.executable, "-m", "vitte", "dev", "--data", str(folder), "--port", port(address)],
        env={**without_ours(), **listen},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for line in process.stdout or ():
            if line.strip().startswith("Log"):
                break
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def without_ours() -> dict[str, str]:
    """The environment without what would change the picture, such as a real token."""
    return {name: value for name, value in os.environ.items() if not name.startswith("VITTE_")}


@contextmanager
def opened() -> Generator[Chrome]:
    """A browser without a window."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for word in ("headless=new", "no-sandbox", "hide-scrollbars", "disable-dev-shm-usage"):
        options.add_argument(f"--{word}")
    options.add_argument(f"--window-size={WIDTH},{HEIGHT}")
    browser = Chrome(options=options, service=ChromeService(shutil.which("chromedriver")))
    try:
        yield browser
    finally:
        browser.quit()


def free_port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def port(address: str) -> str:
    """The port of an address."""
    return re.sub(r".*:", "", address)


if __name__ == "__main__":
    main()
