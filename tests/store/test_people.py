"""People in a list: a page of many is cut by an index and filled by others, wherever it begins."""

import re
from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest

from tests.conftest import a_database
from tests.store.people import ANNA, BORIS, DAY, NOW, VERA, register
from tests.store.plans import nodes
from vitte.dev import stores
from vitte.store import bans, people, users
from vitte.store.audit import SHELL
from vitte.store.pool import Database
from vitte.store.queries import Query

MANY = 100_000
PAGE = 51
LIMITS = {"limit": PAGE, "now": NOW}
MOST_BLOCKS = 1_000
"""Of 8 KiB each, for a page: some twenty for each of its rows. The table of the people alone has more."""

# Every second person is banned: more than will ever be, so that no plan is saved by a small table.
FILL: tuple[LiteralString, ...] = (
    """
    INSERT INTO users (id, first_name, last_name, username, created_at, updated_at, unreachable_since)
    SELECT 1000 + n, (ARRAY['Анна', 'Борис', 'Vera', 'Alex'])[1 + n %% 4], 'Last' || n, 'user' || n, %(now)s, %(now)s,
        CASE WHEN n %% 10 = 0 THEN %(now)s::timestamptz END
    FROM generate_series(1, %(many)s) AS n
    """,
    "INSERT INTO settings (user_id, language, created_at, updated_at) SELECT id, 'ru', %(now)s, %(now)s FROM users",
    """
    INSERT INTO subscriptions (user_id, plan, started_at, created_at, updated_at)
    SELECT id, 'free', %(now)s, %(now)s, %(now)s FROM users
    """,
    "INSERT INTO bans (user_id, banned_at) SELECT id, %(now)s FROM users WHERE id %% 2 = 0",
)


@pytest.fixture(scope="module")
def crowded(
    running_stores: stores.Stores, _administrator: psycopg.Connection, _template: str
) -> Iterator[psycopg.Connection]:
    """A database with a hundred thousand people, whose statistics PostgreSQL knows."""
    for url in a_database(running_stores, _administrator, _template):
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in FILL:
                connection.execute(statement, {"now": NOW, "many": MANY})
            connection.execute("ANALYZE")
            yield connection


async def test_a_person_comes_with_the_ban_in_force_and_with_no_other(database: Database) -> None:
    await register(database, ANNA, BORIS, VERA)
    await users.mark_unreachable(database, BORIS.id, NOW)
    await bans.impose(database, ANNA.id, NOW, ends_at=None, author=SHELL)
    await bans.impose(database, VERA.id, NOW, ends_at=NOW + DAY, author=SHELL)

    listed = await people.find(database, "", NOW, limit=9)
    later = await people.find(database, "", NOW + DAY, limit=9)
    found = await people.find(database, "ver", NOW, limit=9)

    marks = [(each.id, each.banned_at, each.ban_ends_at, each.unreachable_since) for each in listed]
    assert marks == [
        (VERA.id, NOW, NOW + DAY, None),
        (BORIS.id, None, None, NOW),
        (ANNA.id, NOW, None, None),
    ]
    assert [each.banned_at for each in later] == [None, None, NOW]
    assert found == listed[:1]


@pytest.mark.parametrize(
    ("query", "given"),
    [
        (people.LIST, {"before": people.NEWEST}),
        (people.LIST, {"before": MANY // 2}),
        (people.FIND, {"words": "user7777"}),
        (people.FIND, {"words": "nobody"}),
        (people.FIND, {"words": "5000", "id": 5_000}),
    ],
    ids=["first", "middle", "few", "none", "number"],
)
def test_a_page_of_a_hundred_thousand_walks_through_no_table_of_them(
    crowded: psycopg.Connection, query: Query, given: dict[str, Any]
) -> None:
    wide = given | {"before": people.NEWEST, "id": 0, "words": "user"}
    given = wide | given

    plan = explained(crowded, query, wide, given)

    read = list(nodes(plan))
    assert not [node for node in read if node["Node Type"] == "Seq Scan"], read
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < MOST_BLOCKS


def explained(
    connection: psycopg.Connection, query: Query, before: dict[str, Any], given: dict[str, Any]
) -> dict[str, Any]:
    """How PostgreSQL carries a query out on a connection where it was prepared, and asked before with something else.

    From the sixth time on it may plan without looking at what is asked.
    """
    names: list[str] = []

    def numbered(found: re.Match[bytes]) -> bytes:
        names.append(found[1].decode())
        return b"$%d" % len(names)

    statement = re.sub(rb"%\((\w+)\)s", numbered, query.statement)
    execute = b"EXECUTE page (" + b", ".join(b"%%(%s)s" % name.encode() for name in names) + b")"
    with psycopg.ClientCursor(connection) as cursor:  # EXECUTE takes no parameters
        cursor.execute(b"PREPARE page AS " + statement)
        for _ in range(6):
            cursor.execute(
                execute, before | LIMITS | {"beyond": before["words"] + people.LAST_LETTER}
            )
        explain = b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + execute
        cursor.execute(explain, given | LIMITS | {"beyond": given["words"] + people.LAST_LETTER})
        [[plan]] = cursor.fetchall()
        cursor.execute("DEALLOCATE page")
    return plan[0]["Plan"]
