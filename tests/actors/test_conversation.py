"""A conversation: one update after the other, until each is answered or given up."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest

from tests.fragile import living
from tests.store.coming import books, coming, finish, finished, keep
from vitte.actors import inbox, scribe
from vitte.actors.bot import Desk
from vitte.actors.conversation import Conversation, Hear, key_of
from vitte.actors.scribe import Turn
from vitte.errors import DatabaseAway, QuotaSpent, UpdateBroke
from vitte.runtime import AskTimedOut, Child, Life, Mailbox, Ref, Running
from vitte.store import updates
from vitte.store.outbox import Lane, Words
from vitte.store.pool import Database
from vitte.store.updates import Pending

SORRY = "we are sorry"


class Around:
    """The bot, the scribe and the inbox, seen from a conversation."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.asked: list[int] = []
        self.breaks: dict[int, list[Exception]] = {}
        self.away: list[Exception] = []
        self.held: anyio.Event | None = None
        self.said: list[str] = []
        self.done: list[int] = []
        self.changed = anyio.Event()

    async def introduce(self) -> None:
        """A bot that nobody needs to be told of."""

    async def attend(self) -> None:
        """Nothing goes on beside the answers."""

    async def answer(self, update: Pending) -> Turn:
        self.asked.append(update.id)
        self._change()
        if self.held is not None:
            await self.held.wait()
        if troubles := self.breaks.get(update.id):
            raise troubles.pop(0)
        return turn(update, f"{update.id}")

    async def apologise(self, update: Pending) -> tuple[Words, ...]:
        return turn(update, SORRY).words

    async def scribe(self, life: Life[scribe.Message]) -> None:
        while True:
            match await life.receive():
                case scribe.Settle(reply=reply) if self.away:
                    reply.fail(self.away.pop(0))
                case scribe.Settle(turn=turn, reply=reply):
                    ours = await finish(self.database, turn.finished)
                    self.said.extend(each.payload for each in turn.words if ours)
                    reply.send(bool(ours))
                case _:
                    raise AssertionError("a conversation only settles")

    async def inbox(self, life: Life[inbox.Message]) -> None:
        while True:
            match await life.receive():
                case inbox.Done(update=update):
                    self.done.append(update)
                    self._change()
                case inbox.Take():
                    raise AssertionError("a conversation brings nothing")

    async def until_asked(self, count: int) -> None:
        while len(self.asked) < count:
            await self.changed.wait()

    async def until_done(self, count: int) -> None:
        while len(self.done) < count:
            await self.changed.wait()

    def _change(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()


@pytest.fixture
def around(database: Database) -> Around:
    return Around(database)


def turn(update: Pending, text: str) -> Turn:
    words = Words(chat_id=101, lane=Lane.REPLY, method="sendMessage", payload=text)
    return Turn(finished=finished(update), words=(words,))


@asynccontextmanager
async def talking(database: Database, around: Around) -> AsyncGenerator[tuple[Ref[Hear], Running]]:
    box = Mailbox[Hear]("conversation")
    scribes, inboxes = Mailbox[scribe.Message]("scribe"), Mailbox[inbox.Message]("inbox")
    desk = Desk(parallel=4)
    desk.open(around)

    def begin() -> Conversation:
        done = partial(inbox.done, inboxes.ref)
        return Conversation(
            database=database, desk=desk, urgent=False, scribe=scribes.ref, done=done
        )

    async with living(
        Child("scribe", lambda: around.scribe, mailbox=scribes),
        Child("inbox", lambda: around.inbox, mailbox=inboxes),
        Child("conversation", begin, mailbox=box, shutdown=15.0),
    ) as running:
        yield box.ref, running


async def arrive(database: Database, *numbers: int) -> list[Hear]:
    await keep(database, *map(coming, numbers))
    return [Hear(update=each) for each in await updates.list_pending(database, limit=99)]


def pending(kind: str, body: str = "{}") -> Pending:
    return coming(1, kind=kind, body=body)


async def test_each_is_answered_when_the_one_before_is_written(
    database: Database, around: Around
) -> None:
    async with talking(database, around) as (ref, _):
        for hear in await arrive(database, 3, 1, 2):
            await ref.tell(hear)
        await around.until_done(3)

    assert around.said == ["3", "1", "2"]
    assert around.done == [3, 1, 2]
    assert await books(database) == {"answered": 3}


@pytest.mark.parametrize("problem", [DatabaseAway("gone"), AskTimedOut("scribe", 30.0)])
async def test_a_part_that_is_away_is_waited_for_and_nobody_overtakes(
    database: Database, around: Around, problem: Exception
) -> None:
    around.away = [problem]
    around.breaks = {1: [problem]}
    async with talking(database, around) as (ref, _):
        for hear in await arrive(database, 1, 2):
            await ref.tell(hear)
        await around.until_done(2)

    assert around.asked == [1, 1, 1, 2]
    assert around.said == ["1", "2"]
    assert await books(database) == {"answered": 2}


@pytest.mark.parametrize("problem", [UpdateBroke("KeyError"), KeyError("what")])
async def test_what_breaks_three_times_becomes_a_dead_letter_and_the_chat_goes_on(
    database: Database, around: Around, problem: Exception
) -> None:
    around.breaks = {1: [problem] * 5}
    async with talking(database, around) as (ref, running):
        for hear in await arrive(database, 1, 2):
            await ref.tell(hear)
        await around.until_done(2)
        assert running.statistics("test/conversation")[0].restarts == 0

    assert around.asked == [1, 1, 1, 2]
    assert around.said == [SORRY, "2"]
    [letter] = await updates.list_letters(database, limit=9)
    assert (letter.id, letter.tries) == (1, 3)
    assert "KeyError" in letter.reason


async def test_a_refusal_that_nobody_expected_is_tried_again(
    database: Database, around: Around
) -> None:
    around.breaks = {1: [QuotaSpent(10, 3)]}
    async with talking(database, around) as (ref, _):
        for hear in await arrive(database, 1):
            await ref.tell(hear)
        await around.until_done(1)

    assert await books(database) == {"answered": 1}


async def test_what_was_finished_meanwhile_is_left_as_it_is(
    database: Database, around: Around
) -> None:
    around.breaks = {1: [UpdateBroke("KeyError")] * 5}
    async with talking(database, around) as (ref, _):
        [hear] = await arrive(database, 1)
        await finish(database, 1)
        await ref.tell(hear)
        await around.until_done(1)

    assert around.asked == [1]
    assert around.said == []
    assert await books(database) == {"answered": 1}


async def test_a_stop_lets_the_answer_in_hand_be_finished_and_the_rest_stay(
    database: Database, around: Around
) -> None:
    around.held = anyio.Event()
    async with talking(database, around) as (ref, running):
        for hear in await arrive(database, 1, 2):
            await ref.tell(hear)
        await around.until_asked(1)
        async with anyio.create_task_group() as group:
            group.start_soon(running.terminate_child, "test/conversation")
            await anyio.wait_all_tasks_blocked()
            around.held.set()

    assert around.said == ["1"]
    assert await books(database) == {"answered": 1, "pending": 1}


async def test_a_stop_while_a_part_is_away_leaves_the_update_where_it_is(
    database: Database, around: Around
) -> None:
    around.breaks = {1: [DatabaseAway("gone")] * 99}
    async with talking(database, around) as (ref, running):
        for hear in await arrive(database, 1):
            await ref.tell(hear)
        await around.until_asked(2)

        await running.terminate_child("test/conversation")

    assert (around.said, around.done) == ([], [])
    assert await books(database) == {"pending": 1}


@pytest.mark.parametrize(
    ("update", "which"),
    [
        (pending("message"), "usual"),
        (pending("callback_query"), "usual"),
        (pending("message", '{"message":{"successful_payment":{}}}'), "urgent"),
        (pending("pre_checkout_query"), "urgent"),
        (pending("my_chat_member"), "urgent"),
        (pending("message", '{"message":{"text":"/stop"}}'), "urgent"),
        (pending("message", '{"message": {"text": "/cancel@vitte_bot now"}}'), "urgent"),
        (pending("message", '{"message":{"text":"/stopwatch"}}'), "usual"),
        (pending("message", '{"message":{"text":"please /stop"}}'), "usual"),
        (pending("callback_query", '{"callback_query":{"data":"stop"}}'), "urgent"),
        (pending("callback_query", '{"callback_query":{"data":"character:1"}}'), "usual"),
    ],
)
def test_who_pays_leaves_or_stops_passes_by(update: Pending, which: str) -> None:
    assert key_of(update) == (101, which)


async def test_one_that_was_not_written_down_yet_becomes_a_dead_letter_as_well(
    database: Database, around: Around
) -> None:
    around.breaks = {7: [UpdateBroke("KeyError")] * 3}
    async with talking(database, around) as (ref, _):
        await ref.tell(Hear(update=coming(7)))
        await around.until_done(1)

    [letter] = await updates.list_letters(database, limit=9)
    assert (letter.id, letter.tries, letter.body) == (7, 3, "{}")
