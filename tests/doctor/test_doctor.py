"""``vitte doctor`` from outside: on real stores and the local Telegram, well and broken."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from aiohttp import web
from anyio import to_thread

from tests.processes import Done, free_port, vitte_does
from tests.whole import configured, whole
from vitte import config
from vitte.config_reader import Loaded
from vitte.dev.telegram import LocalTelegram
from vitte.doctor import Finding, examine, stores
from vitte.doctor.finding import Look, look_at, ok
from vitte.redaction import Redactor
from vitte.store import migrations


def states(findings: list[Finding]) -> dict[str, str]:
    """The worst state of each check."""
    order = ("ok", "warn", "fail")
    found: dict[str, str] = {}
    for each in findings:
        found[each.check] = max(found.get(each.check, "ok"), each.state, key=order.index)
    return found


def only(findings: list[Finding], check: str, state: str) -> Finding:
    of_it = [each for each in findings if each.check == check]
    found = [each for each in of_it if each.state == state]
    assert len(found) == 1, of_it or findings
    return found[0]


async def examined(settings: config.Config, root: Path) -> list[Finding]:
    with anyio.fail_after(20):
        return await examine(Loaded(settings, "a test", ()), Redactor(), root)


@pytest.fixture
def settings(
    telegram: LocalTelegram, database_url: str, redis_url: str, tmp_path: Path
) -> config.Config:
    return configured(telegram, database_url, redis_url, tmp_path)


@pytest.fixture(autouse=True)
def _a_busy_machine_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "SLOW_SECONDS", 5.0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine on which nobody listens and systemd does not run."""
    return tmp_path / "root"


async def test_where_all_is_well_every_line_is_ok(
    settings: config.Config, telegram: LocalTelegram, root: Path
) -> None:
    async with whole(settings, telegram):
        await telegram.called("setMyCommands", 3)
        await telegram.polled()

        findings = await examined(settings, root)

    assert [each for each in findings if each.state != "ok" and each.check != "disk"] == []
    assert list(dict.fromkeys(each.check for each in findings)) == [
        "configuration", "words", "unit", "token", "webhook", "updates", "commands", "clock",
        "database", "pool", "migrations", "sizes", "redis", "secrets", "disk", "ports", "process",
    ]  # fmt: skip
    assert "@vitte_bot" in only(findings, "token", "ok").said
    assert all(each.next for each in findings if each.state != "ok")


async def test_before_the_first_start_it_says_what_the_start_will_do(
    settings: config.Config, root: Path
) -> None:
    found = states(await examined(settings, root))

    assert found["token"] == found["webhook"] == found["database"] == found["redis"] == "ok"
    assert found["updates"] == found["commands"] == found["process"] == "warn"


async def test_what_is_away_costs_its_own_lines_alone(
    settings: config.Config, root: Path, tmp_path: Path
) -> None:
    away = msgspec.structs.replace(
        settings,
        database=config.Database(url=config.Secret(f"postgresql://vitte@/vitte?host={tmp_path}")),
        redis=config.Redis(url=config.Secret(f"unix://{tmp_path}/nobody.sock")),
        telegram=config.Telegram(token=config.Secret("1:A"), api=f"http://127.0.0.1:{free_port()}"),
    )

    findings = await examined(away, root)

    found = states(findings)
    assert found["token"] == found["database"] == found["redis"] == "fail"
    assert found["configuration"] == found["words"] == found["secrets"] == found["ports"] == "ok"
    assert str(tmp_path) in only(findings, "database", "fail").said


async def test_stores_and_a_telegram_that_say_nothing_are_not_waited_for(
    settings: config.Config, telegram: LocalTelegram, root: Path
) -> None:
    async def silent(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await anyio.sleep_forever()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    mute = msgspec.structs.replace(
        settings,
        database=config.Database(url=config.Secret(f"postgresql://vitte@127.0.0.1:{port}/vitte")),
        redis=config.Redis(url=config.Secret(f"redis://127.0.0.1:{port}/0")),
    )
    telegram.hang_next("getMe")
    found, took = dict[str, str](), 0.0
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, silent)
        began = time.monotonic()

        found = states(await examined(mute, root))

        took = time.monotonic() - began
        group.cancel_scope.cancel()
    assert found["token"] == found["database"] == found["redis"] == "fail"
    assert took < 12


async def test_one_question_that_telegram_leaves_open_costs_its_own_line_alone(
    settings: config.Config, telegram: LocalTelegram, root: Path
) -> None:
    telegram.hang_next("getMyCommands")

    findings = await examined(settings, root)

    assert "no answer within" in only(findings, "commands", "warn").said
    assert states(findings)["token"] == states(findings)["webhook"] == "ok"


async def test_a_token_that_telegram_does_not_know_is_named(
    database_url: str, redis_url: str, tmp_path: Path, root: Path
) -> None:
    async with LocalTelegram.serve(tokens=["1:right"]) as telegram:
        settings = configured(telegram, database_url, redis_url, tmp_path)
        wrong = config.Telegram(api=telegram.url, token=config.Secret("1:wrong"))

        findings = await examined(msgspec.structs.replace(settings, telegram=wrong), root)

    assert "@BotFather" in only(findings, "token", "fail").next
    assert states(findings)["webhook"] == "warn"
    assert states(findings)["database"] == "ok"


async def call(telegram: LocalTelegram, method: str, **given: Any) -> None:
    import aiohttp  # noqa: PLC0415  # only here

    async with aiohttp.ClientSession() as http:
        address = f"{telegram.url}/bot{telegram.token}/{method}"
        async with http.post(address, json=given) as response:
            assert response.status == 200


async def test_a_webhook_in_the_way_of_polling_is_a_failure(
    settings: config.Config, telegram: LocalTelegram, root: Path
) -> None:
    await call(telegram, "setWebhook", url="http://127.0.0.1:9/a-secret-path")

    findings = await examined(settings, root)

    found = only(findings, "webhook", "fail")
    assert "vitte webhook delete" in found.next
    assert "a-secret-path" not in found.said


async def test_a_webhook_elsewhere_its_last_error_and_other_updates_are_told(
    settings: config.Config, telegram: LocalTelegram, root: Path
) -> None:
    address = f"http://127.0.0.1:{free_port()}/hook"
    hooked = msgspec.structs.replace(
        settings,
        telegram=msgspec.structs.replace(
            settings.telegram, updates="webhook", webhook_url="https://bot.example.com/hook"
        ),
    )
    assert "none is set yet" in only(await examined(hooked, root), "webhook", "warn").said
    await call(telegram, "setWebhook", url=address, allowed_updates=["message"])
    await telegram.person("Anna").writes("hello")
    webhook = telegram.bot.updates.webhook
    assert webhook is not None
    with anyio.fail_after(10):
        while webhook.last_error is None:  # noqa: ASYNC110  # it tells nobody
            await anyio.sleep(0.01)

    findings = await examined(hooked, root)

    assert "another address" in only(findings, "webhook", "fail").said
    assert "last trouble" in only(findings, "webhook", "warn").said
    assert "my_chat_member" in only(findings, "updates", "warn").said


@asynccontextmanager
async def telegram_of(answer: Callable[[str], tuple[Any, dict[str, str]]]) -> AsyncGenerator[str]:
    """A server that answers each method with what it is given, and these headers."""

    async def serve(request: web.Request) -> web.Response:
        result, headers = answer(request.path.rpartition("/")[2])
        return web.json_response({"ok": True, "result": result}, headers=headers)

    app = web.Application()
    app.router.add_post("/{token}/{method}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_clock_that_is_wrong_is_a_failure(settings: config.Config, root: Path) -> None:
    def answer(method: str) -> tuple[Any, dict[str, str]]:
        results: dict[str, Any] = {"getMe": {"id": 1, "username": "b"}, "getMyCommands": []}
        return results.get(method, {}), {"Date": "Fri, 20 Nov 2020 12:00:00 GMT"}

    async with telegram_of(answer) as url:
        late = config.Telegram(api=url, token=config.Secret("1:A"))

        findings = await examined(msgspec.structs.replace(settings, telegram=late), root)

    assert "ahead of Telegram's" in only(findings, "clock", "fail").said


async def test_what_answers_but_is_no_telegram_is_a_failure(
    settings: config.Config, root: Path
) -> None:
    async def page(_: web.Request) -> web.Response:
        return web.json_response(["welcome"])

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    other = config.Telegram(api=url, token=config.Secret("1:A"))

    findings = await examined(msgspec.structs.replace(settings, telegram=other), root)

    await runner.cleanup()
    assert "no answer of the Bot API" in only(findings, "token", "fail").said


async def test_a_database_without_a_schema_has_pending_migrations(
    settings: config.Config, empty_database_url: str, root: Path
) -> None:
    empty = config.Database(url=config.Secret(empty_database_url), pool_max=8)

    findings = await examined(msgspec.structs.replace(settings, database=empty), root)

    written = len(await to_thread.run_sync(migrations.names))
    assert f"{written} of {written} are pending" in only(findings, "migrations", "warn").said


async def test_a_schema_that_is_newer_than_the_program_is_a_failure(
    settings: config.Config, database_url: str, root: Path
) -> None:
    import psycopg  # noqa: PLC0415  # only here

    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE _yoyo_migration SET migration_id = '9999.later' WHERE migration_id = '0001.users'")  # fmt: skip

    findings = await examined(settings, root)

    assert "9999.later" in only(findings, "migrations", "fail").said


async def test_a_pool_that_postgresql_has_no_room_for_is_a_failure(
    settings: config.Config, root: Path
) -> None:
    greedy = msgspec.structs.replace(settings.database, pool_max=100_000)

    findings = await examined(msgspec.structs.replace(settings, database=greedy), root)

    assert "max_connections" in only(findings, "pool", "fail").next


async def test_a_store_that_answers_late_is_to_be_looked_at(
    settings: config.Config, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    monkeypatch.setattr(stores, "SLOW_SECONDS", 0.0)
    hasty = msgspec.structs.replace(settings.database, pool_max=8)

    findings = await examined(msgspec.structs.replace(settings, database=hasty), root)

    assert "PostgreSQL answers within" in only(findings, "database", "warn").said


async def test_a_check_that_breaks_or_takes_too_long_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def breaks() -> list[Finding]:
        raise KeyError("what a person wrote")

    async def never() -> list[Finding]:
        await anyio.sleep_forever()
        raise AssertionError

    async def well() -> list[Finding]:
        return [ok("well", "all of it, hunter2hunter2")]

    monkeypatch.setattr("vitte.doctor.finding.LIMIT_SECONDS", 0.05)
    findings = await look_at(
        [Look("breaks", breaks), Look("never", never), Look("well", well)],
        Redactor(["hunter2hunter2"]),
    )

    assert [each.state for each in findings] == ["fail", "fail", "ok"]
    assert "what a person wrote" not in findings[0].said
    assert "hunter2" not in findings[2].said


# -- As a command


async def does(*words: str, **more: str) -> Done:
    return await to_thread.run_sync(lambda: vitte_does("doctor", *words, cwd=None, **more))


async def test_the_command_prints_lines_or_json_and_ends_with_one_when_anything_fails(
    settings: config.Config, telegram: LocalTelegram, tmp_path: Path
) -> None:
    good: dict[str, str] = {
        "telegram_token": telegram.token,
        "telegram_api": telegram.url,
        "database_url": settings.database.url.reveal(),
        "redis_url": settings.redis.url.reveal(),
        "database_pool_min": "1",
        "database_pool_max": "8",
        "http_listen": settings.http.listen,
        "metrics_listen": settings.metrics.listen,
        "admin_listen": settings.admin.listen,
        "data": str(tmp_path),
    }
    bad = {**good, "redis_url": f"unix://{tmp_path}/nobody.sock", "http_lisen": "x"}

    well, ill, as_json = (
        await does(**good), await does(**bad), await does("--json", **bad)
    )  # fmt: skip

    assert "ok    token" in well.out
    assert well.out.strip().splitlines()[-1].endswith(" failed")
    failed = [line for line in well.out.splitlines() if line.startswith("fail")]
    assert all("port" in line for line in failed)  # of the machine that the test runs on
    assert well.code == (1 if failed else 0)
    assert ill.code == as_json.code == 1
    assert "VITTE_HTTP_LISEN" in ill.out
    assert as_json.json["ok"] is False
    assert {tuple(each) for each in as_json.json["findings"]} == {
        ("check", "state", "said", "next")
    }
    for done in (well, ill, as_json):
        assert done.err == ""
        assert telegram.token not in done.out


async def test_without_a_configuration_every_fault_is_a_line() -> None:
    done = await does("--json", cron_timezone="Mars/Olympus")

    failed = [each["said"] for each in done.json["findings"] if each["state"] == "fail"]
    assert done.code == 1
    assert any("telegram.token" in said for said in failed)
    assert any("Mars/Olympus" in said for said in failed) or len(failed) >= 3
    assert "words" in {each["check"] for each in done.json["findings"]}
