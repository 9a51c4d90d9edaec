"""A draft: what an answer will be, while a handler works it out.

A handler says, edits, notes and writes into it; nothing of that happens yet. When
the handler is done the draft becomes a turn, and the scribe writes all of it in
one transaction: an answer that was begun and not finished leaves no trace.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from vitte.actors.scribe import Change, Turn
from vitte.store import messages, usage
from vitte.store.outbox import Lane, Words
from vitte.store.updates import Finished, Outcome, Pending
from vitte.store.users import UserId
from vitte.telegram.people import Person
from vitte.telegram.pieces import html_pieces, pieces

Buttons = Sequence[Sequence[tuple[str, str]]]
"""Rows of buttons under a message: what stands on each, and what it sends (at most 64 bytes)."""

_encode: Final = msgspec.json.Encoder().encode


class Draft:
    """What came of one update so far."""

    def __init__(self, update: Pending) -> None:
        self.update = update
        self.exchange: messages.Exchange | None = None
        self.used: usage.Used | None = None
        self.person: Person | None = None
        self._words: list[Words] = []
        self._changes: list[Change] = []
        self._changed: list[UserId] = []
        self._talked: list[UserId] = []

    def say(self, html: str, *, buttons: Buttons = (), reply_to: int | None = None) -> None:
        """Say a line of ours, in HTML, in as many messages as it needs; the buttons are under the last."""
        cut = list(html_pieces(html)) or [html]
        for number, piece in enumerate(cut, start=1):
            fields: dict[str, Any] = {
                "text": piece,
                "parse_mode": "HTML",
                "link_preview_options": {"is_disabled": True},
            }
            if buttons and number == len(cut):
                fields["reply_markup"] = _keyboard(buttons)
            if reply_to is not None and number == 1:
                fields["reply_parameters"] = {"message_id": reply_to}
            self._call("sendMessage", fields)

    def speak(self, text: str) -> None:
        """Say something as it is, in as many messages as it needs."""
        for piece in pieces(text):
            self._call("sendMessage", {"text": piece})

    def edit(self, message: int, html: str) -> None:
        """Change a message of ours; its buttons go."""
        fields = {"message_id": message, "text": html, "parse_mode": "HTML"}
        self._call("editMessageText", fields, Lane.EDIT)

    def notice(self, query: str, text: str = "") -> None:
        """Answer a pressed button, with a word over the chat or without one."""
        fields = {"callback_query_id": query, "text": text}
        self._call("answerCallbackQuery", fields, to_chat=False)

    def decline(self, query: str, text: str) -> None:
        """Refuse a payment before it is made."""
        fields = {"pre_checkout_query_id": query, "ok": False, "error_message": text}
        self._call("answerPreCheckoutQuery", fields, Lane.PAYMENT, to_chat=False)

    def write(
        self, change: Change, *, about: UserId | None = None, talk: UserId | None = None
    ) -> None:
        """Have something written with the answer; ``about`` whom, for the cache to forget.

        ``talk`` tells whose dialogs it changes and nothing else of theirs.
        """
        self._changes.append(change)
        if about is not None:
            self._changed.append(about)
        if talk is not None:
            self._talked.append(talk)

    def start_over(self) -> None:
        """Forget all that was drafted: it is refused."""
        self.exchange = self.used = None
        self._words.clear()
        self._changes.clear()
        self._changed.clear()
        self._talked.clear()

    def turn(self, outcome: Outcome = "answered", reason: str | None = None) -> Turn:
        """All of it, as it is to be written."""
        return Turn(
            finished=Finished(update=self.update, outcome=outcome, reason=reason),
            words=tuple(self._words),
            exchange=self.exchange,
            used=self.used,
            changes=tuple(self._changes),
            changed=tuple(self._changed),
            talked=tuple(self._talked),
        )

    @property
    def words(self) -> tuple[Words, ...]:
        """What is to be said so far."""
        return tuple(self._words)

    def _call(
        self,
        method: str,
        fields: dict[str, Any],
        lane: Lane = Lane.REPLY,
        *,
        to_chat: bool = True,
    ) -> None:
        chat = self.update.chat_id
        payload = _encode({"chat_id": chat, **fields} if to_chat else fields).decode()
        self._words.append(
            Words(chat_id=chat, lane=lane, method=method, payload=payload, update_id=self.update.id)
        )


def _keyboard(buttons: Buttons) -> dict[str, Any]:
    rows = [[{"text": text, "callback_data": data} for text, data in row] for row in buttons]
    return {"inline_keyboard": rows}
