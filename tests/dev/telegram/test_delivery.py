from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest
from aiohttp import web

from tests.dev.telegram.program import Program, program
from vitte.dev.telegram import Backoff, LocalTelegram, Person

OTHER_POLLER = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)


# -- Polling


@pytest.mark.usefixtures("anna")
async def test_an_update_comes_again_until_it_is_confirmed(bot: Program) -> None:
    first = await bot.call("getUpdates")
    again = await bot.call("getUpdates")
    none = await bot.call("getUpdates", offset=first[0]["update_id"] + 1)

    assert first == again
    assert first[0]["message"]["text"] == "/start"
    assert first[0]["message"]["from"]["is_premium"] is True
    assert none == []


async def test_updates_come_in_order_and_at_most_as_many_as_asked_for(
    bot: Program, anna: Person
) -> None:
    for number in range(3):
        await anna.writes(str(number))

    found = await bot.call("getUpdates", limit=2)

    assert [update["message"]["text"] for update in found] == ["/start", "0"]
    assert found[1]["update_id"] == found[0]["update_id"] + 1


async def test_a_negative_offset_keeps_only_the_last(bot: Program, anna: Person) -> None:
    await anna.writes("last")

    found = await bot.call("getUpdates", offset=-1)

    assert [update["message"]["text"] for update in found] == ["last"]
    assert await bot.call("getUpdates") == found


async def test_a_long_poll_ends_as_soon_as_something_happens(
    telegram: LocalTelegram, bot: Program
) -> None:
    anna = telegram.person("Anna")
    found: list[dict[str, Any]] = []

    async def poll() -> None:
        found.extend(await bot.updates(timeout=50))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(poll)
            await telegram.polled()
            await anna.writes("hello")

    assert [update["message"]["text"] for update in found] == ["hello"]


async def test_a_long_poll_ends_when_its_time_is_up(bot: Program) -> None:
    with anyio.fail_after(5):
        assert await bot.updates(timeout=1) == []


async def test_the_earlier_of_two_pollers_is_sent_away(
    telegram: LocalTelegram, bot: Program
) -> None:
    answers: list[dict[str, Any]] = []

    async def poll() -> None:
        answers.append(await bot.answer("getUpdates", timeout=50))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(poll)
            await telegram.polled()
            await bot.call("getUpdates", timeout=0)

    [answer] = answers
    assert answer["error_code"] == 409
    assert answer["description"] == OTHER_POLLER


async def test_a_poller_that_left_does_not_stand_in_the_way(
    telegram: LocalTelegram, bot: Program
) -> None:
    with anyio.move_on_after(1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bot.updates, 50)
            await telegram.polled()
            tasks.cancel_scope.cancel()
    anna = telegram.person("Anna")
    await anna.writes("hello")

    assert (await bot.update())["message"]["text"] == "hello"


async def test_what_kinds_of_updates_are_wanted_is_remembered(bot: Program, anna: Person) -> None:
    await bot.call("getUpdates", offset=-1, allowed_updates=["edited_message"])
    message = await anna.writes("not wanted")
    await anna.edits(message, "wanted")

    found = await bot.call("getUpdates")
    await bot.call("getUpdates", allowed_updates=[])
    await anna.writes("wanted again")

    assert [list(update)[1] for update in found] == ["message", "edited_message"]
    assert [list(update)[1] for update in await bot.call("getUpdates")][2:] == ["message"]


async def test_an_update_that_nobody_fetched_is_dropped_after_a_day() -> None:
    now = 1_700_000_000.0
    async with LocalTelegram.serve(clock=lambda: now) as telegram, program(telegram) as bot:
        await telegram.person("Anna").writes("yesterday")
        now += 24 * 3600 + 1

        assert await bot.call("getUpdates") == []


async def test_the_same_update_can_be_sent_twice_and_ids_may_be_out_of_order(
    telegram: LocalTelegram, bot: Program, anna: Person
) -> None:
    message = (await anna.writes("again")).raw
    update = (await bot.updates())[-1]
    await bot.call("getUpdates", offset=bot.offset)

    for _ in range(2):
        telegram.deliver({"update_id": update["update_id"], "message": message})
    number = telegram.deliver({"message": message})

    found = await bot.call("getUpdates")
    assert [each["update_id"] for each in found] == [update["update_id"]] * 2 + [number]
    assert await bot.call("getUpdates", offset=number + 1) == []


async def test_several_bots_have_updates_and_chats_of_their_own(
    telegram: LocalTelegram, bot: Program
) -> None:
    async with program(telegram, "77:other") as other:
        await other.call("getMe")
        second = telegram.world.bots["77:other"]
        await telegram.person("Anna", bot=second).writes("for the other")

        assert await bot.call("getUpdates") == []
        assert (await other.update())["message"]["text"] == "for the other"


async def test_only_the_named_tokens_are_let_in() -> None:
    async with (
        LocalTelegram.serve(tokens=["77:right"]) as telegram,
        program(telegram, "77:wrong") as stranger,
        program(telegram) as bot,
    ):
        answer = await stranger.answer("getMe")

        assert answer == {"ok": False, "error_code": 401, "description": "Unauthorized"}
        assert (await bot.call("getMe"))["id"] == 77


# -- Webhooks


class Hook:
    """A program that is called: says what it was called with and answers as told."""

    def __init__(self) -> None:
        self.url = ""
        self.secrets: list[str | None] = []
        self.updates: list[dict[str, Any]] = []
        self.answers: list[web.Response] = []
        self.called = anyio.Event()
        self.hold: anyio.Event | None = None
        self.busy = self.most = 0

    async def take(self, request: web.Request) -> web.Response:
        self.busy += 1
        self.most = max(self.most, self.busy)
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        self.updates.append(await request.json())
        self.called.set()
        if self.hold is not None:
            await self.hold.wait()
        self.busy -= 1
        return self.answers.pop(0) if self.answers else web.Response()

    async def took(self, count: int) -> list[dict[str, Any]]:
        with anyio.fail_after(5):
            while len(self.updates) < count:
                self.called = anyio.Event()
                await self.called.wait()
        return self.updates

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.updates]


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    application = web.Application()
    application.router.add_post("/hook", hook.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()


@pytest.fixture
async def quick() -> AsyncIterator[LocalTelegram]:
    """A Telegram that tries again at once."""
    async with LocalTelegram.serve(backoff=Backoff(first=0.01)) as telegram:
        yield telegram


async def test_a_webhook_is_called_with_its_secret(
    telegram: LocalTelegram, bot: Program, hook: Hook
) -> None:
    await bot.call("setWebhook", url=hook.url, secret_token="a-Secret_1", max_connections=7)
    await telegram.person("Anna").writes("hello")
    await telegram.drained()

    info = await bot.call("getWebhookInfo")
    assert hook.texts == ["hello"]
    assert hook.secrets == ["a-Secret_1"]
    assert (info["url"], info["max_connections"], info["pending_update_count"]) == (hook.url, 7, 0)


async def test_what_waited_before_the_webhook_was_set_is_delivered(
    telegram: LocalTelegram, bot: Program, hook: Hook
) -> None:
    await telegram.person("Anna").writes("early")

    await bot.call("setWebhook", url=hook.url)

    await telegram.drained()
    assert hook.texts == ["early"]


async def test_pending_updates_can_be_dropped(
    telegram: LocalTelegram, bot: Program, hook: Hook
) -> None:
    await telegram.person("Anna").writes("early")

    await bot.call("setWebhook", url=hook.url, drop_pending_updates=True)
    await telegram.person("Anna").writes("late")

    await telegram.drained()
    assert hook.texts == ["late"]


async def test_an_update_is_delivered_again_until_it_is_accepted(
    quick: LocalTelegram, hook: Hook
) -> None:
    hook.answers = [web.Response(status=500), web.Response(status=302), web.Response(status=503)]
    async with program(quick) as bot:
        await bot.call("setWebhook", url=hook.url)
        anna = quick.person("Anna")
        await anna.writes("one")
        await anna.writes("two")
        await quick.drained()
        info = await bot.call("getWebhookInfo")

    assert hook.texts == ["one"] * 4 + ["two"]
    assert "Wrong response from the webhook: 503" in info["last_error_message"]


async def test_one_chat_that_fails_does_not_hold_up_the_others(
    telegram: LocalTelegram, bot: Program, hook: Hook
) -> None:
    hook.answers = [web.Response(status=500)]
    await bot.call("setWebhook", url=hook.url)
    await telegram.person("Anna").writes("fails")
    await hook.took(1)
    await telegram.person("Boris").writes("passes")

    await hook.took(2)

    assert hook.texts == ["fails", "passes"]


async def test_at_most_so_many_calls_are_made_at_once(
    telegram: LocalTelegram, bot: Program, hook: Hook
) -> None:
    hook.hold = anyio.Event()
    people = [telegram.person(f"Boris {number}") for number in range(5)]
    await bot.call("setWebhook", url=hook.url, max_connections=2)
    for person in people:
        await person.writes("hello")

    await hook.took(2)
    hook.hold.set()
    await telegram.drained()

    assert hook.most == 2
    assert len(hook.updates) == 5


async def test_a_webhook_that_cannot_be_reached_is_reported(quick: LocalTelegram) -> None:
    async with program(quick) as bot:
        await bot.call("setWebhook", url="http://127.0.0.1:9/hook")
        await quick.person("Anna").writes("hello")
        with anyio.fail_after(5):
            while "last_error_message" not in (info := await bot.call("getWebhookInfo")):
                pass

    assert info["last_error_message"] == "Connection refused"
    assert info["pending_update_count"] == 1


async def test_a_method_in_the_answer_is_carried_out(
    telegram: LocalTelegram, bot: Program, hook: Hook
) -> None:
    anna = telegram.person("Anna")
    call = {"method": "sendMessage", "chat_id": anna.id, "text": "pong"}
    hook.answers = [web.json_response(call)]
    await bot.call("setWebhook", url=hook.url)

    await anna.writes("ping")

    assert (await anna.hears_one()).text == "pong"
    assert [made.answer["text"] for made in telegram.calls("sendMessage")] == ["pong"]


async def test_polling_is_refused_while_a_webhook_is_set(bot: Program, hook: Hook) -> None:
    await bot.call("setWebhook", url=hook.url)

    answer = await bot.answer("getUpdates")
    await bot.call("deleteWebhook")

    assert answer["error_code"] == 409
    assert answer["description"] == WEBHOOK_ACTIVE
    assert await bot.call("getUpdates") == []


async def test_setting_a_webhook_ends_a_poll(
    telegram: LocalTelegram, bot: Program, hook: Hook
) -> None:
    answers: list[str] = []

    async def poll() -> None:
        answers.append(await bot.refused("getUpdates", timeout=50))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(poll)
            await telegram.polled()
            await bot.call("setWebhook", url=hook.url)

    assert answers == ["Conflict: terminated by setWebhook request"]


async def test_a_deleted_webhook_is_called_no_more(
    telegram: LocalTelegram, bot: Program, hook: Hook
) -> None:
    await bot.call("setWebhook", url=hook.url)
    await bot.call("deleteWebhook")

    await telegram.person("Anna").writes("for the poller")

    assert (await bot.update())["message"]["text"] == "for the poller"
    assert hook.updates == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"url": "nowhere"}, "invalid webhook URL specified"),
        ({"url": "https://a.b", "secret_token": "a" * 257}, "secret token is too long"),
        ({"url": "https://a.b", "secret_token": "ä"}, "secret token contains unallowed characters"),
    ],
)
async def test_a_bad_webhook_is_refused(
    bot: Program, arguments: dict[str, str], words: str
) -> None:
    assert await bot.refused("setWebhook", **arguments) == f"Bad Request: {words}"


def test_back_off_doubles_up_to_its_longest() -> None:
    wait: Callable[[int], float] = Backoff(first=1, longest=60).after

    assert [wait(failures) for failures in (1, 2, 3, 7, 100)] == [1, 2, 4, 60, 60]
