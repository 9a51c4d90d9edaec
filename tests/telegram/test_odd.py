"""Photos, stickers, edits, groups, channels: a polite word or silence, never an exception."""

from collections.abc import Iterator

import pytest

from tests.whole import Whole
from vitte import metrics


def failures() -> float:
    return (
        metrics.REGISTRY.get_sample_value("vitte_updates_done_total", {"outcome": "failed"}) or 0.0
    )


@pytest.fixture(autouse=True)
def _nothing_fails() -> Iterator[None]:
    before = failures()
    yield
    assert failures() == before


async def test_media_gets_a_word_each(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    words = vitte.house.services.words

    await anna.sends_photo("look")
    await anna.sends_sticker()
    await anna.sends_voice()

    heard = [message.text for message in await anna.hears(3)]
    assert heard == [words.plain("en", f"odd-{kind}") for kind in ("photo", "sticker", "voice")]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ({"dice": {"emoji": "🎲", "value": 3}}, "odd-dice"),
        ({"location": {"latitude": 1.0, "longitude": 2.0}}, "odd-location"),
        ({"contact": {"phone_number": "1", "first_name": "A"}}, "odd-contact"),
        (
            {"video_note": {"file_id": "a", "file_unique_id": "b", "length": 1, "duration": 1}},
            "odd-video",
        ),
    ],
)
async def test_other_content_gets_its_word(
    vitte: Whole, content: dict[str, object], line: str
) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")

    await anna.sends(content)

    assert (await anna.hears_one()).text == vitte.house.services.words.plain("en", line)


async def test_an_edit_is_answered_with_a_word(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    message = await anna.writes("helo")
    await anna.hears_one()

    await anna.edits(message, "hello")

    assert (await anna.hears_one()).text == vitte.house.services.words.plain("en", "odd-edit")


async def test_an_event_of_the_chat_is_passed_over_in_silence(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")

    await anna.sends({"message_auto_delete_timer_changed": {"message_auto_delete_time": 60}})
    await vitte.settled()

    assert vitte.telegram.calls("sendMessage", chat=anna.id) == []


async def test_a_group_hears_only_when_it_means_us(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    group = vitte.telegram.group("Friends", anna)

    await anna.writes("just talking", to=group)
    await anna.writes("/help", to=group)
    await group.says_anonymously("hi")
    username = vitte.telegram.bot.user["username"]
    await anna.writes(f"/help@{username}", to=group)

    heard = await anna.hears(inside=group)
    await vitte.settled()
    assert len(heard) == 1
    assert f"@{username}" in heard[0].text


async def test_a_channel_gets_no_answer(vitte: Whole) -> None:
    channel = vitte.telegram.channel("News")

    post = await channel.posts("text")
    await channel.edits(post, "other text")
    await vitte.settled()

    assert vitte.telegram.calls("sendMessage") == []


@pytest.mark.parametrize("data", ["from:another:release", "character:999999", "language:de", "🙂"])
async def test_an_old_or_forged_button_gets_a_polite_answer(vitte: Whole, data: str) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    await anna.starts()

    press = await anna.presses(await anna.hears_one(), "", data=data)

    notice = vitte.house.services.words.plain("en", "odd-button-old.notice")
    assert (await press.answered())["text"] == notice


async def test_updates_without_a_sender_or_of_unknown_kinds_are_passed_over(vitte: Whole) -> None:
    chat = {"id": 5, "type": "private", "first_name": "Nobody"}
    vitte.telegram.deliver({"message": {"message_id": 1, "date": 1, "chat": chat, "text": "hi"}})
    vitte.telegram.deliver({"something_of_next_year": {"chat": chat}})
    vitte.telegram.deliver({})

    await vitte.settled()

    assert vitte.telegram.calls("sendMessage") == []
