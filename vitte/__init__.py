"""vitte: a Telegram companion bot in one supervised process."""

from typing import Final

__version__: Final = "0.1.0"
