from pathlib import Path

import pytest

from tests.dev.telegram.program import program
from vitte.dev.telegram import LocalTelegram, keep
from vitte.errors import DataFolderUnfit


async def test_chats_survive_a_restart_and_ids_go_on(tmp_path: Path) -> None:
    path = tmp_path / "telegram.json"
    async with LocalTelegram.serve(saved=path) as telegram, program(telegram) as bot:
        anna = telegram.person("Anna", id=7)
        await anna.starts()
        sent = await bot.call("sendMessage", chat_id=7, text="welcome")
        await bot.call("setMyCommands", commands=[{"command": "a", "description": "b"}])
        await anna.sends_photo("a sky")
        last = (await bot.call("getUpdates"))[-1]

    async with LocalTelegram.serve(saved=path) as telegram, program(telegram) as bot:
        anna = telegram.person("Anna", id=7)
        waiting = await bot.updates()
        message = await anna.writes("back again")

        assert [each.text for each in anna.messages][:2] == ["/start", "welcome"]
        assert anna.commands() == {"a": "b"}
        assert waiting[-1] == last
        assert message.id == sent["message_id"] + 2
        assert (await bot.update())["update_id"] == last["update_id"] + 1
        assert (await bot.call("getFile", file_id="local-1"))["file_size"] > 0


async def test_after_a_kill_ids_jump_ahead(tmp_path: Path) -> None:
    path = tmp_path / "telegram.json"
    async with LocalTelegram.serve(saved=path) as telegram:
        message = await telegram.person("Anna", id=7).starts()
        update = telegram.bot.updates.last_id
        killed = keep.save(telegram.world, finished=False)
    path.write_bytes(killed)

    async with LocalTelegram.serve(saved=path) as telegram:
        later = await telegram.person("Anna", id=7).writes("again")

        assert later.id > message.id + 1000
        assert telegram.bot.updates.last_id > update + 1000


async def test_a_world_without_a_past_numbers_updates_after_an_earlier_one() -> None:
    now = 1_700_000_000.0
    async with LocalTelegram.serve(clock=lambda: now) as telegram:
        await telegram.person("Anna").starts()
        before = telegram.bot.updates.last_id
    now += 60

    async with LocalTelegram.serve(clock=lambda: now) as telegram:
        await telegram.person("Anna").starts()

        assert telegram.bot.updates.last_id > before


async def test_a_webhook_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "telegram.json"
    async with LocalTelegram.serve(saved=path) as telegram, program(telegram) as bot:
        await bot.call("setWebhook", url="http://127.0.0.1:9/hook", secret_token="a")

    async with LocalTelegram.serve(saved=path) as telegram, program(telegram) as bot:
        assert (await bot.call("getWebhookInfo"))["url"] == "http://127.0.0.1:9/hook"


async def test_a_spoiled_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "telegram.json"
    path.write_bytes(b"{")

    with pytest.raises(DataFolderUnfit, match=r"telegram\.json cannot be used: it is damaged"):
        async with LocalTelegram.serve(saved=path):
            pass


async def test_a_disk_that_takes_nothing_is_complained_of_and_the_chat_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "gone"

    async with LocalTelegram.serve(saved=folder / "telegram.json") as telegram:
        await telegram.person("Anna").writes("hello")

    assert "The chats cannot be saved" in caplog.text


async def test_only_so_many_messages_and_bytes_are_kept() -> None:
    async with LocalTelegram.serve() as telegram:
        anna = telegram.person("Anna")
        for number in range(510):
            await anna.writes(str(number))
        for _ in range(3):
            telegram.world.store("large", bytes(30 * 2**20))

        assert len(anna.messages) == 500
        assert anna.messages[-1].text == "509"
        assert len(telegram.world.files) == 2
