import aiohttp
import anyio
import pytest

from tests.dev.telegram.program import Program, program
from vitte.dev.telegram import FloodLimits, LocalTelegram, Pace, Person


async def test_the_next_call_fails_as_told_and_then_no_more(
    telegram: LocalTelegram, bot: Program, anna: Person
) -> None:
    telegram.fail_next("sendMessage", status=429, retry_after=3)

    answer = await bot.answer("sendMessage", chat_id=anna.id, text="hi")
    await bot.call("sendMessage", chat_id=anna.id, text="hi")

    assert answer == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 3",
        "parameters": {"retry_after": 3},
    }


async def test_a_fault_can_be_for_one_chat_and_several_times(
    telegram: LocalTelegram, bot: Program, anna: Person
) -> None:
    boris = telegram.person("Boris")
    await boris.starts()
    telegram.fail_next("sendMessage", status=500, chat=boris.id, times=2)

    await bot.call("sendMessage", chat_id=anna.id, text="hi")
    failed = [await bot.refused("sendMessage", chat_id=boris.id, text="hi") for _ in range(2)]
    await bot.call("sendMessage", chat_id=boris.id, text="hi")

    assert failed == ["Internal Server Error"] * 2


async def test_faults_can_last_for_a_while(telegram: LocalTelegram, bot: Program) -> None:
    with telegram.failing(status=400, description="Bad Request: chat not found"):
        said = await bot.refused("getMe")

    assert said == "Bad Request: chat not found"
    await bot.call("getMe")


async def test_a_dropped_call_is_not_carried_out_and_a_lost_answer_is(
    telegram: LocalTelegram, bot: Program, anna: Person
) -> None:
    telegram.drop_next("sendMessage")
    telegram.lose_next_answer("sendMessage")

    for text in ("dropped", "lost"):
        with pytest.raises(aiohttp.ClientError):
            await bot.call("sendMessage", chat_id=anna.id, text=text)

    assert (await anna.hears_one()).text == "lost"
    assert [call.status for call in telegram.calls("sendMessage")] == [502, 200]


async def test_a_call_hangs_until_released(
    telegram: LocalTelegram, bot: Program, anna: Person
) -> None:
    telegram.hang_next("sendMessage")
    with anyio.move_on_after(0.05) as given_up:
        await bot.call("sendMessage", chat_id=anna.id, text="never")
    fault = telegram.hang_next("sendMessage")
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: bot.call("sendMessage", chat_id=anna.id, text="late"))
            await fault.struck.wait()
            telegram.faults.release()

    assert given_up.cancelled_caught
    assert (await anna.hears_one()).text == "late"


async def test_answers_can_be_slow(telegram: LocalTelegram, bot: Program) -> None:
    with telegram.slow(0.05, "getMe"):
        begun = anyio.current_time()
        await bot.call("getMe")

        assert anyio.current_time() - begun >= 0.05


async def test_an_outage_hangs_up_on_everyone_and_ends(
    telegram: LocalTelegram, bot: Program
) -> None:
    with telegram.outage(), pytest.raises(aiohttp.ClientError):
        await bot.call("getMe")
    with telegram.outage(status=503):
        assert await bot.refused("getMe") == "Service Unavailable"

    await bot.call("getMe")


async def test_the_flood_limits_are_telegrams_and_off_unless_asked_for() -> None:
    now = 1_700_000_000.0
    limits = FloodLimits(overall=Pace(3, 1.0), chat=Pace(1, 1.0), group=Pace(1, 60.0))
    async with LocalTelegram.serve(clock=lambda: now, flood=limits) as telegram:
        people = [telegram.person(name) for name in ("Anna", "Boris", "Vera", "Jonas")]
        group = telegram.group("Friends", *people)
        async with program(telegram) as bot:
            for person in people:
                await person.starts()
            answers = [
                await bot.answer("sendMessage", chat_id=chat, text="hi")
                for chat in (
                    people[0].id,
                    people[0].id,
                    group.id,
                    group.id,
                    people[1].id,
                    people[2].id,
                )
            ]
            now += 1
            await bot.call("sendMessage", chat_id=people[0].id, text="hi")
            again = await bot.answer("sendMessage", chat_id=group.id, text="hi")

    waits = [answer.get("parameters", {}).get("retry_after", 0) for answer in answers]
    assert waits == [0, 1, 0, 60, 0, 1]
    assert again["parameters"] == {"retry_after": 59}


async def test_a_group_that_became_a_supergroup_says_where_it_went(
    telegram: LocalTelegram, bot: Program, anna: Person
) -> None:
    group = telegram.group("Friends", anna)
    old = group.id

    new = await group.migrates()
    answer = await bot.answer("sendMessage", chat_id=old, text="hi")
    await bot.call("sendMessage", chat_id=new, text="hi")

    assert answer["description"] == ("Bad Request: group chat was upgraded to a supergroup chat")
    assert answer["parameters"] == {"migrate_to_chat_id": new}
    assert (await anna.hears(inside=group))[0].text == "hi"
