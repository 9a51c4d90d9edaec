"""``vitte job``: what it shows, what it does by hand, and that all of it stands in the ledger."""

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import msgspec
import psycopg
import pytest
from anyio import to_thread

from tests.actors.nodes import Chore, Node, World, job, ledger
from tests.cli.test_commands import configured, does
from tests.processes import vitte_lives
from tests.store.people import BORIS, DAY, NOW, register, start_dialog
from vitte import config
from vitte.actors import chores
from vitte.actors.batches import Batches
from vitte.store import messages, runs
from vitte.store.audit import SHELL
from vitte.store.pool import Database

__all__ = ["configured"]

pytestmark = pytest.mark.usefixtures("configured")


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """What a command tells a program."""
    return msgspec.json.decode(does(capsys, "job", *words, "--json")[0])


def test_jobs_are_listed_with_their_next_times_and_their_last_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITTE_CRON_TIMEZONE", "Europe/Moscow")
    monkeypatch.setenv("VITTE_CRON_TRIM_RECORDS_TIMEZONE", "Asia/Tokyo")
    does(capsys, "job", "run", "user-stats", "--at", "2026-03-01T00:30")

    out, _ = does(capsys, "job", "list")
    listed = {each["name"]: each for each in told(capsys, "list")}

    assert listed.keys() >= {"clean-messages", "archive-dialogs", "user-stats", "remind-expiring"}
    for name, each in listed.items():
        zone = "+09:00" if name == "trim-records" else "+03:00"
        assert f"{name}: {each['note']}\n  schedule  {each['schedule']}  (" in out
        assert len(each["next"]) == 5
        assert each["next"] == sorted(each["next"])
        assert all(time.endswith(zone) for time in each["next"])
    assert "  last      Sun 01 Mar 00:30  ok, 1 row\n" in out
    assert "  last      never\n" in out


def test_a_list_needs_no_database(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VITTE_DATABASE_URL", f"postgresql://vitte@/vitte?host={tmp_path}")
    out, err = does(capsys, "job", "list")
    assert "clean-messages" in out
    assert "the ledger cannot be read" in err

    for name in ("TELEGRAM_TOKEN", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(f"VITTE_{name}")
    monkeypatch.setenv("VITTE_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert "clean-messages" in does(capsys, "job", "list")[0]


def test_a_job_is_run_by_hand_as_if_it_were_another_time_and_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, _ = does(capsys, "job", "run", "user-stats", "--at", "2026-03-01T00:30")
    again = told(capsys, "run", "user-stats", "--at", "2026-03-01T00:30")

    assert "user-stats: done, 1 row in" in out
    assert again.pop("seconds") >= 0
    assert again == {
        "job": "user-stats",
        "at": "2026-03-01T00:30:00Z",
        "rows": 1,
        "dry_run": False,
    }
    [run] = told(capsys, "history", "user-stats")
    assert (run["state"], run["attempt"], run["asked_by"]) == ("ok", 2, "shell")
    table, _ = does(capsys, "job", "history")
    assert table.splitlines()[0].split() == [
        "time",
        "job",
        "state",
        "tries",
        "rows",
        "took",
        "by",
        "why",
    ]
    assert table.splitlines()[1].split()[:5] == ["2026-03-01", "00:30", "user-stats", "ok", "2"]


async def test_a_dry_run_keeps_nothing_not_even_a_row_in_the_ledger(
    capsys: pytest.CaptureFixture[str], database: Database
) -> None:
    await register(database, BORIS)
    dialog = await start_dialog(database, BORIS, NOW - 200 * DAY)
    await messages.add_exchange(database, dialog, "long ago", [], NOW - 200 * DAY)

    words = ("job", "run", "clean-messages", "--at", NOW.isoformat(), "--dry-run")
    out, _ = await to_thread.run_sync(does, capsys, *words)

    assert "clean-messages: would touch 1 row; nothing was kept" in out
    assert await runs.list_latest(database) == []
    batches = Batches(database)
    await chores.clean_messages(batches, NOW, settings=config.Cron())
    assert batches.rows == 1


def test_a_job_rests_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert "rests: its times are skipped" in does(capsys, "job", "pause", "user-stats")[0]
    assert "rests already" in does(capsys, "job", "pause", "user-stats")[0]
    assert " by shell\n" in does(capsys, "job", "list")[0]
    assert "runs again, next at" in does(capsys, "job", "resume", "user-stats")[0]
    assert told(capsys, "resume", "user-stats") == {"job": "user-stats", "changed": False}
    assert "paused" not in does(capsys, "job", "list")[0]


def test_nothing_has_run_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert does(capsys, "job", "history")[0] == "Nothing has run yet.\n"
    assert told(capsys, "history") == []


def test_a_job_that_fails_by_hand_is_a_sentence_and_is_not_tried_again(
    capsys: pytest.CaptureFixture[str], database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP TABLE activity CASCADE")

    _, err = does(capsys, "job", "run", "user-stats", expected=1)

    assert "user-stats failed: UndefinedTable: [withheld]" in err
    [run] = told(capsys, "history")
    assert (run["state"], run["not_before"]) == ("failed", None)


async def test_a_job_that_runs_is_not_run_by_hand(
    capsys: pytest.CaptureFixture[str], database: Database
) -> None:
    now = datetime.now(UTC)
    assert await runs.begin(database, "user-stats", NOW, node="n", author=SHELL, now=now)

    for words in ((), ("--at", NOW.isoformat())):
        does_it = ("job", "run", "user-stats", *words)
        _, err = await to_thread.run_sync(lambda words=does_it: does(capsys, *words, expected=3))

        assert "user-stats is running" in err


async def test_killed_in_the_middle_of_a_batch_it_is_begun_again_and_the_ledger_adds_up(
    database: Database, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    await register(database, BORIS)
    dialog = await start_dialog(database, BORIS, NOW - 200 * DAY)
    await messages.add_exchange(database, dialog, None, ["b"] * 3_500, NOW - 200 * DAY)
    given = {
        "telegram_token": "123456:ABC",
        "database_url": database_url,
        "redis_url": redis_url,
    }
    words = ("job", "run", "clean-messages", "--at", NOW.isoformat())
    async with await psycopg.AsyncConnection.connect(database_url) as holder:
        # It stands still where it deletes: in the midst of a later batch, before that is noted.
        await holder.execute("CREATE TABLE place AS SELECT min(id) + 1500 AS id FROM messages")
        await holder.execute("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF OLD.id > (SELECT id FROM place) THEN PERFORM pg_advisory_xact_lock(7); END IF; "
            "RETURN OLD; END $$")  # fmt: skip
        await holder.execute(
            "CREATE TRIGGER wait BEFORE DELETE ON messages FOR EACH ROW EXECUTE FUNCTION wait()"
        )
        await holder.commit()
        await holder.execute("SELECT pg_advisory_lock(7)")
        async with vitte_lives(*words, cwd=tmp_path, **given) as living:
            with anyio.fail_after(40):
                while True:
                    waits = await holder.execute(
                        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                    )
                    if (await waits.fetchone()) == (1,):
                        break
                    await anyio.sleep(0.02)
            assert await living.ends(signal.SIGKILL) == -signal.SIGKILL
        await holder.execute("SELECT pg_advisory_unlock(7)")
        await holder.execute("DROP TRIGGER wait ON messages")
        await holder.commit()

    [run] = await ledger(database, "clean-messages")
    assert run.state == "running"
    assert 100 <= run.rows_touched <= 1_500
    left = await messages.list_recent(database, dialog, limit=9_999)
    assert len(left) == 3_500 - run.rows_touched  # what is not noted is not done

    chore = Chore()

    async def clean(batches: Batches) -> None:
        await chores.clean_messages(batches, NOW, settings=config.Cron())

    chore.also = clean
    world = World(datetime.now(UTC))
    node = Node("a", world, database, job(chore, name="clean-messages"))
    for _ in range(8):
        await node.turn()
        world.pass_by(timedelta(seconds=5))

    [run] = await ledger(database, "clean-messages")
    assert (run.state, run.attempt, run.losses, run.rows_touched) == ("ok", 2, 1, 3_500)
    assert await messages.list_recent(database, dialog, limit=9) == []
