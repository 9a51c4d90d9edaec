"""The registry of commands: the menu, /help and the routers all read it.

The order is the menu's. What a command does, in each language, stands in the
Fluent line ``command-<name>``.
"""

from typing import Final

from vitte.i18n import Language, Words

COMMANDS: Final = ("start", "help", "status", "language", "new", "stop")

MENUS: Final[tuple[tuple[str | None, Language], ...]] = ((None, "en"), ("en", "en"), ("ru", "ru"))
"""Telegram's menus: one a language, and one for everybody whose language has none."""


def menu(words: Words, language: Language) -> dict[str, str]:
    """Every command with what it does, as the menu of a language shows it."""
    return {name: words.plain(language, f"command-{name}") for name in COMMANDS}
