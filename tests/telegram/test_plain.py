"""Plain text: read without aiogram exactly where the routers would leave it to talk, and answered alike."""

from typing import Any

import msgspec
import pytest

from tests.store.coming import coming
from tests.whole import Whole
from vitte import telegram
from vitte.store.updates import Pending
from vitte.telegram import plain

ANNA: dict[str, Any] = {"id": 101, "is_bot": False, "first_name": "Anna", "language_code": "en"}
CHAT: dict[str, Any] = {"id": 101, "type": "private", "first_name": "Anna"}


def update(kind: str = "message", sender: dict[str, Any] | None = ANNA, **content: Any) -> Pending:
    message: dict[str, Any] = {"message_id": 1, "date": 1, "from": sender, "chat": CHAT, **content}
    kept = {name: value for name, value in message.items() if value is not None}
    return coming(7, kind=kind, body=msgspec.json.encode({"update_id": 7, kind: kept}).decode())


@pytest.mark.parametrize(
    "content",
    [
        {"text": "hello"},
        {"text": "слова 😀", "entities": [{"type": "bold", "offset": 0, "length": 5}]},
        {"text": "see /help"},
        {"text": "hi", "reply_to_message": {"text": "/start"}, "forward_origin": {"type": "user"}},
    ],
)
def test_words_of_a_person_in_private_are_plain(content: dict[str, Any]) -> None:
    said = plain.read(update(**content))

    assert said is not None
    assert (said.text, said.contact.id, said.contact.first_name) == (content["text"], 101, "Anna")
    assert (said.contact.last_name, said.contact.language_code) == (None, "en")


@pytest.mark.parametrize(
    "odd",
    [
        update(text="/start"),
        update(text=""),
        update(caption="hello", photo=[]),
        update(text="hello", chat={"id": -5, "type": "group", "title": "Friends"}),
        update(text="hello", sender=None),
        update(text="hello", sender=ANNA | {"is_bot": True}),
        update(text=5),
        update("edited_message", text="hello"),
        update("channel_post", text="hello"),
        coming(7, body="[]"),
        coming(7, body='{"update_id": 7}'),
    ],
)
def test_all_else_is_left_to_the_routers(odd: Pending) -> None:
    assert plain.read(odd) is None


async def test_both_ways_come_to_the_same_turn(
    vitte: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with telegram.opened(vitte.house.services) as edge:
        await edge.answer(update(text="/start"))  # so that she is known to both

        round_aiogram = await edge.answer(update(text="My cat is called Pixel"))
        monkeypatch.setattr(plain, "read", nothing_is_plain)
        through_aiogram = await edge.answer(update(text="My cat is called Pixel"))

    assert round_aiogram.exchange is not None
    assert round_aiogram == through_aiogram


def nothing_is_plain(_update: Pending) -> plain.Said | None:
    return None
