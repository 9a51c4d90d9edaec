"""Whose Redis it is: a new one and ours are taken, another's is left alone."""

from pathlib import Path

import pytest

from vitte.errors import StepFailed
from vitte.hosting import stores
from vitte.hosting.machine import Machine

IDLE = "# Clients\r\nconnected_clients:1\r\nmaxclients:10000"
EMPTY = "# Keyspace"
OF_THE_PACKAGE = "bind 127.0.0.1\nsave 900 1\n"


class Told(Machine):
    """A machine whose Redis says what a test wants; nothing is run on it."""

    def __init__(self, clients: str | None = IDLE, keys: str | None = EMPTY) -> None:
        super().__init__(dry_run=False)
        self.answers = {"clients": clients, "keyspace": keys}

    def says(self, *words: str, stdin: str | None = None) -> str | None:
        del stdin
        return self.answers[words[-1]]

    def run(self, *words: str, **more: object) -> str:
        del more
        assert words == ("systemctl", "restart", "redis-server")
        return ""

    def write(self, path: Path, text: str, *, mode: int = 0o644, owner: str = "root") -> bool:
        del mode, owner
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return True


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Redis's own configuration, as its package brings it."""
    path = tmp_path / "redis.conf"
    path.write_text(OF_THE_PACKAGE)
    monkeypatch.setattr(stores, "REDIS", path)
    monkeypatch.setattr(stores, "OURS", tmp_path / "vitte.conf")
    monkeypatch.setattr(stores, "SECRETS", tmp_path / "secrets")
    return path


def taken_and_given_back(config: Path) -> None:
    stores.redis(Told(), None, new=True)
    lines = config.read_text().splitlines(keepends=True)
    config.write_text("".join(line for line in lines if str(stores.OURS) not in line))
    stores.OURS.unlink()
    (stores.SECRETS / "redis_url").unlink()


def test_one_that_was_there_before_is_left_alone_though_it_is_empty(config: Path) -> None:
    with pytest.raises(StepFailed, match="left alone"):
        stores.redis(Told(), None, new=False)

    assert config.read_text() == OF_THE_PACKAGE


def test_one_that_was_ours_is_taken_again_and_again(config: Path) -> None:
    for _ in range(3):
        taken_and_given_back(config)
        stores.redis(Told(), None, new=False)

        assert config.read_text().count(stores.TAKEN) == 1
        assert config.read_text().splitlines().count(f"include {stores.OURS}") == 1
        assert config.read_text().startswith(OF_THE_PACKAGE)
        assert (stores.SECRETS / "redis_url").read_text().startswith("redis://:")


@pytest.mark.parametrize(
    "told",
    [
        Told(clients="# Clients\r\nconnected_clients:2"),
        Told(keys="# Keyspace\r\ndb3:keys=1,expires=0,avg_ttl=0"),
        Told(clients="NOAUTH Authentication required.", keys="NOAUTH Authentication required."),
        Told(clients=None, keys=None),
    ],
    ids=["somebody is connected", "it holds a key", "it has a password", "it does not answer"],
)
def test_one_that_was_ours_and_that_somebody_uses_by_now_is_left_alone(
    config: Path, told: Told
) -> None:
    taken_and_given_back(config)

    with pytest.raises(StepFailed, match="left alone"):
        stores.redis(told, None, new=False)


def test_run_again_it_is_not_touched(config: Path) -> None:
    stores.redis(Told(), None, new=True)
    word = (stores.SECRETS / "redis_url").read_text()
    stores.redis(Told(clients=None), None, new=False)

    assert (stores.SECRETS / "redis_url").read_text() == word
    assert config.read_text().count(stores.TAKEN) == 1
