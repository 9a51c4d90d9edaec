"""vitte: a Telegram companion bot in one supervised process."""

__version__ = "0.1.0"
