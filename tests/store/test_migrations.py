"""Migrations: up, down and up again, two processes at once, and one that fails."""

import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest

from vitte.dev import postgres
from vitte.errors import DatabaseAway, MigrationBlocked, MigrationFailed, NoSuchMigration
from vitte.store import migrations

ALL = sorted(
    path.stem for path in migrations.FOLDER.glob("*.sql") if not path.stem.endswith(".rollback")
)
TODAY = date(2026, 11, 20)


def schema(url: str) -> str:
    """What pg_dump says of the schema, without yoyo's own tables and what it makes up each time."""
    dump = subprocess.run(
        [postgres.program_path("pg_dump"), "--schema-only", "--exclude-table=_yoyo*", "-d", url],
        check=True,
        capture_output=True,
        text=True,
    )
    return re.sub(r"^\\(un)?restrict .*$", "", dump.stdout, flags=re.MULTILINE)


def test_every_migration_goes_up_down_and_up_again(empty_database_url: str) -> None:
    nothing = schema(empty_database_url)

    assert migrations.apply(empty_database_url, today=TODAY) == ALL
    complete = schema(empty_database_url)
    for number in range(1, len(ALL) + 1):
        undone = migrations.rollback(empty_database_url, steps=number)
        assert undone == ALL[::-1][:number]
        if number == len(ALL):
            assert schema(empty_database_url) == nothing
        assert migrations.apply(empty_database_url, today=TODAY) == ALL[-number:]
        assert schema(empty_database_url) == complete


def test_every_migration_has_its_rollback_and_says_what_it_follows() -> None:
    for before, step in zip(["", *ALL], ALL, strict=False):
        text = (migrations.FOLDER / f"{step}.sql").read_text()
        assert re.search(rf"^-- depends: ?{re.escape(before)}$", text, re.MULTILINE)
        assert (migrations.FOLDER / f"{step}.rollback.sql").stat().st_size > 0


def test_a_second_time_nothing_is_left_to_do(empty_database_url: str) -> None:
    migrations.apply(empty_database_url)

    assert migrations.apply(empty_database_url) == []
    assert migrations.pending(empty_database_url) == []
    for step in migrations.status(empty_database_url):
        assert step.applied_at is not None
        assert abs((datetime.now(UTC) - step.applied_at).total_seconds()) < 60


def test_asking_what_is_pending_changes_nothing(empty_database_url: str) -> None:
    before = schema(empty_database_url)

    assert migrations.pending(empty_database_url) == ALL

    with psycopg.connect(empty_database_url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchone() == (0,)
    assert schema(empty_database_url) == before


def test_two_processes_at_once_apply_each_migration_once(empty_database_url: str) -> None:
    program = (
        "import sys\nfrom vitte.store import migrations\nprint(*migrations.apply(sys.argv[1]))"
    )
    command = [sys.executable, "-W", "error", "-c", program, empty_database_url]

    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    applied = [process.communicate(timeout=60)[0].split() for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert sorted(applied) == [[], ALL]


def test_months_of_messages_are_ready_ahead(empty_database_url: str) -> None:
    migrations.apply(empty_database_url, today=date(2026, 12, 31))

    with psycopg.connect(empty_database_url) as connection:
        months = connection.execute(
            "SELECT relname FROM pg_class WHERE relname ~ '^messages_[0-9_]+$' AND relkind = 'r' "
            "ORDER BY relname"
        )
        assert [name for (name,) in months] == [
            "messages_2026_12",
            "messages_2027_01",
            "messages_2027_02",
        ]


def test_rolling_back_to_a_migration_leaves_that_one(empty_database_url: str) -> None:
    migrations.apply(empty_database_url)

    undone = migrations.rollback(empty_database_url, to=ALL[1])

    assert undone == ALL[:1:-1]
    with pytest.raises(NoSuchMigration):
        migrations.rollback(empty_database_url, to="0000.nothing")


def test_a_migration_that_fails_leaves_nothing_and_those_before_it_stay(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "0001.good", "CREATE TABLE good (id int);")
    write(tmp_path, "0002.bad", "CREATE TABLE half (id int);\nSELECT 1 / 0;", depends="0001.good")
    monkeypatch.setattr(migrations, "FOLDER", tmp_path)

    with pytest.raises(MigrationFailed, match=r"0002.bad failed and was undone: division by zero"):
        migrations.apply(empty_database_url)

    assert migrations.pending(empty_database_url) == ["0002.bad"]
    with psycopg.connect(empty_database_url) as connection:
        found = connection.execute(
            "SELECT to_regclass('good') IS NULL, to_regclass('half') IS NULL"
        )
        assert found.fetchone() == (False, True)


def test_a_table_that_somebody_holds_blocks_a_migration_only_for_a_while(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "0001.make", "CREATE TABLE held (id int);")
    write(tmp_path, "0002.alter", "ALTER TABLE held ADD COLUMN more int;", depends="0001.make")
    monkeypatch.setattr(migrations, "PATIENCE_FOR_TABLES", "50ms")
    with psycopg.connect(empty_database_url) as holder:
        holder.execute("CREATE TABLE held (id int)")
        holder.commit()
        holder.execute("SELECT FROM held")
        (tmp_path / "0001.make.sql").write_text("SELECT 1;")
        monkeypatch.setattr(migrations, "FOLDER", tmp_path)

        with pytest.raises(MigrationBlocked, match=r"0002.alter waited 50ms for a table"):
            migrations.apply(empty_database_url)


def test_a_process_that_migrates_for_too_long_is_not_waited_for_for_ever(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "PATIENCE_FOR_PROCESSES", "50ms")

    with psycopg.connect(empty_database_url) as other:
        other.execute(migrations.TAKE_LOCK.statement)
        with pytest.raises(MigrationBlocked, match="another process"):
            migrations.apply(empty_database_url)


def test_without_postgresql_there_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(DatabaseAway):
        migrations.apply(f"postgresql://vitte@/vitte?host={tmp_path}")


def write(folder: Path, name: str, statements: str, depends: str = "") -> None:
    (folder / f"{name}.sql").write_text(f"-- depends: {depends}\n{statements}\n")
    (folder / f"{name}.rollback.sql").write_text("SELECT 1;\n")
