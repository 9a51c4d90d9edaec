"""The registry of commands: the menu, /help and the routers all read it.

The order is the menu's. What a command does, in each language, stands in the
Fluent line ``command-<name>``.
"""

from typing import Final

COMMANDS: Final = ("start", "help", "status", "language", "new", "stop")
