"""vitte: a Telegram companion bot in one supervised process."""
