import anyio
import msgspec
import pytest
from aiohttp import ClientResponse

from tests.dev.telegram.program import Program
from vitte.dev.telegram import LocalTelegram


async def test_the_page_loads_nothing_from_outside(telegram: LocalTelegram, bot: Program) -> None:
    async with bot.http.get(telegram.url) as response:
        page = await response.text()
    policy = response.headers["Content-Security-Policy"]

    assert response.content_type == "text/html"
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name in ("style.css", "chat.js", "bubble.js", "words.js", "icon.svg"):
        async with bot.http.get(f"{telegram.url}/page/{name}") as response:
            content = await response.text()
        assert response.ok
        assert "innerHTML" not in content
        assert "http://" not in content.replace("http://www.w3.org/2000/svg", "").replace(
            "`http://${text}`", ""
        )
        assert "https://" not in content
    assert "https://" not in page
    assert " style=" not in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "192.168.0.1", ""]
)
async def test_another_name_for_this_machine_is_not_answered(
    telegram: LocalTelegram, bot: Program, host: str
) -> None:
    for path in ("/", "/page/live/state", f"/bot{telegram.token}/getMe"):
        async with bot.http.get(telegram.url + path, headers={"Host": host}) as response:
            assert response.status in {400, 404}


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:1", "127.0.0.1", "[::1]:8", "127.8.8.8:1"]
)
async def test_loopback_has_several_names(telegram: LocalTelegram, bot: Program, host: str) -> None:
    async with bot.http.get(telegram.url, headers={"Host": host}) as response:
        assert response.ok


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "text/plain"},
    ],
)
async def test_another_site_cannot_act_for_anybody(
    telegram: LocalTelegram, bot: Program, headers: dict[str, str]
) -> None:
    act = b'{"person": 1001, "does": "writes", "text": "hello"}'
    headers = {"Content-Type": "application/json", **headers}

    async with bot.http.post(
        f"{telegram.url}/page/live/act", data=act, headers=headers
    ) as response:
        assert response.status == 403

    assert telegram.bot.chats == {}


async def test_a_person_at_the_page_writes_and_presses(
    telegram: LocalTelegram, bot: Program
) -> None:
    await act(telegram, bot, does="writes", text="/start")
    await bot.updates()
    keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    sent = await bot.call("sendMessage", chat_id=1001, text="hi", reply_markup=keyboard)

    pressed = await act(telegram, bot, does="presses", message=sent["message_id"], data="go")

    [update] = await bot.updates()
    assert update["callback_query"]["id"] == (await pressed.json())["query"]
    assert update["callback_query"]["from"]["language_code"] == "ru"


async def act(
    telegram: LocalTelegram, program: Program, /, *, person: int = 1001, **what: str | int
) -> ClientResponse:
    address = f"{telegram.url}/page/live/act"
    async with program.http.post(address, json={"person": person, **what}) as response:
        await response.read()
        return response


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({"does": "dances"}, 400),
        ({"does": "edits", "message": 99, "text": "a"}, 400),
        ({"does": "writes", "text": "a", "unheard_of": 1}, 400),
        ({"does": "writes", "text": "a", "person": 99}, 404),
    ],
)
async def test_what_a_person_cannot_do_is_refused(
    telegram: LocalTelegram, bot: Program, what: dict[str, str | int], status: int
) -> None:
    response = await act(telegram, bot, **what)  # pyright: ignore[reportArgumentType] - it is wrong on purpose

    assert response.status == status


async def test_only_ones_own_message_can_be_edited(telegram: LocalTelegram, bot: Program) -> None:
    await act(telegram, bot, does="writes", text="mine")
    sent = await bot.call("sendMessage", chat_id=1001, text="the bot's")

    response = await act(telegram, bot, does="edits", message=sent["message_id"], text="mine")

    assert response.status == 400
    assert telegram.bot.chats[1001].messages[sent["message_id"]]["text"] == "the bot's"


async def test_the_page_sees_each_message_with_the_call_that_made_it(
    telegram: LocalTelegram, bot: Program
) -> None:
    await act(telegram, bot, does="writes", text="/start")
    sent = await bot.call("sendMessage", chat_id=1001, text="<b>hi</b>", parse_mode="HTML")

    question = {"person": 1001, "message": sent["message_id"]}
    async with bot.http.get(f"{telegram.url}/page/live/origin", params=question) as response:
        found = await response.json()

    assert found["origin"] == {
        "method": "sendMessage",
        "chat_id": 1001,
        "text": "<b>hi</b>",
        "parse_mode": "HTML",
    }
    assert found["message"] == sent


async def test_an_upload_that_is_no_picture_is_not_given_to_the_browser(
    telegram: LocalTelegram, bot: Program
) -> None:
    telegram.world.files["page"] = ("a.html", b"<script>alert(1)</script>")
    address = f"{telegram.url}/page/live/file"

    async with bot.http.get(address, params={"id": "page"}) as response:
        assert response.status == 404


async def test_an_open_page_is_told_of_everything(telegram: LocalTelegram, bot: Program) -> None:
    kinds: list[str] = []
    with anyio.fail_after(5):
        async with bot.http.get(f"{telegram.url}/page/live/events") as response:
            await act(telegram, bot, does="writes", text="/start")
            sent = await bot.call("sendMessage", chat_id=1001, text="one")
            named = {"chat_id": 1001, "message_id": sent["message_id"]}
            await bot.call("editMessageText", text="two", **named)
            await bot.call("deleteMessage", **named)
            await act(telegram, bot, does="blocks")
            async for line in response.content:
                if line.startswith(b"data: "):
                    kinds.append(msgspec.json.decode(line[6:])["kind"])
                if kinds[-1:] == ["member"]:
                    break

    assert kinds == ["pulse", "said", "message", "edited", "deleted", "member"]


async def test_a_page_that_does_not_read_is_let_go(telegram: LocalTelegram) -> None:
    anna = telegram.person("Anna")
    with telegram.page.listening() as listener:
        for number in range(1_100):
            await anna.writes(str(number))

        with anyio.fail_after(5):
            told = [body async for body in listener.bodies(dict)]

    assert len(told) == 1_001


async def test_each_bot_has_chats_of_its_own_on_the_page(
    telegram: LocalTelegram, bot: Program
) -> None:
    second = telegram.world.add_bot("77:second", "Second", "second_bot")
    await act(telegram, bot, does="writes", text="to the second", bot=second.id)
    last: dict[str, str | None] = {}

    for number in (telegram.bot.id, second.id):
        question = {"bot": str(number)}
        async with bot.http.get(f"{telegram.url}/page/live/state", params=question) as response:
            state = await response.json()
        message = state["people"][0]["last"]
        last[state["bot"]] = message and message["text"]
        assert [each["id"] for each in state["bots"]] == [telegram.bot.id, second.id]

    assert last == {telegram.bot.id: None, second.id: "to the second"}


async def test_somebody_new_can_be_added(telegram: LocalTelegram, bot: Program) -> None:
    newcomer = {"first_name": " Zoë ", "language_code": "fr", "is_premium": True}

    async with bot.http.post(f"{telegram.url}/page/live/people", json=newcomer) as response:
        user = await response.json()
    await act(telegram, bot, person=user["id"], does="writes", text="salut")

    assert (await bot.update())["message"]["from"] == {
        "id": user["id"],
        "is_bot": False,
        "first_name": "Zoë",
        "language_code": "fr",
        "is_premium": True,
    }
