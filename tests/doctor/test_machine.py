"""The doctor and the machine: disks, ports, the unit, files that others may read."""

from pathlib import Path

import pytest

from vitte import config, resources
from vitte.config import Config, Secret
from vitte.config_reader import Loaded
from vitte.doctor import machine, setup
from vitte.doctor.finding import Finding
from vitte.passwords import weakness

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"


def line(address: str, state: str = "0A") -> str:
    return f"   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000\n"


def listens(root: Path, *tcp: str, tcp6: tuple[str, ...] = ()) -> Path:
    """A machine whose kernel prints these."""
    net = root / "proc" / "net"
    net.mkdir(parents=True)
    (net / "tcp").write_text(HEAD + "".join(tcp))
    (net / "tcp6").write_text(HEAD + "".join(tcp6))
    return root


def settings(**sections: object) -> Config:
    usual = {
        "database": config.Database(url=Secret("postgresql://vitte@localhost:5433/vitte")),
        "redis": config.Redis(url=Secret("redis://localhost/0")),
    }
    return Config(**(usual | sections))  # pyright: ignore[reportArgumentType]  # sections by their names


async def test_loopback_and_connections_are_not_listened_to(tmp_path: Path) -> None:
    root = listens(
        tmp_path,
        line("0100007F:1538"),  # 127.0.0.1:5432
        line("00000000:0016"),  # 0.0.0.0:22
        line("00000000:01BB"),  # 0.0.0.0:443
        line("0200000A:1538", state="01"),  # an open connection
        tcp6=(line("00000000000000000000000001000000:18EB"),),  # [::1]:6379
    )

    [found] = await machine.ports(settings(), root)()

    assert found.state == "ok"


async def test_a_store_beyond_loopback_fails_and_a_stranger_warns(tmp_path: Path) -> None:
    root = listens(
        tmp_path,
        line("00000000:1539"),  # 0.0.0.0:5433, as database.url has it
        line("0200000A:2382"),  # 10.0.0.2:9090
        tcp6=(
            line("00000000000000000000000000000000:18EB"),  # [::]:6379
            line("0000000000000000FFFF00000100007F:2394"),  # 127.0.0.1 as IPv6
            line("00000000000000000000000000000000:0019"),  # [::]:25
        ),
    )

    found = await machine.ports(settings(), root)()

    assert [(each.state, each.said.split("(")[-1].split(")")[0]) for each in found[:3]] == [
        ("fail", "PostgreSQL"),
        ("fail", "Redis"),
        ("fail", "Prometheus"),
    ]
    assert (found[3].state, "25" in found[3].said) == ("warn", True)
    assert len(found) == 4


async def test_an_address_of_ours_that_is_configured_open_fails(tmp_path: Path) -> None:
    wide = settings(metrics=config.Metrics(listen="0.0.0.0:9108"))

    [found] = await machine.ports(wide, listens(tmp_path))()

    assert (found.state, "metrics.listen" in found.said) == ("fail", True)


@pytest.mark.parametrize(("free", "state"), [(2**40, "ok"), (2**29, "warn"), (2**20, "fail")])
def test_the_less_room_the_worse(free: int, state: str) -> None:
    assert machine.room(Path("/"), free).state == state


async def unit_on(root: Path) -> Finding:
    [found] = await machine.unit(root)()
    return found


async def test_the_unit_is_looked_for_where_systemd_runs(tmp_path: Path) -> None:
    assert (await unit_on(tmp_path)).state == "ok"
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    assert "not installed" in (await unit_on(tmp_path)).said

    folder = tmp_path / "etc/systemd/system"
    folder.mkdir(parents=True)
    ours = (resources.ROOT / "systemd" / "vitte.service").read_text(encoding="utf-8")
    (folder / "vitte.service").write_text(f"# a note of ours\n\n{ours}")
    assert (await unit_on(tmp_path)).state == "ok"

    (folder / "vitte.service").write_text(ours.replace("NoNewPrivileges=yes", ""))
    assert "not that of this version" in (await unit_on(tmp_path)).said


async def secrets_of(loaded: Loaded) -> list[Finding]:
    return list(await setup.secrets(loaded)())


@pytest.mark.parametrize(
    ("database", "redis", "said"),
    [
        ("postgresql://vitte:password@localhost/vitte", "unix:///r.sock", "everybody tries"),
        ("postgresql://vitte:Postgres123@localhost/vitte", "unix:///r.sock", "everybody tries"),
        ("postgresql://anna:anna@localhost/vitte", "unix:///r.sock", "the name of the user"),
        ("postgresql://vitte:k7%24Qz@localhost/vitte", "unix:///r.sock", "shorter than"),
        ("postgresql://vitte:ababababababab@h/vitte", "unix:///r.sock", "repeats"),
        ("postgresql://vitte@/vitte?host=/run/pg", "redis://localhost:6379/0", "no password"),
        ("postgresql://vitte@db.example.com/vitte", "unix:///r.sock", "no password"),
        ("postgresql://vitte@/vitte?host=/run/pg", "redis://:redis@localhost:6379/0", "everybody"),
    ],
)
async def test_a_password_that_can_be_guessed_is_told_and_not_shown(
    database: str, redis: str, said: str
) -> None:
    weak = settings(
        database=config.Database(url=Secret(database)), redis=config.Redis(url=Secret(redis))
    )

    [found] = await secrets_of(Loaded(weak, "a test", ()))

    assert said in found.said
    assert "k7$Qz" not in found.said + found.next


async def test_good_passwords_sockets_and_peers_are_well() -> None:
    good = settings(
        database=config.Database(url=Secret("postgresql://vitte:9f2c1e7ab04d53c8@h/vitte")),
        redis=config.Redis(url=Secret("redis://:0b7d5e91c3a84f26@h/0")),
    )

    assert [each.state for each in await secrets_of(Loaded(good, "a test", ()))] == ["ok"]


async def test_a_file_with_a_secret_that_everybody_may_read_fails(tmp_path: Path) -> None:
    file = tmp_path / "vitte.toml"
    file.write_text('[telegram]\ntoken = "123456:ABCDEF"\n')
    holds = settings(
        telegram=config.Telegram(token=Secret("123456:ABCDEF")),
        redis=config.Redis(url=Secret("unix:///r.sock")),
    )
    file.chmod(0o640)
    assert [each.state for each in await secrets_of(Loaded(holds, str(file), ()))] == ["ok"]

    file.chmod(0o644)
    [found] = await secrets_of(Loaded(holds, str(file), ()))

    assert (found.state, "telegram.token" in found.said) == ("fail", True)


def test_a_strong_password_has_no_weakness() -> None:
    assert weakness("correct horse battery staple") is None
    assert weakness("passwordpassword9") is None
