"""The broadcaster: everybody of a segment is sent it once, a little at a time, whatever falls."""

from collections.abc import Sequence

import msgspec
import pytest

from tests.actors.test_outbox import Clock, known, sending
from tests.store.coming import finished
from tests.store.people import ANNA, BORIS, DAY, NOW, VERA, register
from vitte.actors import broadcaster
from vitte.actors.broadcaster import MOST_QUEUED, Broadcaster
from vitte.dev.telegram import LocalTelegram
from vitte.errors import BadWords, Contradiction
from vitte.store import bans, broadcasts, outbox, turns, users
from vitte.store.audit import SHELL, VITTE
from vitte.store.broadcasts import Broadcast, Report, Segment
from vitte.store.outbox import Finished, Waiting
from vitte.store.pool import Database
from vitte.store.turns import Turn
from vitte.store.usage import Used
from vitte.store.users import Contact, Language, UserId

TEXTS: dict[Language, str] = {"ru": "Привет, { $name }!", "en": "Hello, { $name }!"}
EVERYBODY = Segment()


def feeder(database: Database) -> Broadcaster:
    return Broadcaster(database=database, clock=lambda: NOW)


async def crowd(database: Database, count: int, first: int = 1_000) -> None:
    """So many people who write English."""
    for number in range(first, first + count):
        contact = Contact(id=UserId(number), first_name=f"Person {number}")
        await users.add_or_refresh(database, contact, language="en", now=NOW)


async def begin(database: Database, segment: Segment = EVERYBODY, name: str = "news") -> Broadcast:
    await broadcasts.add(database, name, TEXTS, segment, SHELL, NOW)
    started = await broadcasts.change(database, name, "start", SHELL, NOW)
    assert started is not None
    return started


async def report(database: Database, name: str = "news") -> Report:
    [found] = await broadcasts.list_reports(database, name=name)
    return found


async def queued(database: Database) -> list[Waiting]:
    return await outbox.list_waiting(database, limit=1_000)


async def say(
    database: Database, waiting: Sequence[Waiting], *, state: str = "sent", reason: str = ""
) -> None:
    """Let the outbox have done with words."""
    done = [
        msgspec.convert(
            {"id": each.id, "state": state, "tries": 1, "reason": reason or None}, Finished
        )
        for each in waiting
    ]
    await outbox.finish(database, done, NOW)


async def all_of_it(database: Database) -> list[int]:
    """Let a broadcast come to its end; gives who was sent it."""
    told: list[int] = []
    for _ in range(100):
        await feeder(database).feed()  # each time a life that knows nothing of the one before
        waiting = await queued(database)
        told += [each.chat_id for each in waiting]
        await say(database, waiting)
        if (await report(database)).state == "done":
            return told
    raise AssertionError("it did not come to its end")


async def test_everybody_is_sent_it_once_in_small_portions(database: Database) -> None:
    await crowd(database, 3 * MOST_QUEUED + 7)
    await begin(database)
    one = feeder(database)

    await one.feed()
    await one.feed()
    assert len(await queued(database)) == MOST_QUEUED
    told = await all_of_it(database)

    assert sorted(told) == list(range(1_000, 1_000 + 3 * MOST_QUEUED + 7))
    books = await report(database)
    assert (books.queued, books.sent, books.waiting) == (len(told), len(told), 0)


async def test_each_reads_it_in_their_language_and_with_their_name(database: Database) -> None:
    await register(database, ANNA, VERA)
    await begin(database)

    await feeder(database).feed()

    texts = {
        each.chat_id: msgspec.json.decode(each.payload)["text"] for each in await queued(database)
    }
    assert texts == {ANNA.id: "Привет, Анна!", VERA.id: "Hello, Vera!"}


async def test_a_name_is_no_markup(database: Database) -> None:
    contact = Contact(id=UserId(7), first_name="<b>&")
    await users.add_or_refresh(database, contact, language="en", now=NOW)
    await begin(database)

    await feeder(database).feed()

    [words] = await queued(database)
    assert msgspec.json.decode(words.payload)["text"] == "Hello, &lt;b&gt;&amp;!"


@pytest.mark.parametrize(
    ("segment", "meant"),
    [
        (Segment(), {101, 102, 103}),
        (Segment(plan="premium"), {101}),
        (Segment(plan="free"), {102, 103}),
        (Segment(language="en"), {103}),
        (Segment(language="ru", plan="free"), {102}),
        (Segment(active_days=3), {101, 103}),
        (Segment(active_days=1), {101}),
    ],
)
async def test_a_segment_is_who_it_says(
    database: Database, segment: Segment, meant: set[int]
) -> None:
    await register(database, ANNA, BORIS, VERA)
    wrote = [(ANNA, NOW), (VERA, NOW - 2 * DAY), (BORIS, NOW - 9 * DAY)]
    used = [
        Turn(finished=finished(number), used=Used(user_id=person.id, day=at.date()))
        for number, (person, at) in enumerate(wrote)
    ]
    await turns.write(database, [], used, NOW)
    await begin(database, segment)

    assert await broadcasts.count_audience(database, segment, NOW) == len(meant)
    assert set(await all_of_it(database)) == meant


async def test_who_cannot_be_reached_is_left_out_also_who_blocked_meanwhile(
    database: Database,
) -> None:
    await crowd(database, MOST_QUEUED + 2)
    await users.mark_unreachable(database, UserId(1_000), NOW)
    await begin(database)
    await feeder(database).feed()
    first = await queued(database)
    await users.mark_unreachable(database, UserId(1_000 + MOST_QUEUED + 1), NOW)
    await say(database, first)

    told = [each.chat_id for each in first] + await all_of_it(database)

    assert set(range(1_000, 1_062)) - set(told) == {1_000, 1_061}


async def test_who_is_banned_is_left_out(database: Database) -> None:
    await register(database, ANNA, BORIS, VERA)
    await bans.impose(database, ANNA.id, NOW, ends_at=None, author=VITTE)
    await bans.impose(database, VERA.id, NOW - 2 * DAY, ends_at=NOW - DAY, author=VITTE)
    await begin(database, Segment())

    assert await broadcasts.count_audience(database, Segment(), NOW) == 2
    assert set(await all_of_it(database)) == {BORIS.id, VERA.id}


async def test_the_report_is_honest(database: Database) -> None:
    await crowd(database, 6)
    await begin(database)
    await feeder(database).feed()
    one, two, three, four, five, six = await queued(database)
    await say(database, [one, two])
    await say(database, [three], state="failed", reason="403 Forbidden: bot was blocked")
    await say(database, [four], state="failed", reason="400 Bad Request: chat not found")
    await say(database, [five], state="failed", reason="400 Bad Request: whatever")

    books = await report(database)
    assert (books.queued, books.waiting) == (6, 1)
    assert (books.sent, books.blocked, books.failed) == (2, 2, 1)
    await feeder(database).feed()
    assert (await report(database)).state == "running"

    await say(database, [six])
    await feeder(database).feed()
    books = await report(database)
    assert books.state == "done"
    assert (books.queued, books.waiting) == (6, 0)
    assert (books.sent, books.blocked, books.failed) == (3, 2, 1)


async def test_a_pause_rests_and_a_resume_goes_on_where_it_was(database: Database) -> None:
    await crowd(database, 2 * MOST_QUEUED)
    await begin(database)
    await feeder(database).feed()
    first = await queued(database)
    assert await broadcasts.change(database, "news", "pause", SHELL, NOW) is not None
    await say(database, first)

    await feeder(database).feed()
    assert await queued(database) == []

    assert await broadcasts.change(database, "news", "resume", SHELL, NOW) is not None
    told = [each.chat_id for each in first] + await all_of_it(database)
    assert sorted(told) == list(range(1_000, 1_000 + 2 * MOST_QUEUED))


async def test_what_is_cancelled_goes_on_no_more(database: Database) -> None:
    await crowd(database, 2 * MOST_QUEUED)
    await begin(database)
    await feeder(database).feed()
    await broadcasts.change(database, "news", "cancel", SHELL, NOW)
    await say(database, await queued(database))

    await feeder(database).feed()

    assert await queued(database) == []
    books = await report(database)
    assert (books.state, books.sent, books.waiting) == ("cancelled", MOST_QUEUED, 0)
    await outbox.trim(database, NOW + DAY)
    assert (await report(database)).sent == MOST_QUEUED, "its books are closed"
    assert await broadcasts.change(database, "news", "resume", SHELL, NOW) is None


async def test_two_processes_put_nobody_in_twice(database: Database) -> None:
    await crowd(database, 20)
    await begin(database)
    one, two = feeder(database), feeder(database)

    async with database.transaction() as transaction:
        claimed = await broadcasts.claim(transaction)
        assert claimed is not None
        await two.feed()  # it finds the broadcast in another's hands
        assert await queued(database) == []
    await one.feed()
    await two.feed()

    assert len(await queued(database)) == 20


async def test_nobody_is_put_in_twice_not_even_by_mistake(database: Database) -> None:
    await crowd(database, 1)
    broadcast = await begin(database)
    await feeder(database).feed()
    [words] = await queued(database)

    with pytest.raises(Contradiction):
        async with database.transaction() as transaction:
            await broadcasts.add_recipients(
                transaction, broadcast.id, [(UserId(1_000), outbox.OutgoingId(words.id + 1))]
            )


async def test_one_after_the_other(database: Database) -> None:
    await crowd(database, 3)
    await begin(database, name="first")
    await begin(database, name="second")

    for _ in range(4):
        await feeder(database).feed()
        await say(database, await queued(database))

    assert [(each.name, each.sent) for each in await broadcasts.list_reports(database)] == [
        ("second", 3),
        ("first", 3),
    ]


async def test_a_segment_of_few_among_many_is_found(database: Database) -> None:
    await crowd(database, 5)
    await begin(database, Segment(plan="premium"))

    assert await all_of_it(database) == []
    assert (await report(database)).state == "done"


def test_texts_are_checked_as_the_locales_are() -> None:
    for ru, en in (
        ("Привет", "Hello, { $name }"),
        ("Привет, { $name", "Hello, { $name"),
        ("{ start-welcome }", "{ start-welcome }"),
    ):
        with pytest.raises(BadWords):
            broadcaster.read({"ru": ru, "en": en})


def test_a_text_may_have_paragraphs() -> None:
    words = broadcaster.read({"ru": "Раз\n\nдва", "en": "One\n\ntwo"})

    assert words.say("en", broadcaster.LINE) == "One\n\ntwo"


# -- With the outbox and the local Telegram


async def test_it_goes_out_by_the_outbox_and_stops_for_who_blocked(
    database: Database, telegram: LocalTelegram
) -> None:
    people = [known(telegram, f"Person {number}") for number in range(12)]
    for person in people:
        contact = Contact(id=UserId(person.id), first_name=person.name)
        await users.add_or_refresh(database, contact, language="en", now=NOW)
    telegram.fail_next("sendMessage", status=403, chat=people[3].id)
    telegram.fail_next("sendMessage", status=429, retry_after=1, chat=people[5].id)
    clock = Clock()
    await begin(database)
    async with sending(database, telegram, clock=clock) as out:
        await feeder(database).feed()
        await out.done()
        await feeder(database).feed()
        gone = await users.get(database, UserId(people[3].id))
        while gone is None or gone.unreachable_since is None:
            gone = await users.get(database, UserId(people[3].id))

    books = await report(database)
    assert (books.state, books.sent, books.blocked) == ("done", 11, 1)
    heard = [person for person in people if any("Hello" in m.text for m in person.messages)]
    assert heard == [person for person in people if person is not people[3]]
