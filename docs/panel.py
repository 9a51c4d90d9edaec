"""Draws the pictures of the admin panel: ``python docs/panel.py``.

Starts a vitte of its own in a temporary folder, lets two people talk on the chat page,
writes down a made-up hour for the plots, makes an operator, and takes the overview,
the tree and a person's page in the light and in the dark.
"""

import math
import secrets
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import anyio
from screenshots import HERE, PATIENCE, TALKS, Chat, free_port, opened, running, without_ours
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from vitte.dev import stores
from vitte.store import minutes
from vitte.store.minutes import Minute
from vitte.store.pool import Database

PASSWORD: Final = secrets.token_urlsafe(12)
PAGES: Final = {"overview": "/overview", "tree": "/tree", "person": f"/people/{TALKS[0].person}"}
WIDTH, HEIGHT = 1280, 900
BAD_MINUTE: Final = 20


def main() -> None:
    """Draw every picture."""
    with tempfile.TemporaryDirectory(prefix="vitte-panel-") as name:
        folder, chat = Path(name), f"http://127.0.0.1:{free_port()}"
        panel = f"http://127.0.0.1:{free_port()}"
        with running(folder, chat, panel), opened() as browser:
            for talk in TALKS:
                person = Chat(browser, chat, talk)
                person.starts()
                person.presses(talk.character, answers=2)
                for words in talk.words:
                    person.says(words)
            anyio.run(make_up_an_hour, stores.find(folder).database_url)
            command(folder, "create", "anna", "--role", "owner", "--language", "en")
            comes_in(browser, panel, folder)
            take(browser, panel)


def take(browser: Chrome, panel: str) -> None:
    """Each page in both looks."""
    metrics = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)  # pyright: ignore[reportUnknownMemberType]  # untyped in selenium
    for theme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": theme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})  # pyright: ignore[reportUnknownMemberType]  # untyped in selenium
        for name, path in PAGES.items():
            browser.get(f"{panel}{path}")
            browser.save_screenshot(str(HERE / f"panel-{name}-{theme}.png"))  # pyright: ignore[reportUnknownMemberType]  # untyped in selenium


def comes_in(browser: Chrome, panel: str, folder: Path) -> None:
    """Log in as the operator."""
    wait = WebDriverWait(browser, PATIENCE, poll_frequency=0.05)
    browser.get(f"{panel}/login")
    browser.find_element(By.NAME, "name").send_keys("anna")
    browser.find_element(By.NAME, "password").send_keys(f"{PASSWORD}\n")
    wait.until(lambda _: browser.find_elements(By.NAME, "code"))
    browser.find_element(By.NAME, "code").send_keys(f"{command(folder, 'code', 'anna').strip()}\n")
    wait.until(lambda _: browser.find_elements(By.CSS_SELECTOR, ".side nav"))


def command(folder: Path, *words: str) -> str:
    """Run ``vitte admin``, give what it says."""
    asked = [sys.executable, "-m", "vitte", "admin", *words, "--data", str(folder)]
    done = subprocess.run(
        asked, input=f"{PASSWORD}\n", capture_output=True, text=True, check=True, env=without_ours()
    )
    return done.stdout


async def make_up_an_hour(url: str) -> None:
    """Write an hour down as it might have been: a picture of plots wants something in them."""
    database = Database(url)
    await database.open()
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    for ago in range(1, 60):
        received = round(40 + 25 * math.sin(ago / 8) + 7 * math.sin(ago * 2.3))
        refused, slow = received // 9 if ago % 7 == 0 else 1, 0.05 + 0.02 * math.sin(ago / 5)
        bad = ago == BAD_MINUTE
        minute = Minute(
            minute=now - timedelta(minutes=ago),
            received=received,
            answered=received - refused,
            refused=refused,
            failed=int(bad),
            words_sent=received + received // 4,
            words_failed=int(bad),
            limited=refused // 2,
            half_within=slow / 3,
            most_within=slow + 0.2 * bad,
            in_hand=received // 9,
            in_mailboxes=received // 14,
            pool_waits=0,
            redis_faults=3 * bad,
            redis_away=bad,
        )
        await minutes.add(database, "picture", minute)
    await database.close()


if __name__ == "__main__":
    main()
