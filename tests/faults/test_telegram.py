"""Telegram in trouble: slow, 5xx, 429, gone; and every refusal that one chat may meet."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgspec
import pytest
from msgspec import Struct

from tests.faults.own import Own
from tests.faults.scene import PEOPLE, Plan, Player, Scene, Seen, lasting, staged
from vitte.dev.telegram import Fault
from vitte.house import utc_now
from vitte.store import outbox
from vitte.store.outbox import Lane, Words
from vitte.store.queries import Query

FLOOD_SECONDS = 3
GONE_SECONDS = 20.0
UNREACHABLE = Query(
    name="unreachable",
    intent="",
    statement=b"SELECT id FROM users WHERE unreachable_since IS NOT NULL ORDER BY id",
)
UNPARSED = "Bad Request: can't parse entities: Unexpected end tag at byte offset 1"


class _Id(Struct, frozen=True):
    id: int


@pytest.fixture(scope="module")
def slow(player: Player, own: Own) -> Seen:
    """Each word takes a second."""
    return player(
        Plan(own=own, trouble=lambda scene: lasting(scene.telegram.slow(1, "sendMessage")))
    )


@pytest.fixture(scope="module")
def ailing(player: Player, own: Own) -> Seen:
    """Every call is answered with 502."""
    return player(
        Plan(own=own, trouble=lambda scene: lasting(scene.telegram.outage(502)), seconds=4)
    )


@pytest.fixture(scope="module")
def flooded(player: Player, own: Own) -> Seen:
    """Every word is refused with 429 and so many seconds to wait."""
    flood = {"status": 429, "retry_after": FLOOD_SECONDS}
    return player(
        Plan(
            own=own,
            trouble=lambda scene: lasting(scene.telegram.failing("sendMessage", **flood)),
            seconds=2,
        )
    )


@pytest.fixture(scope="module")
def gone(player: Player, own: Own) -> Seen:
    """Nobody is there. By the end every pause has grown as long as it may: a minute is no worse."""
    return player(Plan(own=own, trouble=gone_amidst_answers, seconds=GONE_SECONDS))


@asynccontextmanager
async def gone_amidst_answers(scene: Scene) -> AsyncGenerator[None]:
    """The outbox is full of words by the time that Telegram goes away altogether."""
    scene.telegram.forget_calls()
    drop = Fault(kind="drop", method="sendMessage")
    with scene.telegram.faults.lasting(drop):
        await scene.crowd.write()
        await scene.telegram.called("sendMessage", PEOPLE)
        with scene.telegram.outage():
            yield


def api_is_well(seen: Seen) -> bool:
    return {(look.read, look.written) for look in seen.during} == {(200, 201)}


def test_people_are_answered_while_telegram_is_slow(slow: Seen) -> None:
    assert slow.unanswered == 0


def test_the_api_answers_while_telegram_is_slow(slow: Seen) -> None:
    assert api_is_well(slow)


def test_health_is_ok_while_telegram_is_slow(slow: Seen) -> None:
    assert slow.told() == {(200, "ok")}


def test_all_is_well_when_telegram_is_quick_again(slow: Seen) -> None:
    slow.is_well()


def test_people_are_answered_after_5xx(ailing: Seen) -> None:
    assert ailing.unanswered == PEOPLE
    assert ailing.back_seconds < 10


def test_the_api_answers_while_telegram_says_5xx(ailing: Seen) -> None:
    assert api_is_well(ailing)


def test_health_is_ok_while_telegram_says_5xx(ailing: Seen) -> None:
    assert ailing.told() == {(200, "ok")}


def test_all_is_well_after_5xx(ailing: Seen) -> None:
    ailing.is_well()


def test_people_are_answered_when_a_429_has_passed(flooded: Seen) -> None:
    assert flooded.unanswered == PEOPLE
    assert flooded.back_seconds < FLOOD_SECONDS + 1.5


def test_the_api_answers_while_telegram_says_429(flooded: Seen) -> None:
    assert api_is_well(flooded)


def test_health_is_ok_while_telegram_says_429(flooded: Seen) -> None:
    assert flooded.told() == {(200, "ok")}


def test_all_is_well_when_a_429_has_passed(flooded: Seen) -> None:
    flooded.is_well()


def test_people_are_answered_when_telegram_is_back(gone: Seen) -> None:
    assert gone.unanswered == PEOPLE
    assert gone.back_seconds < 10


def test_the_api_answers_while_telegram_is_gone(gone: Seen) -> None:
    assert api_is_well(gone)


def test_health_is_ok_while_telegram_is_gone(gone: Seen) -> None:
    assert gone.told() == {(200, "ok")}


def test_all_is_well_when_telegram_is_back(gone: Seen) -> None:
    gone.is_well()


# -- One chat in trouble, and the others beside it


class Chats:
    """Some of a scene's people by what happens to them; the rest are bystanders."""

    def __init__(self, scene: Scene) -> None:
        people = scene.crowd.people
        (
            self.flooded,
            self.ailing,
            self.timed_out,
            self.reset,
            self.blocked,
            self.unfound,
            self.unread,
        ) = people[:7]
        self.bystanders = people[7:]
        refuse = scene.telegram.fail_next
        refuse("sendMessage", status=429, retry_after=4, chat=self.flooded.id)
        refuse("sendMessage", status=502, chat=self.ailing.id, times=3)
        refuse("sendMessage", status=403, chat=self.blocked.id)
        refuse("sendMessage", description="Bad Request: chat not found", chat=self.unfound.id)
        refuse("sendMessage", description=UNPARSED, chat=self.unread.id)
        arm = scene.telegram.faults.arm
        arm(Fault(kind="hang", method="sendMessage", chat=self.timed_out.id))
        arm(Fault(kind="drop", method="sendMessage", chat=self.reset.id, times=2))


async def test_a_chat_in_trouble_is_in_trouble_alone(own: Own, tmp_path: Path) -> None:
    async with staged(own, tmp_path) as scene:
        chats = Chats(scene)
        for person in scene.crowd.people:
            await person.writes("/help")  # its answer has markup
            await person.writes("/status")
        began = anyio.current_time()
        for person in chats.bystanders:
            await person.hears(3)
        assert anyio.current_time() - began < 3

        heard = {
            person: len(await person.hears(count, within=40))
            for person, count in [
                (chats.flooded, 3),
                (chats.ailing, 3),
                (chats.timed_out, 3),
                (chats.reset, 3),
                (chats.unread, 3),
                (chats.blocked, 2),
                (chats.unfound, 2),
            ]
        }
        assert len(heard) == 7
        books = await scene.books.settled()
        await scene.books.metrics_balance(scene.metrics, scene.before)

        look = await scene.look()
        assert (look.health, look.read, look.written) == ("ok", 200, 201)
        first, second = scene.telegram.calls("sendMessage", chat=chats.flooded.id)[1:3]
        assert second.at - first.at >= 4
        plain = scene.telegram.calls("sendMessage", chat=chats.unread.id)[2]
        assert "parse_mode" not in plain.arguments
        unreachable = [row.id for row in await scene.database.rows(UNREACHABLE, _Id)]
        for person in (chats.blocked, chats.unfound):
            await person.writes("hello")
            await person.hears_one()
        await scene.books.settled()
        back = await scene.database.rows(UNREACHABLE, _Id)

    assert unreachable == sorted([chats.blocked.id, chats.unfound.id])
    assert back == []
    assert (books.answered, books.failed) == (books.received, {})
    assert sum(books.not_sent.values()) == 2
    assert books.sent == books.received - 2


async def test_words_whose_answer_was_lost_are_said_again_and_marked(
    own: Own, tmp_path: Path
) -> None:
    async with staged(own, tmp_path) as scene:
        person = scene.crowd.people[0]
        lost = Fault(kind="lose", method="sendMessage", chat=person.id)
        scene.telegram.faults.arm(lost)
        await scene.crowd.write(2)
        await scene.crowd.hears(len(scene.crowd.people) * 3 + 1)
        books = await scene.books.settled()

        assert await scene.crowd.accounted(scene.database) == 1
    assert books.repeated == 1


async def test_words_follow_a_group_that_has_become_a_supergroup(own: Own, tmp_path: Path) -> None:
    async with staged(own, tmp_path) as scene:
        group = scene.telegram.group("Friends", scene.crowd.people[0])
        old, new = group.id, await group.migrates()
        await scene.telegram.drained()
        await outbox.add(scene.database, [said(old, "one"), said(old, "two")], utc_now())
        texts = [each.text for each in await scene.crowd.people[0].hears(2, inside=group)]
        books = await scene.books.settled()

    assert new != old
    assert texts == ["one", "two"]
    assert books.not_sent == {}


def said(chat: int, text: str) -> Words:
    payload = msgspec.json.encode({"chat_id": chat, "text": text}).decode()
    return Words(chat_id=chat, lane=Lane.REPLY, method="sendMessage", payload=payload)
