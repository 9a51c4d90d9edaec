"""Named queries: read right, all of them sound against the schema, all of them used."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest

from vitte.errors import UnknownQuery
from vitte.resources import ROOT
from vitte.store import migrations, queries
from vitte.store.queries import Query

NOUNS = sorted(path.stem for path in queries.FOLDER.glob("*.sql"))
QUERIES = [(noun, query) for noun in NOUNS for query in queries.load(noun).values()]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

# One value of the right type for each parameter that any query has.
GIVEN = {
    **dict.fromkeys(
        ("now", "before", "since", "begins", "ends", "ends_at", "stale", "expires_at"), NOW
    ),
    **dict.fromkeys(("ends_from", "ends_before", "free_before", "premium_before"), NOW),
    **dict.fromkeys(("id", "user_id", "character_id", "dialog_id", "after", "limit"), 1),
    **dict.fromkeys(("messages", "months", "days_before"), 1),
    **dict.fromkeys(("day", "first", "last"), date(2026, 11, 20)),
    **dict.fromkeys(("first_name", "last_name", "username", "language_code"), "x"),
    **dict.fromkeys(("start_payload", "title", "timeout"), "1"),
    "version": NOW,
    "token_id": 1,
    **dict.fromkeys(("name", "prefix", "key", "location", "who", "request_id"), "x"),
    **dict.fromkeys(("aside", "other"), "x"),
    **dict.fromkeys(("digest", "request", "body"), b"x"),
    **dict.fromkeys(("keep_end", "keep_timezone", "keep_character", "reminders"), True),
    **dict.fromkeys(("keep_last_name", "keep_username"), True),
    "scopes": ["x"],
    "state": "open",
    "states": ["open"],
    "role": "user",
    "timezone": "UTC",
    "language": "ru",
    "plan": "premium",
    "ids": [1],
    "roles": ["user"],
    "repeated": [True],
    "texts": ["x"],
    **{name: [1] for name in ("users", "dialogs", "chats", "updates", "lanes", "tries")},
    **{name: [1] for name in ("befores", "limits", "characters", "tokens")},
    **{name: ["x"] for name in ("kinds", "methods", "reasons", "titles", "keys", "locations")},
    "requests": [b"x"],
    "versions": [NOW],
    **{name: ["{}"] for name in ("bodies", "payloads")},
    **dict.fromkeys(("operator_id", "telegram_id", "step", "free", "longest"), 1),
    **dict.fromkeys(("noun", "action", "subject", "reason", "address", "agent"), "x"),
    **dict.fromkeys(("password", "totp_secret", "code"), b"x"),
    **dict.fromkeys(("disabled", "awake"), True),
    "stage": "code",
    "begun": NOW,
    "major": 1,
    "minor": 1,
    "kind": "export",
    "counts": "{}",
    "size": 1,
    "sha": b"x",
    "before_id": 1,
    **dict.fromkeys(("old", "new"), 1),
    "days": [date(2026, 11, 20)],
    "a_chat": 1,
    "chat_id": 1,
    **dict.fromkeys(("kind", "outcome"), "message"),
    "received_at": NOW,
    **dict.fromkeys(("job", "schedule", "node", "error", "timezone"), "x"),
    **dict.fromkeys(("ends", "until", "scheduled_for", "not_before", "letters_before"), NOW),
    **{f"came_{days}": NOW for days in (0, 1, 6, 7, 29, 30)},
    **{name: [NOW] for name in ("times", "starts")},
    **dict.fromkeys(("attempt", "rows", "beat", "fence", "after_user"), 1),
    **dict.fromkeys(("lost", "empty"), True),
    "jobs": ["x"],
    **dict.fromkeys(("names", "about", "greetings"), '{"ru": "a", "en": "a"}'),
    **dict.fromkeys(("temperament", "slug"), "warm"),
    **dict.fromkeys(("position", "of_version"), 1),
    "active": True,
    "taken": True,
    "everyone": False,
    "active_since": date(2026, 11, 20),
    **dict.fromkeys(("text_ru", "text_en"), "x"),
    **dict.fromkeys(("active_days", "audience", "reached"), 1),
    "until": NOW,
    "node": "x",
    **dict.fromkeys(("bulk", "fence", "beat"), 1),
    "minute": NOW,
    "time": NOW,
    "number": 1,
    "process": "x",
    **dict.fromkeys(("received", "answered", "refused", "failed", "words_sent"), 1),
    **dict.fromkeys(("words_failed", "limited", "in_hand", "in_mailboxes", "pool_waits"), 1),
    **dict.fromkeys(("half_within", "most_within", "seconds"), 1.0),
    "redis_faults": 1,
    "redis_away": False,
}
# Words that mean one thing in one place and another elsewhere: a time or an id, one or many.
OTHERWISE = {
    "count_try": {"body": "{}"},
    "write_turns": dict.fromkeys(("kept", "ended", "lines", "used", "words", "marks"), "[]"),
    "plan_runs": {"reasons": ["late"]},
    "expire_subscriptions": {"after": NOW},
    "list_ending": {"after": NOW},
    "add_reminders": {"kinds": [1], "ends": [NOW]},
    "set_daily_statistics": {
        **{f"{name}_{days}": 1 for name in ("came", "stayed") for days in (1, 7, 30)},
        **{
            f"users_{name}": 1
            for name in ("total", "new", "active", "active_7", "active_30", "unreachable")
        },
        **dict.fromkeys(
            ("subscriptions_active", "dialogs_started", "messages_said", "messages_answered"), 1
        ),
        **dict.fromkeys(("by_plan", "by_language"), "{}"),
    },
    "list_letters": {"before": 1},
    "change_character": {"version": 1},
    "pick_recipients": {"last": 1},
    "list_dialogs_of_all": {"before": 1},
    "keep_answers": {"bodies": [b"x"]},
    "add_act": {"old": "{}", "new": "{}"},
    "list_acts": {"before": 1},
    "list_people": {"before": 1},
    "find_people": {"before": 1, "words": "x", "beyond": "y"},
    "list_received": {"before": 1},
    "add_operator": {"role": "read", "password": "x"},
    "change_operator": {"role": "read", "password": "x"},
}


@pytest.mark.parametrize(
    ("noun", "query"), QUERIES, ids=lambda it: it.name if isinstance(it, Query) else it
)
def test_every_query_is_sound_against_the_migrated_schema(
    database_url: str, noun: str, query: Query
) -> None:
    given = GIVEN | OTHERWISE.get(query.name, {})

    with psycopg.connect(database_url) as connection:
        plan = connection.execute(b"EXPLAIN " + query.statement, given, prepare=True).fetchall()

    assert plan, noun


@pytest.mark.parametrize(
    ("noun", "query"), QUERIES, ids=lambda it: it.name if isinstance(it, Query) else it
)
def test_every_query_is_used_and_says_what_it_is_for(noun: str, query: Query) -> None:
    module = (ROOT / "vitte" / "store" / f"{noun}.py").read_text()

    assert f'take("{noun}", "{query.name}")' in module
    assert query.intent.endswith(".")


@pytest.mark.parametrize(
    "path", [*queries.FOLDER.glob("*.sql"), *migrations.FOLDER.glob("*.sql")], ids=lambda p: p.stem
)
def test_time_is_given_and_columns_are_named(path: Path) -> None:
    statements = re.sub(r"--.*", "", path.read_text()).lower()

    assert not re.search(r"\bnow\(\)|current_timestamp|current_date|clock_timestamp", statements)
    assert not re.search(r"select\s+\*|returning\s+\*|\.\*", statements)


def test_a_misspelt_name_fails_at_once() -> None:
    with pytest.raises(UnknownQuery, match=r"sql/queries/users.sql has no query named get_usr"):
        queries.take("users", "get_usr")


def test_a_query_carries_its_comment_apart_from_its_statement() -> None:
    query = queries.take("users", "get_user")

    assert query.intent == "One person."
    assert query.statement.startswith(b"SELECT id,")
    assert query.statement.endswith(b";")
