"""``vitte backup`` and ``vitte restore`` as an operator types them."""

from pathlib import Path

import psycopg
import pytest
import redis

from tests.processes import Done, vitte_does
from vitte.dev import postgres

TOOLS = str(postgres.program_path("pg_dump").parent)


class Operator:
    def __init__(self, database_url: str, redis_url: str, folder: Path) -> None:
        self.folder = folder
        self.variables = {
            "telegram_token": "123456:made-up",
            "database_url": database_url,
            "redis_url": redis_url,
            "backup_folder": str(folder / "backups"),
        }

    def types(self, *words: str, code: int = 0) -> Done:
        done = vitte_does(*words, cwd=self.folder, **self.variables)
        assert done.code == code, done
        return done


@pytest.fixture
def operator(database_url: str, redis_url: str, tmp_path: Path) -> Operator:
    return Operator(database_url, redis_url, tmp_path)


def test_a_backup_is_saved_proven_listed_restored_and_taken_back(
    operator: Operator, database_url: str, redis_url: str
) -> None:
    tools = ("--programs", TOOLS)
    saved = operator.types("backup", "--verify", *tools)
    assert "Saved and proven" in saved.out
    assert "Redis and /etc/vitte are not in it" in saved.out
    [listed] = operator.types("backup", "--list", "--json").json
    assert listed["rows"]["users"] == 0
    proven = operator.types("backup", "--verify", listed["path"], *tools, "--json").json
    assert (proven["done"], proven["sha256"]) == ("Proven", listed["sha256"])

    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM characters")
        refused = operator.types("restore", *tools, code=3)
    assert "stop vitte first" in refused.err
    with redis.Redis.from_url(redis_url) as client:  # pyright: ignore[reportUnknownMemberType]  # untyped there
        client.set("user:101", "remembered", ex=60)
        client.set("somebody-elses", "too", ex=60)
        restored = operator.types("restore", *tools)
        assert "compared table by table" in restored.out
        assert client.get("user:101") is None
        assert client.get("somebody-elses") == b"too"

    def characters() -> int:
        with psycopg.connect(database_url) as connection:
            return len(connection.execute("SELECT id FROM characters").fetchall())

    assert characters() > 0
    operator.types("restore", "--back", *tools)
    assert characters() == 0
    assert "Dropped" in operator.types("restore", "--forget", *tools).out
    assert "Nothing was put aside" in operator.types("restore", "--back", *tools, code=1).out


def test_without_a_backup_a_restore_says_so(operator: Operator) -> None:
    assert "there is no backup in it" in operator.types("restore", code=1).err
    assert "There is no backup" in operator.types("backup", "--list").out
