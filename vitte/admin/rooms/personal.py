"""All data of a person: given out as a file, and deleted; each asked once more, audited, with a receipt.

The file is written as it is read, a batch at a time, and nothing of it is kept here. What it
was can be told later by its checksum, which is in the receipt.
"""

import hashlib
import logging
from typing import Final

import anyio
import msgspec
from aiohttp import web

from vitte import metrics
from vitte.actors import cache, limiter
from vitte.admin import asking, page
from vitte.admin.desk import Visit, say
from vitte.admin.gate import HEADERS
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.admin.rooms import asked
from vitte.errors import BadInput, NotThere, VitteError
from vitte.runtime import RuntimeFault
from vitte.store import audit, personal, receipts, users
from vitte.store.receipts import Receipt
from vitte.store.users import UserId

WRITE_SECONDS: Final = 30.0
LONGEST_SECONDS: Final = 3_600.0

_log = logging.getLogger(__name__)


def section(visit: Visit, user: UserId) -> Html:
    """The ways to export and to delete, on a person's page."""
    if not visit.may("support"):
        return NOTHING
    links: list[Child] = [_link(visit, user, "export", "")]
    links += [_link(visit, user, "delete", "danger")] if visit.may("owner") else []
    past = tag("a", say(visit, "admin-room-receipts"), href=f"/receipts?user={user}")
    return tag(
        "section",
        tag("h2", say(visit, "admin-personal")),
        tag("div", *links, past, class_="buttons"),
    )


def _link(visit: Visit, user: UserId, order: str, kind: str) -> Html:
    label = say(visit, f"admin-personal-{order}")
    return tag("a", label, href=f"/people/{user}/{order}", class_=f"button {kind}".strip())


async def ask_export(visit: Visit) -> web.StreamResponse:
    """Ask once more whether all data shall be given out."""
    return await _ask(visit, "export")


async def ask_delete(visit: Visit) -> web.StreamResponse:
    """Ask once more whether all data shall be deleted, and have the number of the person typed."""
    number = page.field(
        say(visit, "admin-personal-number"),
        name="number",
        required=True,
        inputmode="numeric",
        autocomplete="off",
        hint=say(visit, "admin-personal-number-hint"),
    )
    return await _ask(visit, "delete", number)


async def _ask(visit: Visit, order: str, *more: Html) -> web.Response:
    user = await _known(visit)
    title = say(visit, f"admin-personal-{order}")
    ways = [
        tag("a", say(visit, "admin-room-people"), href="/people"),
        " · ",
        tag("a", str(user), href=f"/people/{user}"),
    ]
    question = asking.Question(
        asked=say(visit, f"admin-personal-{order}.sure", user=str(user)),
        means=say(visit, f"admin-personal-{order}.means"),
        button=title,
        back=f"/people/{user}",
        reason_wanted=True,
    )
    return page.show(
        visit,
        title,
        tag("p", ways, class_="way"),
        page.heading(title),
        asking.ask(visit, question, f"/people/{user}/{order}", {}, *more),
        room="people",
    )


async def export(visit: Visit) -> web.StreamResponse:
    """Give all data of a person as a file, once it is written down who wants it and why.

    Raises:
        BadInput: There is no reason.
        NotThere: There is no such person.
    """
    user, author, now = await _known(visit), visit.author(asking.why(visit)), visit.now
    async with visit.desk.services.database.transaction() as transaction:
        receipt = await receipts.begin(transaction, user, "export", now, author=author)
        subject = f"receipt {receipt.id}"
        await audit.add(transaction, author, "person", "export", now, user=user, subject=subject)
    name = f"vitte-{user}-{receipt.id}.json"
    response = web.StreamResponse(
        headers={
            **HEADERS,
            "Content-Type": "application/json",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
    )
    await response.prepare(visit.request)
    whole = False
    with anyio.move_on_after(LONGEST_SECONDS) as scope:
        visit.desk.streams.add(scope)
        try:
            await _write(visit, response, receipt)
            whole = True
        except (VitteError, ConnectionError, TimeoutError) as problem:
            _log.warning("Export %d broke off: %s", receipt.id, type(problem).__name__)
        finally:
            visit.desk.streams.discard(scope)
    if not whole and visit.request.transport is not None:
        visit.request.transport.close()  # so that half a file is not taken for a whole one
    return response


async def _write(visit: Visit, response: web.StreamResponse, receipt: Receipt) -> None:
    """The file, and when it is whole the end of its receipt."""
    database, digest, size = visit.desk.services.database, hashlib.sha256(), 0
    counts: dict[str, int] = {}

    async def write(text: str) -> None:
        nonlocal size
        piece = text.encode()
        digest.update(piece)
        size += len(piece)
        with anyio.fail_after(WRITE_SECONDS):
            await response.write(piece)

    head = {"receipt": receipt.id, "user": receipt.user_id, "made_at": receipt.started_at}
    await write(msgspec.json.encode(head).decode().removesuffix("}") + ',"tables":{')
    for place, part in enumerate(personal.PARTS):
        await write(f'{"," if place else ""}\n"{part.table}":[')
        counts[part.table] = 0
        async for bodies in personal.give(database, part, receipt.user_id):
            first = "\n" if counts[part.table] == 0 else ",\n"
            await write(first + ",\n".join(bodies))
            counts[part.table] += len(bodies)
        await write("]")
    await write("\n}}\n")
    async with database.transaction() as transaction:
        await receipts.count(transaction, receipt.id, counts)
        await receipts.end(transaction, receipt.id, visit.now, size=size, sha256=digest.digest())
    with anyio.fail_after(WRITE_SECONDS):
        await response.write_eof()


async def delete(visit: Visit) -> web.StreamResponse:
    """Delete all data of a person; what law and the books need stays, without words and names.

    Raises:
        BadInput: There is no reason, or the number is not that of the person.
        NotThere: There is no such person.
    """
    user, author, services = (
        await _known(visit),
        visit.author(asking.why(visit)),
        visit.desk.services,
    )
    if visit.typed("number") != str(user):
        raise BadInput(("number", "is not the number of this person"))
    erased = await personal.delete(services.database, user, visit.now, author=author)
    metrics.updates_done.labels("refused").inc(erased.pending)
    try:
        await cache.forget(services.cache, user)
        await limiter.forget(services.limiter, user)
    except RuntimeFault as problem:  # it is deleted; what is kept for seconds goes by itself
        _log.warning("Deleted, and not told: %s: %s", type(problem).__name__, problem)
    return page.see(f"/receipts/{erased.receipt.id}")


async def _known(visit: Visit) -> UserId:
    user = asked.user(visit)
    if await users.get(visit.desk.services.database, user) is None:
        raise NotThere("user")
    return user
