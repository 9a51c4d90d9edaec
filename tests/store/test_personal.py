"""All that is kept of a person: every table is handled, given out whole, and deleted without a trace but what must stay."""

from datetime import timedelta
from typing import Any, LiteralString

import msgspec
import psycopg
import pytest

from tests.store.people import ANNA, BORIS, DAY, NOW, register
from vitte.resources import ROOT
from vitte.store import personal, receipts
from vitte.store.audit import Author
from vitte.store.pool import Database
from vitte.store.users import Contact, UserId

OWNER = Author(who="operator:anna", reason="asked for by letter")
NAMED = b"""
SELECT attrelid::regclass::text
FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    AND attname IN ('user_id', 'chat_id', 'telegram_id')
"""
FOREIGN = b"""
SELECT conrelid::regclass::text, confrelid::regclass::text
FROM pg_constraint
JOIN pg_class ON pg_class.oid = conrelid
WHERE contype = 'f' AND NOT relispartition
"""
TABLES = b"""
SELECT oid::regclass::text
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
"""
# What a person leaves behind, a row or some in every table; each says {word} where it has words.
LIFE: tuple[LiteralString, ...] = (
    "UPDATE users SET last_name = %(word)s, start_payload = 'x' WHERE id = %(user)s",
    "UPDATE settings SET timezone = %(word)s WHERE user_id = %(user)s",
    ("INSERT INTO dialogs (user_id, character_id, title, state, closed_at, last_message_at, created_at, updated_at) "
    "SELECT %(user)s, (SELECT min(id) FROM characters), %(word)s, 'closed', %(now)s, %(now)s, %(now)s, %(now)s "
    "FROM generate_series(1, 3)"),
    ("INSERT INTO messages (dialog_id, user_id, role, text, created_at) "
    "SELECT id, user_id, 'user', %(word)s, %(now)s FROM dialogs, generate_series(1, 5) WHERE user_id = %(user)s"),
    "INSERT INTO usage SELECT %(user)s, day::date, 1 FROM generate_series(%(now)s - interval '4 days', %(now)s, '1 day') AS day",
    "INSERT INTO activity SELECT %(user)s, day::date, 1, 1, 1 FROM generate_series(%(now)s - interval '4 days', %(now)s, '1 day') AS day",
    "INSERT INTO reminders SELECT %(user)s, %(now)s, kind, %(now)s FROM generate_series(-1, 3) AS kind",
    ("INSERT INTO tokens (name, digest, prefix, scopes, user_id, created_at) "
    "SELECT %(word)s || n, sha256((%(word)s || n)::bytea), 'vtt_12345678', '{all}', %(user)s, %(now)s FROM generate_series(1, 3) AS n"),
    ("INSERT INTO idempotency_keys (token_id, key, request, body, created_at) "
    "SELECT id, 'key' || n, sha256('x'), %(word)s::bytea, %(now)s FROM tokens, generate_series(1, 3) AS n WHERE user_id = %(user)s"),
    ("INSERT INTO broadcasts (name, text_ru, text_en, created_at) "
    "SELECT 'b' || n, 'x', 'x', %(now)s FROM generate_series(1, 3) AS n ON CONFLICT DO NOTHING"),
    "INSERT INTO broadcast_recipients SELECT id, %(user)s, id * 1000 + %(user)s FROM broadcasts",
    "INSERT INTO bans (user_id, reason, banned_at) VALUES (%(user)s, %(word)s, %(now)s)",
    ("INSERT INTO updates (id, chat_id, kind, body, state, reason, received_at, done_at) "
    "SELECT %(user)s * 100 + n, %(user)s, 'message', json_build_object('text', %(word)s::text), state, "
    "CASE WHEN state IN ('refused', 'failed') THEN 'x' END, %(now)s, CASE WHEN state <> 'pending' THEN %(now)s END "
    "FROM unnest(ARRAY['pending', 'failed', 'failed']) WITH ORDINALITY AS given (state, n)"),
    ("INSERT INTO updates (id, chat_id, kind, state, received_at, done_at) "
    "VALUES (%(user)s * 100 + 9, %(user)s, 'message', 'answered', %(now)s, %(now)s)"),
    ("INSERT INTO outbox (chat_id, lane, method, payload, created_at) "
    "SELECT %(user)s, 1, 'sendMessage', json_build_object('text', %(word)s::text), %(now)s FROM generate_series(1, 3)"),
    "INSERT INTO outbox_pauses VALUES (%(user)s, %(now)s)",
    ("INSERT INTO audit (user_id, noun, action, who, reason, old, new, created_at) "
    "SELECT %(user)s, noun, 'change', 'operator:x', %(word)s, json_build_object(field, value), '{}', %(now)s "
    "FROM (VALUES ('user', 'name', %(word)s::text), ('subscription', 'plan', 'free')) AS given (noun, field, value)"),
    "INSERT INTO receipts (user_id, kind, who, started_at) VALUES (%(user)s, 'export', 'operator:x', %(now)s)",
)  # fmt: skip


def word(person: Contact) -> str:
    return f"canary-{person.id}"


async def lived(database: Database, url: str) -> None:
    """Anna and Boris leave something behind in every table."""
    await register(database, ANNA, BORIS)
    with psycopg.connect(url) as connection:
        for person in (ANNA, BORIS):
            given = {"user": person.id, "word": word(person), "now": NOW}
            for statement in LIFE:
                connection.execute(statement, given)


def dump(url: str) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with psycopg.connect(url) as connection:
        tables = [table for (table,) in connection.execute(TABLES).fetchall()]
        return {
            table: sorted(
                str(row)
                for (row,) in connection.execute(
                    f"SELECT it::text FROM {table} AS it".encode()  # a name of our schema
                )
            )
            for table in tables
        }


async def given(database: Database, user: UserId) -> dict[str, list[dict[str, Any]]]:
    return {
        part.table: [
            msgspec.json.decode(body)
            async for bodies in personal.give(database, part, user)
            for body in bodies
        ]
        for part in personal.PARTS
    }


def test_every_table_that_refers_to_people_is_handled(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        refer = {table for (table,) in connection.execute(NAMED)} | {"users"}
        foreign = connection.execute(FOREIGN).fetchall()
    theirs = refer - set(personal.NOT_THEIRS)
    for _ in range(len(foreign)):
        theirs |= {table for table, to in foreign if to in theirs}

    handled = [part.table for part in personal.PARTS]

    assert set(handled) == theirs
    assert len(handled) == len(set(handled))
    assert set(personal.NOT_THEIRS) < refer
    stays = {part.table for part in personal.PARTS if part.delete is None}
    assert stays == {"updates", "outbox", "audit", "receipts"}


def test_what_becomes_of_each_table_is_written_down_for_people() -> None:
    page = (ROOT / "docs" / "personal-data.md").read_text()

    assert not [part.table for part in personal.PARTS if f"`{part.table}`" not in page]


@pytest.mark.parametrize("batch", [1, 2, 500])
async def test_every_row_of_a_person_is_given_once_and_nobody_elses(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    await lived(database, database_url)
    monkeypatch.setattr(personal, "BATCH", batch)

    found = await given(database, ANNA.id)

    counts = {table: len(rows) for table, rows in found.items()}
    assert counts == {
        "messages": 15,
        "dialogs": 3,
        "usage": 5,
        "activity": 5,
        "reminders": 5,
        "idempotency_keys": 9,
        "tokens": 3,
        "broadcast_recipients": 3,
        "settings": 1,
        "subscriptions": 1,
        "outbox_pauses": 1,
        "users": 1,
        "bans": 1,
        "updates": 4,
        "outbox": 3,
        "audit": 3,
        "receipts": 1,
    }
    for table, rows in found.items():
        assert len({str(row) for row in rows}) == len(rows), table
    text = str(found)
    assert word(ANNA) in text
    assert word(BORIS) not in text
    assert "operator:x" not in text
    assert len({row["id"] for row in found["messages"]}) == 15


@pytest.mark.parametrize("batch", [2, 500])
async def test_after_a_deletion_no_word_of_the_person_is_anywhere_and_others_keep_theirs(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    await lived(database, database_url)
    before = dump(database_url)
    monkeypatch.setattr(personal, "BATCH", batch)

    erased = await personal.delete(database, ANNA.id, NOW + DAY, author=OWNER)

    after = dump(database_url)
    for table, rows in after.items():
        assert not [row for row in rows if word(ANNA) in row or "Анна" in row], table
        theirs = [row for row in rows if word(BORIS) in row or "Борис" in row]
        assert theirs == [row for row in before[table] if word(BORIS) in row or "Борис" in row], (
            table
        )
    left = {table: len(rows) for table, rows in (await given(database, ANNA.id)).items() if rows}
    assert left == {"bans": 1, "updates": 4, "outbox": 3, "audit": 4, "receipts": 2}
    assert len(after["updates"]) == len(before["updates"])
    assert len(after["outbox"]) == len(before["outbox"])
    assert erased.pending == 1
    assert erased.receipt.counts == {
        "messages": 15,
        "dialogs": 3,
        "usage": 5,
        "activity": 5,
        "reminders": 5,
        "idempotency_keys": 9,
        "tokens": 3,
        "broadcast_recipients": 3,
        "settings": 1,
        "subscriptions": 1,
        "outbox_pauses": 1,
        "users": 1,
        "bans (emptied)": 1,
        "updates (emptied)": 3,
        "outbox (emptied)": 3,
        "audit (emptied)": 3,
    }
    assert erased.receipt.ended_at == NOW + DAY


async def test_what_stays_is_what_the_books_and_the_law_need(
    database: Database, database_url: str
) -> None:
    await lived(database, database_url)

    await personal.delete(database, ANNA.id, NOW + DAY, author=OWNER)

    left = await given(database, ANNA.id)
    assert [(row["state"], row["reason"], row["body"]) for row in left["updates"]] == [
        ("refused", "erased", None),
        ("refused", "erased", None),
        ("refused", "erased", None),
        ("answered", None, None),
    ]
    assert {(row["state"], row["reason"]) for row in left["outbox"]} == {("failed", "erased")}
    [ban] = left["bans"]
    assert (ban["reason"], ban["ends_at"]) == (None, None)
    acts = [(row["noun"], row["action"], row["reason"], row["old"]) for row in left["audit"]]
    assert acts[-3:] == [
        ("user", "change", None, {}),
        ("subscription", "change", None, {"plan": "free"}),
        ("person", "delete", "asked for by letter", {}),
    ]


async def test_a_ban_that_has_ended_goes_as_well(database: Database, database_url: str) -> None:
    await register(database, ANNA)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO bans (user_id, reason, banned_at, ends_at) VALUES (%s, 'x', %s, %s)",
            (ANNA.id, NOW - DAY, NOW - timedelta(hours=1)),
        )

    erased = await personal.delete(database, ANNA.id, NOW, author=OWNER)

    assert erased.receipt.counts["bans"] == 1


async def test_what_broke_off_is_counted_and_done_again(
    database: Database, database_url: str
) -> None:
    await lived(database, database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$"
        )
        connection.execute(
            "CREATE TRIGGER stay BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION stay()"
        )

    with pytest.raises(psycopg.errors.RaiseException):
        await personal.delete(database, ANNA.id, NOW, author=OWNER)
    [broken, *_] = await receipts.list_all(database, limit=9, user=ANNA.id)
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP TRIGGER stay ON users")
    again = await personal.delete(database, ANNA.id, NOW, author=OWNER)

    assert broken.ended_at is None
    assert broken.counts == {"messages": 15, "dialogs": 3}
    assert again.receipt.ended_at == NOW
    assert again.receipt.counts["users"] == 1
    assert "messages" not in again.receipt.counts


async def test_who_was_never_here_leaves_a_receipt_of_nothing(database: Database) -> None:
    erased = await personal.delete(database, UserId(9), NOW, author=OWNER)

    assert erased.receipt.counts == {}
    assert await receipts.get(database, erased.receipt.id) == erased.receipt
