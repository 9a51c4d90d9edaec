"""The poller, between a local Telegram and an inbox that does as the test says."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import aiohttp
import anyio
import pytest
from msgspec import json

from tests.fragile import living
from vitte import config
from vitte.actors import inbox
from vitte.actors.poller import ALLOWED_UPDATES, Poller
from vitte.dev.telegram import LocalTelegram
from vitte.errors import DatabaseAway
from vitte.runtime import Child, Life, Mailbox, Reply, Running
from vitte.store.updates import Arrived


class Inbox:
    """Notes what it was handed, and says "written" when it is allowed to."""

    def __init__(self) -> None:
        self.box = Mailbox[inbox.Message]("inbox")
        self.texts: list[str] = []
        self.falls = 0
        self.away = 0
        self.may_go_on = anyio.Event()
        self.may_go_on.set()
        self.at_work = anyio.Event()

    async def __call__(self, life: Life[inbox.Message]) -> None:
        while True:
            match await life.receive():
                case inbox.Take(arrived=arrived, reply=reply):
                    await self._do(arrived, reply)
                case inbox.Done():
                    pass

    async def _do(self, arrived: Sequence[Arrived], reply: Reply[None]) -> None:
        self.texts += [json.decode(each.body)["message"]["text"] for each in arrived]
        self.at_work.set()
        if self.falls:
            self.falls -= 1
            raise RuntimeError("the inbox falls")
        if self.away:
            self.away -= 1
            reply.fail(DatabaseAway("gone"))
            return
        await self.may_go_on.wait()
        reply.send(None)


@asynccontextmanager
async def polling(
    telegram: LocalTelegram, inbox_: Inbox, *, poll_seconds: int = 5, grace_seconds: float = 5.0
) -> AsyncGenerator[Running]:
    settings = config.Telegram(
        api=telegram.url, token=config.Secret(telegram.token), poll_seconds=poll_seconds
    )

    def begin() -> Poller:
        return Poller(inbox=inbox_.box.ref, settings=settings, grace_seconds=grace_seconds)

    async with living(
        Child("inbox", lambda: inbox_, mailbox=inbox_.box, backoff=None),
        Child("poller", begin, shutdown=20.0),
    ) as running:
        yield running


@pytest.fixture
def inbox_() -> Inbox:
    return Inbox()


def waiting(telegram: LocalTelegram) -> int:
    return len(telegram.bot.updates.pending)


async def test_updates_are_handed_over_and_confirmed(
    telegram: LocalTelegram, inbox_: Inbox
) -> None:
    anna = telegram.person("Anna")
    async with polling(telegram, inbox_):
        await anna.writes("one")
        await anna.writes("two")
        await telegram.drained()

    assert sorted(inbox_.texts) == ["one", "two"]
    asked = telegram.calls("getUpdates")[0].arguments
    assert list(asked["allowed_updates"]) == list(ALLOWED_UPDATES)


async def test_an_update_is_confirmed_only_when_it_is_written_down(
    telegram: LocalTelegram, inbox_: Inbox
) -> None:
    inbox_.may_go_on = anyio.Event()
    anna = telegram.person("Anna")
    async with polling(telegram, inbox_):
        await anna.writes("slow")
        await inbox_.at_work.wait()
        await anyio.wait_all_tasks_blocked()
        assert waiting(telegram) == 1

        inbox_.may_go_on.set()
        await telegram.drained()


async def test_an_update_that_felled_the_inbox_is_brought_again(
    telegram: LocalTelegram, inbox_: Inbox
) -> None:
    inbox_.falls = 1
    anna = telegram.person("Anna")
    async with polling(telegram, inbox_):
        await anna.writes("again")

        await telegram.drained()

    assert inbox_.texts == ["again", "again"]


async def test_a_fall_asks_again_for_what_is_unconfirmed(
    telegram: LocalTelegram, inbox_: Inbox
) -> None:
    inbox_.may_go_on = anyio.Event()
    anna = telegram.person("Anna")
    async with polling(telegram, inbox_) as running:
        await anna.writes("twice")
        await inbox_.at_work.wait()

        await running.kill("test/poller")

        inbox_.may_go_on.set()
        await telegram.drained()
    assert inbox_.texts == ["twice", "twice"]


async def test_while_the_inbox_cannot_write_nothing_is_confirmed(
    telegram: LocalTelegram, inbox_: Inbox
) -> None:
    inbox_.away = 2
    anna = telegram.person("Anna")
    async with polling(telegram, inbox_):
        await anna.writes("three times")
        await telegram.drained(within=15)

    assert inbox_.texts == ["three times"] * 3
    asked = [int(call.arguments.get("offset", 0)) for call in telegram.calls("getUpdates")]
    assert set(asked[:3]) == {0}


async def test_while_the_inbox_cannot_write_it_is_asked_again_within_a_second(
    telegram: LocalTelegram, inbox_: Inbox
) -> None:
    inbox_.away = 5
    anna = telegram.person("Anna")
    async with polling(telegram, inbox_):
        await anna.writes("six times")
        await telegram.drained(within=15)

    asked = [call.at for call in telegram.calls("getUpdates")][:6]
    assert max(later - sooner for sooner, later in pairwise(asked)) < 1.5


async def test_a_stop_leaves_what_is_not_written_down_with_telegram(
    telegram: LocalTelegram, inbox_: Inbox
) -> None:
    inbox_.may_go_on = anyio.Event()
    anna = telegram.person("Anna")
    async with polling(telegram, inbox_) as running:
        await anna.writes("in hand")
        await inbox_.at_work.wait()

        await running.terminate_child("test/poller")

        assert waiting(telegram) == 1
        inbox_.may_go_on.set()


async def test_a_stop_does_not_wait_for_updates_that_may_come(
    telegram: LocalTelegram, inbox_: Inbox
) -> None:
    async with polling(telegram, inbox_, poll_seconds=60) as running:
        await telegram.polled()

        with anyio.fail_after(1):
            await running.terminate_child("test/poller")

    assert len(telegram.calls("getUpdates")) <= 1


async def test_a_stop_during_an_outage_is_quick(telegram: LocalTelegram, inbox_: Inbox) -> None:
    with telegram.outage():
        async with polling(telegram, inbox_) as running:
            await telegram.called("getUpdates", count=2)

            with anyio.fail_after(1):
                await running.terminate_child("test/poller")


async def test_a_second_poller_is_named_and_backed_off_from(
    telegram: LocalTelegram, inbox_: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    conflict = "Conflict: terminated by other getUpdates request"
    telegram.fail_next("getUpdates", status=409, description=conflict, times=3)
    async with polling(telegram, inbox_) as running:
        calls = await telegram.called("getUpdates", count=3)

        assert running.statistics("test/poller")[0].restarts == 0
    assert "Another process polls with this token" in caplog.text
    first, second, third = (call.at for call in calls[:3])
    assert second - first >= 0.5
    assert third - second >= 1.0


async def test_a_webhook_in_the_way_is_named_with_what_to_do(
    telegram: LocalTelegram, inbox_: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    hook = {"url": f"{telegram.url}/nobody"}
    async with aiohttp.ClientSession() as http:
        await http.post(f"{telegram.url}/bot{telegram.token}/setWebhook", json=hook)
        async with polling(telegram, inbox_):
            await telegram.called("getUpdates")
            await http.post(f"{telegram.url}/bot{telegram.token}/deleteWebhook")

            await telegram.person("Anna").writes("at last")
            await telegram.drained()

    assert "vitte webhook delete" in caplog.text
    assert inbox_.texts == ["at last"]


async def test_a_server_that_stops_answering_is_asked_again(
    telegram: LocalTelegram, inbox_: Inbox
) -> None:
    telegram.hang_next("getUpdates")
    async with polling(telegram, inbox_, poll_seconds=1, grace_seconds=0.1):
        await telegram.person("Anna").writes("hello?")

        await telegram.drained(within=10)

    assert inbox_.texts == ["hello?"]


async def test_an_outage_is_survived_and_the_token_stays_out_of_the_log(
    telegram: LocalTelegram, inbox_: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    async with polling(telegram, inbox_) as running:
        with telegram.outage(status=502):
            await telegram.called("getUpdates", count=2)
        await telegram.person("Anna").writes("back")
        await telegram.drained(within=10)

        assert running.statistics("test/poller")[0].restarts == 0
    assert inbox_.texts == ["back"]
    assert caplog.records
    assert telegram.token not in caplog.text


async def test_an_answer_that_is_no_json_is_an_outage_too(
    telegram: LocalTelegram, inbox_: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    telegram.drop_next("getUpdates")
    async with polling(telegram, inbox_):
        await telegram.person("Anna").writes("back")
        await telegram.drained(within=10)

    assert "Telegram cannot be reached" in caplog.text


async def test_a_flood_limit_is_obeyed_to_the_second(
    telegram: LocalTelegram, inbox_: Inbox
) -> None:
    telegram.fail_next("getUpdates", status=429, retry_after=1, times=2)
    async with polling(telegram, inbox_):
        calls = await telegram.called("getUpdates", count=2)

    assert 1.0 <= calls[1].at - calls[0].at < 1.3


async def test_an_unknown_token_is_said_in_plain_words(
    inbox_: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    async with LocalTelegram.serve(tokens=["1:known"]) as telegram:
        telegram.fail_next("getUpdates", status=401)
        async with polling(telegram, inbox_):
            await telegram.called("getUpdates")
            await anyio.wait_all_tasks_blocked()

    assert "@BotFather" in caplog.text
