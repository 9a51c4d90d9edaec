"""Backups on a real PostgreSQL: whole or none, proven, put in place, taken back."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from vitte.dev import postgres
from vitte.errors import BackupUnfit, DatabaseAway, ProgramFailed, ProgramMissing, StillInUse
from vitte.store import backups, saved
from vitte.store.programs import Programs

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
TOOLS = postgres.program_path("pg_dump").parent


@pytest.fixture
def programs(database_url: str) -> Programs:
    fill(database_url, "Anna", 101)
    return Programs(database_url, TOOLS)


def fill(url: str, name: str, number: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO users (id, first_name, language_code, created_at, updated_at)"
            " VALUES (%s, %s, 'en', %s, %s)",
            (number, name, NOW, NOW),
        )


def names(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute("SELECT first_name FROM users ORDER BY id")]


def databases(url: str, like: str) -> list[str]:
    with psycopg.connect(url, dbname="postgres") as connection:
        rows = connection.execute("SELECT datname FROM pg_database").fetchall()
    return sorted(name for (name,) in rows if name.startswith(like))


def make(programs: Programs, folder: Path, now: datetime = NOW) -> saved.Backup:
    return backups.make(programs, folder, now=now, version="0.1.0")


def test_a_backup_is_one_file_for_its_owner_alone_and_says_what_is_in_it(
    programs: Programs, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"

    backup = make(programs, folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(backup.path.stat().st_mode) == 0o600
    assert backup.path.name == f"{programs.database}-20261125T030000Z.dump"
    assert backup.contents.rows["users"] == 1
    assert backup.contents.rows["characters"] > 0
    assert any(name.startswith("messages_") for name in backup.contents.rows)
    assert saved.listed(folder) == [backup]
    assert sorted(path.suffix for path in folder.iterdir()) == [".dump", ".json"]


def test_it_comes_back_into_a_scratch_database_that_goes_again(
    programs: Programs, tmp_path: Path
) -> None:
    backup = make(programs, tmp_path)

    backups.verify(programs, backup)

    assert databases(programs.url, programs.database + "_") == []


def test_a_byte_that_changed_is_noticed(programs: Programs, tmp_path: Path) -> None:
    backup = make(programs, tmp_path)
    content = bytearray(backup.path.read_bytes())
    content[len(content) // 2] ^= 1
    backup.path.write_bytes(content)

    with pytest.raises(BackupUnfit, match="checksum"):
        backups.verify(programs, backup)

    backup.path.write_bytes(content[:-1])
    with pytest.raises(BackupUnfit, match="bytes"):
        backups.verify(programs, backup)


def test_rows_that_are_missing_are_named(programs: Programs, tmp_path: Path) -> None:
    backup = make(programs, tmp_path)
    backup.contents.rows["users"] = 2

    with pytest.raises(BackupUnfit, match="users has 1 rows, and 2 were saved"):
        backups.verify(programs, backup)

    assert databases(programs.url, programs.database + "_") == []


def test_what_is_restored_takes_the_place_and_what_was_there_is_kept(
    programs: Programs, tmp_path: Path
) -> None:
    backup = make(programs, tmp_path)
    fill(programs.url, "Boris", 102)

    aside = backups.restore(programs, backup, now=NOW)

    assert names(programs.url) == ["Anna"]
    assert (
        backups.put_aside(programs)
        == [aside]
        == [f"{programs.database}_before_20261125030000000000"]
    )

    later = NOW + timedelta(hours=1)
    other = backups.take_back(programs, aside, now=later)
    assert names(programs.url) == ["Anna", "Boris"]

    backups.forget(programs, other)
    assert backups.put_aside(programs) == []
    assert databases(programs.url, programs.database) == [programs.database]


def test_nothing_is_exchanged_under_somebodys_feet(programs: Programs, tmp_path: Path) -> None:
    backup = make(programs, tmp_path)

    with (
        psycopg.connect(programs.url),
        pytest.raises(StillInUse, match="systemctl stop vitte"),
    ):
        backups.restore(programs, backup, now=NOW)

    assert databases(programs.url, programs.database) == [programs.database]


def test_a_restore_that_fails_leaves_everything_as_it_was(
    programs: Programs, tmp_path: Path
) -> None:
    backup = make(programs, tmp_path)
    fill(programs.url, "Boris", 102)
    backup.contents.rows["users"] = 7

    with pytest.raises(BackupUnfit):
        backups.restore(programs, backup, now=NOW)

    assert names(programs.url) == ["Anna", "Boris"]
    assert databases(programs.url, programs.database) == [programs.database]


def test_what_cannot_be_written_leaves_nothing_behind(programs: Programs, tmp_path: Path) -> None:
    broken = tmp_path / "programs"
    broken.mkdir()
    (broken / "pg_dump").write_text("#!/bin/sh\necho 'no space left on device' >&2\nexit 1\n")
    (broken / "pg_dump").chmod(0o755)

    with pytest.raises(ProgramFailed, match="no space left"):
        make(Programs(programs.url, broken), tmp_path / "backups")

    assert list((tmp_path / "backups").iterdir()) == []


def test_old_ones_go_and_the_latest_three_stay(programs: Programs, tmp_path: Path) -> None:
    made = [make(programs, tmp_path, NOW - timedelta(days=days)) for days in (40, 30, 20, 3, 0)]
    (tmp_path / "notes.txt").write_text("somebody's own")

    gone = saved.prune(tmp_path, keep_days=14, now=NOW)

    assert gone == [made[1].path, made[0].path]
    assert [each.path for each in saved.listed(tmp_path)] == [made[n].path for n in (4, 3, 2)]
    assert (tmp_path / "notes.txt").exists()


def test_a_dump_of_which_nobody_says_what_is_in_it_is_none(tmp_path: Path) -> None:
    (tmp_path / "strange.dump").write_bytes(b"PGDMP")

    assert saved.listed(tmp_path) == []
    with pytest.raises(BackupUnfit, match="does not say"):
        saved.read(tmp_path / "strange.dump")
    with pytest.raises(BackupUnfit, match="no such file"):
        saved.read(tmp_path / "nowhere.dump")


def test_a_program_that_is_not_there_is_named(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="postgresql-client"):
        make(Programs(database_url, tmp_path), tmp_path / "backups")


def test_a_database_that_is_away_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatabaseAway):
        make(Programs(f"postgresql://vitte@/vitte?host={tmp_path}", TOOLS), tmp_path)


def test_no_password_stands_in_an_argv(tmp_path: Path) -> None:
    told = tmp_path / "told"
    (tmp_path / "pg_dump").write_text(
        f'#!/bin/sh\necho "$@" "|$PGPASSWORD|$PGHOST|$PGDATABASE" > {told}\n'
    )
    (tmp_path / "pg_dump").chmod(0o755)

    Programs("postgresql://anna:hidden@db.example/vitte_bot", tmp_path).run("pg_dump", "--help")

    assert told.read_text() == "--help |hidden|db.example|vitte_bot\n"
