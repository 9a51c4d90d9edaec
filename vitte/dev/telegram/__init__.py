"""The local Telegram: a Bot API server on loopback, with people to act as.

For developing and testing without a token::

    async with LocalTelegram.serve() as telegram:
        anna = telegram.person("Anna", language_code="en", is_premium=True)
        await anna.writes("hello")
        [answer] = await anna.hears()

The server checks every call against the Bot API's own schema, keeps Telegram's
limits and refuses in Telegram's words. A person opens the chat page at its
address; ``vitte dev`` starts it, and so do the tests.
"""

from vitte.dev.telegram.faults import Fault, FloodLimits, Pace
from vitte.dev.telegram.people import Channel, Group, Message, Person, Press, Silence
from vitte.dev.telegram.refusals import Refused
from vitte.dev.telegram.server import TOKEN, Call, LocalTelegram
from vitte.dev.telegram.webhooks import Backoff
from vitte.dev.telegram.world import Bot, Chat

__all__ = [
    "TOKEN",
    "Backoff",
    "Bot",
    "Call",
    "Channel",
    "Chat",
    "Fault",
    "FloodLimits",
    "Group",
    "LocalTelegram",
    "Message",
    "Pace",
    "Person",
    "Press",
    "Refused",
    "Silence",
]
