"""The outbox: every word is said, in the order of its chat, whatever Telegram answers."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import anyio
import msgspec
import pytest
from msgspec import Struct

from tests.fragile import living
from tests.store.people import NOW
from vitte.actors import cache, outbox, post
from vitte.actors.outbox import Outbox
from vitte.config import Secret, Telegram
from vitte.dev.telegram import LocalTelegram, Person
from vitte.runtime import Child, Life, Mailbox, Ref, Running
from vitte.store import outbox as store
from vitte.store import users
from vitte.store.outbox import Count, Lane, Words
from vitte.store.pool import Database
from vitte.store.queries import Query

UNREACHABLE = Query(
    name="unreachable",
    intent="",
    statement=b"SELECT count(id) AS found FROM users WHERE unreachable_since IS NOT NULL",
)


class Found(Struct, frozen=True):
    found: int


class Sending:
    """A running outbox, and what is put into it."""

    def __init__(self, database: Database, ref: Ref[outbox.Message], running: Running) -> None:
        self.database = database
        self.ref = ref
        self.running = running

    async def say(self, *words: Words) -> None:
        """Commit words, and tell."""
        await outbox.post(self.ref, await store.add(self.database, words, NOW))

    async def done(self, count: int = 0) -> list[Count]:
        """Wait until only so many wait; give the books of the others."""
        while len(await store.list_waiting(self.database, limit=100)) > count:
            await anyio.lowlevel.checkpoint()
        return [line for line in await store.count(self.database) if line.state != "waiting"]


async def forgets(life: Life[cache.Message]) -> None:
    """A cache that keeps nothing."""
    while True:
        match await life.receive():
            case cache.Forget(reply=reply):
                reply.send(None)
            case _:
                raise AssertionError("the outbox only forgets")


@asynccontextmanager
async def sending(
    database: Database, telegram: LocalTelegram, *, slots: int = 4
) -> AsyncGenerator[Sending]:
    box = Mailbox[outbox.Message]("outbox")
    cache_box = Mailbox[cache.Message]("cache")
    settings = Telegram(api=telegram.url, token=Secret(telegram.token))

    def begin() -> Outbox:
        return Outbox(
            database=database,
            cache=cache.Front(cache_box.ref),
            post=partial(post.Post, settings, connections=slots),
            slots=slots,
            clock=lambda: NOW,
        )

    async with living(
        Child("cache", lambda: forgets, mailbox=cache_box),
        Child("outbox", begin, mailbox=box, shutdown=15.0),
    ) as running:
        yield Sending(database, box.ref, running)


@pytest.fixture
def anna(telegram: LocalTelegram) -> Person:
    return known(telegram, "Anna")


@pytest.fixture
def boris(telegram: LocalTelegram) -> Person:
    return known(telegram, "Boris")


def known(telegram: LocalTelegram, name: str) -> Person:
    """Somebody who has written to the bot, so that it may write to them."""
    person = telegram.person(name)
    person.ear()
    return person


def words(
    person: Person, text: str, *, lane: Lane = Lane.REPLY, markup: str | None = None
) -> Words:
    fields = {"chat_id": person.id, "text": text}
    if markup is not None:
        fields["parse_mode"] = markup
    payload = msgspec.json.encode(fields).decode()
    return Words(chat_id=person.id, lane=lane, method="sendMessage", payload=payload)


def heard(person: Person) -> list[str]:
    return [message.text for message in person.messages]


async def test_a_chat_hears_in_the_order_in_which_it_was_said(
    database: Database, telegram: LocalTelegram, anna: Person, boris: Person
) -> None:
    async with sending(database, telegram) as out:
        for number in range(5):
            await out.say(
                *[words(person, f"{number}.{n}") for n in range(4) for person in (anna, boris)]
            )
        [books] = await out.done()

    expected = [f"{number}.{n}" for number in range(5) for n in range(4)]
    assert heard(anna) == expected
    assert heard(boris) == expected
    assert (books.state, books.words) == ("sent", 40)


async def test_what_nobody_told_of_is_found(
    database: Database, telegram: LocalTelegram, anna: Person
) -> None:
    async with sending(database, telegram) as out:
        await store.add(database, [words(anna, "hello")], NOW)
        await outbox.look(out.ref)
        await out.done()

    assert heard(anna) == ["hello"]


async def test_a_chat_told_to_wait_waits_and_the_others_do_not(
    database: Database, telegram: LocalTelegram, anna: Person, boris: Person
) -> None:
    telegram.fail_next("sendMessage", status=429, retry_after=2, chat=anna.id)
    async with sending(database, telegram, slots=1) as out:
        began = anyio.current_time()
        await out.say(words(anna, "one"), words(anna, "two"), words(boris, "three"))
        await out.done(count=2)
        assert heard(boris) == ["three"]
        assert heard(anna) == []
        assert anyio.current_time() < began + 2

        await out.done()
        assert anyio.current_time() >= began + 2

    assert heard(anna) == ["one", "two"]


@pytest.mark.parametrize("trouble", ["502", "dropped"])
async def test_trouble_at_telegram_is_tried_again(
    database: Database, telegram: LocalTelegram, anna: Person, trouble: str
) -> None:
    if trouble == "502":
        telegram.fail_next("sendMessage", status=502, times=2)
    else:
        telegram.drop_next("sendMessage", times=2)
    async with sending(database, telegram) as out:
        await out.say(words(anna, "one"), words(anna, "two"))
        [books] = await out.done()

    assert heard(anna) == ["one", "two"]
    assert (books.state, books.words) == ("sent", 2)


async def test_who_blocked_us_is_unreachable_and_their_rows_stay(
    database: Database, telegram: LocalTelegram, anna: Person
) -> None:
    contact = users.Contact(id=users.UserId(anna.id), first_name="Anna", language_code="en")
    await users.add_or_refresh(database, contact, language="en", now=NOW)
    telegram.fail_next("sendMessage", status=403)
    async with sending(database, telegram) as out:
        await out.say(words(anna, "hello"))
        [books] = await out.done()
        while (await database.row(UNREACHABLE, Found)).found == 0:
            await anyio.lowlevel.checkpoint()

    assert (books.state, books.words) == ("failed", 1)
    assert books.reason.startswith("403 Forbidden")
    assert await users.get(database, contact.id) is not None


async def test_markup_that_telegram_cannot_read_is_said_plainly(
    database: Database, telegram: LocalTelegram, anna: Person
) -> None:
    async with sending(database, telegram) as out:
        await out.say(words(anna, "<b>Fish &amp; <i>chips</b>", markup="HTML"))
        await out.say(words(anna, "and then"))
        [books] = await out.done()

    assert heard(anna) == ["Fish & chips", "and then"]
    assert (books.state, books.words) == ("sent", 2)


async def test_what_waited_at_the_start_is_said_and_marked_as_repeated(
    database: Database, telegram: LocalTelegram, anna: Person
) -> None:
    await store.add(database, [words(anna, "before")], NOW)
    async with sending(database, telegram) as out:
        await out.done()
        await out.say(words(anna, "now"))
        [books] = await out.done()

    assert heard(anna) == ["before", "now"]
    assert (books.words, books.repeated) == (2, 1)


async def test_what_telegram_cannot_read_even_without_markup_fails_and_the_next_is_said(
    database: Database, telegram: LocalTelegram, anna: Person
) -> None:
    unread = "Bad Request: can't parse entities: Unexpected end tag at byte offset 1"
    telegram.fail_next("sendMessage", status=400, description=unread, times=2)
    async with sending(database, telegram) as out:
        await out.say(words(anna, "one", markup="HTML"), words(anna, "two"))
        books = await out.done()

    assert heard(anna) == ["two"]
    assert [(line.state, line.words) for line in books] == [("failed", 1), ("sent", 1)]


async def test_a_stop_lets_the_call_in_hand_end_and_the_rest_wait(
    database: Database, telegram: LocalTelegram, anna: Person, boris: Person
) -> None:
    async with sending(database, telegram) as out:
        hanging = telegram.hang_next("sendMessage")
        await out.say(words(anna, "one"), words(anna, "two"), words(anna, "three"))
        await hanging.struck.wait()
        await store.add(database, [words(boris, "found")], NOW)
        await outbox.look(out.ref)
        await telegram.called("sendMessage", chat=boris.id)  # from now on it only receives
        async with anyio.create_task_group() as group:
            group.start_soon(out.running.terminate_child, "test/outbox")
            await anyio.wait_all_tasks_blocked()
            telegram.faults.release()

    assert heard(anna) == ["one"]
    left = await store.list_waiting(database, limit=9)
    assert [msgspec.json.decode(each.payload)["text"] for each in left] == ["two", "three"]
