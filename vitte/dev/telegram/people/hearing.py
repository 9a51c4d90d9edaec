"""What reaches a person: messages, actions, answers to buttons.

Nothing here sleeps: to hear is to be woken by what happens in the chat.
"""

from collections import deque
from collections.abc import Callable
from typing import TypeVar

import anyio

from vitte.dev.telegram.entities import Entity
from vitte.dev.telegram.world import Chat, Json, Notice, Query

Found = TypeVar("Found")
PATIENCE = 5.0


class Silence(AssertionError):
    """Raised when what somebody waits for did not happen in time."""


class Message:
    """One message as its reader sees it; ``raw`` is the Bot API's own form."""

    def __init__(self, raw: Json) -> None:
        self.raw = raw

    @property
    def id(self) -> int:
        """Give the id within the chat."""
        return self.raw["message_id"]

    @property
    def text(self) -> str:
        """Give the text, or the caption of a picture."""
        return self.raw.get("text") or self.raw.get("caption") or ""

    @property
    def entities(self) -> list[Entity]:
        """Give the formatting."""
        return self.raw.get("entities") or self.raw.get("caption_entities") or []

    @property
    def buttons(self) -> list[list[str]]:
        """Give the labels of the inline buttons, row by row."""
        return [[button["text"] for button in row] for row in self.rows()]

    @property
    def labels(self) -> list[str]:
        """Give the labels of the inline buttons in one list."""
        return [button["text"] for row in self.rows() for button in row]

    @property
    def edited(self) -> bool:
        """Tell whether the message was edited."""
        return "edit_date" in self.raw

    def rows(self) -> list[list[Json]]:
        """Give the inline buttons themselves, row by row."""
        return self.raw.get("reply_markup", {}).get("inline_keyboard", [])

    def button(self, label: str) -> Json:
        """Find a button by its whole label."""
        for row in self.rows():
            for button in row:
                if button["text"] == label:
                    return button
        raise LookupError(f"no button {label!r} among {self.labels}")

    def __repr__(self) -> str:
        return f"<Message {self.id}: {self.text!r} {self.buttons or ''}>"


class Ear:
    """Listens to one chat for one listener."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.unheard: deque[Message] = deque(maxlen=10_000)
        self.actions: list[str] = []
        self.changed = anyio.Event()
        chat.watchers.append(self.notice)

    def close(self) -> None:
        """Listen no more."""
        self.chat.watchers.remove(self.notice)

    def notice(self, notice: Notice) -> None:
        """Take in what happened."""
        if notice.kind == "message":
            self.unheard.append(Message(notice.content))
        elif notice.kind == "action":
            self.actions.append(notice.content["action"])
        self.changed.set()

    async def until(self, found: Callable[[], Found | None], within: float, what: str) -> Found:
        """Wait until something can be found in the chat.

        Raises:
            Silence: it was not there in time; says what was.
        """
        with anyio.move_on_after(within):
            while True:
                self.changed = anyio.Event()
                result = found()
                if result is not None:
                    return result
                await self.changed.wait()
        seen = [Message(message) for message in self.chat.messages.values()]
        raise Silence(f"{what} did not come within {within} s; the chat holds {seen[-5:]}")


class Press:
    """A pressed button; the bot is to answer it."""

    def __init__(self, query: Query, chat: Chat) -> None:
        self.query = query
        self.chat = chat

    async def answered(self, within: float = PATIENCE) -> Json:
        """Wait for answerCallbackQuery and give its text, show_alert and url."""
        ear = Ear(self.chat)
        try:
            return await ear.until(lambda: self.query.answer, within, "an answer to the button")
        finally:
            ear.close()
