"""Any text: answered by the dialog's character, within the limits."""

from pathlib import Path

import anyio

from tests.whole import Whole, configured, whole
from vitte import config
from vitte.actors import cache
from vitte.dev.telegram import LocalTelegram
from vitte.store import dialogs, messages, updates, usage
from vitte.store.users import UserId


async def test_a_text_is_answered_and_both_are_kept(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")

    await anna.writes("I have a cat named Pixel")

    answer = await anna.hears_one()
    database = vitte.house.services.database
    dialog = await dialogs.open_of(database, UserId(anna.id))
    assert dialog is not None
    kept = await messages.list_recent(database, dialog, limit=10)
    assert [(line.role, line.text) for line in reversed(kept)] == [
        ("user", "I have a cat named Pixel"),
        ("character", answer.text),
    ]


async def test_the_eleventh_message_of_a_minute_is_answered_once(vitte: Whole) -> None:
    boris = vitte.telegram.person("Boris", language_code="en")
    for number in range(13):
        await boris.writes(f"message {number}")

    heard = await boris.hears(11)
    await vitte.settled()

    assert "Too many messages" in heard[10].text
    assert len(vitte.telegram.calls("sendMessage", chat=boris.id)) == 11
    database = vitte.house.services.database
    dialog = await dialogs.open_of(database, UserId(boris.id))
    assert dialog is not None
    assert len(await messages.list_recent(database, dialog, limit=100)) == 20


async def test_commands_are_never_limited(vitte: Whole) -> None:
    boris = vitte.telegram.person("Борис", language_code="ru")
    for number in range(12):
        await boris.writes(f"сообщение {number}")
    heard = await boris.hears(11)

    await boris.writes("/help")

    assert "Слишком много сообщений" in heard[10].text
    assert "/help" in (await boris.hears_one()).text


async def test_a_spent_day_is_told_with_the_hours_to_wait(
    telegram: LocalTelegram, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    limits = config.Limiter(free_per_day=2)
    settings = configured(telegram, database_url, redis_url, tmp_path, limiter=limits)
    async with whole(settings, telegram) as vitte:
        boris = telegram.person("Boris", language_code="en")
        for _ in range(3):
            await boris.writes("hello")

        heard = await boris.hears(3)

        assert "2" in heard[2].text
        day = vitte.house.services.clock().date()
        assert await usage.count(vitte.house.services.database, UserId(boris.id), day) == 2


async def test_a_chat_keeps_its_order_among_many(vitte: Whole) -> None:
    people = [vitte.telegram.person(f"Person {n}", language_code="en") for n in range(20)]
    for number in range(5):
        for person in people:
            await person.writes(f"line {number}")

    for person in people:
        await person.hears(5)

    database = vitte.house.services.database
    for person in people:
        dialog = await dialogs.open_of(database, UserId(person.id))
        assert dialog is not None
        kept = await messages.list_recent(database, dialog, limit=20)
        said = [line.text for line in reversed(kept) if line.role == "user"]
        assert said == [f"line {number}" for number in range(5)]


async def test_typing_is_shown_while_a_slow_voice_thinks(
    telegram: LocalTelegram, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    slow = config.Voice(pause_seconds=0.6)
    settings = configured(telegram, database_url, redis_url, tmp_path, voice=slow)
    async with whole(settings, telegram):
        anna = telegram.person("Anna", language_code="en")
        await anna.writes("hello")

        await anna.sees_typing()

        assert (await anna.hears_one()).text


async def test_the_same_update_twice_is_answered_once(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    await anna.writes("hello")
    await anna.hears_one()
    await vitte.settled()
    update = {
        "update_id": 777_000,
        "message": {
            "message_id": 500,
            "date": 1_800_000_000,
            "chat": {"id": anna.id, "type": "private", "first_name": "Anna"},
            "from": {"id": anna.id, "is_bot": False, "first_name": "Anna", "language_code": "en"},
            "text": "only once",
        },
    }

    for _ in range(3):
        vitte.telegram.deliver(update)
    await vitte.settled()

    assert len(vitte.telegram.calls("sendMessage", chat=anna.id)) == 2


async def test_telegrams_flood_limit_is_obeyed(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    await anna.writes("hello")
    await anna.hears_one()
    vitte.telegram.fail_next("sendMessage", status=429, retry_after=1)

    began = anyio.current_time()
    await anna.writes("and now?")
    await anna.hears_one()

    assert anyio.current_time() - began >= 1.0


async def test_who_blocked_us_is_kept_and_marked_and_welcome_again(vitte: Whole) -> None:
    services = vitte.house.services
    anna = vitte.telegram.person("Anna", language_code="en")
    await anna.writes("hello")
    await anna.hears_one()

    await anna.blocks()
    await vitte.settled()
    gone = await cache.get_user(services.cache, UserId(anna.id))
    await anna.unblocks()
    await anna.writes("I am back")
    await anna.hears_one()

    back = await cache.get_user(services.cache, UserId(anna.id))
    assert gone is not None
    assert back is not None
    assert gone.unreachable_since is not None
    assert back.unreachable_since is None


async def test_a_failing_handler_apologises_and_the_chat_goes_on(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en")
    await anna.writes("hello")
    await anna.hears_one()

    vitte.telegram.deliver({"message": {"message_id": 1, "nonsense": True}})
    await vitte.settled()
    await anna.writes("still there?")

    assert (await anna.hears_one()).text


async def test_a_stop_breaks_off_the_answer_being_written_and_the_chat_goes_on(
    telegram: LocalTelegram, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    slow = config.Voice(pause_seconds=30.0)
    settings = configured(telegram, database_url, redis_url, tmp_path, voice=slow)
    async with whole(settings, telegram) as vitte:
        anna = telegram.person("Anna", language_code="en")
        await anna.writes("Tell me a long story")
        await anna.sees_typing()

        await anna.writes("/stop")

        assert "stopped" in (await anna.hears_one()).text
        await anna.writes("/help")
        assert "/stop" in (await anna.hears_one()).text
        await anna.writes("/stop")
        assert "nothing to stop" in (await anna.hears_one()).text
        await vitte.settled()
        books = await updates.count(vitte.house.services.database)
    assert {(line.state, line.reason): line.updates for line in books} == {
        ("answered", ""): 3,
        ("refused", "stopped"): 1,
    }
