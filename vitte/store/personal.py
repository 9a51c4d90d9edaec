"""Personal: all that is kept of a person, in every table; given out as JSON, and deleted.

``PARTS`` names each table that refers to people, how its rows are given out, and what becomes
of them when a person is deleted: they go, or they are emptied of words and names, because law
or the books need that they were. A test walks the schema and fails when a table is not here.

Both work in batches, each in a transaction of its own: nobody else waits for long. What was
deleted is counted in the receipt by the transaction that deletes it.
"""

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from vitte.store import receipts
from vitte.store.audit import Author
from vitte.store.audit import add as add_act
from vitte.store.pool import Database, Session, Transaction
from vitte.store.queries import Query, take
from vitte.store.receipts import Receipt
from vitte.store.users import UserId

LOCK = take("personal", "lock_user")
EMPTY_LETTERS = take("personal", "empty_letters")
EMPTY_UPDATES = take("personal", "empty_updates")

BATCH: Final = 500
PENDING: Final = "pending"
EMPTIED: Final = "emptied"


class Part(Struct, frozen=True, kw_only=True):
    """A table that refers to people: what gives its rows out, what deletes them, what empties them."""

    table: str
    export: Query
    delete: Query | None = None
    empty: Query | None = None
    many: bool = False


class Erased(Struct, frozen=True, kw_only=True):
    """What a deletion came to: its receipt, and how many updates nobody has answered."""

    receipt: Receipt
    pending: int


class _Row(Struct, frozen=True):
    major: int
    minor: int
    body: str


class _Locked(Struct, frozen=True):
    id: UserId


# In the order in which they are deleted: those of many rows first; what refers to others goes before
# them, and dialogs are locked before the person, as those do who write.
PARTS: Final = (
    Part(
        table="messages",
        export=take("personal", "export_messages"),
        delete=take("personal", "delete_messages"),
        many=True,
    ),
    Part(
        table="dialogs",
        export=take("personal", "export_dialogs"),
        delete=take("personal", "delete_dialogs"),
        many=True,
    ),
    Part(
        table="usage",
        export=take("personal", "export_usage"),
        delete=take("personal", "delete_usage"),
    ),
    Part(
        table="activity",
        export=take("personal", "export_activity"),
        delete=take("personal", "delete_activity"),
    ),
    Part(
        table="reminders",
        export=take("personal", "export_reminders"),
        delete=take("personal", "delete_reminders"),
    ),
    Part(
        table="idempotency_keys",
        export=take("personal", "export_keys"),
        delete=take("personal", "delete_keys"),
    ),
    Part(
        table="tokens",
        export=take("personal", "export_tokens"),
        delete=take("personal", "delete_tokens"),
    ),
    Part(
        table="broadcast_recipients",
        export=take("personal", "export_recipients"),
        delete=take("personal", "delete_recipients"),
    ),
    Part(
        table="settings",
        export=take("personal", "export_settings"),
        delete=take("personal", "delete_settings"),
    ),
    Part(
        table="subscriptions",
        export=take("personal", "export_subscriptions"),
        delete=take("personal", "delete_subscriptions"),
    ),
    Part(
        table="outbox_pauses",
        export=take("personal", "export_pauses"),
        delete=take("personal", "delete_pauses"),
    ),
    Part(
        table="users",
        export=take("personal", "export_users"),
        delete=take("personal", "delete_users"),
    ),
    Part(
        table="bans",
        export=take("personal", "export_bans"),
        delete=take("personal", "delete_bans"),
        empty=take("personal", "empty_bans"),
    ),
    Part(table="updates", export=take("personal", "export_updates"), empty=EMPTY_LETTERS),
    Part(
        table="outbox",
        export=take("personal", "export_outbox"),
        empty=take("personal", "empty_outbox"),
    ),
    Part(
        table="audit",
        export=take("personal", "export_audit"),
        empty=take("personal", "empty_audit"),
    ),
    Part(table="receipts", export=take("personal", "export_receipts")),
)
NOT_THEIRS: Final[Mapping[str, str]] = {
    "operators": "an operator's own Telegram id: they are no user of the bot in it",
}
"""Tables that name people and hold nothing of those who write to the bot, each with the reason."""


async def give(session: Session, part: Part, user: UserId) -> AsyncGenerator[list[str]]:
    """Give a person's rows of one table as JSON, batch after batch."""
    major = minor = -1
    while True:
        found = await session.rows(
            part.export, _Row, user_id=user, major=major, minor=minor, limit=BATCH
        )
        if found:
            yield [row.body for row in found]
        if len(found) < BATCH:
            return
        major, minor = found[-1].major, found[-1].minor


async def delete(database: Database, user: UserId, now: datetime, *, author: Author) -> Erased:
    """Delete all that is kept of a person; the cache and the limiter must forget them afterwards.

    What breaks off is to be done again; its receipt counts what went, and has no end.
    """
    async with database.transaction() as transaction:
        receipt = await receipts.begin(transaction, user, "deletion", now, author=author)
    for part in PARTS:
        if part.many and part.delete is not None:
            await _delete_many(database, part.table, part.delete, user, receipt)
    async with database.transaction() as transaction:
        counts = await _delete_rest(transaction, user, now)
        pending = counts.pop(PENDING)
        await receipts.count(transaction, receipt.id, counts)
        await add_act(transaction, author, "person", "delete", now, user=user, subject=f"receipt {receipt.id}")  # fmt: skip
        ended = await receipts.end(transaction, receipt.id, now)
    return Erased(receipt=ended, pending=pending)


async def _delete_many(
    database: Database, table: str, query: Query, user: UserId, receipt: Receipt
) -> None:
    touched = BATCH
    while touched == BATCH:
        async with database.transaction() as transaction:
            touched = await transaction.change(query, user_id=user, limit=BATCH)
            await receipts.count(transaction, receipt.id, {table: touched})


async def _delete_rest(transaction: Transaction, user: UserId, now: datetime) -> dict[str, int]:
    """What came meanwhile, and all that is small; whoever writes something of theirs waits."""
    counts: dict[str, int] = {}
    many = [part for part in PARTS if part.many]
    for part in many:
        counts |= await _delete_part(transaction, part, user, now)
    await transaction.rows(LOCK, _Locked, user_id=user)
    for part in PARTS[len(many) :]:
        counts |= await _delete_part(transaction, part, user, now)
    counts[PENDING] = await transaction.change(EMPTY_UPDATES, user_id=user, now=now)
    counts[f"updates ({EMPTIED})"] += counts[PENDING]
    return counts


async def _delete_part(
    transaction: Transaction, part: Part, user: UserId, now: datetime
) -> dict[str, int]:
    """Delete or empty what is left in one table; gives how many rows went either way."""
    counts: dict[str, int] = {}
    if part.delete is not None:
        counts[part.table] = await transaction.change(
            part.delete, user_id=user, limit=2**31 - 1, now=now
        )
    if part.empty is not None:
        emptied = await transaction.change(part.empty, user_id=user, now=now)
        counts[f"{part.table} ({EMPTIED})"] = emptied
    return counts
