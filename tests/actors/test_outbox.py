"""The outbox: every word is said, in the order of its chat, whatever Telegram answers."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import anyio
import msgspec
import pytest
from msgspec import Struct

from tests.fragile import killed, living
from tests.store.people import NOW
from vitte.actors import cache, hand, lease, marks, outbox, post
from vitte.actors.lease import Lease
from vitte.actors.marks import Marks
from vitte.actors.outbox import Outbox
from vitte.config import Secret, Telegram
from vitte.dev.telegram import LocalTelegram, Person
from vitte.runtime import Child, Life, Mailbox, Ref, Running
from vitte.store import outbox as store
from vitte.store import users
from vitte.store.outbox import Count, Lane, Words
from vitte.store.pool import Database, PoolLimits
from vitte.store.queries import Query

UNREACHABLE = Query(
    name="unreachable",
    intent="",
    statement=b"SELECT count(id) AS found FROM users WHERE unreachable_since IS NOT NULL",
)

TAKEN = Query(
    name="taken",
    intent="",
    statement=b"SELECT id FROM outbox WHERE taken AND state = 'waiting' AND lane = 4",
)
PAUSES = Query(name="pauses", intent="", statement=b"SELECT until FROM outbox_pauses")


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


class Clock:
    """The time of day, which can be moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


async def forgets(life: Life[cache.Message]) -> None:
    """A cache that keeps nothing."""
    while True:
        match await life.receive():
            case cache.Forget(reply=reply):
                reply.send(None)
            case _:
                raise AssertionError("the outbox only forgets")


@asynccontextmanager
async def sending(  # noqa: PLR0913  # what may differ, each by its name
    database: Database,
    telegram: LocalTelegram,
    *,
    slots: int = 4,
    node: str = "one",
    watch: Callable[[], float] = lease.watch,
    clock: Callable[[], datetime] = lambda: NOW,
) -> AsyncGenerator[Sending]:
    notes = Marks()
    box = Mailbox[outbox.Message]("outbox")
    cache_box = Mailbox[cache.Message]("cache")
    settings = Telegram(api=telegram.url, token=Secret(telegram.token))

    def begin() -> Outbox:
        return Outbox(
            database=database,
            cache=cache.Front(cache_box.ref),
            lease=Lease("outbox", database=database, node=node, watch=watch),
            marks=notes,
            post=partial(post.Post, settings),
            slots=slots,
            clock=clock,
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


async def given_back(database: Database) -> None:
    """Somebody has held the lease, and left everything in order."""
    before = Lease("outbox", database=database, node="before")
    await before.beat()
    await before.release()


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


# -- More than fits into memory


async def test_a_backlog_is_said_in_order_and_fresh_words_wait_behind_it(
    database: Database, telegram: LocalTelegram, anna: Person, boris: Person
) -> None:
    count = 2 * hand.PAGE + 10
    old = [words(anna, f"{number}") for number in range(count)]
    await store.add(database, [*old, words(boris, "old")], NOW)
    async with sending(database, telegram) as out:
        await telegram.called("sendMessage", chat=anna.id)
        for number in range(20):
            await out.say(words(anna, f"{count + number}"), words(boris, f"{number}"))
        await out.done()

    texts = [call.arguments["text"] for call in telegram.calls("sendMessage", chat=anna.id)]
    assert texts == [f"{number}" for number in range(count + 20)]
    assert heard(boris) == ["old", *(f"{number}" for number in range(20))]


async def test_what_waits_in_bulk_costs_no_memory_and_no_reply(
    database: Database, telegram: LocalTelegram, anna: Person
) -> None:
    bulk = [words(anna, "news", lane=Lane.BROADCAST)] * 5_000
    await store.add(database, bulk, NOW, taken=False)
    held: list[int] = []
    async with sending(database, telegram) as out:
        await telegram.called("sendMessage", chat=anna.id)
        await out.say(words(anna, "hello"))
        while "hello" not in heard(anna):
            held.append(await database.change(TAKEN))
            await anyio.lowlevel.checkpoint()

    assert max(held) <= hand.MOST_BULK + 1


# -- Two processes


async def test_of_two_outboxes_one_sends_and_finds_what_the_other_has_written(
    database: Database, telegram: LocalTelegram, anna: Person
) -> None:
    async with (
        sending(database, telegram, node="one") as one,
        sending(database, telegram, node="two") as two,
    ):
        for number in range(16):
            await (one if number % 2 else two).say(words(anna, f"{number}"))
            await one.done()

    assert heard(anna) == [f"{number}" for number in range(16)]


async def test_two_outboxes_say_everything_once(
    database: Database, telegram: LocalTelegram, anna: Person, boris: Person
) -> None:
    await given_back(database)
    async with (
        sending(database, telegram, node="one") as one,
        sending(database, telegram, node="two") as two,
    ):
        for number in range(100):
            for out in (one, two):
                await out.say(words(anna, f"{number}"), words(boris, f"{number}"))
        [books] = await one.done()

    assert len(telegram.calls("sendMessage")) == 400
    assert (books.words, books.repeated) == (400, 0)


async def test_when_one_stops_the_other_goes_on_at_once_and_repeats_nothing(
    database: Database, telegram: LocalTelegram, anna: Person
) -> None:
    await given_back(database)
    async with sending(database, telegram, node="two") as two:
        await two.say(words(anna, "first"))
        await two.done()
        async with sending(database, telegram, node="one") as one:
            await two.running.terminate_child("test/outbox")
            began = anyio.current_time()
            await one.say(words(anna, "second"))
            [books] = await one.done()

    assert anyio.current_time() < began + lease.LEASE_SECONDS
    assert heard(anna) == ["first", "second"]
    assert (books.words, books.repeated) == (2, 0)


class Hanging(Database):
    """A database that does not answer for a while: to its process, and to nobody else."""

    def __init__(self, url: str) -> None:
        super().__init__(url, PoolLimits(kept=1, most=2))
        self.answers = anyio.Event()
        self.answers.set()

    async def rows(self, query: Query, row: type[Any], /, **given: Any) -> list[Any]:
        await self.answers.wait()
        return await super().rows(query, row, **given)

    async def row_or_none(self, query: Query, row: type[Any], /, **given: Any) -> Any:
        await self.answers.wait()
        return await super().row_or_none(query, row, **given)

    async def change(self, query: Query, /, **given: Any) -> int:
        await self.answers.wait()
        return await super().change(query, **given)


async def test_one_that_hangs_is_replaced_and_says_nothing_more_when_it_comes_back(
    database: Database, database_url: str, telegram: LocalTelegram, anna: Person, boris: Person
) -> None:
    hangs = Hanging(database_url)
    await hangs.open()
    async with sending(hangs, telegram, node="one") as one:
        await one.say(words(anna, "first"))
        await one.done()
        await anyio.sleep(2 * marks.MARK_SECONDS)
        async with sending(database, telegram, node="two") as two:
            hangs.answers = anyio.Event()
            await two.say(words(boris, "second"))
            await two.done()  # the lease of the first is over now
            third = await store.add(database, [words(anna, "third")], NOW)
            await outbox.post(one.ref, third)
            await two.done()
            hangs.answers.set()
            await one.say(words(anna, "fourth"))
            [books] = await two.done()
    await hangs.close()

    assert heard(boris) == ["second"]
    assert heard(anna) == ["first", "third", "fourth"]
    assert books.words == 4


async def test_who_hung_and_was_not_missed_goes_on_with_what_is_in_hand(
    database: Database, database_url: str, telegram: LocalTelegram, anna: Person
) -> None:
    hangs = Hanging(database_url)
    await hangs.open()
    await given_back(database)
    async with sending(hangs, telegram) as out:
        await out.say(words(anna, "first"))
        await out.done()
        hangs.answers = anyio.Event()
        await anyio.sleep(lease.LEASE_SECONDS)
        said = await store.add(database, [words(anna, "second")], NOW)
        await outbox.post(out.ref, said)
        await anyio.wait_all_tasks_blocked()
        assert heard(anna) == ["first"]

        hangs.answers.set()
        await telegram.called("sendMessage", 2)
        while await store.list_waiting(database, limit=1):
            await anyio.lowlevel.checkpoint()
        [books] = await store.count(database)
    await hangs.close()

    assert heard(anna) == ["first", "second"]
    assert (books.words, books.repeated) == (2, 0)


async def test_only_so_much_is_said_while_it_cannot_be_written_that_it_was(
    database: Database, database_url: str, telegram: LocalTelegram
) -> None:
    people = [known(telegram, f"Person {number}") for number in range(2 * marks.MOST_UNWRITTEN)]
    hangs = Hanging(database_url)
    await hangs.open()
    await given_back(database)
    async with sending(hangs, telegram, slots=4) as out:
        await out.say(words(people[0], "first"))
        await out.done()
        hangs.answers = anyio.Event()
        said = await store.add(database, [words(each, "second") for each in people], NOW)
        await outbox.post(out.ref, said)
        await telegram.called("sendMessage", marks.MOST_UNWRITTEN)
        await anyio.wait_all_tasks_blocked()
        assert sum("second" in heard(each) for each in people) <= marks.MOST_UNWRITTEN + 4

        hangs.answers.set()
        await out.done()
        [books] = await out.done()
    await hangs.close()

    assert all("second" in heard(each) for each in people)
    assert (books.words, books.repeated) == (len(people) + 1, 0)


async def test_a_fall_is_followed_by_the_next_life_at_once_and_what_was_in_hand_is_marked(
    database: Database, telegram: LocalTelegram, anna: Person, boris: Person
) -> None:
    async with sending(database, telegram) as out:
        hanging = telegram.hang_next("sendMessage")
        await out.say(words(anna, "one"), words(anna, "two"))
        await hanging.struck.wait()
        await store.add(database, [words(boris, "in nobody's hands")], NOW, taken=False)
        await killed(out.running, "test/outbox")
        telegram.faults.release()
        [books] = await out.done()

    assert heard(anna)[-2:] == ["one", "two"]
    assert (books.words, books.repeated) == (3, 2)


# -- What Telegram says


async def test_a_long_wait_is_written_down_and_a_next_life_obeys_it(
    database: Database, telegram: LocalTelegram, anna: Person, boris: Person
) -> None:
    clock = Clock()
    await given_back(database)
    telegram.fail_next("sendMessage", status=429, retry_after=100, chat=anna.id)
    async with sending(database, telegram, clock=clock) as out:
        await out.say(words(anna, "one"), words(boris, "one"))
        await out.done(count=1)
        await out.say(words(anna, "two"), words(boris, "two"))
        await out.done(count=2)
        while not await store.list_pauses(database, clock()):
            await anyio.lowlevel.checkpoint()
    async with sending(database, telegram, clock=clock) as out:
        await out.say(words(anna, "three"), words(boris, "three"))
        await out.done(count=3)
        assert len(telegram.calls("sendMessage", chat=anna.id)) == 1
        clock.now += timedelta(seconds=100)
        [books] = await out.done()
        await out.say(words(anna, "four"))
        await out.done()
        while await database.change(PAUSES):
            await anyio.lowlevel.checkpoint()

    assert heard(anna) == ["one", "two", "three", "four"]
    assert heard(boris) == ["one", "two", "three"]
    assert books.repeated == 0


async def test_many_chats_told_to_wait_at_once_make_all_wait(
    database: Database, telegram: LocalTelegram, anna: Person
) -> None:
    others = [known(telegram, f"Person {number}") for number in range(8)]
    async with sending(database, telegram, slots=1) as out:
        with telegram.failing("sendMessage", status=429, retry_after=2):
            await out.say(*(words(person, "hello") for person in others))
            await telegram.called("sendMessage", 3)
        began = anyio.current_time()
        await out.say(words(anna, "hello"))
        await out.done()

    assert anyio.current_time() > began + 1.5
    assert len(telegram.calls("sendMessage")) == 3 + 8 + 1


async def test_a_group_that_became_a_supergroup_hears_everything_there_in_order(
    database: Database, telegram: LocalTelegram, anna: Person
) -> None:
    group = telegram.group("Friends", anna)
    old = group.id
    await group.migrates()
    said = [
        Words(
            chat_id=old,
            lane=Lane.REPLY,
            method="sendMessage",
            payload=f'{{"chat_id":{old},"text":"{number}"}}',
        )
        for number in range(5)
    ]
    async with sending(database, telegram) as out:
        await out.say(*said)
        [books] = await out.done()

    calls = telegram.calls("sendMessage", chat=group.id)
    assert [call.arguments["text"] for call in calls] == list("01234")
    assert (books.state, books.words) == ("sent", 5)


@pytest.mark.parametrize(
    ("method", "seconds"), [("answerPreCheckoutQuery", 10), ("answerCallbackQuery", 60)]
)
async def test_an_answer_that_nobody_can_use_any_more_is_given_up(
    database: Database, telegram: LocalTelegram, anna: Person, method: str, seconds: int
) -> None:
    clock = Clock()
    answer = Words(chat_id=anna.id, lane=Lane.PAYMENT, method=method, payload="{}")
    with telegram.failing(method, status=502):
        async with sending(database, telegram, clock=clock) as out:
            await out.say(answer)
            await telegram.called(method, 2)
            assert await out.done(count=1) == []
            clock.now += timedelta(seconds=seconds + 1)
            [books] = await out.done()

    assert books.state == "failed"
    assert books.reason.startswith("expired")
