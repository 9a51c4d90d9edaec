"""Mailboxes: order, lanes, policies, batches, redelivery, questions."""

import time

import anyio
import pytest

from tests.runtime.stage import (
    Echo,
    Fall,
    Hold,
    Leave,
    Message,
    Say,
    Stage,
    echo,
    on_the_virtual_clock,
    on_uvloop,
    one,
    tree,
    until,
)
from vitte.runtime import (
    ONE_FOR_ALL,
    TEMPORARY,
    ActorGone,
    AskTimedOut,
    DeadLetter,
    Full,
    Life,
    Mailbox,
    MailboxFull,
    Reply,
    start,
)


async def test_messages_arrive_in_the_order_in_which_they_were_told() -> None:
    stage = Stage()
    async with start(one(stage.player("a"))):
        for word in ["one", "two", "three"]:
            await stage.ref("a").tell(Say(word=word))
        await echo(stage.ref("a"))

        assert stage.log == ["a up", "a: one", "a: two", "a: three"]


async def test_what_was_told_before_the_first_start_is_there() -> None:
    stage = Stage()
    player = stage.player("a")
    await stage.ref("a").tell(Say(word="early"))

    async with start(one(player)):
        await echo(stage.ref("a"))

        assert "a: early" in stage.log


async def test_the_control_lane_goes_first() -> None:
    stage, gate = Stage(), anyio.Event()
    async with start(one(stage.player("a"))):
        ref = stage.ref("a")
        await ref.tell(Hold(gate=gate))
        await ref.tell(Say(word="data"))
        await ref.tell(Say(word="control"), control=True)
        gate.set()
        await echo(ref)

        assert stage.log == ["a up", "a: control", "a: data"]


async def test_a_question_on_the_control_lane_is_answered_first() -> None:
    stage, gate = Stage(), anyio.Event()
    async with start(one(stage.player("a"))) as _, anyio.create_task_group() as group:
        ref = stage.ref("a")
        await ref.tell(Hold(gate=gate))
        await until(lambda: stage.boxes["a"].depth() == 0)
        await ref.tell(Say(word="data"))

        async def ask() -> None:
            word: str = await ref.ask(
                lambda reply: Echo(word="answered", reply=reply), within=5, control=True
            )
            stage.log.append(word)

        group.start_soon(ask)
        await until(lambda: bool(stage.boxes["a"].control))
        gate.set()
        await until(lambda: len(stage.log) == 3)

        assert set(stage.log[1:]) == {"answered", "a: data"}
        assert stage.boxes["a"].handled() == 3


async def test_a_full_control_lane_refuses_and_never_waits() -> None:
    box = Mailbox[Message]("a", capacity=1)
    await box.ref.tell(Leave(), control=True)

    with pytest.raises(MailboxFull):
        await box.ref.tell(Leave(), control=True)


async def test_a_full_mailbox_makes_its_sender_wait_for_room() -> None:
    stage, gate = Stage(), anyio.Event()
    box = Mailbox[Message]("a", capacity=2)
    async with start(one(stage.player("a", box=box))), anyio.create_task_group() as group:
        await box.ref.tell(Hold(gate=gate))
        await until(lambda: box.depth() == 0)
        for word in ["one", "two"]:
            await box.ref.tell(Say(word=word))
        group.start_soon(box.ref.tell, Say(word="three"))
        await until(lambda: box.depth() == 3)
        group.start_soon(box.ref.tell, Say(word="four"))
        await until(lambda: box.depth() == 4)

        assert len(box.items) == 2

        gate.set()
        await until(lambda: len(stage.log) == 5)

        assert stage.log[1:] == ["a: one", "a: two", "a: three", "a: four"]


async def test_who_comes_while_others_wait_waits_behind_them() -> None:
    stage, gate = Stage(), anyio.Event()
    box = Mailbox[Message]("a", capacity=8)

    async def tell(*words: int) -> None:
        for word in words:
            await box.ref.tell(Say(word=str(word)))

    async with start(one(stage.player("a", box=box))), anyio.create_task_group() as group:
        await box.ref.tell(Hold(gate=gate))
        await until(lambda: box.depth() == 0)
        group.start_soon(tell, *range(100))
        await until(lambda: box.depth() == 9)
        group.start_soon(tell, 1000)
        await until(lambda: box.depth() == 10)
        gate.set()
        await until(lambda: len(stage.log) == 102)

        assert [line for line in stage.log if line != "a: 1000"][1:] == [
            f"a: {n}" for n in range(100)
        ]
        assert stage.log.index("a: 1000") == 10


async def test_who_comes_when_there_is_room_again_still_waits_behind_those_who_wait() -> None:
    stage, gates = Stage(), [anyio.Event(), anyio.Event()]
    box = Mailbox[Message]("a", capacity=8)
    async with start(one(stage.player("a", box=box))), anyio.create_task_group() as group:
        await box.ref.tell(Hold(gate=gates[0]))
        await until(lambda: box.depth() == 0)
        await box.ref.tell(Hold(gate=gates[1]))
        for _ in range(7):
            await box.ref.tell(Say(word="x"))
        group.start_soon(box.ref.tell, Say(word="first"))
        await until(lambda: box.depth() == 9)
        gates[0].set()
        await until(lambda: len(box.items) == 7)
        group.start_soon(box.ref.tell, Say(word="second"))
        await until(lambda: box.depth() == 9)
        gates[1].set()
        await until(lambda: len(stage.log) == 10)

        assert stage.log[-2:] == ["a: first", "a: second"]


async def test_a_sender_who_left_while_waiting_sends_nothing() -> None:
    stage, gate = Stage(), anyio.Event()
    box = Mailbox[Message]("a", capacity=1)
    async with start(one(stage.player("a", box=box))):
        await box.ref.tell(Hold(gate=gate))
        await until(lambda: box.depth() == 0)
        await box.ref.tell(Say(word="one"))
        async with anyio.create_task_group() as group:
            group.start_soon(box.ref.tell, Say(word="never"))
            await until(lambda: box.depth() == 2)
            group.cancel_scope.cancel()
        gate.set()
        await echo(box.ref)

        assert stage.log == ["a up", "a: one"]


async def test_a_mailbox_that_refuses_raises_when_it_is_full() -> None:
    box = Mailbox[Message]("a", capacity=1, full=Full.REFUSE)
    await box.ref.tell(Leave())

    with pytest.raises(MailboxFull, match="a holds 1 messages"):
        await box.ref.tell(Leave())
    with pytest.raises(MailboxFull):
        await echo(box.ref)


async def test_tell_now_never_waits() -> None:
    box = Mailbox[Message]("a", capacity=1)
    box.ref.tell_now(Leave())

    with pytest.raises(MailboxFull):
        box.ref.tell_now(Leave())


async def test_a_mailbox_may_drop_the_oldest_and_counts_it() -> None:
    stage = Stage()
    box = Mailbox[Message]("a", capacity=2, full=Full.DROP_OLDEST)
    for word in ["one", "two", "three", "four"]:
        await box.ref.tell(Say(word=word))

    async with start(one(stage.player("a", box=box))):
        await echo(box.ref)

        assert stage.log == ["a up", "a: three", "a: four"]
        assert box.dropped == 2


async def test_the_asker_of_a_dropped_question_is_told() -> None:
    box = Mailbox[Message]("a", capacity=1, full=Full.DROP_OLDEST)
    async with anyio.create_task_group() as group:

        async def ask() -> None:
            with pytest.raises(MailboxFull):
                await echo(box.ref)

        group.start_soon(ask)
        await until(lambda: box.depth() == 1)
        box.ref.tell_now(Leave())


async def test_a_batch_takes_all_that_waits_and_no_more_than_asked() -> None:
    stage, taken = Stage(), list[int]()

    async def run(life: Life[Message]) -> None:
        while True:
            taken.append(len(await life.receive_all(most=3)))

    child = stage.body("a", run)
    for _ in range(7):
        stage.ref("a").tell_now(Leave())

    async with start(one(child)):
        await until(lambda: sum(taken) == 7)

        assert taken == [3, 3, 1]
        assert stage.boxes["a"].handled() == 7


async def test_a_mailbox_outlives_a_fall() -> None:
    stage = Stage()
    box = Mailbox[Message]("a", deliveries=1)
    async with start(one(stage.player("a", box=box))):
        for message in (Say(word="before"), Fall(), Say(word="after")):
            await box.ref.tell(message)
        await until(lambda: "a: after" in stage.log)

        assert stage.log == ["a up", "a: before", "a down", "a up", "a: after"]


async def test_a_message_in_hand_when_its_actor_is_stopped_comes_again() -> None:
    stage, gate = Stage(), anyio.Event()
    box = Mailbox[Message]("a", deliveries=1)
    async with start(tree(ONE_FOR_ALL, stage.player("a", box=box), stage.player("b"))):
        await box.ref.tell(Hold(gate=gate))
        await until(lambda: box.depth() == 0)
        await stage.ref("b").tell(Fall())
        await until(lambda: stage.log.count("a up") == 2)
        await until(lambda: box.hand == Hold(gate=gate))

        assert box.dead == 0
        gate.set()


async def test_a_message_that_fells_its_actor_becomes_a_dead_letter() -> None:
    stage = Stage()
    box = Mailbox[Message]("a", deliveries=3)
    async with start(one(stage.player("a", box=box)), events=stage.events) as running:
        await box.ref.tell(Fall(reason="poison"))
        await box.ref.tell(Say(word="after"))
        await until(lambda: "a: after" in stage.log)

        assert stage.log.count("a up") == 4
        assert box.dead == 1
        (letter,) = [event for event in stage.seen if isinstance(event, DeadLetter)]
        assert (letter.path, letter.message, letter.deliveries) == ("root/a", "Fall", 3)
        assert "poison" not in repr(letter)
        assert running.dead_letters() == [(letter, Fall(reason="poison"))]


async def test_what_is_delivered_again_comes_before_what_was_told_later() -> None:
    stage, falls = Stage(), list[str]()

    async def run(life: Life[Message]) -> None:
        while True:
            match await life.receive():
                case Say(word=word) if word == "first" and not falls:
                    falls.append(word)
                    raise ValueError(word)
                case Say(word=word):
                    stage.log.append(word)
                case _:
                    pass

    child = stage.body("a", run)
    for word in ("first", "second"):
        stage.ref("a").tell_now(Say(word=word))

    async with start(one(child)):
        await until(lambda: len(stage.log) == 2)

        assert stage.log == ["first", "second"]


async def test_a_batch_that_fell_comes_back_one_at_a_time() -> None:
    stage, batches = Stage(), list[list[str]]()

    async def run(life: Life[Message]) -> None:
        while True:
            words = [m.word for m in await life.receive_all() if isinstance(m, Say)]
            batches.append(words)
            if "poison" in words:
                raise ValueError

    child = stage.body("a", run)
    for word in ("good", "poison", "fine"):
        stage.ref("a").tell_now(Say(word=word))

    async with start(one(child)) as running:
        await until(lambda: batches[-1:] == [["fine"]])

        assert batches == [["good", "poison", "fine"], ["good"], ["poison"], ["poison"], ["fine"]]
        assert [message for _, message in running.dead_letters()] == [Say(word="poison")]


@on_the_virtual_clock
async def test_a_question_that_is_not_answered_in_time_raises() -> None:
    stage = Stage()
    async with start(one(stage.player("a"))):
        await stage.ref("a").tell(Hold(gate=anyio.Event()))
        for seconds in (0.01, 5.0, 60.0):
            began = anyio.current_time()

            with pytest.raises(AskTimedOut, match="a did not answer within"):
                await echo(stage.ref("a"), seconds=seconds)

            assert anyio.current_time() - began == pytest.approx(seconds, abs=0.001)
        assert stage.boxes["a"].asking == {}


@on_uvloop
async def test_a_loop_that_was_held_up_ends_no_wait_early() -> None:
    stage = Stage()

    def hold_up(seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            pass

    async with start(one(stage.player("a"))):
        await stage.ref("a").tell(Hold(gate=anyio.Event()))
        await until(lambda: stage.boxes["a"].depth() == 0)
        for _ in range(3):
            hold_up(0.05)
            began = time.monotonic()

            with pytest.raises(AskTimedOut):
                await echo(stage.ref("a"), seconds=0.03)

            assert time.monotonic() - began > 0.0285


async def test_a_reply_to_an_asker_who_left_is_dropped_quietly() -> None:
    stage, replies = Stage(), list[Reply[str]]()

    async def run(life: Life[Message]) -> None:
        while True:
            match await life.receive():
                case Echo(reply=reply, word="kept"):
                    replies.append(reply)
                case Echo(reply=reply, word=word):
                    reply.send(word)
                case _:
                    pass

    async with start(one(stage.body("a", run))):
        with anyio.move_on_after(0.01):
            await echo(stage.ref("a"), "kept")
        await until(lambda: len(replies) == 1)
        replies[0].send("too late")
        replies[0].fail(ValueError("too late"))

        assert await echo(stage.ref("a"), "next") == "next"
        assert stage.boxes["a"].asking == {}


async def test_only_the_first_answer_counts() -> None:
    stage = Stage()

    async def run(life: Life[Message]) -> None:
        match await life.receive():
            case Echo(reply=reply):
                reply.send("first")
                reply.send("second")
            case _:
                pass
        await anyio.sleep_forever()

    async with start(one(stage.body("a", run))):
        assert await echo(stage.ref("a")) == "first"


async def test_an_actor_may_answer_with_an_error() -> None:
    stage = Stage()

    async def run(life: Life[Message]) -> None:
        while True:
            match await life.receive():
                case Echo(reply=reply):
                    reply.fail(LookupError("no such word"))
                case _:
                    pass

    async with start(one(stage.body("a", run))):
        with pytest.raises(LookupError, match="no such word"):
            await echo(stage.ref("a"))


async def test_everyone_who_waits_for_an_actor_that_falls_is_told_at_once() -> None:
    stage, gate, told = Stage(), anyio.Event(), list[ActorGone]()
    box = Mailbox[Message]("a", capacity=10, deliveries=1)

    async def ask() -> None:
        with pytest.raises(ActorGone) as caught:
            await echo(box.ref, seconds=60)
        told.append(caught.value)

    async with start(one(stage.player("a", box=box))), anyio.create_task_group() as group:
        with anyio.fail_after(5):
            await box.ref.tell(Hold(gate=gate))
            await until(lambda: box.depth() == 0)
            await box.ref.tell(Fall(reason="they wait"))
            for _ in range(100):
                group.start_soon(ask)
            await until(lambda: len(box.asking) == 100)
            gate.set()
            await until(lambda: len(told) == 100)

        assert told[0].reason == "ValueError: they wait"
        assert await echo(box.ref) == "here"
        assert box.depth() == 0


async def test_a_question_whose_asker_was_told_is_not_delivered_again() -> None:
    stage, gate = Stage(), anyio.Event()

    async def run(life: Life[Message]) -> None:
        while True:
            match await life.receive():
                case Echo(word=word, reply=reply):
                    stage.log.append(word)
                    if word == "in hand":
                        await gate.wait()
                        raise ValueError
                    reply.send(word)
                case _:
                    pass

    async def ask(word: str) -> None:
        with pytest.raises(ActorGone):
            await echo(stage.ref("a"), word)

    child = stage.body("a", run)
    async with start(one(child)), anyio.create_task_group() as group:
        group.start_soon(ask, "in hand")
        await until(lambda: stage.log == ["in hand"])
        group.start_soon(ask, "waiting")
        await until(lambda: stage.boxes["a"].depth() == 1)
        gate.set()
        await until(lambda: not stage.boxes["a"].asking)

        assert await echo(stage.ref("a"), "next") == "next"
        assert stage.log == ["in hand", "next"]


async def test_a_question_after_a_fall_is_answered_by_the_next_life() -> None:
    stage = Stage()
    box = Mailbox[Message]("a", deliveries=1)
    async with start(one(stage.player("a", box=box))):
        ends = list[str]()
        box.ref.watch(ends.append)
        await box.ref.tell(Fall())
        await until(lambda: len(ends) == 1)

        assert await echo(box.ref, "again") == "again"


async def test_an_address_whose_place_is_gone_says_so() -> None:
    stage = Stage()
    async with start(one(stage.player("a", restart=TEMPORARY))):
        await stage.ref("a").tell(Leave())
        await until(lambda: stage.boxes["a"].closed is not None)

        with pytest.raises(ActorGone):
            await stage.ref("a").tell(Leave())
        with pytest.raises(ActorGone):
            stage.ref("a").tell_now(Leave())
        with pytest.raises(ActorGone):
            await echo(stage.ref("a"))


async def test_who_waits_for_room_in_a_place_that_goes_is_told() -> None:
    stage = Stage()
    box = Mailbox[Message]("a", capacity=1)

    async def tell() -> None:
        with pytest.raises(ActorGone):
            await box.ref.tell(Say(word="two"))

    async def ask() -> None:
        with pytest.raises(ActorGone):
            await echo(box.ref)

    async with anyio.create_task_group() as group, start(one(stage.player("a", box=box))):
        await box.ref.tell(Hold(gate=anyio.Event()))
        await until(lambda: box.depth() == 0)
        await box.ref.tell(Say(word="one"))
        group.start_soon(tell)
        group.start_soon(ask)
        await until(lambda: box.depth() == 3)


async def test_a_mailbox_serves_the_next_tree_after_the_first_was_stopped() -> None:
    stage = Stage()
    player = stage.player("a")
    for _ in range(2):
        async with start(one(player)):
            assert await echo(stage.ref("a")) == "here"


async def test_an_actor_that_talks_to_itself_lets_others_run() -> None:
    stage, rounds = Stage(), 0

    async def run(life: Life[Message]) -> None:
        nonlocal rounds
        life.ready()
        await stage.ref("a").tell(Leave())
        while True:
            await life.receive()
            rounds += 1
            await stage.ref("a").tell(Leave())

    async with start(one(stage.body("a", run))):
        await until(lambda: rounds > 2000)


async def test_a_receive_that_was_given_up_loses_nothing() -> None:
    stage = Stage()

    async def run(life: Life[Message]) -> None:
        life.ready()
        while True:
            with anyio.move_on_after(0):
                await life.receive()
                stage.log.append("early")
            match await life.receive():
                case Say(word=word):
                    stage.log.append(word)
                case _:
                    pass

    async with start(one(stage.body("a", run))):
        await stage.ref("a").tell(Say(word="one"))
        await until(lambda: stage.log == ["one"])


@pytest.mark.parametrize(("capacity", "deliveries"), [(0, 1), (1, 0)])
def test_a_mailbox_has_room_and_delivers(capacity: int, deliveries: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        Mailbox("a", capacity=capacity, deliveries=deliveries)


@on_the_virtual_clock
async def test_the_age_of_the_oldest_message_is_known() -> None:
    stage, gate = Stage(), anyio.Event()
    box = Mailbox[Message]("a")
    async with start(one(stage.player("a", box=box))):
        await box.ref.tell(Hold(gate=gate))
        await until(lambda: box.depth() == 0)
        began = anyio.current_time()
        for _ in range(200):
            await box.ref.tell(Say(word="x"))
            await anyio.sleep(1)

        assert box.oldest(anyio.current_time()) == pytest.approx(anyio.current_time() - began)

        gate.set()
        await echo(box.ref)

        assert box.oldest(anyio.current_time()) == 0
