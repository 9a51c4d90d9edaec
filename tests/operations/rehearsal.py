"""The rehearsal: a bare Debian becomes a serving vitte, and lives through what machines go through.

The tests of this file are one story and run in their order, each on what the one before
left; ``test_rehearsal.py`` starts them in a network of their own.
"""

import json
import re
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import aiohttp
import anyio
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from anyio import to_thread

from tests.operations import acme, debian
from tests.operations.debian import SOURCE, Debian
from tests.operations.hand import STORES, WORD, Hand, lacking, proofs, until
from tests.test_readme import Proof
from vitte.dev.telegram import LocalTelegram
from vitte.resources import ROOT

DOMAIN = "bot.example.com"
ADMIN = "admin.example.com"
TELEGRAM_PORT = 8081
OF_TELEGRAM = "149.154.167.220"
ACME_PORT = 14000
pytestmark = pytest.mark.timeout(900)
TIMES: dict[str, float] = {}
# Whom people and Telegram trust: more authorities come in as the story goes on.
TRUSTED = ssl.create_default_context()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Debian]:
    folder = tmp_path_factory.mktemp("machine")
    bare, wheels = debian.CACHE / debian.BARE, debian.CACHE / f"wheels-{debian.BARE}"
    tree = folder / "tree"
    debian.run("cp", "--archive", "--reflink=auto", str(bare), str(tree))
    debian.cloned(tree)
    # It need not outlive a power cut, and every fsync is somebody else's wait.
    (tree / "etc" / "dpkg" / "dpkg.cfg.d" / "rehearsal").write_text("force-unsafe-io\n")
    certificate(tree / "srv")
    (tree / "srv" / "token").write_text(f"{TOKEN}\n")
    with debian.booted(tree, wheels=wheels, log=folder / "console.log") as machine:
        yield machine
    shutil.rmtree(tree, ignore_errors=True)


TOKEN = "123456789:AAE-made-up-for-the-rehearsal-only-0"


@pytest.fixture(scope="module")
async def telegram(machine: Debian) -> AsyncGenerator[LocalTelegram]:
    """A Telegram that calls webhooks from an address of the real one's networks."""
    debian.run("ip", "address", "add", f"{OF_TELEGRAM}/32", "dev", "lo")

    def connector() -> aiohttp.TCPConnector:
        return coming(machine, OF_TELEGRAM)

    async with LocalTelegram.serve(
        port=TELEGRAM_PORT, tokens=[TOKEN], connector=connector
    ) as telegram:
        yield telegram


def certificate(folder: Path) -> None:
    debian.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3", "-subj", f"/CN={DOMAIN}",
                "-addext", f"subjectAltName=DNS:{DOMAIN},DNS:{ADMIN}",
                "-keyout", str(folder / "key.pem"), "-out", str(folder / "chain.pem"))  # fmt: skip


INSTALL = (
    f"{SOURCE}/install.sh", "--domain", DOMAIN, "--admin-domain", ADMIN, "--token-file", "/srv/token",
    "--certificate", "/srv/chain.pem", "--key", "/srv/key.pem",
    "--telegram-api", f"http://127.0.0.1:{TELEGRAM_PORT}",
)  # fmt: skip


@pytest.fixture
async def outside(machine: Debian) -> AsyncGenerator[aiohttp.ClientSession]:
    """Somebody who comes from outside, by the domain's name."""
    async with aiohttp.ClientSession(connector=coming(machine, "127.0.0.1")) as http:
        yield http


def coming(machine: Debian, address: str) -> aiohttp.TCPConnector:
    """How somebody comes to the machine by its name: from this address, trusting its certificate."""
    TRUSTED.load_verify_locations(cafile=str(machine.tree / "srv" / "chain.pem"))
    return aiohttp.TCPConnector(
        ssl=TRUSTED, resolver=Everything(), local_addr=(address, 0), force_close=True
    )


class Everything(AbstractResolver):
    """Every name is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


async def status(http: aiohttp.ClientSession, path: str, **given: object) -> int:
    async with http.get(f"https://{DOMAIN}{path}", allow_redirects=False, **given) as response:  # pyright: ignore[reportArgumentType]  # what a test gives
        await response.read()
        return response.status


async def is_answered(telegram: LocalTelegram, name: str) -> None:
    person = telegram.person(name, language_code="en")
    await person.starts()
    assert name in (await person.hears_one(within=20)).text


def files(machine: Debian) -> set[str]:
    return set(machine.types("find", "/etc", "/opt", "/var/lib", "-xdev").splitlines())


async def until_served_anew(machine: Debian, before: str, within: float) -> None:
    """Wait until another process than before has said READY."""
    with anyio.fail_after(within):
        while True:
            pid = await to_thread.run_sync(machine.show, "MainPID")
            state = await to_thread.run_sync(machine.show, "SubState")
            if state == "running" and pid not in {before, "0"}:
                return
            await anyio.sleep(0.02)


def took(what: str, seconds: float, most: float) -> None:
    TIMES[what] = seconds
    print(f"\n  {what}: {seconds:.2f} s (at most {most:g})", flush=True)
    assert seconds <= most


async def test_a_dry_run_tells_all_and_changes_nothing(machine: Debian) -> None:
    before = files(machine)

    said = await machine.typed(*INSTALL, "--dry-run")

    assert "would" in said
    assert files(machine) == before


async def test_one_command_makes_a_bare_machine_serve(
    machine: Debian, telegram: LocalTelegram
) -> None:
    began = time.monotonic()
    said = await machine.typed(*INSTALL)
    print(f"\n{said}\n  the installation: {time.monotonic() - began:.0f} s", flush=True)

    assert machine.show("ActiveState") == "active"
    assert re.match(r"Serving: \d+ places", machine.show("StatusText"))
    await is_answered(telegram, "Anna")


async def test_its_secrets_are_roots_alone_and_were_never_said(machine: Debian) -> None:
    folder = machine.tree / "etc" / "vitte" / "secrets"
    secrets = {path.name: path.read_text().strip() for path in folder.iterdir()}
    said = machine.types("journalctl", "--no-pager", "--output=export")
    argv = machine.types("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")

    assert set(secrets) == {"telegram_token", "database_url", "redis_url"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o400}
    words = [
        TOKEN,
        *(re.findall(r":([\w-]{20,})@", url)[0] for url in secrets.values() if "@" in url),
    ]
    assert len(words) == 3
    for word in words:
        assert word not in said + argv
    refused = machine.does("runuser", "-u", "vitte", "--", "cat", "/etc/vitte/secrets/redis_url")
    assert refused.code != 0


async def test_only_nginx_listens_beyond_the_machine(machine: Debian) -> None:
    listening = machine.types("sh", "-c", "cat /proc/net/tcp /proc/net/tcp6")

    open_to_all = {
        int(port, 16)
        for address, port, state in re.findall(
            r"^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ (\w\w)", listening, re.MULTILINE
        )
        if state == "0A" and set(address) == {"0"}
    }
    assert open_to_all == {80, 443}
    refused = machine.types("redis-cli", "ping")
    assert "NOAUTH" in refused


async def test_nginx_lets_in_what_is_meant_for_outside_and_nothing_else(
    machine: Debian, outside: aiohttp.ClientSession
) -> None:
    assert await status(outside, "/health") == 200
    assert await status(outside, "/api/v1/subscriptions/1") == 401
    for closed in ("/", "/metrics", "/api/v1/health", "/api/v1/health/db", "/app/", "/.git/config"):
        assert await status(outside, closed) in {403, 404}, closed
    async with outside.get(f"https://{ADMIN}/login") as panel:
        assert panel.status == 200
    async with outside.get(f"http://{DOMAIN}/anything", allow_redirects=False) as moved:
        assert (moved.status, moved.headers["Location"]) == (301, f"https://{DOMAIN}/anything")
    async with outside.post(f"https://{DOMAIN}/telegram/hook", data=b"{}") as stranger:
        assert stranger.status == 403
    async with outside.post(f"https://{DOMAIN}/api/v1/dialogs/", data=b"x" * 70_000) as large:
        assert large.status == 413
    token = (
        await machine.typed("vitte", "token", "create", "rehearsal", "--scope", "all")
    ).split()[0]
    bearer = {"Authorization": f"Bearer {token}"}
    assert await status(outside, "/api/v1/subscriptions/1", headers=bearer) == 404
    (machine.tree / "var" / "www" / "vitte" / "app" / "index.html").write_text("a Mini App")
    assert await status(outside, "/app/") == 200
    answers = [await status(outside, "/health") for _ in range(12)]
    assert 429 in answers


async def test_run_again_it_finds_nothing_to_do(machine: Debian) -> None:
    before = machine.show("MainPID")

    said = await machine.typed(*INSTALL[:5])

    assert [
        line
        for line in said.splitlines()
        if line.startswith("  do ") and "build the wheel" not in line
    ] == []
    assert machine.show("MainPID") == before


async def test_killed_it_is_back_in_three_seconds(machine: Debian, telegram: LocalTelegram) -> None:
    before = machine.show("MainPID")
    began = time.monotonic()
    machine.types("sh", "-c", f"kill -9 {before}")
    await until_served_anew(machine, before, 20)

    took("killed → READY", time.monotonic() - began, 3)
    await is_answered(telegram, "Boris")


async def test_blocked_it_is_found_out_by_the_watchdog(
    machine: Debian, telegram: LocalTelegram
) -> None:
    before = machine.show("MainPID")
    watchdog = 30
    began = time.monotonic()
    machine.types("sh", "-c", f"kill -STOP {before}")
    await until_served_anew(machine, before, watchdog + 30)

    took("blocked → READY", time.monotonic() - began, watchdog + 3)
    assert "watchdog" in machine.types("journalctl", "-u", "vitte", "--no-pager").lower()
    await is_answered(telegram, "Vera")


async def test_stopped_under_load_it_loses_nothing(
    machine: Debian, telegram: LocalTelegram
) -> None:
    people = [telegram.person(f"Person {number}", language_code="en") for number in range(100)]
    async with anyio.create_task_group() as group:
        for person in people:
            group.start_soon(person.writes, "hello")
        began = time.monotonic()
        await machine.typed("systemctl", "stop", "vitte")
        took("stopped under load", time.monotonic() - began, 10)
    assert machine.show("Result") == "success"

    await machine.typed("systemctl", "start", "vitte")
    for person in people:
        await person.hears_one(within=60)
    await telegram.drained(within=30)
    books = await settled(machine)
    assert books["pending"] == 0
    assert books["received"] == books["answered"]
    assert not books["failed"]
    # Nothing twice: what each of them read, they read once, and all of them as much. (What the
    # books call repeated only waited while nobody served: it may have been said, and was not.)
    assert len({len(person.messages) for person in people}) == 1
    for person in people:
        assert len({message.text for message in person.messages}) == len(person.messages)


async def settled(machine: Debian) -> dict[str, int]:
    with anyio.fail_after(30):
        while True:
            books = json.loads(await machine.typed("vitte", "ledger", "--json"))
            if not books["pending"] and not books["waiting"]:
                return books
            await anyio.sleep(0.2)


def people_known(machine: Debian) -> int:
    said = machine.types("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", "vitte_bot",
                         "-c", "SELECT count(*) FROM users")  # fmt: skip
    return int(said)


async def test_a_backup_comes_back(
    machine: Debian, telegram: LocalTelegram, outside: aiohttp.ClientSession
) -> None:
    assert "Saved and proven: " in await machine.typed("vitte", "backup", "--verify")
    await machine.typed("systemctl", "start", "vitte-backup.service")
    assert machine.show("Result", "vitte-backup.service") == "success"
    saved = json.loads(await machine.typed("vitte", "backup", "--list", "--json"))
    newest = max(each["path"] for each in saved)
    known = people_known(machine)
    await is_answered(telegram, "Somebody new")
    assert people_known(machine) == known + 1

    assert "stop vitte first" in machine.does("vitte", "restore").out
    await machine.typed("systemctl", "stop", "vitte")
    assert await status(outside, "/health") == 503
    began = time.monotonic()
    said = await machine.typed("vitte", "restore")
    await machine.typed("systemctl", "start", "vitte")

    assert newest in said
    print(f"\n{said}  restored and up: {time.monotonic() - began:.1f} s", flush=True)
    assert people_known(machine) == known
    await is_answered(telegram, "Somebody newer")


def wheel(machine: Debian, version: str, change: dict[str, str] | None = None) -> str:
    """Build another version's wheel, as its author would."""
    source = debian.cloned(machine.tree, version, change)
    debian.run("env", "-C", str(source), sys.executable, "-m", "hatchling", "build",
                "-t", "wheel", "-d", "dist")  # fmt: skip
    return f"{SOURCE}{version}/dist/vitte-{version}-py3-none-any.whl"


MIGRATION = {
    "sql/migrations/0900.rehearsal.sql": "-- depends: {last}\nCREATE TABLE rehearsal (id bigint PRIMARY KEY);\n",
    "sql/migrations/0900.rehearsal.rollback.sql": "DROP TABLE rehearsal;\n",
}


def migration() -> dict[str, str]:
    steps = sorted(path.stem for path in (ROOT / "sql" / "migrations").glob("*.sql"))
    last = [step for step in steps if not step.endswith(".rollback")][-1]
    return {name: text.format(last=last) for name, text in MIGRATION.items()}


async def test_an_upgrade_brings_the_new_and_the_way_back_the_old(
    machine: Debian, telegram: LocalTelegram
) -> None:
    new = wheel(machine, "0.1.1", migration())

    print("\n" + await machine.typed("vitte", "upgrade", new), flush=True)
    assert machine.types("vitte", "--version").strip() == "vitte 0.1.1"
    assert "0900.rehearsal" in machine.types("vitte", "migrate", "status")
    await is_answered(telegram, "Anna of the new version")

    print("\n" + await machine.typed("vitte", "upgrade", "--back"), flush=True)
    assert machine.types("vitte", "--version").strip() != "vitte 0.1.1"
    assert "0900.rehearsal" not in machine.types("vitte", "migrate", "status")
    assert people_known(machine)
    await is_answered(telegram, "Anna of the old version")


async def test_an_upgrade_that_does_not_come_up_goes_back_by_itself(
    machine: Debian, telegram: LocalTelegram
) -> None:
    broken = {**migration(), "vitte/tree.py": '"""Broken."""\n\nraise RuntimeError("not today")\n'}
    bad = wheel(machine, "0.1.2", broken)
    before = machine.types("vitte", "--version")

    done = await to_thread.run_sync(lambda: machine.does("vitte", "upgrade", bad))

    print(f"\n{done.out}", flush=True)
    assert done.code == 1
    assert "serves again" in done.out
    assert machine.types("vitte", "--version") == before
    assert machine.show("ActiveState") == "active"
    await is_answered(telegram, "Boris after all")


async def test_taken_away_it_leaves_the_data_unless_told(machine: Debian) -> None:
    known = people_known(machine)

    await machine.typed("vitte", "uninstall")

    assert not (machine.tree / "opt" / "vitte").exists()
    assert people_known(machine) == known
    assert machine.does("systemctl", "cat", "vitte").code != 0
    await machine.typed(*INSTALL)
    assert machine.show("ActiveState") == "active"
    assert people_known(machine) == known

    await machine.typed("vitte", "uninstall", "--with-data", "--yes")
    listed = machine.types("runuser", "-u", "postgres", "--", "psql", "-XAtlq")
    assert "vitte_bot" not in listed
    assert not (machine.tree / "etc" / "vitte").exists()
    for kind in ("passwd", "group"):
        assert machine.does("getent", kind, "vitte").code != 0, kind
    assert list((machine.tree / "var" / "backups" / "vitte").glob("*.dump"))


async def test_a_redis_that_others_use_by_now_is_left_alone(machine: Debian) -> None:
    await machine.typed("redis-cli", "set", "of-others", "1")

    refused = await to_thread.run_sync(lambda: machine.does(*INSTALL))

    assert refused.code == 1
    assert "it is left alone" in refused.out
    await machine.typed(*INSTALL, "--take-redis")
    assert "NOAUTH" in machine.types("redis-cli", "ping")
    await machine.typed("vitte", "uninstall", "--with-data", "--yes")
    await machine.typed("redis-cli", "del", "of-others")  # it may have been kept on the disk


async def test_lets_encrypt_gives_a_certificate_and_a_newer_one(
    machine: Debian, tmp_path: Path
) -> None:
    """By its stand-in: how certbot is told where to ask is all that differs from the real one."""
    letsencrypt = machine.tree / "etc" / "letsencrypt"
    letsencrypt.mkdir(exist_ok=True)
    (letsencrypt / "cli.ini").write_text(f"server = http://127.0.0.1:{ACME_PORT}/directory\n")
    async with acme.serving(tmp_path, ACME_PORT) as authority:
        TRUSTED.load_verify_locations(cafile=str(authority.root))
        await machine.typed(
            f"{SOURCE}/install.sh", "--domain", DOMAIN, "--admin-domain", ADMIN, "--webhook",
            "--email", "you@example.com", "--token-file", "/srv/token",
            "--telegram-api", f"http://127.0.0.1:{TELEGRAM_PORT}",
        )  # fmt: skip
        assert authority.contacts == ["mailto:you@example.com"]
        assert [set(order.names) for order in authority.orders] == [{DOMAIN, ADMIN}]
        first = await served_certificate()
        for name in (DOMAIN, ADMIN):
            assert f"DNS:{name}" in first

        assert "enabled" in await machine.typed("systemctl", "is-enabled", "certbot.timer")
        await machine.typed("certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew")

        async def another() -> bool:
            return await served_certificate() != first

        await until(another, within=20)  # Nginx lets its old workers end in peace
        assert f"DNS:{DOMAIN}" in await served_certificate()
        assert sorted(authority.asked) == sorted([DOMAIN, ADMIN] * 2)


async def served_certificate() -> str:
    """The certificate that Nginx shows, in words; it must be one that is trusted."""

    def look() -> str:
        with (
            socket.create_connection(("127.0.0.1", 443)) as plain,
            TRUSTED.wrap_socket(plain, server_hostname=DOMAIN) as safe,
        ):
            shown = safe.getpeercert(binary_form=True)
        done = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-text"],
                              input=shown, capture_output=True, check=True)  # fmt: skip
        return done.stdout.decode()

    return await to_thread.run_sync(look)


async def test_with_a_webhook_telegram_calls_through_nginx(
    machine: Debian, telegram: LocalTelegram, outside: aiohttp.ClientSession
) -> None:
    hook = f"https://{DOMAIN}/telegram/hook"
    await is_answered(telegram, "Vera, who was called")

    shown = await machine.typed("vitte", "webhook", "status")
    assert hook in shown
    assert re.search(r"last error +none", shown)
    log = (machine.tree / "var" / "log" / "nginx" / "vitte.log").read_text()
    called = re.findall(rf'(?m)^{re.escape(OF_TELEGRAM)} .*"POST /telegram/hook" (\d+) ', log)
    assert called
    assert set(called) == {"200"}
    async with (
        aiohttp.ClientSession(connector=coming(machine, OF_TELEGRAM)) as neighbour,
        neighbour.post(hook, data=b"{}") as without_the_secret,
    ):
        assert without_the_secret.status == 401
    async with outside.post(hook, data=b"{}") as stranger:
        assert stranger.status == 403

    await machine.typed("systemctl", "stop", "vitte")
    assert "No webhook is set" in await machine.typed("vitte", "webhook", "delete")


async def test_what_watches_it_is_put_where_the_readme_says(machine: Debian) -> None:
    if (promtool := shutil.which("promtool")) is not None:
        shutil.copy2(promtool, machine.tree / "usr" / "local" / "bin" / "promtool")
    for proof in proofs("Watching it"):
        if promtool is None and proof.command.startswith("promtool"):
            continue
        lacking(proof, await machine.typed("sh", "-ec", proof.command))

    for source, target in (
        ("prometheus/prometheus.yml", "etc/prometheus"),
        ("prometheus/recording.yml", "etc/prometheus/vitte"),
        ("prometheus/alerts.yml", "etc/prometheus/vitte"),
        ("grafana/provisioning/datasources/vitte.yml", "etc/grafana/provisioning/datasources"),
        ("grafana/provisioning/dashboards/vitte.yml", "etc/grafana/provisioning/dashboards"),
    ):
        file = ROOT / "config" / source
        assert (machine.tree / target / file.name).read_bytes() == file.read_bytes()
    provider = (machine.tree / "etc/grafana/provisioning/dashboards/vitte.yml").read_text()
    [folder] = re.findall(r"path: (\S+)", provider)
    kept = {each.name for each in (ROOT / "config" / "grafana" / "dashboards").glob("*.json")}
    assert {each.name for each in (machine.tree / folder.lstrip("/")).iterdir()} == kept


# More people than are written to in a moment: a broadcast to them can be paused.
MANY = """
INSERT INTO users (id, first_name, created_at, updated_at)
    SELECT n, 'Somebody', now(), now() FROM generate_series(5000001, 5000400) AS n;
INSERT INTO settings (user_id, language, created_at, updated_at)
    SELECT id, 'en', created_at, updated_at FROM users WHERE id > 5000000;
INSERT INTO subscriptions (user_id, started_at, created_at, updated_at)
    SELECT id, created_at, created_at, updated_at FROM users WHERE id > 5000000;
"""


async def test_by_hand_it_serves_as_well(machine: Debian, telegram: LocalTelegram) -> None:
    """Each command of the README's section, in its order, and what it is said to print."""
    await machine.typed("vitte", "uninstall", "--with-data", "--yes")
    await machine.typed("sh", "-ec", STORES)
    hand = Hand(
        machine, {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API": f"http://127.0.0.1:{TELEGRAM_PORT}"}
    )

    for proof in proofs("By hand"):
        await hand.types(proof)
        if proof.command.endswith("vitte run") and hand.served == 1:
            await is_answered(telegram, "Anna, by hand")
    assert hand.served == 2
    assert hand.left == ["make wheel"]


async def test_something_is_said_to_everybody(machine: Debian, telegram: LocalTelegram) -> None:
    hand = Hand(
        machine, {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API": f"http://127.0.0.1:{TELEGRAM_PORT}"}
    )
    hand.exports("VITTE_TELEGRAM_UPDATES=polling")
    await hand.runs()
    anna = telegram.person("Anna", language_code="en")
    await anna.starts()
    await anna.hears_one(within=20)
    await machine.typed("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1",
                        "-d", "vitte", "-c", MANY)  # fmt: skip

    for proof in proofs("Something to say to everybody"):
        await hand.types(Proof(proof.command.replace("101", str(anna.id)), proof.shown))
        if " try " in proof.command:
            tried = {message.text for message in await anna.hears(2, within=20)}
            assert tried == {
                "Hello, Anna! There is a new character.",
                "Привет, Anna! У нас новый персонаж.",
            }
    await hand.stops()


async def test_without_a_domain_and_with_stores_from_elsewhere_it_polls(
    machine: Debian, telegram: LocalTelegram
) -> None:
    for name, url in (("database", f"postgresql://vitte:{WORD}@localhost/vitte"),
                      ("redis", f"redis://:{WORD}@localhost:6379/0")):  # fmt: skip
        (machine.tree / "srv" / name).write_text(f"{url}\n")
    await machine.typed("rm", "-r", "/opt/vitte")

    await machine.typed(
        f"{SOURCE}/install.sh", "--token-file", "/srv/token",
        "--telegram-api", f"http://127.0.0.1:{TELEGRAM_PORT}",
        "--database-url-file", "/srv/database", "--redis-url-file", "/srv/redis",
    )  # fmt: skip

    await is_answered(telegram, "Vera, without a domain")
    assert not (machine.tree / "etc" / "nginx" / "sites-enabled" / "vitte").is_symlink()
    assert "vitte_bot" not in machine.types("runuser", "-u", "postgres", "--", "psql", "-XAtlq")
    assert await to_thread.run_sync(machine.show, "ActiveState") == "active"


def test_each_command_that_the_readme_gives_for_a_server_was_typed(machine: Debian) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    [section] = re.findall(r"(?ms)^## On a server of your own\n(.*?)^## ", text)
    given = re.findall(r"(?m)^\$ (.+)$", section)
    typed = [{Path(words[0]).name, *words[1:]} for words in machine.said]

    left = {each for each in given if not any(fixed(each) <= words for words in typed)}

    # Fetching the source needs a network, which this machine has not.
    assert {each for each in left if not each.startswith(("git ", "cd "))} == set()


def fixed(command: str) -> set[str]:
    """What of a documented command is the same for everybody."""
    program, *words = command.replace("sudo ", "").split()
    return {Path(program).name} | {word for word in words if not re.search(r"[./@]", word)}


def test_the_machine_is_as_well_as_before(machine: Debian) -> None:
    assert machine.types("systemctl", "is-system-running", "--wait").strip() in {
        "running",
        "degraded",
    }
